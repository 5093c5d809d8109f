"""The paper's Keras CNN (its Figure 8): seven unpadded convolutions, three dense layers, 1,912,906 parameters."""

from __future__ import annotations

from pathlib import Path

import keras
from keras import layers

from maxdigit import IMAGE_SIZE
from maxdigit.models.keras_classifier import FEATURE_LAYER, KerasClassifier, count_flops, load_classifier
from maxdigit.models.registry import NUM_CLASSES, PIXEL_MEAN, PIXEL_STD

_DROPOUT = 0.3  # the paper does not give the rate of these layers; this is that of its PyTorch CNN


def build() -> keras.Model:
    """A new, untrained model: uint8 pictures ``(N, 128, 128, 1)`` to softmax probabilities ``(N, 10)``.

    Built under the Keras dtype policy in force; the softmax is always float32.
    """
    steps: list[keras.layers.Layer] = [
        keras.Input((IMAGE_SIZE, IMAGE_SIZE, 1), name="picture"),
        layers.Rescaling(1 / PIXEL_STD, offset=-PIXEL_MEAN / PIXEL_STD, name="normalise"),
    ]
    for filters, kernel in ((64, 3), (128, 5), (256, 3)):
        steps += [
            layers.Conv2D(filters, kernel, activation="relu"),
            layers.Conv2D(filters, kernel, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(2),
            layers.Dropout(_DROPOUT),
        ]
    steps += [
        layers.Conv2D(128, 3, activation="relu", name=FEATURE_LAYER),
        layers.MaxPooling2D(3),
        layers.Flatten(),
        layers.Dense(64, activation="relu", name="digits"),
        layers.Dense(64, activation="relu"),
        layers.Dense(NUM_CLASSES, activation="softmax", dtype="float32", name="probabilities"),
    ]
    return keras.Sequential(steps, name="keras_cnn")


def flops() -> int:
    """Operations of one picture's forward pass."""
    return count_flops(build())


def load(folder: Path) -> KerasClassifier:
    """The trained model in ``folder``; raises CheckpointError."""
    return load_classifier(build, folder)
