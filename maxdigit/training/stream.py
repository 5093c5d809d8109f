"""Makes the batches of a run in other processes while the run trains on earlier ones."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice

import cv2
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from maxdigit.training.batches import Batch, Data, Shard

_AHEAD = 8  # batches in the queue, for each process that makes them
_NICE = 5  # training has priority; while it waits for pictures, these processes get the whole machine


def batches(data: Data, first: int, last: int, steps: int, shard: Shard, device: torch.device) -> Iterator[Batch]:
    """The batches of steps ``first`` to ``last``, the end excluded; the same whether or not the run was resumed.

    With a GPU all cores but one make them; where the CPU trains, only one process does. A GPU trains while the next
    batches are on their way.

    Args:
        data: the source of the batches.
        first: the first step, counted from 0 over the whole run.
        last: the step after the last one.
        steps: of an epoch.
        shard: this process's part of each batch.
        device: the device of the batches.
    """
    on_gpu = device.type == "cuda"
    if not data.can_travel:
        made = _in_order(data, first, last, steps, shard)
        for batch in _ahead(batch.pin_memory() for batch in made) if on_gpu else made:
            yield batch.to(device)
        return
    # Spawned, not forked: a fork would lack the threads of torch and TensorFlow.
    loader = DataLoader(
        _Stream(data, first, last, steps, shard),
        batch_size=None,
        num_workers=_workers(device, shard),
        prefetch_factor=_AHEAD,
        pin_memory=on_gpu,
        multiprocessing_context="spawn",
        worker_init_fn=_yield_the_cores,
    )
    made = iter(loader)
    try:
        for batch in made:
            yield batch.to(device)
    finally:
        # If the run is interrupted, a worker may abort while it is being ended, which matters to nobody any more.
        # Otherwise the iterator's destructor ends the workers, and Python prints the error.
        with suppress(RuntimeError):
            made._shutdown_workers()  # type: ignore[attr-defined]


def _in_order(data: Data, first: int, last: int, steps: int, shard: Shard) -> Iterator[Batch]:
    """The batches of some steps, made in this process on the CPU."""
    step = first
    while step < last:
        for batch in islice(data.train(step // steps, shard, torch.device("cpu"), start=step % steps), last - step):
            yield batch
            step += 1


def _ahead(made: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches, up to ``_AHEAD`` of which a thread makes in advance."""
    with ThreadPoolExecutor(1) as thread:
        queue = deque(thread.submit(next, made, None) for _ in range(_AHEAD))
        while (batch := queue.popleft().result()) is not None:
            queue.append(thread.submit(next, made, None))
            yield batch


class _Stream(IterableDataset[Batch]):
    """Batches, to be passed between processes; each worker makes every n-th step."""

    def __init__(self, data: Data, first: int, last: int, steps: int, shard: Shard) -> None:
        self._data, self._first, self._last, self._steps, self._shard = data, first, last, steps, shard

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        number, count = (0, 1) if worker is None else (worker.id, worker.num_workers)
        for step in range(self._first + number, self._last, count):
            epoch, start = divmod(step, self._steps)
            yield next(self._data.train(epoch, self._shard, torch.device("cpu"), start=start))


def _workers(device: torch.device, shard: Shard) -> int:
    return 1 if device.type == "cpu" else max(1, (os.cpu_count() or 1) // shard.processes - 1)


def _yield_the_cores(_worker: int) -> None:
    os.nice(_NICE)
    cv2.setNumThreads(1)
