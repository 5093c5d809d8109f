"""Compares the engine's answers with the framework's, on pictures, with a run's weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from maxdigit.data.kinds import TEST_KINDS
from maxdigit.data.splits import SPLITS, VALIDATION
from maxdigit.engine.runtime import computes_in_bfloat16, openvino
from maxdigit.engine.saved_weights import TORCH_WEIGHTS, unreadable
from maxdigit.errors import MaxDigitError
from maxdigit.models.calibration import Scaling, Scalings, read_scalings
from maxdigit.models.engine_classifier import EngineClassifier
from maxdigit.models.registry import get_model
from maxdigit.models.run_folder import INK_FINDER
from maxdigit.preparation.ink_engine import EngineInkNetwork
from maxdigit.training.batches import held_out

ALLOWED = 0.01  # largest allowed difference of a probability from the framework's
# Difference of the two best answers below which they are tied: the allowed difference could swap them.
TIE = 2 * ALLOWED
_BATCH = 8  # larger batches would be answered by a GPU if there is one


class EngineCheckError(MaxDigitError):
    """The engine cannot be compared with the frameworks."""


@dataclass(frozen=True)
class EngineCheck:
    """The differences between the engine and the framework."""

    model: str
    precision: str  # of the engine's first answer
    split: str
    count: int  # pictures of each kind
    kinds: tuple[str, ...]
    largest_difference: float  # of any probability
    differ: int  # pictures in which some probability differs by more than is allowed
    ties: int  # pictures whose two best answers are closer than TIE
    ties_turned: int  # those of them with another answer
    answers_changed: int  # other pictures with another answer

    @property
    def holds(self) -> bool:
        """Whether the engine may replace the framework."""
        return self.differ == 0 and self.answers_changed == 0


def check_engine(model: str, folder: Path, count: int, split: str = "test") -> EngineCheck:
    """Compute the model in ``folder`` both ways, on the first ``count`` pictures of each kind of a split.

    Raises:
        EngineCheckError: there is no engine, or it cannot compute the model.
        CheckpointError: the weights or the calibration are missing or damaged.
    """
    spec = get_model(model)
    engine = spec.load(folder)
    if not isinstance(engine, EngineClassifier):
        raise _without_engine(model)
    native, scalings = spec.load_native(folder), read_scalings(folder) or Scalings(Scaling(), Scaling())
    expected: list[NDArray[np.float32]] = []
    found: list[NDArray[np.float32]] = []
    for kind in TEST_KINDS:
        for pictures in held_out(SPLITS[split], kind, count, _BATCH, "cpu"):
            pixels = pictures.pixels.numpy()
            for classifier, answers in ((native, expected), (engine, found)):
                answers.append(scalings(classifier.predict(pixels), pixels))
    return compare(model, np.concatenate(expected), np.concatenate(found), count, split)


def compare(
    model: str, expected: NDArray[np.float32], found: NDArray[np.float32], count: int, split: str
) -> EngineCheck:
    """Compare two models' probabilities ``(N, 10)``, the framework's first."""
    differences = np.abs(found - expected).max(1)
    best = np.sort(expected, 1)
    is_tie = best[:, -1] - best[:, -2] < TIE
    is_changed = expected.argmax(1) != found.argmax(1)
    return EngineCheck(
        model=model,
        precision="bfloat16" if computes_in_bfloat16() else "float32",
        split=split,
        count=count,
        kinds=TEST_KINDS,
        largest_difference=round(float(differences.max()), 6),
        differ=int((differences > ALLOWED).sum()),
        ties=int(is_tie.sum()),
        ties_turned=int((is_tie & is_changed).sum()),
        answers_changed=int((~is_tie & is_changed).sum()),
    )


def check_ink_finder(folder: Path, count: int) -> float:
    """Compare the ink finder in ``folder`` on the engine with the one in PyTorch, on this many validation scenes.

    Returns:
        The largest difference of the probability of any pixel, or of the competition's look.

    Raises:
        EngineCheckError: there is no engine.
        CheckpointError: the weights are missing or damaged.
    """
    from maxdigit.data.scenes.scene import make_scene
    from maxdigit.preparation.ink_network import NativeInkNetwork

    path, largest = folder / TORCH_WEIGHTS, 0.0
    if openvino() is None:
        raise _without_engine(INK_FINDER)
    try:
        engine, native = EngineInkNetwork(path), NativeInkNetwork(path)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise unreadable(folder, error) from error
    for number in range(count):
        picture = make_scene(VALIDATION, number).pixels[np.newaxis]
        for ours, theirs in zip(engine(picture), native(picture), strict=True):
            largest = max(largest, float(np.abs(ours - theirs).max()))
    return largest


def _without_engine(model: str) -> EngineCheckError:
    return EngineCheckError("OpenVINO is not installed, is switched off, or cannot compute {model}.", model=model)
