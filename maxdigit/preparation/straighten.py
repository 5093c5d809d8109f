"""Writing that runs uphill or downhill, as on a sheet photographed askew, is turned level."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from maxdigit.preparation.files import FloatPicture
from maxdigit.preparation.framing import Box, digit_height

_LEAST, _MOST = np.deg2rad(7), np.deg2rad(40)  # a steeper line is digits set apart on purpose, or a column
_OFF_LINE = 0.22  # digit heights that the middles of digits in one line may be off it
_PIECES = 3  # fewer make no line


def line_angle(pieces: Sequence[Box]) -> float:
    """By how many radians the line of writing slopes, clockwise; 0 for writing that is level, or in no line.

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
