"""Matches readings to boxes, and finds places for their labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from maxdigit.inference.digits import Box
from maxdigit.models.reader import Reading

Rect = tuple[float, float, float, float]  # x0, y0, x1, y1

_NEAR = 8.0  # largest distance between a reading and its box, in the models' pixels


def boxes_of(readings: Sequence[Reading], boxes: Sequence[Box]) -> list[Box | None]:
    """For each reading the box around its digit; None if no box is near, or if it contains several readings.

    Args:
        readings: in the models' pixels.
        boxes: of the digits found, in the same pixels.
    """
    nearest = [_nearest(reading, boxes) for reading in readings]
    return [box if nearest.count(box) == 1 else None for box in nearest]


def _nearest(reading: Reading, boxes: Sequence[Box]) -> Box | None:
    near = [(distance, box) for box in boxes if (distance := _distance(reading, box)) <= _NEAR]
    return min(near)[1] if near else None


def _distance(reading: Reading, box: Box) -> float:
    """From a reading's centre to a box; 0 inside."""
    x0, y0, x1, y1 = box
    return max(x0 - reading.x, reading.x - x1, y0 - reading.y, reading.y - y1, 0.0)


def place(targets: Sequence[Rect], widths: Sequence[float], height: float, within: tuple[float, float]) -> list[Rect]:
    """A place for a label beside each target, where it covers targets and other labels as little as possible.

    Args:
        targets: what is labelled.
        widths: of the labels, in the same unit.
        height: of the labels.
        within: width and height of the picture, in which all labels lie.

    Returns:
        A rectangle for each target, above it if no other place is better.
    """
    placed: list[Rect] = []
    for target, width in zip(targets, widths, strict=True):
        taken = [*targets, *placed]
        spots = [_kept_within(spot, within) for spot in _spots(target, width, height)]
        placed.append(min(spots, key=lambda spot: sum(_overlap(spot, other) for other in taken)))
    return placed


def _spots(target: Rect, width: float, height: float) -> Iterator[Rect]:
    """Places for a label around a target, the best first."""
    x0, y0, x1, y1 = target
    gap, middle = height / 6, ((x0 + x1) / 2, (y0 + y1) / 2)
    above, below, left, right = y0 - gap - height, y1 + gap, x0 - gap - width, x1 + gap
    centred = middle[0] - width / 2, middle[1] - height / 2
    for x, y in (
        *((centred[0], above), (centred[0], below), (right, centred[1]), (left, centred[1])),
        *((right, above), (left, above), (right, below), (left, below)),
    ):
        yield x, y, x + width, y + height


def _kept_within(rect: Rect, within: tuple[float, float]) -> Rect:
    x0, y0, x1, y1 = rect
    x, y = (
        float(np.clip(low, 0, max(0.0, size - side)))
        for low, side, size in zip((x0, y0), (x1 - x0, y1 - y0), within, strict=True)
    )
    return x, y, x + x1 - x0, y + y1 - y0


def _overlap(one: Rect, other: Rect) -> float:
    """The area that two rectangles share."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0.0) * max(height, 0.0)
