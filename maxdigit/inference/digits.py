"""Finds the digits in a prepared picture, and erases them."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]  # x0, y0, x1, y1, ends excluded

MAX_FOUND = 8
_INK = 96
_FAINT = 32  # a background whose median is brighter is not plain
_SPECK = 14  # pixels; a smaller piece is not a digit
_REACH = np.ones((5, 5), np.uint8)
_STEP = 4  # pixels between the patches of background that are tried
_MARGIN = 2  # pixels around a box that belong to the digit's soft edge


def find_digits(picture: NDArray[np.uint8]) -> list[Box]:
    """Boxes of the connected pieces of ink on a plain background, from left to right.

    An empty list for textured backgrounds, which brightness does not separate from ink.

    Args:
        picture: uint8, shape ``(128, 128)``, prepared.
    """
    if not is_plain(picture):
        return []
    ink = (picture >= _INK).astype(np.uint8)
    # Pixels that are up to twice the reach apart belong together, so that a broken stroke is one piece.
    count, labels = cv2.connectedComponents(cv2.dilate(ink, _REACH), connectivity=8)
    boxes = []
    for label in range(1, count):
        piece = ((labels == label) & (ink > 0)).astype(np.uint8)
        if cv2.countNonZero(piece) >= _SPECK:
            x, y, width, height = cv2.boundingRect(piece)
            boxes.append((x, y, x + width, y + height))
    return sorted(boxes)[:MAX_FOUND]


def is_plain(picture: NDArray[np.uint8]) -> bool:
    """Whether a prepared picture's background is plain, so that brightness separates the ink from it."""
    return bool(np.median(picture) <= _FAINT)


def without(picture: NDArray[np.uint8], boxes: Iterable[Box], others: Iterable[Box] = ()) -> NDArray[np.uint8]:
    """The picture with ``boxes`` filled with background.

    Args:
        picture: uint8, shape ``(128, 128)``.
        boxes: of what to erase.
        others: of what stays; no background is copied from there.
    """
    boxes = [_with_margin(box) for box in boxes]
    taken = np.zeros(picture.shape, bool)
    for x0, y0, x1, y1 in [*boxes, *map(_with_margin, others)]:
        taken[y0:y1, x0:x1] = True
    result = picture.copy()
    for box in boxes:
        x0, y0, x1, y1 = box
        result[y0:y1, x0:x1] = _background(picture, box, taken)
    return result


def _background(picture: NDArray[np.uint8], box: Box, taken: NDArray[np.bool_]) -> NDArray[np.uint8] | int:
    """A patch of background of the box's size whose brightness fits; a single tone where there is none."""
    x0, y0, x1, y1 = box
    height, width = y1 - y0, x1 - x0
    ring = picture[max(0, y0 - 3) : y1 + 3, max(0, x0 - 3) : x1 + 3]
    free = ~taken[max(0, y0 - 3) : y1 + 3, max(0, x0 - 3) : x1 + 3]
    tone = float(ring[free].mean()) if free.any() else float(np.median(picture))
    is_free = _sums(taken.astype(np.uint8), height, width) == 0
    if not is_free.any():
        return round(tone)
    means = _sums(picture, height, width) / (height * width)
    best = np.where(is_free, np.abs(means - tone), np.inf).argmin()  # the first of equally good ones
    row, column = np.unravel_index(best, means.shape)
    top, left = _STEP * int(row), _STEP * int(column)
    return picture[top : top + height, left : left + width]


def _sums(picture: NDArray[np.uint8], height: int, width: int) -> NDArray[np.int32]:
    """The sum of each piece ``(height, width)`` that begins at a multiple of ``_STEP`` in both directions."""
    total = cv2.integral(picture)
    pieces = total[height:, width:] - total[:-height, width:] - total[height:, :-width] + total[:-height, :-width]
    return pieces[::_STEP, ::_STEP]


def _with_margin(box: Box) -> Box:
    x0, y0, x1, y1 = box
    return max(0, x0 - _MARGIN), max(0, y0 - _MARGIN), min(128, x1 + _MARGIN), min(128, y1 + _MARGIN)
