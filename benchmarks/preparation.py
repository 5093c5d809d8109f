"""How everyday pictures are read: ``python benchmarks/preparation.py [--kind NAME ...] [--sheet FILE]``.

Makes pictures of each kind in ``benchmarks/everyday.py`` and prints, by kind, how many answers are right, how many are
wrong although the model is more than 90 % sure and the page has no other reason to call them unsure (something was left
out that may be a digit, no writing was found, or the digits that are read contradict the answer), how many pictures are
refused, and the median time of opening and preparing one (the model's own left out); beside it the same with
preparation by rules on brightness alone. Then the time of a phone's photograph of 12 megapixels. ``--sheet`` saves the
pictures, each beside what the model saw of it: wrong answers with a red line, sure ones among them with a thick one.
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks.everyday import KINDS, Digits, Kind, picture
from maxdigit import IMAGE_SIZE
from maxdigit.errors import PictureError
from maxdigit.inference.predict import DEFAULT_MODEL, Predictor
from maxdigit.preparation.files import open_picture, to_grey
from maxdigit.preparation.finder import load_finder
from maxdigit.preparation.prepare import prepare
from maxdigit.preparation.rules import read_by_rules
from maxdigit.training.devices import device_name

SURE = 0.9
_TILE = 176  # pixels, of a contact sheet's pictures
_ACROSS = 5  # pairs of them in a row


@dataclass(frozen=True)
class Seen:
    """What becomes of one picture."""

    pixels: NDArray[np.uint8] | None  # (128, 128); None if the picture was refused
    is_doubtful: bool  # something was left out that may be a digit, or no writing was found
    milliseconds: float  # opening and preparing


@dataclass(frozen=True)
class Answer:
    """What a model says to it."""

    truth: int
    seen: Seen
    digit: int | None = None  # None if the picture was refused
    sureness: float = 0.0
    is_contradicted: bool = False  # by the digits that are read

    @property
    def is_right(self) -> bool:
        """Whether it names the largest digit."""
        return self.digit == self.truth

    @property
    def misleads(self) -> bool:
        """Whether it is wrong, and the page would not say that it is unsure."""
        is_sure = self.sureness > SURE and not self.seen.is_doubtful and not self.is_contradicted
        return self.digit is not None and not self.is_right and is_sure


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=40, help="pictures of each kind; default %(default)s")
    parser.add_argument("--first", type=int, default=0, help="number of the first picture; default %(default)s")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="default %(default)s")
    parser.add_argument("--kind", nargs="+", choices=list(KINDS), metavar="KIND", help="only these")
    parser.add_argument("--sheet", type=Path, help="where to save the contact sheet, a PNG or JPEG file")
    args = parser.parse_args()
    kinds = [KINDS[name] for name in args.kind or KINDS]
    predictor = Predictor()
    predictor.warm(args.model)
    hardware = device_name(torch.device("cpu"))
    network = "with the ink finder" if load_finder() else "without the ink finder, which is not trained yet"
    print(
        f"{args.model}, {network}; {hardware}; torch "
        f"{torch.__version__}, OpenCV {cv2.__version__}, Python {platform.python_version()}; n = {args.count} a kind"
    )
    print(f"{'':>36}  {'prepared':^32}  {'by rules alone':^32}")
    print(f"{'':>36}  {_HEAD}  {_HEAD}")
    now: dict[str, list[Answer]] = {}
    rules: dict[str, list[Answer]] = {}
    sheet = []
    for kind in kinds:
        made = [picture(kind, args.first + number) for number in range(args.count)]
        now[kind.name] = _answers(made, _prepared, predictor, args.model)
        rules[kind.name] = _answers(made, _by_rules, predictor, args.model)
        print(f"{kind.name:>36}  {_line(now[kind.name])}  {_line(rules[kind.name])}", flush=True)
        sheet.append((kind, made, now[kind.name]))
    for title, is_plain in (("plain kinds", True), ("hard kinds", False)):
        names = [kind.name for kind in kinds if kind.is_plain is is_plain]
        if names:
            totals = [[answer for name in names for answer in answers[name]] for answers in (now, rules)]
            print(f"{title:>36}  {_line(totals[0])}  {_line(totals[1])}")
    _time_a_phones_photograph()
    if args.sheet:
        _contact_sheet(sheet).save(args.sheet)
        print(f"{args.sheet} saved")


# ---- Reading


def _prepared(content: bytes) -> tuple[NDArray[np.uint8], bool]:
    result = prepare(open_picture(content))
    return result.pixels, result.is_doubtful or not result.has_writing


def _by_rules(content: bytes) -> tuple[NDArray[np.uint8], bool]:
    return read_by_rules(to_grey(open_picture(content)))[0], False


def _answers(
    made: list[tuple[bytes, Digits]],
    read: Callable[[bytes], tuple[NDArray[np.uint8], bool]],
    predictor: Predictor,
    model: str,
) -> list[Answer]:
    result = []
    for content, digits in made:
        seen = _seen(content, read)
        if seen.pixels is None:
            result.append(Answer(max(digits), seen))
            continue
        says = predictor.classify(seen.pixels, model)
        answer = Answer(max(digits), seen, says.max_digit, float(says.probabilities.max()), says.is_contradicted)
        result.append(answer)
    return result


def _seen(content: bytes, read: Callable[[bytes], tuple[NDArray[np.uint8], bool]]) -> Seen:
    start = time.perf_counter()
    try:
        pixels, is_doubtful = read(content)
    except PictureError:
        return Seen(None, False, 1000 * (time.perf_counter() - start))
    return Seen(pixels, is_doubtful, 1000 * (time.perf_counter() - start))


_HEAD = f"{'right':>8} {'sure+wrong':>11} {'refused':>7} {'ms':>4}"


def _line(answers: list[Answer]) -> str:
    right = sum(answer.is_right for answer in answers)
    misled = sum(answer.misleads for answer in answers)
    refused = sum(answer.digit is None for answer in answers)
    milliseconds = statistics.median(answer.seen.milliseconds for answer in answers)
    return f"{100 * right / len(answers):6.1f} % {100 * misled / len(answers):9.1f} % {refused:7} {milliseconds:4.0f}"


def _time_a_phones_photograph(runs: int = 7) -> None:
    content, _ = picture(KINDS["note-on-desk"], 2)  # 900 x 1200 or the like
    large = open_picture(content).resize((4032, 3024), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    large.save(buffer, "JPEG", quality=90)
    opening, preparing = [], []
    for _ in range(runs):
        start = time.perf_counter()
        opened = open_picture(buffer.getvalue())
        between = time.perf_counter()
        prepare(opened)
        opening.append(1000 * (between - start))
        preparing.append(1000 * (time.perf_counter() - between))
    total = [sum(both) for both in zip(opening, preparing, strict=True)]
    print(
        f"a JPEG of 12 megapixels ({len(buffer.getvalue()) / 1e6:.1f} MB): opened in {statistics.median(opening):.0f} "
        f"ms, prepared in {statistics.median(preparing):.0f} ms, median in all {statistics.median(total):.0f} ms "
        f"(lowest {min(total):.0f}, highest {max(total):.0f}; n = {runs})"
    )


# ---- Looking


def _contact_sheet(kinds: list[tuple[Kind, list[tuple[bytes, Digits]], list[Answer]]]) -> Image.Image:
    """All pictures, each beside what the model saw."""
    rows = []
    for kind, made, answers in kinds:
        for start in range(0, len(made), _ACROSS):
            row = Image.new("RGB", (_ACROSS * (2 * _TILE + 12), _TILE + 22), (52, 56, 64))
            draw = ImageDraw.Draw(row)
            draw.text((4, 1), f"{kind.name} {start}", fill=(255, 255, 255))
            pairs = zip(made[start : start + _ACROSS], answers[start : start + _ACROSS], strict=True)
            for column, ((content, digits), answer) in enumerate(pairs):
                x = column * (2 * _TILE + 12)
                row.paste(_tile(content), (x + 2, 20))
                if answer.seen.pixels is not None:
                    side = min(_TILE, IMAGE_SIZE * (_TILE // IMAGE_SIZE))
                    row.paste(Image.fromarray(answer.seen.pixels).resize((side, side)), (x + _TILE + 6, 20))
                said = "refused" if answer.digit is None else f"{answer.digit}, {100 * answer.sureness:.0f} %"
                doubt = " ?" if answer.seen.is_doubtful else ""
                draw.text((x + _TILE + 6, 1), f"{digits} -> {said}{doubt}", fill=(255, 255, 255))
                if not answer.is_right:
                    box = (x, 18, x + 2 * _TILE + 9, _TILE + 21)
                    draw.rectangle(box, outline=(255, 60, 60), width=5 if answer.misleads else 2)
            rows.append(row)
    sheet = Image.new("RGB", (rows[0].width, sum(row.height for row in rows)))
    for number, row in enumerate(rows):
        sheet.paste(row, (0, number * row.height))
    return sheet


def _tile(content: bytes) -> Image.Image:
    """The picture in a square; what is transparent is grey."""
    opened = open_picture(content).convert("RGBA")
    opened.thumbnail((_TILE, _TILE))
    tile = Image.new("RGBA", (_TILE, _TILE), (128, 128, 128, 255))
    tile.alpha_composite(opened, ((_TILE - opened.width) // 2, (_TILE - opened.height) // 2))
    return tile.convert("RGB")


if __name__ == "__main__":
    main()
