"""MNIST digits as pen strokes: their skeletons, kept as distance fields, from which any brush can redraw them.

A distance field says for each point how far the nearest point of the skeleton is. Unlike grey values it can be
enlarged smoothly, and a round brush of any width is one comparison away.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from maxdigit.data.mnist import SIZE
from maxdigit.data.splits import SplitName, digits_of

UNITS_PER_PIXEL = 16  # the fields' fixed-point step: 1/16 of an MNIST pixel, so that 255 stands for 15.9 pixels
_FINE = 2  # skeletons are found at twice MNIST's resolution, else curves come out as stairs
_CHUNK = 4096  # digits thinned at a time, which keeps the work in tens of megabytes


def distance_fields(split: SplitName, indices: Tensor) -> Tensor:
    """Distance to the skeleton for some digits of a split, worked out when first asked for.

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
    """Fields worked out so far, uint8 ``(N, 28, 28)`` in fixed point, and which those are, bool ``(N,)``."""
    count = len(digits_of(split).labels)
    return torch.zeros((count, SIZE, SIZE), dtype=torch.uint8), torch.zeros(count, dtype=torch.bool)


def _enlarge(images: Tensor) -> NDArray[np.uint8]:
    """Ink or no ink at twice the resolution: uint8 0/1, shape ``(N, 56, 56)``."""
    fine = F.interpolate(images[:, None].float(), scale_factor=_FINE, mode="bicubic", align_corners=False)
    return (fine[:, 0] > 100).to(torch.uint8).numpy()


@lru_cache(maxsize=1)
def _keep_tables() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """For each half step, whether a pixel with that code of eight neighbours stays: uint8 0/1, shape ``(256,)``.

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
    """Skeletons one pixel wide: uint8 0/1, same shape. Digits that are done leave the loop."""
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
