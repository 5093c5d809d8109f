"""Rectifies writing on a sheet that was photographed at an angle, and levels lines of writing that slope."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from maxdigit.preparation.files import FloatPicture
from maxdigit.preparation.framing import Box, around, digit_height

_LEAST, _MOST = np.deg2rad(7), np.deg2rad(40)  # a steeper line is digits set apart on purpose, or a column
_OFF_LINE = 0.22  # digit heights: how far the centres of digits in one line may be from it
_PIECES = 3  # digits: fewer make no line
_LARGEST = 1024  # pixels, of a side of the flat sheet's part with the writing


def line_angle(pieces: Sequence[Box]) -> float:
    """The slope of the line of writing in radians, clockwise; 0 for writing that is level, or not in a line.

    Args:
        pieces: boxes of the separate pieces of ink.
    """
    if len(pieces) < _PIECES:
        return 0.0
    boxes = np.array(pieces, float)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    centred = middles - middles.mean(0)
    along = np.linalg.svd(centred, full_matrices=False)[2][0]  # the direction in which they are spread most
    along = along if along[0] >= 0 else -along
    off = np.abs(centred @ np.array([-along[1], along[0]]))
    angle = float(np.arctan2(along[1], along[0]))
    is_line = off.max() <= _OFF_LINE * digit_height(pieces)
    return angle if is_line and _LEAST <= abs(angle) <= _MOST else 0.0


def turned(ink: FloatPicture, angle: float) -> tuple[FloatPicture, NDArray[np.float64]]:
    """Ink turned by ``-angle`` radians, on a canvas that holds all of it.

    Returns:
        The turned ink, and the matrix ``(2, 3)`` from its pixels to those of ``ink``.
    """
    height, width = ink.shape
    cos, sin = np.cos(angle), np.sin(angle)
    wide, high = (int(np.ceil(a * abs(cos) + b * abs(sin))) for a, b in ((width, height), (height, width)))
    turn = np.array([[cos, -sin], [sin, cos]])
    shift = np.array([width, height]) / 2 - turn @ (np.array([wide, high]) / 2)
    back = np.column_stack([turn, shift])
    pixels = back.copy()  # OpenCV counts from the middle of pixels
    pixels[:, 2] += turn @ (0.5, 0.5) - 0.5
    level = cv2.warpAffine(ink, pixels, (wide, high), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return level, back


def laid_flat(
    ink: FloatPicture, pieces: Sequence[Box], from_sheet: NDArray[np.float64]
) -> tuple[FloatPicture, NDArray[np.float64]]:
    """Ink as it is on the flat sheet, on a canvas that holds all pieces.

    Args:
        ink: probability of ink, 0..1, shape ``(h, w)``.
        pieces: boxes of the separate pieces of ink.
        from_sheet: (3, 3), from points of the flat sheet to pixels of ``ink``.

    Returns:
        The flat ink, and the matrix ``(3, 3)`` from its pixels to those of ``ink``.
    """
    corners = np.array([(x, y) for x0, y0, x1, y1 in pieces for x in (x0, x1) for y in (y0, y1)], np.float64)
    flat = np.column_stack([corners, np.ones(len(corners))]) @ np.linalg.inv(from_sheet).T
    x0, y0, x1, y1 = around(np.tile(flat[:, :2] / flat[:, 2:], 2))
    margin = 0.1 * max(x1 - x0, y1 - y0) + 4
    size = tuple(min(math.ceil(side + 2 * margin), _LARGEST) for side in (x1 - x0, y1 - y0))
    back = from_sheet @ np.array([[1, 0, x0 - margin], [0, 1, y0 - margin], [0, 0, 1]])
    # OpenCV counts from the middle of pixels.
    pixels = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]]) @ back @ np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    level = cv2.warpPerspective(ink, pixels, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return level, back / back[2, 2]
