"""Chooses the number of threads of a training step: all cores on an idle machine, one on a busy one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_TRIES = 3  # steps with each number of threads, of which the fastest counts


class Threads:
    """Measures in each epoch whether a step is faster on one thread or on all.

    OpenMP's threads wait for one another after each small operation. If another program
    uses a core, two threads were measured to be 4 to 12 times slower than one.
    """

    def __init__(self) -> None:
        self._all = torch.get_num_threads()
        self._times: dict[int, float] = {}

    @contextmanager
    def step(self, number: int) -> Iterator[None]:
        """Run a step inside the block and time it; ``number`` counts from 0 in each epoch."""
        if number == 0:
            self._times = {}
        if self._all == 1 or number >= 2 * _TRIES:
            count = min(self._times, key=self._times.__getitem__, default=self._all)
        else:
            count = (1, self._all)[number // _TRIES]
        torch.set_num_threads(count)
        start = time.perf_counter()
        yield
        if number < 2 * _TRIES:
            self._times[count] = min(self._times.get(count, float("inf")), time.perf_counter() - start)
