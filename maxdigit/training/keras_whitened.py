"""How the Keras CNN's first dense layer is written while it is trained; what is saved is the published layer."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

_MOMENTUM = 0.02  # of the running moments: some fifty batches count
_FLOOR = 3e-3  # of the mean variance, below which a direction counts as noise


class WhitenedDense(keras.layers.Layer):
    """A dense layer with ReLU on a flattened map, in a form that gradient descent gets on with.

    The same as :class:`maxdigit.training.torch_whitened.WhitenedLinear`, which says why: a part of the kernel that all
    cells share sees the centred and decorrelated sums over cells, another part each cell by itself. :meth:`fold` gives
    the published layer's weights.
    """

    def __init__(self, units: int, cells: int, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)  # a covariance needs the digits
        self.units = units
        self.cells = cells

    def build(self, input_shape: tuple[int | None, int]) -> None:
        """Make the weights for flattened maps ``(N, cells x channels)``, which run cell by cell."""
        channels = input_shape[1] // self.cells
        self.own = self.add_weight((input_shape[1], self.units), name="own_kernel")
        self.shared = self.add_weight((channels, self.units), initializer="zeros", name="shared_kernel")
        self.bias = self.add_weight((self.units,), initializer="zeros", name="bias")
        self.mean = self.add_weight((channels,), initializer="zeros", trainable=False, name="mean")
        self.covariance = self.add_weight((channels, channels), initializer="identity", trainable=False, name="cov")
        self.batches = self.add_weight((), initializer="zeros", trainable=False, name="batches")

    def call(self, x: Any, training: bool = False) -> Any:
        """Activations ``(N, units)``."""
        maps = ops.reshape(x, (-1, self.cells, self.mean.shape[0]))
        if training:
            self._follow(ops.stop_gradient(maps))
        maps = maps - self.mean
        white = ops.transpose(ops.solve_triangular(self._factor(), ops.transpose(ops.sum(maps, 1)), lower=True))
        return ops.relu(white @ self.shared + ops.reshape(maps, ops.shape(x)) @ self.own + self.bias)

    def unfold(self, kernel: np.ndarray, bias: np.ndarray) -> None:
        """Begin with the published layer's weights, and so with its activations. Only before any training."""
        self.own.assign(kernel)
        self.bias.assign(bias)

    def fold(self) -> list[np.ndarray]:
        """Kernel and bias of the published layer: the same activations."""
        own, shared, bias, mean = (
            ops.convert_to_numpy(weight).astype(np.float64) for weight in (self.own, self.shared, self.bias, self.mean)
        )
        factor = ops.convert_to_numpy(self._factor()).astype(np.float64)
        kernel = own + np.tile(np.linalg.solve(factor.T, shared), (self.cells, 1))
        return [kernel, bias - np.tile(mean, self.cells) @ kernel]

    def _follow(self, maps: Any) -> None:
        momentum = ops.maximum(_MOMENTUM, 1 / (self.batches + 1))
        self.batches.assign(self.batches + 1)
        step = momentum * (ops.mean(maps, (0, 1)) - self.mean)
        self.mean.assign(self.mean + step)
        # What the cells' own part says stays.
        own = ops.sum(ops.reshape(self.own, (self.cells, -1, self.units)), 0)
        self.bias.assign(self.bias + ops.sum(step[:, None] * own, 0))
        sums = ops.sum(maps - self.mean, 1)
        moments = ops.transpose(sums) @ sums / ops.cast(ops.shape(sums)[0], "float32")
        # Once training has diverged the loss shall say so, not the factorization.
        is_sound = ops.all(ops.isfinite(moments))
        moments = ops.where(is_sound, moments, self.covariance)
        self.covariance.assign(self.covariance + momentum * (moments - self.covariance))

    def _factor(self) -> Any:
        """The lower triangle whose inverse decorrelates."""
        floor = _FLOOR * ops.mean(ops.diagonal(self.covariance))
        return ops.cholesky(self.covariance + floor * ops.eye(self.covariance.shape[0]))
