"""Muon for the Keras CNN's convolutions: a step changes a kernel about equally in every direction it has."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class ConvolutionMuon(keras.optimizers.Muon):
    """Keras's Muon, which takes only matrices, for the kernels of hidden convolutions; AdamW for all other weights.

    A kernel is a matrix when its taps and input channels are laid in one row (Jordan, "Muon: An optimizer for hidden
    layers in neural networks", 2024, https://kellerjordan.github.io/posts/muon). The convolution that sees the picture
    and a 1 x 1 one that gives answers are not hidden.
    """

    def _should_use_adamw(self, variable: Any) -> bool:
        shape = variable.shape
        return len(shape) != 4 or shape[2] == 1 or shape[:2] == (1, 1)

    def _muon_update_step(self, gradient: Any, variable: Any, lr: Any, m: Any) -> None:
        self.assign_add(m, (1 - self.momentum) * (gradient - m))
        direction = (1 - self.momentum) * gradient + self.momentum * m
        flat = ops.reshape(direction, (-1, variable.shape[-1]))
        update = self.lr_adjust(lr * self.zeropower_via_newtonschulz5(flat, self.ns_steps))
        self.assign_sub(variable, ops.reshape(update, variable.shape))
