"""How often a turned picture is offered the right turn: ``python benchmarks/turns.py [--kind NAME ...] [--count N]``.

Prepares pictures of ``benchmarks/everyday.py``, upright and turned clockwise by ``--turns`` quarters, and asks the
model as the page does: if it is unsure, about the three turns of the prepared picture too. Prints, by kind, how many
answers are unsure, how many are sure and wrong, and for how many pictures the right turn alone is offered, the right
one and another, and wrong ones only; any turn of an upright picture is wrong.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from benchmarks.everyday import KINDS, Kind, picture
from maxdigit.errors import EmptyPictureError
from maxdigit.inference.predict import DEFAULT_MODEL, Predictor
from maxdigit.inference.turns import better_turns
from maxdigit.preparation.files import open_picture
from maxdigit.preparation.finder import load_finder
from maxdigit.preparation.prepare import prepare
from maxdigit.ui.sureness import UNSURE

_KINDS = ("blue-ink", "ruled-paper", "canvas-drawing")


@dataclass
class Tally:
    """The results of pictures that need the same turn."""

    count: int = 0
    unsure: int = 0
    wrong: int = 0  # sure answers that are not the largest digit
    right_alone: int = 0  # the turns that are offered
    right_too: int = 0
    others_only: int = 0

    def add(self, other: Tally) -> None:
        """Add another tally."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def __str__(self) -> str:
        return (
            f"{self.count:3} pictures, {self.unsure:3} unsure, {self.wrong:3} sure and wrong; offered the "
            f"right turn {self.right_alone:3}, it and another {self.right_too:3}, wrong ones only {self.others_only:3}"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10, help="pictures of each kind; default %(default)s")
    parser.add_argument("--turns", type=int, choices=(1, 2, 3), default=1, help="quarters; default %(default)s")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="default %(default)s")
    parser.add_argument("--kind", nargs="+", choices=list(KINDS), default=_KINDS, metavar="KIND", help="only these")
    args = parser.parse_args()
    predictor = Predictor()
    print(f"{args.model}, {'with' if load_finder() else 'without'} the ink finder; turned by {90 * args.turns} degrees")
    totals = Tally(), Tally()
    for name in args.kind:
        for title, turns, total in zip(("upright", "turned"), (0, args.turns), totals, strict=True):
            tally = _tally(predictor, args.model, KINDS[name], args.count, turns)
            total.add(tally)
            print(f"{name:>36} {title:>8}: {tally}", flush=True)
    for title, total in zip(("upright", "turned"), totals, strict=True):
        print(f"{'all':>36} {title:>8}: {total}")


def _tally(predictor: Predictor, model: str, kind: Kind, count: int, turns: int) -> Tally:
    tally = Tally(count)
    for number in range(count):
        content, digits = picture(kind, number)
        given = open_picture(content)
        if turns:
            given = given.rotate(-90 * turns, expand=True)
        try:
            prepared = prepare(given)
        except EmptyPictureError:
            continue
        shares = predictor.classify(prepared.pixels, model).probabilities
        if shares.max() >= UNSURE:
            tally.wrong += int(shares.argmax()) != max(digits)
            continue
        tally.unsure += 1
        offered = better_turns(predictor, prepared.pixels, model) if prepared.has_writing else ()
        is_right = turns > 0 and 4 - turns in offered
        tally.right_alone += is_right and len(offered) == 1
        tally.right_too += is_right and len(offered) > 1
        tally.others_only += bool(offered) and not is_right
    return tally


if __name__ == "__main__":
    main()
