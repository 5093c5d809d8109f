"""Scores a model's readings against the digits present. Needs NumPy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from maxdigit.models.reader import Reading

# Pixels by which a reading may lie outside a digit's box. A reader only knows the cell, and the outermost cells of an
# unpadded network read digits up to 15 pixels past them; a digit is about 30 pixels high.
_SLACK = 12.0


@dataclass
class Tally:
    """Counts of readings over pictures."""

    pictures: int = 0
    digits: int = 0  # digits present
    readings: int = 0
    right: int = 0  # digits read correctly
    misread: int = 0  # digits read as other digits
    invented: int = 0  # readings where there is no digit, or of a digit that was already matched
    contradicted: int = 0  # pictures whose largest reading is not the answer
    contradicted_right: int = 0  # those of them whose answer is right
    answers_right: int = 0  # pictures whose answer is right

    @property
    def missed(self) -> int:
        """Digits where nothing was read."""
        return self.digits - self.right - self.misread

    @property
    def f1(self) -> float:
        """The harmonic mean of the share of digits that were read right and the share of readings that are."""
        return 2 * self.right / max(1, self.digits + self.readings)

    def __iadd__(self, other: Tally) -> Tally:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        return self

    def add(
        self,
        readings: Sequence[Reading],
        digits: NDArray[np.integer],
        boxes: NDArray[np.integer],
        answer: int,
    ) -> None:
        """Count one picture.

        Args:
            readings: what was read in it.
            digits: ``(D,)``, the digits present, -1 for none.
            boxes: ``(D, 4)``, x0, y0, x1, y1 of each digit's ink.
            answer: the model's answer.
        """
        there = digits >= 0
        digits, boxes = digits[there], boxes[there]
        right, misread = match(readings, digits, boxes)
        is_right = len(digits) > 0 and answer == digits.max()
        contradicts = bool(readings) and max(reading.digit for reading in readings) != answer
        self += Tally(
            pictures=1,
            digits=len(digits),
            readings=len(readings),
            right=right,
            misread=misread,
            invented=len(readings) - right - misread,
            contradicted=int(contradicts),
            contradicted_right=int(contradicts and is_right),
            answers_right=int(is_right),
        )


def match(readings: Sequence[Reading], digits: NDArray[np.integer], boxes: NDArray[np.integer]) -> tuple[int, int]:
    """The number of digits ``(D,)`` with boxes ``(D, 4)`` that were read correctly, and as other digits.

    A reading is matched with a digit if it lies in its box or near it. Each is matched at most once: pairs that agree
    first, and the nearest of several.
    """
    if not len(digits) or not readings:
        return 0, 0
    places = np.array([(reading.x, reading.y) for reading in readings])
    away = np.abs(places[:, None] - (boxes[:, :2] + boxes[:, 2:]) / 2)  # (R, D, 2)
    is_near = (away <= (boxes[:, 2:] - boxes[:, :2]) / 2 + _SLACK).all(2)
    agrees = np.array([reading.digit for reading in readings])[:, None] == digits
    pairs = sorted(zip(*np.nonzero(is_near), strict=True), key=lambda pair: (not agrees[pair], float(away[pair].max())))
    counts = [0, 0]
    readings_left, digits_left = set(range(len(readings))), set(range(len(digits)))
    for reading, digit in pairs:
        if reading in readings_left and digit in digits_left:
            readings_left.remove(reading)
            digits_left.remove(digit)
            counts[0 if agrees[reading, digit] else 1] += 1
    return counts[0], counts[1]
