"""What would change an answer: the model answers again with each of the digits erased in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maxdigit.inference.digits import is_plain
from maxdigit.inference.predict import Prediction, Predictor
from maxdigit.ui import texts
from maxdigit.ui.readings import boxes_of
from maxdigit.ui.sureness import UNSURE
from maxdigit.ui.view_state import ModelInput

UNASKED = 100.0  # ms of computing time that are spent without a request


@dataclass(frozen=True)
class Without:
    """The answer to a picture without one of its digits."""

    number: int  # of the digit, from the left, counted from 1
    digits: tuple[int, ...]  # the digits read there: none, one, or several if they touch
    answer: int
    is_sure: bool


def can_be_asked(picture: ModelInput, erased: Sequence[int] = ()) -> bool:
    """Whether at least two digits are left, on a plain background, from which single ones can be erased."""
    return picture.has_writing and len(_left(picture, erased)) > 1 and is_plain(picture.pixels)


def cost(picture: ModelInput, milliseconds: float, erased: Sequence[int] = ()) -> float:
    """An upper estimate of the time in ms, from that of a forward pass: a batch is faster than single passes."""
    return milliseconds * len(_left(picture, erased))


def ask_without(
    predictor: Predictor, picture: ModelInput, prediction: Prediction, erased: Sequence[int] = ()
) -> list[Without]:
    """The answers without each of the digits, in one batch.

    Args:
        predictor: asks the model that gave ``prediction``.
        picture: in which :func:`can_be_asked` finds digits.
        prediction: the answer to it without what was ``erased``.
        erased: numbers of the digits that are erased already.

    Raises:
        CheckpointError: the model's weights are missing or damaged.
    """
    numbers = _left(picture, erased)
    pictures = np.stack([picture.without((*erased, number)) for number in numbers])
    answers = predictor.predict(pictures, prediction.model)
    readings = prediction.digits or ()
    # boxes_of assigns no box to several readings in one box; here they count as its digits.
    found = [(reading, _holder(picture, numbers, reading.x, reading.y)) for reading in readings]
    snapped = dict(zip(readings, boxes_of(readings, [picture.boxes[number] for number in numbers]), strict=True))
    said = []
    for number, shares in zip(numbers, answers, strict=True):
        box = picture.boxes[number]
        digits = tuple(reading.digit for reading, holder in found if number == holder or snapped[reading] == box)
        said.append(Without(number + 1, digits, int(shares.argmax()), float(shares.max()) >= UNSURE))
    return said


def in_a_line(answers: Sequence[Without], answer: int) -> str:
    """The digits that change the answer, and the new answers."""
    names = [texts.read_digit(one.digits, one.number) for one in answers]
    # A digit that is read twice would be ambiguous.
    names = [
        name if names.count(name) == 1 else texts.read_digit((), one.number)
        for name, one in zip(names, answers, strict=True)
    ]
    changes = [
        (name, one.answer, one.is_sure) for name, one in zip(names, answers, strict=True) if one.answer != answer
    ]
    return texts.without(changes, answer)


def _left(picture: ModelInput, erased: Sequence[int]) -> list[int]:
    return [number for number in range(len(picture.boxes)) if number not in erased]


def _holder(picture: ModelInput, numbers: Sequence[int], x: float, y: float) -> int | None:
    """The number of the box that contains a point."""
    for number in numbers:
        x0, y0, x1, y1 = picture.boxes[number]
        if x0 <= x <= x1 and y0 <= y <= y1:
            return number
    return None
