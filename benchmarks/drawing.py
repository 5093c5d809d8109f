"""How stable live answers are while three digits are drawn: ``python benchmarks/drawing.py [--count 100]``.

Draws three digits in a row as strokes on the pad, in the forms of ``maxdigit/data/forms.csv``, at random sizes and
places, and asks a model after each tenth of the drawing's points: once for the whole pad, and once fitted to the
writing. Prints how often the answer changed per drawing, how often the largest finished digit changed in the same steps
(the least number of changes for right answers), and how many finished drawings were answered right. "No digits" is an
answer too.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch

from maxdigit.data.forms import choose_forms, form_glyph
from maxdigit.inference.digits import find_digits
from maxdigit.inference.predict import DEFAULT_MODEL, Predictor
from maxdigit.models.registry import MODELS
from maxdigit.ui.answer import Find, in_words, seems_written
from maxdigit.ui.pad import Stroke, render
from maxdigit.ui.pad.strokes import GRID, MAX_SIZE, MIN_SIZE

CUTS = 10
SMALL = 0.18  # of the pad's height: drawings whose digits are no higher are counted separately


def main() -> None:
    """Draw, ask, and print."""
    parser = argparse.ArgumentParser(description="How stable live answers are while digits are drawn.")
    parser.add_argument("--count", type=int, default=100, help="drawings")
    parser.add_argument("--model", choices=list(MODELS), default=DEFAULT_MODEL)
    args = parser.parse_args()
    predictor = Predictor()
    drawings = [drawing(seed) for seed in range(args.count)]
    truths = [[largest(each, cut) for cut in range(1, CUTS + 1)] for each in drawings]
    least = np.mean([changes(each) for each in truths])
    print(f"{args.model}, {args.count} drawings of three digits, {CUTS} answers each")
    print(f"changes of the largest finished digit: {least:.2f} a drawing")
    print(f"{'':18}  changes a drawing  right at the end  of these, digits up to {SMALL:.0%} high  ms to render")
    for name, fit in (("whole pad", False), ("fitted to writing", True)):
        start = time.perf_counter()
        pictures = np.stack(
            [render(cut_off(each.strokes, cut), fit=fit) for each in drawings for cut in range(1, CUTS + 1)]
        )
        milliseconds = (time.perf_counter() - start) / len(pictures) * 1000
        probabilities = np.concatenate([predictor.predict(part, args.model) for part in np.array_split(pictures, CUTS)])
        answers = np.array([answer(*each) for each in zip(pictures, probabilities, strict=True)]).reshape(-1, CUTS)
        changed = np.mean([changes(each) for each in answers.tolist()])
        right = np.array([given[-1] == true[-1] for given, true in zip(answers.tolist(), truths, strict=True)])
        small = np.array([each.height <= SMALL * GRID for each in drawings])
        shares = f"{right.mean():16.1%}  {right[small].mean():>12.1%} of {small.sum():<22}"
        print(f"{name:18}  {changed:17.2f}  {shares}  {milliseconds:12.1f}")


class Drawing:
    """Three digits as the pad's strokes."""

    def __init__(self, strokes: list[Stroke], ends: list[tuple[int, int]], height: float) -> None:
        self.strokes = strokes
        self.ends = ends  # each digit, and how many points had been drawn when it was finished
        self.height = height  # of the digits, in units of the pad


def drawing(seed: int) -> Drawing:
    """Three digits in a row, from the left, somewhere on the pad."""
    random = np.random.default_rng(seed)
    digits = torch.tensor(random.integers(0, 10, 3))
    hands = choose_forms(torch.Generator().manual_seed(seed), digits)
    height = random.uniform(0.1, 0.32) * GRID
    size = float(np.clip(height * random.uniform(0.08, 0.16), MIN_SIZE, MAX_SIZE))
    x, y = random.uniform(0.55 * height, GRID - 2.4 * height), random.uniform(0.6 * height, GRID - 0.6 * height)
    strokes, ends, drawn = [], [], 0
    for digit, form, reach, offset in zip(digits.tolist(), hands.form, hands.reach, hands.offset, strict=True):
        for way in form_glyph(int(form), float(reach), offset.numpy()).lines:
            points = way * (height / 20) + (x, y)  # glyphs are 20 units high
            strokes.append(Stroke("pen", size, tuple(map(tuple, points.tolist()))))
            drawn += len(points)
        ends.append((digit, drawn))
        x += height * random.uniform(0.85, 1.0)
    return Drawing(strokes, ends, height)


def cut_off(strokes: list[Stroke], cut: int) -> list[Stroke]:
    """The strokes after ``cut`` tenths of all points."""
    left = round(sum(len(stroke.points) for stroke in strokes) * cut / CUTS)
    done = []
    for stroke in strokes:
        if left > 0:
            done.append(replace(stroke, points=stroke.points[:left]))
        left -= len(stroke.points)
    return done


def largest(one: Drawing, cut: int) -> int:
    """The largest digit finished after ``cut`` tenths of all points; -1 before the first is."""
    drawn = round(one.ends[-1][1] * cut / CUTS)
    return max((digit for digit, end in one.ends if end <= drawn), default=-1)


def answer(picture: np.ndarray, probabilities: np.ndarray) -> int:
    """The page's answer: a digit, or -1 for none."""
    finds = [Find(box, picture, is_erased=False) for box in find_digits(picture)]
    said, *_ = in_words(probabilities.tolist(), sees_digits=seems_written(picture, finds))
    return int(said) if said.isdigit() else -1


def changes(answers: list[int]) -> int:
    """How often the answer changed from one step to the next."""
    return sum(before != after for before, after in pairwise(answers))


if __name__ == "__main__":
    main()
