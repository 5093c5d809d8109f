"""The process that is there only while it is needed."""

from __future__ import annotations

import multiprocessing
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from maxdigit.inference.on_demand import OnDemandProcess

pytestmark = pytest.mark.slow


def wait_for(sign: Path) -> int:
    """Return once there is such a file."""
    while not sign.exists():
        time.sleep(0.01)
    return os.getpid()


def test_it_starts_with_a_call_and_ends_when_there_are_no_more() -> None:
    before = set(multiprocessing.active_children())
    process = OnDemandProcess(idle=0.1)
    assert set(multiprocessing.active_children()) == before, "nothing is started yet"
    first = process.call(os.getpid)
    while psutil.pid_exists(first):
        time.sleep(0.01)
    second = process.call(os.getpid)
    assert second not in (first, os.getpid())
    while psutil.pid_exists(second):
        time.sleep(0.01)


def test_it_does_not_end_while_it_is_called(tmp_path: Path) -> None:
    process, sign = OnDemandProcess(idle=0), tmp_path / "sign"
    with ThreadPoolExecutor(1) as others:
        long = others.submit(process.call, wait_for, sign)
        while not process._calls:
            time.sleep(0.01)
        short = {process.call(os.getpid) for _ in range(20)}
        sign.touch()
        assert short == {long.result()}, "all in one process"
    while psutil.pid_exists(long.result()):
        time.sleep(0.01)
