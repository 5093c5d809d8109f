"""A picture turned, shrunk, blurred or made noisy in steps, to measure how much of each leaves an answer unchanged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from maxdigit import IMAGE_SIZE

Picture = NDArray[np.uint8]  # (128, 128)

_CENTRE = (IMAGE_SIZE - 1) / 2
_NOISE_SEED = 0


@dataclass(frozen=True)
class Change:
    """One way to change a picture, and the strengths at which it is tried, in order."""

    strengths: tuple[float, ...]  # in the unit of the function
    unchanged: float  # the one of them that leaves the picture as it is
    make: Callable[[Picture, float], Picture]

    def pictures(self, picture: Picture) -> Picture:
        """The picture at each strength, uint8 ``(strengths, 128, 128)``."""
        made = (picture if strength == self.unchanged else self.make(picture, strength) for strength in self.strengths)
        return np.stack(list(made))


def turned(picture: Picture, degrees: float) -> Picture:
    """The picture turned clockwise about its centre; the corners are filled with the background's grey."""
    matrix = cv2.getRotationMatrix2D((_CENTRE, _CENTRE), -degrees, 1.0)
    size = (IMAGE_SIZE, IMAGE_SIZE)
    return cv2.warpAffine(picture, matrix, size, borderValue=_edge_tone(picture)).astype(np.uint8)


def shrunk(picture: Picture, percent: float) -> Picture:
    """The picture at a share of its size, centred on the background's grey."""
    side = max(1, round(IMAGE_SIZE * percent / 100))
    left = (IMAGE_SIZE - side) // 2
    result = np.full_like(picture, _edge_tone(picture))
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    result[left : left + side, left : left + side] = small
    return result


def blurred(picture: Picture, sigma: float) -> Picture:
    """The picture blurred by a Gaussian of that standard deviation, in pixels."""
    return cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE).astype(np.uint8)


def noisy(picture: Picture, deviation: float) -> Picture:
    """The picture with Gaussian noise of that standard deviation, in grey levels; the same pattern each time."""
    pattern = np.random.default_rng(_NOISE_SEED).standard_normal(picture.shape)
    return (picture + deviation * pattern).round().clip(0, 255).astype(np.uint8)


def _edge_tone(picture: Picture) -> float:
    """The median grey level along the picture's edge."""
    edge = np.concatenate([picture[0], picture[-1], picture[1:-1, 0], picture[1:-1, -1]])
    return float(np.median(edge))


def _steps(first: float, last: float, count: int) -> tuple[float, ...]:
    return tuple(float(value) for value in np.linspace(first, last, count))


CHANGES = {
    "turn": Change(_steps(-90, 90, 13), 0.0, turned),  # degrees, clockwise
    "shrink": Change(_steps(100, 20, 9), 100.0, shrunk),  # percent of the size
    "blur": Change(_steps(0, 6, 13), 0.0, blurred),  # standard deviation, pixels
    "noise": Change(_steps(0, 120, 13), 0.0, noisy),  # standard deviation, grey levels
}


def holds(digits: NDArray[np.integer], unchanged: int) -> tuple[int, int]:
    """The range of strengths over which the answer is that of the unchanged picture.

    Args:
        digits: the answer at each strength, in order.
        unchanged: the position of the strength that changes nothing.

    Returns:
        The first and the last position of the run of equal answers around ``unchanged``.
    """
    low = high = unchanged
    while low > 0 and digits[low - 1] == digits[unchanged]:
        low -= 1
    while high < len(digits) - 1 and digits[high + 1] == digits[unchanged]:
        high += 1
    return low, high
