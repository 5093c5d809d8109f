"""One scale for all writing: its digits become ``DIGIT_HEIGHT`` pixels high in the models' picture.

The competition's digits are 18 to 26 pixels high, and the smallest of the models sees 40 pixels at most, so that
digits of any size in a photograph or on the canvas would ask far more of the models than the task does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maxdigit import IMAGE_SIZE
from maxdigit.preparation.outline import outline_pixels

Box = tuple[float, float, float, float]  # x0, y0, x1, y1, ends excluded
Region = tuple[float, float, float, float]  # left, top, right, bottom, as shares (0..1) of a picture's sides

DIGIT_HEIGHT = 32.0  # of the median digit, in pixels of the models' picture
MARGIN = 5.0  # pixels of the models' picture that are left free on each side

_TALLEST_DIGIT = 2.2  # times as high as wide; a higher piece, unless it is one stroke, is a column of digits that touch
_ONE_STROKE = 1.6  # of its height: no 1 or 7 has a longer stroke
_COLUMN_BESIDE = 1.4  # times as high as each other piece
_COLUMN_DIGIT = 1.45  # height of a digit in a column, in the column's widths
_LEAST_PIECE = 0.4  # of the largest piece's side: smaller ones are dots or parts of digits and are ignored
_WIDEST_DIGIT = 1.25  # times as wide as high; a wider piece is several digits that touch


@dataclass(frozen=True)
class Frame:
    """Where the models' picture lies in the picture that it was made from."""

    # From the models' x and y, in pixels, to those of the picture: (2, 3), or (3, 3) for a picture in perspective.
    matrix: NDArray[np.float64]

    def to_picture(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points ``(N, 2)`` of the models' picture as points of the picture that it was made from."""
        return _mapped(points, homogeneous(self.matrix))

    def to_model(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points ``(N, 2)`` of the picture as points of the models' picture."""
        return _mapped(points, np.linalg.inv(homogeneous(self.matrix)))


def homogeneous(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """An affine map ``(2, 3)`` as a projective one, ``(3, 3)``, which is returned as it is."""
    return matrix if len(matrix) == 3 else np.vstack([matrix, (0.0, 0.0, 1.0)])


def _mapped(points: NDArray[np.floating], matrix: NDArray[np.floating]) -> NDArray[np.float64]:
    seen = points @ matrix[:, :2].T + matrix[:, 2]
    return seen[:, :2] / seen[:, 2:]


def digit_height(pieces: Sequence[Box]) -> float:
    """The height of the median digit, from the boxes of the separate pieces of ink; same unit.

    Raises:
        ValueError: there are no pieces.
    """
    if not pieces:
        raise ValueError("no pieces of ink")
    sides = np.array([(x1 - x0, y1 - y0) for x0, y0, x1, y1 in pieces], float)
    sides = sides[sides.max(1) >= _LEAST_PIECE * sides.max()]
    width, height = sides.T
    # The larger side of a digit that is a little wider than high counts; for digits that touch in a row, the height.
    return float(np.median(np.where(width < _WIDEST_DIGIT * height, np.maximum(height, width), height)))


def without_columns(ink: NDArray[np.float32], boxes: Sequence[Box]) -> list[Box]:
    """The boxes with each column of digits that touch cut into as many boxes as it seems to have digits.

    A column is higher than what is written beside it: digits of a display are narrow too, but all of one height.

    Args:
        ink: probability of ink, 0..1, shape ``(h, w)``.
        boxes: of the separate pieces of ink, in pixels of ``ink``.
    """
    parts: list[Box] = []
    heights = np.array([y1 - y0 for _, y0, _, y1 in boxes])
    for number, (x0, y0, x1, y1) in enumerate(boxes):
        width, height = x1 - x0, y1 - y0
        count = 1
        others = np.delete(heights, number)
        if height > _TALLEST_DIGIT * width and (others < height / _COLUMN_BESIDE).all():
            solid = (ink[int(y0) : math.ceil(y1), int(x0) : math.ceil(x1)] > 0.5).astype(np.uint8)
            if outline_pixels(solid) / 2 > _ONE_STROKE * height:
                count = max(2, round(height / (_COLUMN_DIGIT * width)))
        step = height / count
        parts += [(x0, y0 + number * step, x1, y0 + (number + 1) * step) for number in range(count)]
    return parts


def around(boxes: Sequence[Box] | NDArray[np.floating]) -> Box:
    """The box around all boxes, of which there is at least one."""
    lows, highs = np.array(boxes)[:, :2].min(0), np.array(boxes)[:, 2:].max(0)
    return (*lows.tolist(), *highs.tolist())


def frame_for(pieces: Sequence[Box]) -> Frame:
    """The frame in which the median piece is ``DIGIT_HEIGHT`` high and all pieces are inside, centred.

    Raises:
        ValueError: there are no pieces.
    """
    height = digit_height(pieces)
    x0, y0, x1, y1 = around(pieces)
    zoom = min(DIGIT_HEIGHT / height, (IMAGE_SIZE - 2 * MARGIN) / max(x1 - x0, y1 - y0))
    step = 1 / zoom  # of the picture's pixels, for one of the models'
    middle = IMAGE_SIZE / 2
    return Frame(np.array([[step, 0, (x0 + x1) / 2 - step * middle], [0, step, (y0 + y1) / 2 - step * middle]]))
