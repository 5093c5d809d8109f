"""The batches of a run, made beside it: while one batch is learned from, a second process makes the next ones."""

from __future__ import annotations

import os
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from maxdigit.training.batches import Batch, Data, Shard

_AHEAD = 8  # batches that may wait
_NICE = 5  # learning goes first; when it waits for pictures, they get the whole machine


def batches(data: Data, first: int, last: int, steps: int, shard: Shard, device: torch.device) -> Iterator[Batch]:
    """The batches of steps ``first`` to ``last``, the end excluded, as if there had been no stop before.

    Args:
        data: where they come from.
        first: the first step, counted from 0 over the whole run.
        last: the step after the last one.
        steps: of an epoch.
        shard: this process's part of each batch.
        device: where the batches shall lie. Where that is a GPU they are made there, and by this process.
    """
    if device.type != "cpu" or not data.can_travel:
        yield from _in_order(data, first, last, steps, shard, device)
        return
    stream = _Stream(data, first, last, steps, shard)
    # A new process, not a fork of this one: threads that torch and TensorFlow have here would be missing there.
    loader = DataLoader(
        stream,
        batch_size=None,
        num_workers=1,
        prefetch_factor=_AHEAD,
        multiprocessing_context="spawn",
        worker_init_fn=_yield_the_cores,
    )
    for parts in loader:
        yield Batch(*parts)


class _Stream(IterableDataset[tuple[Tensor | None, ...]]):
    """Batches as tuples, for the way between processes."""

    def __init__(self, data: Data, first: int, last: int, steps: int, shard: Shard) -> None:
        self._settings = (data, first, last, steps, shard)

    def __iter__(self) -> Iterator[tuple[Tensor | None, ...]]:
        for batch in _in_order(*self._settings, torch.device("cpu")):
            yield batch.pixels, batch.labels, batch.digits, batch.centres


def _in_order(data: Data, first: int, last: int, steps: int, shard: Shard, device: torch.device) -> Iterator[Batch]:
    step = first
    while step < last:
        for batch in data.train(step // steps, shard, device, start=step % steps):
            yield batch
            step += 1
            if step == last:
                return


def _yield_the_cores(_worker: int) -> None:
    os.nice(_NICE)
