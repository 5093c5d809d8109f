"""How high digits should be in the models' picture: ``python benchmarks/digit_height.py [--count 200]``.

Makes validation pictures of each kind that is framed by the height of its digits, once for each height (photographs are
taken once and framed for each height), and prints how many of them each model answers right. Nothing is trained: each
model is at its best near the height it was trained at, and the table shows how much is lost away from it.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import torch
from numpy.typing import NDArray

from maxdigit.data import arrange
from maxdigit.data.photo import photographs
from maxdigit.data.pictures import generate
from maxdigit.data.splits import VALIDATION
from maxdigit.errors import EmptyPictureError
from maxdigit.inference.predict import Predictor
from maxdigit.models.registry import MODELS
from maxdigit.preparation import framing
from maxdigit.preparation.finder import InkFinder, Writing, load_finder
from maxdigit.preparation.prepare import prepare

HEIGHTS = (28.0, 32.0, 36.0, 40.0, 44.0)
_CHUNK = 50  # photographs that are made together

Pixels = NDArray[np.uint8]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200, help="pictures of each kind; default %(default)s")
    parser.add_argument("--heights", type=float, nargs="+", default=HEIGHTS, help="pixels; default %(default)s")
    parser.add_argument("--model", nargs="+", choices=list(MODELS), default=list(MODELS))
    args = parser.parse_args()
    torch.set_num_threads(1)
    kept, digits = _photographs(args.count)
    predictor = Predictor()
    print(f"validation pictures, {args.count} of each kind, right answers in %; trained at {framing.DIGIT_HEIGHT:.0f}")
    print(f"{'height':>8} {'kind':>8}" + "".join(f"{model:>12}" for model in args.model))
    for height in args.heights:
        with _height(height):
            made = {kind: generate(VALIDATION, 0, args.count, kind=kind) for kind in ("drawn", "forms")}
            framed = np.stack([_prepared(photograph) for photograph in kept])
        pictures = {kind: (some.pixels.numpy(), some.digits.amax(1).numpy()) for kind, some in made.items()}
        pictures["photo"] = framed, digits
        rights = []
        for kind, (pixels, largest) in pictures.items():
            right = [100 * (predictor.predict(pixels, model).argmax(1) == largest).mean() for model in args.model]
            print(f"{height:8.0f} {kind:>8}" + "".join(f"{share:12.1f}" for share in right), flush=True)
            rights.append(right)
        print(f"{height:8.0f} {'mean':>8}" + "".join(f"{share:12.1f}" for share in np.mean(rights, 0)), flush=True)


@contextmanager
def _height(height: float) -> Iterator[None]:
    """Set the height of digits inside the block, in preparation and in the generator."""
    before = framing.DIGIT_HEIGHT
    framing.DIGIT_HEIGHT = arrange.DIGIT_HEIGHT = height  # type: ignore[attr-defined]
    try:
        yield
    finally:
        framing.DIGIT_HEIGHT = arrange.DIGIT_HEIGHT = before  # type: ignore[attr-defined]


def _photographs(count: int) -> tuple[list[Pixels], NDArray[np.int64]]:
    """Photographs as the camera takes them, and the largest digit in each."""
    pictures: list[Pixels] = []
    digits: list[NDArray[np.int64]] = []
    for start in range(0, count, _CHUNK):
        made, drawing = photographs(VALIDATION, start // _CHUNK, slice(0, min(_CHUNK, count - start)), 0.0)
        pictures += list(made.pixels.numpy())
        digits.append(drawing.digits.amax(1).numpy())
    _look_once()
    return pictures, np.concatenate(digits)


def _look_once() -> None:
    """Cache the ink finder's results for each picture: only the framing changes."""
    finder = load_finder()
    assert isinstance(finder, InkFinder)
    find, found = finder.find, dict[bytes, tuple[Writing | None, bool]]()

    def remembered(picture: Pixels) -> tuple[Writing | None, bool]:
        key = picture.tobytes()
        if key not in found:
            found[key] = find(picture)
        return found[key]

    finder.find = remembered  # type: ignore[method-assign]


def _prepared(photograph: Pixels) -> Pixels:
    try:
        return prepare(photograph).pixels
    except EmptyPictureError:
        return np.zeros((128, 128), np.uint8)


if __name__ == "__main__":
    main()
