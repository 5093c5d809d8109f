"""Measure the app's models behind Ray Serve: answers per second of 1 and 2 replicas of one core, and a killed replica.

People ask without pauses, each for one picture at a time. The model process, also limited to one core, is measured
for comparison. CPU time is printed too, as it depends less on other load.

    python benchmarks/scale.py --people 16 --seconds 20
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from maxdigit import CHECKPOINTS
from maxdigit.engine.runtime import limit_cores
from maxdigit.inference.model_process import ModelProcess, ModelProcessPredictor
from maxdigit.scaling.cluster import connected
from maxdigit.scaling.replicas import Replicas, ReplicasPredictor

MODEL = "resnet18"
_PICTURES = 64


def pictures(seed: int = 0) -> NDArray[np.uint8]:
    """Light bars on a dark background; the content does not affect the time."""
    random = np.random.default_rng(seed)
    found = random.integers(0, 60, (_PICTURES, 128, 128), np.uint8)
    for row in found:
        left = random.integers(10, 110)
        row[30:90, left : left + 8] = 255
    return found


def ask(predictor: ModelProcessPredictor, people: int, seconds: float, event: Callable[[], object]) -> tuple[int, int]:
    """Simulate people, with an event half-way, and print the rates; return the numbers of answers and errors."""
    shown, end = pictures(), time.perf_counter() + seconds
    errors: list[Exception] = []

    def person(number: int) -> list[float]:
        waited = []
        while (begin := time.perf_counter()) < end:
            try:
                predictor.classify(shown[(number + len(waited)) % _PICTURES], MODEL)
                waited.append(time.perf_counter() - begin)
            except Exception as error:
                errors.append(error)
        return waited

    timer = threading.Timer(seconds / 2, event)
    timer.start()
    with ThreadPoolExecutor(people) as threads:
        waited = sorted(one for each in threads.map(person, range(people)) for one in each)
    timer.join()
    rate = len(waited) / seconds
    print(
        f"{rate:6.1f} answers/s, p50 {statistics.median(waited):.3f} s, p95 {waited[int(0.95 * len(waited))]:.3f} s,",
        end=" ",
    )
    return len(waited), len(errors)


def measured(
    name: str, calls: ModelProcess | Replicas, predictor: ModelProcessPredictor, args: argparse.Namespace
) -> None:
    """Measure one configuration and print its line."""
    ask_quietly(predictor)
    before = by_process(calls)
    print(f"{name:24}", end=" ")
    count, errors = ask(predictor, args.people, args.seconds, lambda: None)
    used = sum(seconds - before.get(number, 0) for number, seconds in by_process(calls).items())
    print(f"{errors} errors, {1000 * used / count:.1f} ms of CPU time for each in the models' processes", flush=True)


def ask_quietly(predictor: ModelProcessPredictor) -> None:
    """Let every replica load the model."""
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda picture: predictor.classify(picture, MODEL), pictures()))


def by_process(calls: ModelProcess | Replicas) -> dict[int, float]:
    """CPU time of each process that answers."""
    return dict(calls.call(_own_time) for _ in range(24))


def _own_time() -> tuple[int, float]:
    return os.getpid(), time.process_time()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--replicas", type=int, nargs="+", default=[1, 2])
    args = parser.parse_args()
    print(f"{args.people} people; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    limit_cores(1)
    process = ModelProcess()
    measured("model process, 1 core", process, ModelProcessPredictor(process), args)
    for count in args.replicas:
        limit_cores(count)  # of a cluster that is started here
        with connected("local"):
            replicas = Replicas(CHECKPOINTS, count)
            predictor = ReplicasPredictor(replicas)
            measured(f"{count} replica{'s' * (count > 1)} of 1 core", replicas, predictor, args)
            if count > 1:
                print(f"{'one of them killed':24}", end=" ")
                victim = replicas.call(os.getpid)
                errors = ask(predictor, args.people, args.seconds, partial(os.kill, victim, signal.SIGKILL))[1]
                print(f"{errors} requests lost")


if __name__ == "__main__":
    main()
