"""A trained model that OpenVINO computes instead of the framework it was trained with."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maxdigit.engine.convolution import Convolution
from maxdigit.engine.runtime import Compiled, chosen_engine, computes_in_bfloat16, openvino, return_freed_memory
from maxdigit.engine.saved_weights import KERAS_WEIGHTS, unreadable
from maxdigit.models.engine_networks import READERS, EngineNetwork
from maxdigit.models.gpu import MANY, device, moved
from maxdigit.models.registry import Classifier, get_model

# Pictures per batch: larger batches are not faster per picture and need far more memory.
_BATCH = 16
_AGAIN = 4  # per batch in float32, whose numbers are twice the size
_SET = 256  # pictures whose feature maps are in memory at once where only probabilities are asked for
# The least probability of an answer in bfloat16 that is accepted; others are computed again in float32. The surer an
# answer is, the smaller its rounding error. With this threshold no probability differs from the framework's by more
# than 0.01, as `maxdigit check-engine` measures.
_SURE = 0.8

Arrays = tuple[NDArray[np.float32], NDArray[np.float32]]

_log = logging.getLogger(__name__)


class EngineClassifier:
    """A trained model behind :class:`maxdigit.models.registry.Classifier`; safe to share between threads.

    On processors with bfloat16 arithmetic each picture is first answered in bfloat16, in half the time; those for which
    the answer is not sure are answered again in float32.
    """

    def __init__(self, read: Callable[[], EngineNetwork], load_native: Callable[[], Classifier]) -> None:
        """Compile the network.

        Args:
            read: returns the network. Called again for the first heat map: the result is not stored, as it is as large
                as the model itself.
            load_native: loads the same model in its framework, for Grad-CAM.

        Raises:
            RuntimeError: OpenVINO cannot compute it here.
            Exception: as ``read`` raises it.
        """
        network = read()
        self._head = network.head
        self._exact = Compiled(network.graph())
        self._fast = Compiled(network.graph(Convolution.in_bfloat16), "bf16") if computes_in_bfloat16() else None
        self._read, self._load_native = read, load_native
        del network
        return_freed_memory()

    def predict(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities ``(N, 10)`` for uint8 pictures ``(N, 128, 128)``."""
        parts = (pictures[start : start + _SET] for start in range(0, len(pictures), _SET))
        return np.concatenate([self.predict_with_maps(part)[0] for part in parts])

    def predict_with_maps(self, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities and feature maps; see :class:`maxdigit.models.registry.Classifier`."""
        if len(pictures) >= MANY and self._on_gpu is not None:
            return self._on_gpu.predict_with_maps(pictures)
        if self._fast is None:
            return self._compute(self._exact, pictures)
        probabilities, maps = self._compute(self._fast, pictures)
        unsure = np.flatnonzero(probabilities.max(1) < _SURE)
        if len(unsure):
            probabilities[unsure], maps[unsure] = self._compute(self._exact, pictures[unsure], _AGAIN)
        return probabilities, maps

    def _compute(self, trunk: Compiled, pictures: NDArray[np.uint8], batch: int = _BATCH) -> Arrays:
        logits, maps = [], []
        for start in range(0, len(pictures), batch):
            outputs = trunk(pictures[start : start + batch])
            logits.append(self._head(outputs[-1]))
            maps.append(outputs[0])
        rows = np.concatenate(logits)
        powers = np.exp(rows - rows.max(1, keepdims=True))
        return powers / powers.sum(1, keepdims=True), np.concatenate(maps) if len(maps) > 1 else maps[0]

    def evidence(self, picture: NDArray[np.uint8], digit: int) -> NDArray[np.float32]:
        """Grad-CAM on the feature map; see :class:`maxdigit.models.registry.Classifier`."""
        return self._native.evidence(picture, digit)

    def trace(
        self, picture: NDArray[np.uint8], gradient: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """LayerCAM on the first section; see :class:`maxdigit.models.registry.Classifier`."""
        pictures = picture[np.newaxis]
        maps = self._exact(pictures)[0]
        early, slopes = self._tracing(pictures, gradient(maps))
        return maps, (early * slopes.clip(0)).sum(1).clip(0)[0]

    @cached_property
    def _tracing(self) -> Compiled:
        compiled = Compiled(self._read().tracing_graph())
        return_freed_memory()
        return compiled

    @cached_property
    def _on_gpu(self) -> Classifier | None:
        return None if device() is None else moved(self._load_native())

    @cached_property
    def _native(self) -> Classifier:
        return self._load_native()


def load(model: str, folder: Path, load_native: Callable[[], Classifier]) -> Classifier:
    """The model stored in ``folder``, computed by the chosen engine.

    Args:
        model: its name in the registry.
        folder: the run.
        load_native: loads it in its framework.

    Raises:
        CheckpointError: the weights are missing, damaged, or of another architecture.
    """
    return _LOADERS[chosen_engine()](model, folder, load_native)


def _load_fastest(model: str, folder: Path, load_native: Callable[[], Classifier]) -> Classifier:
    """In OpenVINO, where that is installed and can compute the model; else in its framework."""
    if openvino() is None or model not in READERS:
        return load_native()

    def read() -> EngineNetwork:
        try:
            return READERS[model](folder)
        except Exception as error:  # the readers of safetensors, archives and HDF5 raise exceptions of many types
            path = folder / KERAS_WEIGHTS if get_model(model).framework == "keras" else folder
            raise unreadable(path, error) from error

    try:
        return EngineClassifier(read, load_native)
    except RuntimeError as error:
        _log.warning("OpenVINO cannot compute %s here (%s): its framework answers.", model, error)
        return load_native()


def _load_native(_model: str, _folder: Path, load_native: Callable[[], Classifier]) -> Classifier:
    return load_native()


# By the engine's name in :data:`maxdigit.engine.runtime.ENGINES`.
_LOADERS: dict[str, Callable[[str, Path, Callable[[], Classifier]], Classifier]] = {
    "fastest": _load_fastest,
    "native": _load_native,
}
