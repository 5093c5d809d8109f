"""The effects of light, lens, sensor and compression on a scene."""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from maxdigit.data.scenes.chance import Chance, Map, Picture, blend, in_colour, luminance

_NOISE = 1 << 20  # numbers; each picture uses a slice of them, as drawing new ones takes long


def light(chance: Chance, picture: Picture, *, needs_colour: bool = False) -> Picture:
    """Uneven light, a shadow's edge, a glare spot, little light, a screen's grid, a colour cast.

    Args:
        chance: the source of randomness.
        picture: the scene.
        needs_colour: darken it only a little, since a camera sees no hue in little light.
    """
    side = len(picture)
    cells = 2 if chance.yes(0.6) else 3
    coarse = chance.rng.uniform(1 - chance.between(0, 0.5), 1, (cells, cells)).astype(np.float32)
    level = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    axis = np.arange(side, dtype=np.float32) / side - 0.5
    x, y = axis[None], axis[:, None]
    if chance.yes(0.28):
        direction = chance.between(0, 2 * math.pi)
        across = x * math.cos(direction) + y * math.sin(direction) - chance.between(-0.4, 0.4)
        edge = 1 / (1 + np.exp(np.clip(-across * chance.scale(8, 200), -30, 30)))
        level *= 1 - chance.between(0.1, 0.55) * edge
    picture = picture * in_colour(level)
    if chance.yes(0.14):
        wide, high = chance.between(0.05, 0.3), chance.between(0.05, 0.3)
        spot = np.exp(-(((x - chance.between(-0.5, 0.5)) / wide) ** 2 + ((y - chance.between(-0.5, 0.5)) / high) ** 2))
        blend(picture, np.ones(3, np.float32), (chance.between(0.2, 0.95) * spot).astype(np.float32))
    if chance.yes(0.08):  # very little light
        picture = picture * np.float32(chance.scale(0.5, 0.9) if needs_colour else chance.scale(0.15, 0.5))
    if chance.yes(0.03):  # a screen, with a grid between its pixels
        grid = 1 - chance.between(0.05, 0.3) * (np.sin((axis + 0.5) * side * chance.between(0.8, 3)) > 0.3)
        picture = picture * in_colour((grid[None] * grid[:, None]).astype(np.float32))
    if chance.yes(0.3):
        picture = picture * np.clip(1 + chance.rng.normal(0, 0.08, 3), 0.7, 1.2).astype(np.float32)
    return picture


def expose(chance: Chance, picture: Picture, *, needs_colour: bool = False, is_fine: bool = False) -> NDArray[np.uint8]:
    """The file: gamma, blur, a smaller size, noise, one bit or grey, JPEG.

    Args:
        chance: the source of randomness.
        picture: the scene.
        needs_colour: keep its colours.
        is_fine: its writing is a few pixels high: blur it little, add little noise, and keep its size.

    Returns:
        uint8, ``(H, W, 3)``, RGB.
    """
    side = len(picture)
    picture = np.clip(picture, 0, 1)
    if chance.yes(0.3):
        picture = cv2.pow(picture, chance.between(0.6, 1.6))
    if chance.yes(0.55):
        picture = cv2.GaussianBlur(picture, (0, 0), chance.between(0.3, 0.6 if is_fine else 1.3))
    if chance.yes(0.3) and not is_fine:
        smaller = max(24, int(side * chance.between(0.45, 0.9)))
        small = cv2.resize(picture, (smaller, smaller), interpolation=cv2.INTER_AREA)
        picture = cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC)
    if chance.yes(0.55):
        channels = 3 if chance.yes(0.5) else 1
        start = chance.count(0, _NOISE - channels * side**2)
        noise = _noise()[start : start + channels * side**2] * chance.between(0, 0.015 if is_fine else 0.045)
        picture = picture + (noise.reshape(side, side, 3) if channels == 3 else in_colour(noise.reshape(side, side)))
    picture = np.clip(picture, 0, 1)
    depth = chance.one_of({"colour": 0.73, "grey": 0.2, "threshold": 0.035, "dither": 0.035})
    if depth in ("threshold", "dither") and is_fine:
        depth = "grey"
    if depth != "colour" and not needs_colour:
        grey = luminance(picture)
        if depth == "threshold":
            middle = float(np.median(grey))
            is_light = middle > 0.5
            threshold = middle * chance.between(0.5, 0.85) if is_light else min(0.95, middle + 0.15)
            grey = (grey > threshold).astype(np.float32)
        elif depth == "dither":
            grey = (grey > chance.rng.random((side, side), dtype=np.float32)).astype(np.float32)
        picture = in_colour(grey)
    pixels = np.round(picture * 255).astype(np.uint8)
    if chance.yes(0.55):
        _, encoded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, chance.count(25, 95)])
        pixels = cv2.imdecode(encoded, cv2.IMREAD_COLOR)[..., ::-1]  # type: ignore[index]  # it was just encoded
    return np.ascontiguousarray(pixels)


@lru_cache(maxsize=1)
def _noise() -> Map:
    """Numbers around zero with standard deviation 1, float32 ``(_NOISE,)``."""
    return np.random.default_rng(0).standard_normal(_NOISE, dtype=np.float32)
