"""Convolutions by Winograd's minimal filtering: a fraction of the multiplications, for CPUs without bfloat16.

A tile of the picture and the kernel are taken to values at a few points, multiplied there, and taken back (Lavin and
Gray, "Fast Algorithms for Convolutional Neural Networks", 2015, https://arxiv.org/abs/1509.09308). With tiles of 8 x 8
a 5 x 5 kernel needs 4 multiplications for each output instead of 25, a 3 x 3 kernel 1.8 instead of 9. In float32 the
result differs from the plain sum in the sixth digit.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

_TILE = 8
_POINTS = (0, 1, -1, 2, -2, 1 / 2, -1 / 2)  # and infinity: the eight that lose the fewest digits


def conv2d(pictures: Tensor, kernel: Tensor) -> Tensor:
    """An unpadded convolution with stride 1, as Keras lays it out.

    Args:
        pictures: ``(N, H, W, C)``.
        kernel: ``(size, size, C, K)``, with a size of 2 to 7.

    Returns:
        ``(N, H - size + 1, W - size + 1, K)``.
    """
    return _Winograd.apply(pictures, kernel)


class _Winograd(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, pictures: Tensor, kernel: Tensor) -> Tensor:
        n, height, width, channels = pictures.shape
        size = kernel.shape[0]
        step = _TILE - size + 1  # outputs along a tile's side
        out_height, out_width = height - size + 1, width - size + 1
        rows, columns = -(-out_height // step), -(-out_width // step)
        back, of_kernel, of_tile = _transforms(size, kernel.dtype)
        padded = F.pad(pictures, (0, 0, 0, columns * step - out_width, 0, rows * step - out_height))
        tiles = padded.unfold(1, _TILE, step).unfold(2, _TILE, step).permute(4, 5, 0, 1, 2, 3)
        tiles = _on_both_axes(of_tile, tiles).view(_TILE**2, -1, channels)
        kernels = _on_both_axes(of_kernel, kernel).view(_TILE**2, channels, -1)
        sums = _on_both_axes(back, torch.bmm(tiles, kernels).view(_TILE, _TILE, n, rows, columns, -1))
        ctx.save_for_backward(tiles, kernels)
        ctx.shape = pictures.shape
        outputs = sums.permute(2, 3, 0, 4, 1, 5).reshape(n, rows * step, columns * step, -1)
        return outputs[:, :out_height, :out_width]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor]:
        """Each step of the way forward, transposed."""
        tiles, kernels = ctx.saved_tensors
        n, height, width, channels = ctx.shape
        size = height - gradient.shape[1] + 1
        step = _TILE - size + 1
        rows, columns = -(-gradient.shape[1] // step), -(-gradient.shape[2] // step)
        back, of_kernel, of_tile = _transforms(size, kernels.dtype)
        spare = (0, 0, 0, columns * step - gradient.shape[2], 0, rows * step - gradient.shape[1])
        sums = F.pad(gradient, spare).view(n, rows, step, columns, step, -1).permute(2, 4, 0, 1, 3, 5)
        sums = _on_both_axes(back.T.contiguous(), sums).view(_TILE**2, tiles.shape[1], -1)
        for_kernels = torch.bmm(tiles.transpose(1, 2), sums).view(_TILE, _TILE, channels, -1)
        for_kernel = _on_both_axes(of_kernel.T, for_kernels)
        if not ctx.needs_input_grad[0]:
            return None, for_kernel
        for_tiles = torch.bmm(sums, kernels.transpose(1, 2)).view(_TILE, _TILE, n, rows, columns, channels)
        for_tiles = _on_both_axes(of_tile.T.contiguous(), for_tiles)
        for_padded = gradient.new_zeros(n, rows * step + size - 1, columns * step + size - 1, channels)
        along = for_padded.stride()
        # Tiles overlap by less than their step: parts that do not are added at once.
        for top in range(0, _TILE, step):
            for left in range(0, _TILE, step):
                part = for_tiles[top : top + step, left : left + step]
                there = for_padded.as_strided(
                    (n, rows, part.shape[0], columns, part.shape[1], channels),
                    (along[0], step * along[1], along[1], step * along[2], along[2], along[3]),
                    top * along[1] + left * along[2],
                )
                there += part.permute(2, 3, 0, 4, 1, 5)
        return for_padded[:, :height, :width], for_kernel


def _on_both_axes(matrix: Tensor, x: Tensor) -> Tensor:
    """``matrix`` ``(b, a)`` on the first two axes of ``x`` ``(a, a, ...)``: ``(b, b, ...)``."""
    after, before = matrix.shape
    first = (matrix @ x.reshape(before, -1)).view(after, before, -1)
    return torch.bmm(matrix.expand(after, after, before), first).view(after, after, *x.shape[2:])


@cache
def _transforms(size: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """What takes values back to outputs ``(step, 8)``, the kernel to values ``(8, size)`` and a tile ``(8, 8)``.

    Toom and Cook's multiplication of polynomials, evaluated at the points and at infinity, and transposed.
    """

    def powers(count: int) -> np.ndarray:
        at_infinity = np.eye(1, count, count - 1)
        return np.vstack([np.vander(_POINTS, count, increasing=True), at_infinity])

    matrices = powers(_TILE - size + 1).T, powers(size), np.linalg.inv(powers(_TILE)).T
    return tuple(torch.tensor(matrix, dtype=dtype) for matrix in matrices)
