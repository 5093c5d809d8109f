"""How well the models read, and what it costs: ``python benchmarks/readings.py [--model NAME ...]``.

By model and kind of picture, on ``--split``: the shares of digits that are read right, read as others and missed, the
share of readings where no such digit is, and how often the largest reading is not the answer, with the accuracy of
those answers and of the others. ``python -m maxdigit evaluate --write`` keeps the same figures of the test split in
``metrics.json``; ``python -m maxdigit fit-reader`` fits readers, and ``calibrate`` chooses the settings by which digits
are read.

Then, for each model, the median milliseconds of CPU time, of all threads together, that an answer to a single picture
takes without what is read and with it, asked in turn in one run (``--times`` pictures).
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from numpy.typing import NDArray

from maxdigit import CHECKPOINTS
from maxdigit.data.kinds import TEST_KINDS
from maxdigit.data.pictures import generate
from maxdigit.data.splits import VALIDATION
from maxdigit.inference.predict import Predictor
from maxdigit.models.reader import Reads
from maxdigit.models.registry import MODELS
from maxdigit.threads import one_thread
from maxdigit.training.choose_readings import PICTURES
from maxdigit.training.metrics import measure

_COLUMNS = ("right", "misread", "missed", "invented", "contradicted")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--model", nargs="+", choices=list(MODELS), metavar="NAME", help="default: all that are trained"
    )
    parser.add_argument("--split", choices=("validation", "test"), default="validation", help="default %(default)s")
    parser.add_argument("--count", type=int, default=PICTURES, help="pictures of each kind, or 0: default 500")
    parser.add_argument("--times", type=int, default=200, help="pictures to measure the time on: default %(default)s")
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, help="folder with the trained models")
    args = parser.parse_args()
    logging.basicConfig(format="%(message)s")
    predictor = Predictor(args.checkpoints)
    names = args.model or predictor.trained()
    if args.count:
        quality(predictor, names, args.split, args.count)
    pictures = generate(VALIDATION, 0, args.times, kind="drawn").pixels.numpy()
    print(f"\n{'model':>10} {'CPU time, ms':>12} {'and read':>12} {'difference':>12}   n = {len(pictures)}")
    for name in names:
        with one_thread():
            alone, reading, more = cost(predictor.classifier(name), pictures)
        print(f"{name:>10} {alone:12.2f} {reading:12.2f} {more:12.3f}", flush=True)


def quality(predictor: Predictor, names: list[str], split: str, count: int) -> None:
    """Print how well the models read the first ``count`` pictures of each kind."""
    print(f"{'model':>10} {'kind':>9} {'digits':>7} " + " ".join(f"{column:>12}" for column in _COLUMNS), end="")
    print("   right answers where contradicted, and where not")
    for name in names:
        for kind in TEST_KINDS:
            found = measure(predictor.classifier(name), split, kind, count)[0].readings
            if found is None:
                break
            shares = " ".join(f"{getattr(found, column):12.2%}" for column in _COLUMNS)
            where = (found.accuracy_contradicted, found.accuracy_not_contradicted)
            others = ", ".join("none" if share is None else f"{share:.1%}" for share in where)
            print(f"{name:>10} {kind:>9} {found.digits:7,} {shares}   {others}", flush=True)


def cost(classifier: Reads, pictures: NDArray[np.uint8]) -> tuple[float, float, float]:
    """The median ms of CPU time of an answer alone, of one with readings, and of how much more the second takes.

    Each picture is asked about in both ways one right after the other, the first now the one, now the other: so what
    else the machine does falls on both.
    """
    for _ in range(3):
        _seconds(classifier.predict, pictures[:1])
        _seconds(classifier.read, pictures[:1])
    pairs = []
    for number in range(len(pictures)):
        one = pictures[number : number + 1]
        ways = (classifier.predict, classifier.read) if number % 2 else (classifier.read, classifier.predict)
        seconds = {way: _seconds(way, one) for way in ways}
        pairs.append((1000 * seconds[classifier.predict], 1000 * seconds[classifier.read]))
    alone, reading = zip(*pairs, strict=True)
    return (
        statistics.median(alone),
        statistics.median(reading),
        statistics.median(more - less for less, more in pairs),
    )


def _seconds(ask: Callable[[NDArray[np.uint8]], object], pictures: NDArray[np.uint8]) -> float:
    start = time.process_time()  # other programs change it far less than the time that passes
    ask(pictures)
    return time.process_time() - start


if __name__ == "__main__":
    main()
