"""Convolutions as arrays: merged with neighbouring layers to save work, and with weights rounded to bfloat16."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Convolution:
    """Weights ``(outputs, inputs, height, width)`` and bias ``(outputs,)``, applied as in PyTorch: not flipped."""

    weight: Array
    bias: Array

    def __post_init__(self) -> None:
        if self.weight.ndim != 4 or self.bias.shape != self.weight.shape[:1]:
            raise ValueError(f"a convolution of shapes {self.weight.shape} and {self.bias.shape}")

    def scaled(self, scale: Array, shift: Array) -> Convolution:
        """Include ``y * scale + shift`` of each output ``y``, both ``(outputs,)``: a batch norm after it."""
        return Convolution(self.weight * scale[:, None, None, None], self.bias * scale + shift)

    def fed(self, scale: Array | float, shift: Array | float) -> Convolution:
        """Include ``x * scale + shift`` of each input ``x``, numbers or ``(inputs,)``.

        Equal up to rounding, provided there is no padding: its zeros would be scaled and shifted too.
        """
        inputs = self.weight.shape[1]
        scale, shift = np.broadcast_to(scale, inputs), np.broadcast_to(shift, inputs)
        moved = np.einsum("oihw,i->o", self.weight, shift)
        return Convolution(self.weight * scale[None, :, None, None], self.bias + moved)

    def then(self, second: Convolution) -> Convolution:
        """This convolution and a second one, merged: without padding, and with nothing between them."""
        height, width = self.weight.shape[2:]
        rows, columns = second.weight.shape[2:]
        weight = np.zeros((len(second.bias), self.weight.shape[1], height + rows - 1, width + columns - 1))
        for row in range(rows):
            for column in range(columns):
                weight[:, :, row : row + height, column : column + width] += np.tensordot(
                    second.weight[:, :, row, column], self.weight, 1
                )
        return Convolution(weight, second.bias + second.weight.sum((2, 3)) @ self.bias)

    def in_bfloat16(self) -> Convolution:
        """Weights rounded to bfloat16 so that their errors cancel where the input is smooth.

        Each weight's rounding error is added to its neighbour before that is rounded: error diffusion over the window,
        as in R. W. Floyd, L. Steinberg, "An adaptive algorithm for spatial greyscale" (1976).
        """
        outputs, inputs, rows, columns = self.weight.shape
        rounded = np.empty(self.weight.shape, np.float32)
        carried = np.zeros((outputs, inputs))
        for row in range(rows):
            for column in range(columns) if row % 2 == 0 else reversed(range(columns)):  # each beside the one before
                wanted = self.weight[:, :, row, column] + carried
                rounded[:, :, row, column] = nearest_bfloat16(wanted)
                carried = wanted - rounded[:, :, row, column]
        return Convolution(rounded, self.bias)


def nearest_bfloat16(values: Array) -> NDArray[np.float32]:
    """Values rounded to the nearest bfloat16, ties to even, as float32 whose lower 16 bits are 0."""
    bits = np.asarray(values, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)).view(np.float32)
