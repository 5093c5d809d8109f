"""MNIST digits as pen strokes: their skeletons, kept as distance fields, from which any brush can redraw them.

A distance field says for each point how far the nearest point of the skeleton is. Unlike grey values it can be
enlarged smoothly, and a round brush of any width is one comparison away.
"""

from __future__ import annotations

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from maxdigit.data.mnist import SIZE
from maxdigit.data.splits import SplitName, digits_of

UNITS_PER_PIXEL = 16  # the fields' fixed-point step: 1/16 of an MNIST pixel, so that 255 stands for 15.9 pixels
_FINE = 2  # skeletons are found at twice MNIST's resolution, else curves come out as stairs
_CHUNK = 4096  # digits thinned at a time, which keeps the work in tens of megabytes


@lru_cache(maxsize=3)
def distance_fields(split: SplitName) -> Tensor:
    """Distance to the skeleton for every digit of a split: uint8, shape ``(N, 28, 28)``, in 1/16 pixel."""
    images = torch.tensor(digits_of(split).images)
    return torch.cat([_distance(_thin(_enlarge(chunk))) for chunk in images.split(_CHUNK)])


def _enlarge(images: Tensor) -> Tensor:
    """Ink or no ink at twice the resolution: float 0/1, shape ``(N, 56, 56)``."""
    fine = F.interpolate(images[:, None].float(), scale_factor=_FINE, mode="bicubic", align_corners=False)
    return (fine[:, 0] > 100).float()


@lru_cache(maxsize=1)
def _deletable() -> Tensor:
    """For each half step and each code of eight neighbours, whether thinning may take the centre: bool (2, 256).

    Conditions of T. Y. Zhang and C. Y. Suen, "A fast parallel algorithm for thinning digital patterns",
    Communications of the ACM 27 (1984), 236-239. Bits run clockwise from north.
    """
    table = torch.zeros(2, 256, dtype=torch.bool)
    for code in range(256):
        p = [(code >> bit) & 1 for bit in range(8)]  # N NE E SE S SW W NW
        ring = [*p, p[0]]
        rises = sum(a == 0 and b == 1 for a, b in zip(ring, ring[1:], strict=False))
        if 2 <= sum(p) <= 6 and rises == 1:
            north, east, south, west = p[0], p[2], p[4], p[6]
            table[0, code] = not (north and east and south) and not (east and south and west)
            table[1, code] = not (north and east and west) and not (north and south and west)
    return table


def _thin(ink: Tensor) -> Tensor:
    """Skeletons one pixel wide: float 0/1, same shape. Digits that are done leave the loop."""
    bits = torch.tensor([[128, 1, 2], [64, 0, 4], [32, 16, 8]], dtype=torch.float32).view(1, 1, 3, 3)
    result = ink.clone()
    active = torch.arange(len(ink))
    while len(active):
        current = result[active]
        before = current.clone()
        for table in _deletable():
            code = F.conv2d(current[:, None], bits, padding=1)[:, 0].long()
            current = torch.where(table[code], torch.zeros(()), current)
        result[active] = current
        active = active[(before != current).flatten(1).any(1)]
    return result


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
