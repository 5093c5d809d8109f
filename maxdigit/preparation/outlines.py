"""Digits of which only the outline is drawn are filled in: to a reader of strokes they look like other digits."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from maxdigit.preparation.files import FloatPicture
from maxdigit.preparation.framing import Box

_INK = 0.15  # probability from which on a pixel bounds a hole: outlines are thin, and often faint in places
_NARROW = 0.28  # of a piece's height: holes this wide at most may be the inside of a stroke; loops are wider
_LONG = 2.5  # times as long as wide, at least, is the inside of a stroke
_MOST = 0.5  # of all pieces: more of them must have such holes: a single narrow 0 has one too
_GAP_CLOSER = np.ones((5, 5), np.uint8)
_LEAST_PIECE = 0.4  # of the largest piece's height: smaller ones have no say


def filled(ink: FloatPicture, pieces: Sequence[Box]) -> FloatPicture:
    """The ink with the insides of outlined strokes filled; as it is, if it is not written in outlines.

    Args:
        ink: probability of ink, 0..1, shape ``(H, W)``.
        pieces: boxes of its separate pieces.
    """
    is_ink = cv2.dilate((ink > _INK).astype(np.uint8), _GAP_CLOSER)  # an outline may have gaps
    largest = max(y1 - y0 for _, y0, _, y1 in pieces)
    asked, insides = 0, []
    for x0, y0, x1, y1 in pieces:
        if y1 - y0 < _LEAST_PIECE * largest:
            continue
        asked += 1
        area = (slice(int(y0), int(y1)), slice(int(x0), int(x1)))
        inside = _stroke_insides(is_ink[area], _NARROW * (y1 - y0))
        if inside.any():
            insides.append((area, inside))
    if len(insides) <= _MOST * asked:
        return ink
    result = ink.copy()
    for area, inside in insides:
        result[area][inside] = 1.0
    return result


def _stroke_insides(is_ink: np.ndarray, widest: float) -> np.ndarray:
    """Which pixels lie in narrow long holes; bool, of the same shape."""
    padded = cv2.copyMakeBorder(is_ink, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(1 - padded, connectivity=4)
    depth = cv2.distanceTransform(1 - padded, cv2.DIST_L2, 5)
    outside = labels[0, 0]
    inside = np.zeros(padded.shape, bool)
    for number in range(1, count):
        if number == outside:
            continue
        hole = labels == number
        width = 2 * float(depth[hole].max())
        if width <= widest and stats[number, cv2.CC_STAT_AREA] >= _LONG * width**2:
            inside |= hole
    inside = cv2.dilate(inside.astype(np.uint8), _GAP_CLOSER) > 0  # up to the outline, which was widened
    return inside[1:-1, 1:-1]
