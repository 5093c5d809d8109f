"""How well the models read: ``python benchmarks/readings.py [--model NAME ...]``.

By model and kind of picture, on ``--split``: the shares of digits that are read right, read as others and missed, the
share of readings where no such digit is, and how often the largest reading is not the answer, with the accuracy of
those answers and of the others. ``python -m maxdigit evaluate --write`` keeps the same figures of the test split in
``metrics.json``; ``python -m maxdigit calibrate`` chooses the settings by which digits are read.
"""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from maxdigit import CHECKPOINTS
from maxdigit.data.pictures import TEST_KINDS
from maxdigit.inference.predict import Predictor
from maxdigit.models.registry import MODELS
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
    parser.add_argument("--count", type=int, default=PICTURES, help="pictures of each kind: default 500")
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, help="folder with the trained models")
    args = parser.parse_args()
    logging.basicConfig(format="%(message)s")
    predictor = Predictor(args.checkpoints)
    names = args.model or predictor.trained()
    print(f"{'model':>10} {'kind':>9} {'digits':>7} " + " ".join(f"{column:>12}" for column in _COLUMNS), end="")
    print("   right answers where contradicted, and where not")
    for name in names:
        for kind in TEST_KINDS:
            found = measure(predictor.classifier(name), args.split, kind, args.count)[0].readings
            if found is None:
                break
            shares = " ".join(f"{getattr(found, column):12.2%}" for column in _COLUMNS)
            where = (found.accuracy_contradicted, found.accuracy_not_contradicted)
            others = ", ".join("none" if share is None else f"{share:.1%}" for share in where)
            print(f"{name:>10} {kind:>9} {found.digits:7,} {shares}   {others}", flush=True)


if __name__ == "__main__":
    main()
