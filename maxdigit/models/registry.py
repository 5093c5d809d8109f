"""The three CNNs by name: their architecture, the paper's results with them, how to build and to load them.

Importing this module loads no framework. ``build`` and ``load`` import only the one module they need.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from maxdigit.errors import UnknownModelError
from maxdigit.quiet import quiet_start

Framework = Literal["keras", "torch"]
Head = Literal["plain", "largest"]

NUM_CLASSES = 10  # the largest digit, 0..9

# Mean and standard deviation of the competition's 50,000 training pictures, on the 0..255 scale, as a public
# solution measured them. Every model normalises with them in its first, parameter-free layer.
PIXEL_MEAN = 104.4
PIXEL_STD = 56.3


class Predicts(Protocol):
    """Anything that classifies pictures: a trained model, calibrated or not, or an ensemble."""

    def predict(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Softmax probabilities of the largest digit.

        Args:
            pictures: uint8, shape ``(N, 128, 128)``, light digits on a darker background, 0..255.

        Returns:
            float32, shape ``(N, 10)``; each row sums to 1.
        """
        ...


class Classifier(Predicts, Protocol):
    """A trained, uncalibrated model that classifies pictures and explains its answers."""

    def predict_with_maps(self, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The result of :meth:`predict` and the feature maps it is computed from, in one forward pass.

        Args:
            pictures: uint8, shape ``(N, 128, 128)``.

        Returns:
            The probabilities, float32 ``(N, 10)``, and the maps, float32 ``(N, channels, cells, cells)`` of the model's
            :class:`FeatureMap`.
        """
        ...

    def evidence(self, picture: NDArray[np.uint8], digit: int) -> NDArray[np.float32]:
        """The evidence for an answer in a picture, by Grad-CAM on the model's feature map.

        R. R. Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization"
        (2017), section 3.

        Args:
            picture: uint8, shape ``(128, 128)``.
            digit: the answer in question, 0..9.

        Returns:
            float32, shape ``(cells, cells)`` of the model's :class:`FeatureMap`, 0 or more, in arbitrary units.
        """
        ...

    def trace(
        self, picture: NDArray[np.uint8], gradient: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The places in a picture that a quantity computed from the feature map comes from, by LayerCAM.

        P.-T. Jiang et al., "LayerCAM: Exploring Hierarchical Class Activation Maps for Localization" (2021), on the
        output of the first section, whose cells are fine.

        Args:
            picture: uint8, shape ``(128, 128)``.
            gradient: returns, for the feature map, float32 ``(1, channels, cells, cells)``, the gradient of that
                quantity with respect to it, of the same shape.

        Returns:
            The feature map, and the evidence, float32 ``(cells, cells)`` of :attr:`ModelSpec.traced`, 0 or more.
        """
        ...


@dataclass(frozen=True)
class FeatureMap:
    """Geometry of a feature map: the centres of its cells in the picture."""

    channels: int
    cells: int  # along a side
    first: float  # centre of the first cell, in pixels from the picture's edge
    step: float  # pixels from one cell to the next


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """One network, and what is known about it without loading its framework."""

    name: str
    title: str
    framework: Framework
    module: str  # holds build() -> untrained model, load(folder) -> Classifier and flops()
    layers: str  # description for its model card
    parameters: int  # trainable and not, of the published architecture
    sections: int  # number of sections of convolutions; the first ones can be frozen in training
    features: FeatureMap  # the last map in which most digits have a cell of their own
    traced: FeatureMap  # the first section's output, which :meth:`Classifier.trace` uses
    paper_validation: float | None = None  # accuracy on the paper's held-out pictures, 0..1; None: not in the paper
    paper_test: float | None = None  # accuracy on the competition's test set, 0..1; None: not in the paper
    # Parameterisations that its last layer can have in training; the tuned recipe uses the last of them.
    heads: tuple[Head, ...] = ("plain",)
    is_linear: bool = False  # whether the logits are a linear function of the feature map

    def build(self) -> Any:
        """A new, untrained model of the published architecture (a ``torch.nn.Module`` or ``keras.Model``)."""
        return self._imported().build()

    def flops(self) -> int:
        """Floating-point operations of one picture's forward pass, a multiplication and its addition as two."""
        return self._imported().flops()

    def load(self, folder: Path) -> Classifier:
        """The trained model stored in ``folder``, computed by the chosen engine.

        Raises:
            CheckpointError: the weights are missing, damaged, or of another architecture.
        """
        from maxdigit.models.engine_classifier import load  # here: it imports this module

        return load(self.name, folder, partial(self.load_native, folder))

    def load_native(self, folder: Path) -> Any:
        """The same, computed by its framework; the classifier's attribute ``model`` is the network."""
        with quiet_start():
            return self._imported().load(folder)

    def _imported(self) -> ModuleType:
        if self.framework == "keras" and "keras" not in sys.modules:
            # Heat maps need the gradients of one of these two backends, whatever the user has set. The paper's training
            # loop has already loaded Keras with the requested one.
            os.environ["KERAS_BACKEND"] = "tensorflow" if find_spec("tensorflow") else "torch"
        return import_module(self.module)


MODELS: dict[str, ModelSpec] = {
    spec.name: spec
    for spec in (
        ModelSpec(
            name="keras_cnn",
            title="Keras CNN",
            framework="keras",
            module="maxdigit.models.keras_cnn",
            layers="Seven convolutions, then three dense layers",
            parameters=1_912_906,
            sections=3,
            features=FeatureMap(channels=128, cells=9, first=29.5, step=8),  # the output of the last convolution
            traced=FeatureMap(channels=64, cells=62, first=2.5, step=2),
            paper_validation=0.976,
            paper_test=0.961,
        ),
        ModelSpec(
            name="resnet18",
            title="ResNet18",
            framework="torch",
            module="maxdigit.models.resnet18",
            layers="torchvision's ResNet18 with one input channel and ten outputs",
            parameters=11_175_370,
            sections=4,
            features=FeatureMap(channels=256, cells=8, first=7.5, step=16),  # layer3
            traced=FeatureMap(channels=64, cells=32, first=1.5, step=4),  # layer1
            paper_validation=0.945,
            paper_test=0.931,
        ),
        ModelSpec(
            name="torch_cnn",
            title="PyTorch CNN",
            framework="torch",
            module="maxdigit.models.torch_cnn",
            layers="Three sections of two unpadded convolutions, then one linear layer",
            parameters=471_210,
            sections=3,
            features=FeatureMap(channels=128, cells=12, first=19.5, step=8),  # the output of the last section
            traced=FeatureMap(channels=32, cells=62, first=2.5, step=2),
            paper_validation=0.889,
            heads=("plain", "largest"),
            is_linear=True,
        ),
    )
}


def get_model(name: str) -> ModelSpec:
    """The model called ``name``.

    Raises:
        UnknownModelError: there is none; the message lists the names.
    """
    try:
        return MODELS[name]
    except (KeyError, TypeError):
        raise UnknownModelError(f"There is no model called {name!r}. Choose one of: {', '.join(MODELS)}.") from None
