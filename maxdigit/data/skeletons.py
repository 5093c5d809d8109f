"""MNIST digits as pen strokes: their skeletons, as lines or as distance fields, from which any brush can redraw them.

Lines stay unbroken at any size and slant. A distance field gives the distance of each point to the nearest point of the
skeleton; it suits many digits at a time on a GPU.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from maxdigit.data.mnist import SIZE
from maxdigit.data.splits import SplitName, digits_of

UNITS_PER_PIXEL = 16  # the fields' fixed-point step: 1/16 of an MNIST pixel, so that 255 stands for 15.9 pixels
_FINE = 2  # skeletons are computed at twice MNIST's resolution, to avoid staircase curves
_CHUNK = 4096  # digits thinned at a time, which keeps the work in tens of megabytes
_SMOOTHING = np.array([1, 2, 3, 2, 1], np.float32) / 9  # along a line, against the staircase of the skeleton's pixels
_LEVELS = (100, 60, 30)  # grey values above which there is ink: the first at which a digit is in one piece
_SPECK = 2 * _FINE  # skeleton pixels: a component smaller than this in width and height is a speck beside the digit
_LEAST_HOLE = 1.0  # MNIST pixels: a loop of a smaller radius is an artefact of the skeleton

Line = NDArray[np.float32]  # (P, 2): x and y of the points that a stroke runs through


@dataclass(frozen=True)
class Glyph:
    """One digit's strokes in MNIST pixels, (0, 0) being the middle of its picture."""

    lines: tuple[Line, ...]
    hole: float = np.inf  # radius of its smallest loop; infinite where there is none


_known_glyphs: dict[SplitName, dict[int, Glyph]] = {}  # found so far


def glyphs(split: SplitName, indices: Iterable[int]) -> list[Glyph]:
    """The strokes of some MNIST digits of a split, computed on first use.

    Each line runs around its part of the skeleton, there and back, and ends where it began.
    """
    known, wanted = _known_glyphs.setdefault(split, {}), list(indices)
    images = digits_of(split).images
    missing = np.array(sorted({index for index in wanted if index not in known}), np.int64)
    for start in range(0, len(missing), _CHUNK):
        chunk = missing[start : start + _CHUNK]
        for index, skeleton in zip(chunk.tolist(), _thin(_unbroken(images[chunk])).numpy(), strict=True):
            known[index] = _outline(skeleton)
    return [known[index] for index in wanted]


def _outline(skeleton: NDArray[np.uint8]) -> Glyph:
    """The lines of a skeleton, uint8 0/1 ``(56, 56)``."""
    contours, hierarchy = cv2.findContours(skeleton, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    hole = np.inf
    for contour, (_, _, _, parent) in zip(contours, hierarchy[0], strict=True):
        if parent >= 0:
            radius = 2 * cv2.contourArea(contour) / max(cv2.arcLength(contour, closed=True), 1.0) / _FINE
            hole = min(hole, radius) if radius >= _LEAST_HOLE else hole
    side = [int(np.ptp(contour[:, 0], axis=0).max()) for contour in contours]
    strokes = [contour for contour, length in zip(contours, side, strict=True) if length >= min(_SPECK, max(side))]
    return Glyph(tuple(_smooth(contour[:, 0].astype(np.float32)) for contour in strokes), hole)


def _unbroken(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """As ``_enlarge``, with a lower threshold for digits that would fall apart otherwise."""
    levels = [_enlarge(torch.tensor(images), level) for level in _LEVELS]
    pieces = np.array([[cv2.connectedComponents(ink)[0] for ink in level] for level in levels])  # (levels, N)
    return np.stack(levels)[(pieces == pieces.min(0)).argmax(0), np.arange(len(images))]


def _smooth(points: Line) -> Line:
    """A closed run of skeleton pixels as a smooth line in MNIST pixels; the ends of strokes stay where they are."""
    reach = len(_SMOOTHING) // 2
    around = np.take(points, np.arange(-reach, len(points) + reach), axis=0, mode="wrap")
    smooth = sum(weight * around[i : i + len(points)] for i, weight in enumerate(_SMOOTHING))
    is_end = (np.roll(points, 1, 0) == np.roll(points, -1, 0)).all(1)
    smooth = np.where(is_end[:, None], points, smooth)
    kept = is_end | (np.arange(len(points)) % _FINE == 0)  # one point per MNIST pixel is enough
    line = np.concatenate([smooth[kept], smooth[kept][:1]])
    return ((line + 0.5) / _FINE - SIZE / 2).astype(np.float32)


def distance_fields(split: SplitName, indices: Tensor) -> Tensor:
    """Distance to the skeleton for some digits of a split, computed on first use.

    Args:
        split: whose digits.
        indices: int64 ``(M,)``, into the split's digits.

    Returns:
        float32 ``(M, 28, 28)``, in MNIST pixels, on the CPU.
    """
    fields, is_known = _known(split)
    images = digits_of(split).images
    for chunk in indices[~is_known[indices]].unique().split(_CHUNK):
        fields[chunk] = _distance(_thin(_enlarge(torch.tensor(images[chunk.numpy()]))))
        is_known[chunk] = True
    return fields[indices].float() / UNITS_PER_PIXEL


@lru_cache(maxsize=3)
def _known(split: SplitName) -> tuple[Tensor, Tensor]:
    """Fields computed so far, uint8 ``(N, 28, 28)`` in fixed point, and which those are, bool ``(N,)``."""
    count = len(digits_of(split).labels)
    return torch.zeros((count, SIZE, SIZE), dtype=torch.uint8), torch.zeros(count, dtype=torch.bool)


def _enlarge(images: Tensor, level: int = 100) -> NDArray[np.uint8]:
    """Whether the ink is above a level, at twice the resolution: uint8 0/1, shape ``(N, 56, 56)``."""
    fine = F.interpolate(images[:, None].float(), scale_factor=_FINE, mode="bicubic", align_corners=False)
    return (fine[:, 0] > level).to(torch.uint8).numpy()


@lru_cache(maxsize=1)
def _keep_tables() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """For each half step, whether a pixel whose eight neighbours have that code stays: uint8 0/1, shape ``(256,)``.

    Conditions of T. Y. Zhang and C. Y. Suen, "A fast parallel algorithm for thinning digital patterns",
    Communications of the ACM 27 (1984), 236-239. Bits run clockwise from north.
    """
    tables = np.ones((2, 256), np.uint8)
    for code in range(256):
        p = [(code >> bit) & 1 for bit in range(8)]  # N NE E SE S SW W NW
        rises = sum(a == 0 and b == 1 for a, b in zip(p, [*p[1:], p[0]], strict=True))
        if 2 <= sum(p) <= 6 and rises == 1:
            north, east, south, west = p[0], p[2], p[4], p[6]
            tables[0, code] = (north and east and south) or (east and south and west)
            tables[1, code] = (north and east and west) or (north and south and west)
    return tables[0], tables[1]


# Where each neighbour lies, as row and column in a picture padded by one.
_NEIGHBOURS = ((0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0))


def _thin(ink: NDArray[np.uint8]) -> Tensor:
    """Skeletons one pixel wide: uint8 0/1, same shape. Finished digits leave the loop."""
    _, height, width = ink.shape
    result = ink.copy()
    active = np.arange(len(ink))
    while len(active):
        current = result[active]
        before = current.copy()
        for keep in _keep_tables():
            padded = np.pad(current, ((0, 0), (1, 1), (1, 1)))
            code = np.zeros_like(current)
            for bit, (row, column) in enumerate(_NEIGHBOURS):
                code |= padded[:, row : row + height, column : column + width] << bit
            current = current & keep[code]
        result[active] = current
        active = active[(before != current).any((1, 2))]
    return torch.from_numpy(result)


def _distance(skeleton: Tensor) -> Tensor:
    """Exact Euclidean distance from each MNIST pixel's centre to the skeleton, in fixed point."""
    fine = SIZE * _FINE
    axis = torch.arange(fine, dtype=torch.float32)
    centres = (torch.arange(SIZE, dtype=torch.float32) + 0.5) * _FINE - 0.5
    squares = (centres[:, None] - axis[None, :]) ** 2  # (28, 56)
    far = torch.full((), 1e6)
    # Along rows first, then columns: the squared distance is a minimum of sums.
    cost = torch.where(skeleton > 0, torch.zeros(()), far)  # (N, 56, 56)
    rows = torch.stack([(cost + squares[x]).amin(2) for x in range(SIZE)], 2)  # (N, 56, 28)
    both = torch.stack([(rows + squares[y][:, None]).amin(1) for y in range(SIZE)], 1)  # (N, 28, 28)
    return (both.sqrt() / _FINE * UNITS_PER_PIXEL).round().clamp(0, 255).to(torch.uint8)
