"""How well the models read, and by which settings: ``python benchmarks/readings.py [--choose] [--model NAME ...]``.

With ``--choose`` the settings of each trained model's reader (the least probability of a reading, how far apart digits
lie, and how faint what speaks for a digit may be) are chosen on validation pictures and written to ``reader.json``
beside its weights; to be done again whenever a reader is trained. Then, by model and kind of picture, on ``--split``:
the shares of digits that are read right, read as others and missed, the share of readings where no such digit is, and
how often the largest reading is not the answer, with the accuracy of those answers and of the others. ``python -m
maxdigit evaluate --write`` keeps the same figures of the test split in ``metrics.json``.
"""

from __future__ import annotations

import argparse
import logging
import os
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from maxdigit import CHECKPOINTS
from maxdigit.data.pictures import TEST_KINDS
from maxdigit.inference.predict import Predictor
from maxdigit.models.registry import MODELS
from maxdigit.training.choose_readings import PICTURES, write_settings
from maxdigit.training.metrics import measure

_COLUMNS = ("right", "misread", "missed", "invented", "contradicted")


def main() -> None:
    """Choose, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--choose", action="store_true", help="choose the settings first, and write them")
    parser.add_argument(
        "--model", nargs="+", choices=list(MODELS), metavar="NAME", help="default: all that are trained"
    )
    parser.add_argument("--split", choices=("validation", "test"), default="validation", help="default %(default)s")
    parser.add_argument("--count", type=int, default=PICTURES, help="pictures of each kind, 0 for none: default 500")
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, help="folder with the trained models")
    args = parser.parse_args()
    logging.basicConfig(format="%(message)s")
    predictor = Predictor(args.checkpoints)
    names = args.model or predictor.trained()
    for name in names if args.choose else ():
        settings = write_settings(name, predictor.folder(name))
        if settings is not None:
            print(
                ", ".join(f"{key} {value}" for key, value in ({"model": name} | asdict(settings)).items()), flush=True
            )
    if not args.count:
        return
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
