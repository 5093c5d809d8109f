"""What all Keras networks here share: how they answer, and how their weights are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from maxdigit.engine.saved_weights import KERAS_WEIGHTS, unreadable

FEATURE_LAYER = "features"  # what the layer is called whose output (N, cells, cells, channels) is the feature map
_BATCH = 64

# What our networks are built and answer by, whatever a person's own keras.json says.
keras.config.set_image_data_format("channels_last")
keras.config.set_floatx("float32")


class KerasClassifier:
    """A trained Keras model behind :class:`maxdigit.models.registry.Classifier`."""

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        # One graph for both: a second one would take as long again to trace.
        self._with_maps = keras.Model(model.inputs, [*model.outputs, model.get_layer(FEATURE_LAYER).output])

    def predict(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities ``(N, 10)`` for uint8 pictures ``(N, 128, 128)``."""
        return np.concatenate([probabilities for probabilities, _ in self._answer(pictures)]).astype(np.float32)

    def predict_with_maps(self, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities and feature maps; see :class:`maxdigit.models.registry.Classifier`."""
        probabilities, maps = (np.concatenate(parts) for parts in zip(*self._answer(pictures), strict=True))
        return probabilities.astype(np.float32), np.moveaxis(maps, -1, 1).astype(np.float32)

    def _answer(self, pictures: NDArray[np.uint8]) -> Iterator[tuple[NDArray[np.floating], NDArray[np.floating]]]:
        """Probabilities and maps ``(n, cells, cells, channels)`` of one batch after the other."""
        inputs = pictures[..., np.newaxis]
        for start in range(0, len(inputs), _BATCH):
            yield self._with_maps.predict_on_batch(inputs[start : start + _BATCH])

    def evidence(self, picture: NDArray[np.uint8], digit: int) -> NDArray[np.float32]:
        """Grad-CAM on the feature map; see :class:`maxdigit.models.registry.Classifier`."""
        import tensorflow as tf

        features = self.model.get_layer(FEATURE_LAYER)
        trunk = keras.Model(self.model.inputs, features.output)
        *after, last = self.model.layers[self.model.layers.index(features) + 1 :]
        maps = trunk([picture[np.newaxis, ..., np.newaxis]], training=False)
        with tf.GradientTape() as tape:  # from here on only: the way back through the trunk is long, and not asked for
            tape.watch(maps)
            hidden = maps
            for layer in after:
                hidden = layer(hidden)
            # The answer before the softmax, which would mix in what speaks for the other digits.
            score = tf.linalg.matvec(last.kernel, hidden[0], transpose_a=True)[digit]
        weights = tf.reduce_mean(tape.gradient(score, maps), (1, 2))
        return tf.nn.relu(tf.einsum("nijc,nc->ij", maps, weights)).numpy()

    def trace(
        self, picture: NDArray[np.uint8], gradient: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """LayerCAM on the first section; see :class:`maxdigit.models.registry.Classifier`."""
        import tensorflow as tf

        until_traced, from_there = self._halves
        early = until_traced([picture[np.newaxis, ..., np.newaxis]], training=False)
        with tf.GradientTape() as tape:
            tape.watch(early)
            late = from_there(early, training=False)
        maps = np.moveaxis(late.numpy(), -1, 1).astype(np.float32)
        weights = tf.convert_to_tensor(np.moveaxis(gradient(maps), 1, -1), late.dtype)
        slopes = tape.gradient(late, early, output_gradients=weights)
        return maps, tf.nn.relu(tf.reduce_sum(early * tf.nn.relu(slopes), -1))[0].numpy().astype(np.float32)

    @cached_property
    def _halves(self) -> tuple[keras.Model, keras.Model]:
        """From the picture to the first section's output, its dropout's, and from there to the feature map."""
        first, *_ = (layer for layer in self.model.layers if isinstance(layer, layers.Dropout))
        return (
            keras.Model(self.model.inputs, first.output),
            keras.Model(first.output, self.model.get_layer(FEATURE_LAYER).output),
        )


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
        model.load_weights(path)  # the architecture is ours, whatever the file says
    except Exception as error:  # Keras raises whatever its zip and HDF5 readers raise
        raise unreadable(path, error) from error
    return KerasClassifier(model)
