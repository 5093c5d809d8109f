"""What the Keras networks share: inference and loading of weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from maxdigit.engine.saved_weights import KERAS_WEIGHTS, unreadable

FEATURE_LAYER = "features"  # name of the layer whose output (N, cells, cells, channels) is the feature map
_BATCH = 64

# The settings that these networks need, regardless of the user's keras.json.
keras.config.set_image_data_format("channels_last")
keras.config.set_floatx("float32")


class KerasClassifier:
    """A trained Keras model behind :class:`maxdigit.models.registry.Classifier`."""

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        # One graph for both outputs, as tracing takes long.
        self._with_maps = keras.Model(model.inputs, [*model.outputs, model.get_layer(FEATURE_LAYER).output])

    def predict(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities ``(N, 10)`` for uint8 pictures ``(N, 128, 128)``."""
        return np.concatenate([probabilities for probabilities, _ in self._answer(pictures)]).astype(np.float32)

    def predict_with_maps(self, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities and feature maps; see :class:`maxdigit.models.registry.Classifier`."""
        probabilities, maps = (np.concatenate(parts) for parts in zip(*self._answer(pictures), strict=True))
        return probabilities.astype(np.float32), np.moveaxis(maps, -1, 1).astype(np.float32)

    def _answer(self, pictures: NDArray[np.uint8]) -> Iterator[tuple[NDArray[np.floating], NDArray[np.floating]]]:
        """Probabilities and maps ``(n, cells, cells, channels)``, batch by batch."""
        inputs = pictures[..., np.newaxis]
        for start in range(0, len(inputs), _BATCH):
            yield self._with_maps.predict_on_batch(inputs[start : start + _BATCH])

    def evidence(self, picture: NDArray[np.uint8], digit: int) -> NDArray[np.float32]:
        """Grad-CAM on the feature map; see :class:`maxdigit.models.registry.Classifier`."""
        features = self.model.get_layer(FEATURE_LAYER)
        trunk = keras.Model(self.model.inputs, features.output)
        *after, last = self.model.layers[self.model.layers.index(features) + 1 :]

        def score(maps: Any) -> Any:  # from the feature map on only, so that no gradient is computed through the trunk
            for layer in after:
                maps = layer(maps)
            # The logit: after the softmax the evidence for the other digits would be mixed in.
            return keras.ops.matmul(maps[0], last.kernel)[digit]

        maps = trunk([picture[np.newaxis, ..., np.newaxis]], training=False)
        weights = _slopes(score, maps).mean((1, 2))
        return np.maximum(np.einsum("nijc,nc->ij", _to_numpy(maps), weights), 0)

    def trace(
        self, picture: NDArray[np.uint8], gradient: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """LayerCAM on the first section; see :class:`maxdigit.models.registry.Classifier`."""
        until_traced, from_there = self._halves
        seen: list[NDArray[np.float32]] = []

        def score(early: Any) -> Any:
            late = from_there(early, training=False)
            seen.append(np.moveaxis(_to_numpy(late), -1, 1))
            weights = np.moveaxis(gradient(seen[0]), 1, -1)
            return keras.ops.sum(late * keras.ops.convert_to_tensor(weights, late.dtype))

        early = until_traced([picture[np.newaxis, ..., np.newaxis]], training=False)
        slopes = np.maximum(_slopes(score, early), 0)
        return seen[0], np.maximum((_to_numpy(early) * slopes).sum(-1), 0)[0]

    @cached_property
    def _halves(self) -> tuple[keras.Model, keras.Model]:
        """The network up to the first section's output (that of its dropout), and from there to the feature map."""
        first, *_ = (layer for layer in self.model.layers if isinstance(layer, layers.Dropout))
        return (
            keras.Model(self.model.inputs, first.output),
            keras.Model(first.output, self.model.get_layer(FEATURE_LAYER).output),
        )


def _slopes(score: Callable[[Any], Any], at: Any) -> NDArray[np.float32]:
    """The gradient of ``score(at)``, one number, with respect to ``at``."""
    if keras.backend.backend() == "torch":  # where TensorFlow is not installed
        import torch

        with torch.enable_grad():
            at = at.detach().requires_grad_()
            (slopes,) = torch.autograd.grad(score(at), at)
    else:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(at)
            risen = score(at)
        slopes = tape.gradient(risen, at)
    return _to_numpy(slopes)


def _to_numpy(tensor: Any) -> NDArray[np.float32]:
    return np.asarray(keras.ops.convert_to_numpy(tensor), np.float32)


def count_flops(model: keras.Model) -> int:
    """Operations of one picture's forward pass, in convolutions and dense layers."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, (layers.Conv2D, layers.Dense)):
            outputs = layer.output.shape[1:]
            positions = int(np.prod(outputs[:-1]))  # a kernel is used once at each
            total += 2 * positions * int(np.prod(layer.kernel.shape))
    return total


def load_classifier(build: Callable[[], keras.Model], folder: Path) -> KerasClassifier:
    """The trained model in ``folder``. Only its weights are read, so that no code in the file can run.

    Args:
        build: makes a new, untrained one.
        folder: the run.

    Raises:
        CheckpointError: the file is missing, damaged, or of another architecture.
    """
    path = folder / KERAS_WEIGHTS
    model = build()
    try:
        model.load_weights(path)  # the architecture is that of ``build``, whatever the file says
    except Exception as error:  # Keras passes on the exceptions of its zip and HDF5 readers
        raise unreadable(path, error) from error
    return KerasClassifier(model)
