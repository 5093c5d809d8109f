"""Random choices for scenes, and colours."""

from __future__ import annotations

import colorsys
import math

import cv2
import numpy as np
from numpy.typing import NDArray

# float32; numpy's type stubs take a float32 array times a Python number for one of float64.
Colour = NDArray[np.floating]  # (3,): red, green, blue, 0..1
Picture = NDArray[np.floating]  # (H, W, 3): red, green, blue, 0..1
Map = NDArray[np.floating]  # (H, W)

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as JPEG and Pillow weigh the channels


class Chance:
    """A source of random choices; equal seeds give equal choices."""

    def __init__(self, *seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def yes(self, share: float) -> bool:
        """True in this share of cases."""
        return bool(self.rng.random() < share)

    def between(self, low: float, high: float) -> float:
        """A number of the range, uniformly distributed."""
        return float(self.rng.uniform(low, high))

    def scale(self, low: float, high: float) -> float:
        """A number of the range, uniformly distributed on a logarithmic scale."""
        return math.exp(self.between(math.log(low), math.log(high)))

    def normal(self, deviation: float = 1.0) -> float:
        """A normally distributed number with mean 0."""
        return float(self.rng.normal() * deviation)

    def count(self, low: int, high: int) -> int:
        """A whole number, ``high`` included."""
        return int(self.rng.integers(low, high + 1))

    def one_of(self, shares: dict[str, float]) -> str:
        """One of the names, each with the probability of its share."""
        left = self.rng.random() * sum(shares.values())
        for name, share in shares.items():
            left -= share
            if left < 0:
                return name
        return name

    def colour(self, saturation: tuple[float, float] = (0, 1), value: tuple[float, float] = (0, 1)) -> Colour:
        """Any hue, with a saturation and a value of these ranges."""
        hsv = self.between(0, 1), self.between(*saturation), self.between(*value)
        return np.array(colorsys.hsv_to_rgb(*hsv), np.float32)

    def cloud(self, side: int, cells: tuple[int, ...] = (4, 9, 20, 50)) -> Map:
        """A smooth random field ``(side, side)`` around zero, of some of these numbers of cells along a side."""
        field = np.zeros((side, side), np.float32)
        for number in cells:
            if self.yes(0.7):
                across = max(2, int(number * self.between(0.3, 1.5)))
                coarse = self.rng.standard_normal((number, across)).astype(np.float32)
                field += cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC) * self.between(0.1, 1)
        return field


def luminance(colour: Colour | Picture) -> Map:
    """Brightness 0..1 of a colour or a picture; its last axis is gone."""
    return colour @ LUMINANCE


def blend(picture: Picture, colour: Colour | Picture, share: Map) -> None:
    """Blend ``colour`` over ``picture``, in place, with the opacity ``share`` (0..1)."""
    laid = cv2.merge([share * part for part in colour]) if colour.ndim == 1 else colour * in_colour(share)
    picture *= in_colour(1 - share)
    picture += laid


def in_colour(layer: Map) -> Picture:
    """A map in each of three channels: numpy is several times as fast with it as with an axis of length 1."""
    return cv2.merge((layer, layer, layer))
