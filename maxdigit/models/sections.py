"""The sections that a network consists of: the geometry of each one's output, and computing it with the engine.

Uses NumPy and the engine only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from maxdigit import IMAGE_SIZE
from maxdigit.engine.convolution import Convolution
from maxdigit.engine.runtime import Compiled, computes_in_bfloat16, openvino, return_freed_memory
from maxdigit.engine.saved_weights import unreadable
from maxdigit.errors import MaxDigitError
from maxdigit.models.engine_networks import READERS
from maxdigit.models.registry import FeatureMap, get_model

Does = Literal["edges", "strokes", "parts", "digits", "picture"]  # what a section's maps respond to, in general
Layer = tuple[int, int, int]  # size, stride and padding of a convolution or a pooling


class SectionsError(MaxDigitError):
    """The sections of a network cannot be shown."""


@dataclass(frozen=True)
class Section:
    """One section's output."""

    name: str  # of the layer it ends with, or of the section
    does: Does
    map: FeatureMap
    field: int  # side of a cell's receptive field, in pixels
    operation: str  # of the engine's graph, whose output it is
    number: int  # number of that operation among those of its type, in the order of computation


def _sections(*rows: tuple[str, Does, int, str, int, Sequence[Layer]]) -> tuple[Section, ...]:
    """Sections with their geometry, computed from the layers of each."""
    cells, first, step, field = IMAGE_SIZE, 0.0, 1, 1
    sections = []
    for name, does, channels, operation, number, layers in rows:
        for size, stride, padding in layers:
            cells = (cells + 2 * padding - size) // stride + 1
            first += ((size - 1) / 2 - padding) * step
            field += (size - 1) * step
            step *= stride
        place = FeatureMap(channels=channels, cells=cells, first=first, step=step)
        sections.append(Section(name, does, place, field, operation, number))
    return tuple(sections)


_BLOCK: tuple[Layer, ...] = ((3, 1, 1), (3, 1, 1))  # of a ResNet, as is the one that halves the map
_HALVING: tuple[Layer, ...] = ((3, 2, 1), (3, 1, 1))

SECTIONS: dict[str, tuple[Section, ...]] = {
    "keras_cnn": _sections(
        ("first convolution", "edges", 64, "Relu", 0, [(3, 1, 0)]),
        ("section", "strokes", 64, "MaxPool", 0, [(3, 1, 0), (2, 2, 0)]),
        ("section", "parts", 128, "MaxPool", 1, [(5, 1, 0), (5, 1, 0), (2, 2, 0)]),
        ("section", "digits", 256, "MaxPool", 2, [(3, 1, 0), (3, 1, 0), (2, 2, 0)]),
        ("last convolution", "picture", 128, "Relu", 6, [(3, 1, 0)]),
    ),
    "resnet18": _sections(
        ("stem", "edges", 64, "MaxPool", 0, [(7, 2, 3), (3, 2, 1)]),
        ("stage", "strokes", 64, "Relu", 4, _BLOCK + _BLOCK),
        ("stage", "parts", 128, "Relu", 8, _HALVING + _BLOCK),
        ("stage", "digits", 256, "Relu", 12, _HALVING + _BLOCK),
        ("stage", "picture", 512, "Relu", 16, _HALVING + _BLOCK),
    ),
    "torch_cnn": _sections(
        ("section", "edges", 32, "MaxPool", 0, [(3, 1, 0), (3, 1, 0), (2, 2, 0)]),
        ("section", "parts", 64, "MaxPool", 1, [(3, 1, 0), (3, 1, 0), (2, 2, 0)]),
        ("section", "digits", 128, "MaxPool", 2, [(3, 1, 0), (3, 1, 0), (3, 2, 0)]),
    ),
}


class SectionOutputs:
    """A trained network that returns the output of each of its sections. Safe to share between threads.

    Args:
        model: its name in the registry.
        folder: the run.

    Raises:
        UnknownModelError: there is no such model.
        CheckpointError: its weights are missing, damaged, or of another architecture.
        SectionsError: its sections are not in :data:`SECTIONS`, or no engine can compute them.
    """

    def __init__(self, model: str, folder: Path) -> None:
        spec = get_model(model)
        if model not in SECTIONS:
            raise SectionsError("{title} does not say which sections it consists of.", title=spec.title)
        self.sections = SECTIONS[model]
        module = openvino()
        if module is None:
            raise _no_engine()
        try:
            network = READERS[model](folder)
        except Exception as error:  # the readers of safetensors, archives and HDF5 raise exceptions of many types
            raise unreadable(folder, error) from error
        self._head = network.head
        self.kernels: NDArray[np.float32] = network.convolutions[0].weight[:, 0].astype(np.float32)
        is_fast = computes_in_bfloat16()
        graph = network.graph(Convolution.in_bfloat16) if is_fast else network.graph()
        computed = graph.get_ordered_ops()
        outputs = [
            [op for op in computed if op.get_type_name() == section.operation][section.number].output(0)
            for section in self.sections
        ]
        trunk = [result.input_value(0) for result in graph.get_results()]
        results = [module.opset13.result(output) for output in (*outputs, trunk[0], trunk[-1])]
        try:
            self._compiled = Compiled(
                module.Model(results, graph.get_parameters(), "sections"), "bf16" if is_fast else "f32"
            )
        except RuntimeError as error:
            raise _no_engine() from error
        del network, graph, computed, trunk
        return_freed_memory()

    def __call__(self, picture: NDArray[np.uint8]) -> Outputs:
        """The outputs for a picture, uint8 ``(128, 128)``."""
        *maps, features, last = (output.copy() for output in self._compiled(picture[np.newaxis]))
        return Outputs(tuple(each[0] for each in maps), features, last, self._head(last)[0])

    def logits(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The logits, float32 ``(N, 10)``, for pictures ``(N, 128, 128)``."""
        return self._head(self._compiled(pictures)[-1])

    def head(self, last: NDArray[np.float32]) -> NDArray[np.float32]:
        """The logits ``(N, 10)`` for :attr:`Outputs.last` of N pictures."""
        return self._head(last)


@dataclass(frozen=True)
class Outputs:
    """The values inside a network for one picture."""

    maps: tuple[NDArray[np.float32], ...]  # of each section, (channels, cells, cells)
    features: NDArray[np.float32]  # (1, channels, cells, cells): the feature map, from which readings are made
    last: NDArray[np.float32]  # (1, ...): the head's input
    logits: NDArray[np.float32]  # (10,)


def _no_engine() -> SectionsError:
    return SectionsError(
        "What happens inside a network is computed by OpenVINO, which is not there or cannot compute it here. "
        "Install it with: pip install openvino"
    )
