"""Making pictures beside the training, and the number of threads it is given."""

from __future__ import annotations

import os
import time
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize

import pytest
import torch
from training_support import CPU, tiny

from maxdigit.training.batches import GeneratedData, Shard
from maxdigit.training.stream import batches
from maxdigit.training.thread_count import Threads


@pytest.mark.parametrize("workers", [1, 2])
def test_pictures_made_beside_the_run_are_those_made_in_it(monkeypatch, workers):
    monkeypatch.setattr("maxdigit.training.stream._workers", lambda _device, _shard: workers)
    recipe = tiny("torch_cnn", fresh=True)
    data = GeneratedData(recipe)
    beside = [batch.pixels for batch in batches(data, 1, 5, 2, Shard(), CPU)]
    here = [batch.pixels for epoch in range(3) for batch in data.train(epoch, Shard(), CPU)][1:5]
    assert len(beside) == 4 and all(torch.equal(a, b) for a, b in zip(beside, here, strict=True))


class DataOfAWorkerThatAborts(GeneratedData):
    """Data whose process dies of SIGABRT instead of ending in the usual way."""

    def train(self, epoch, shard, device, start=0):
        Finalize(None, os.abort, exitpriority=1)
        return super().train(epoch, shard, device, start)


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_run_that_is_interrupted_does_not_care_how_its_workers_end(monkeypatch):
    join = BaseProcess.join

    def join_the_dead(process, timeout=None):
        # As on a busy machine: the signal that a worker died comes before anybody asks for its exit status.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        join(process, timeout)

    data = DataOfAWorkerThatAborts(tiny("torch_cnn", fresh=True))
    stream = batches(data, 0, 1000, 2, Shard(), CPU)
    next(stream)
    monkeypatch.setattr(BaseProcess, "join", join_the_dead)
    stream.close()


def test_the_faster_number_of_threads_is_taken():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    threads = Threads()
    counts = []
    try:
        for number in range(9):
            with threads.step(number):
                counts.append(torch.get_num_threads())
                time.sleep(0.02 if counts[-1] == 2 else 0.001)
    finally:
        torch.set_num_threads(before)
    assert counts == [1, 1, 1, 2, 2, 2, 1, 1, 1]
