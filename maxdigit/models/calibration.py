"""Temperature scaling: one number a model, so that it is right as often as it says it is sure.

C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural Networks" (ICML 2017), section 4.2.
NumPy alone: whoever asks a model loads this, and should load no second framework by it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maxdigit.errors import CheckpointError
from maxdigit.models.registry import Classifier, Predicts, get_model
from maxdigit.models.run_folder import CALIBRATION

# A model that is right on every picture it is fitted on would want no doubt at all, one that guesses nothing else.
COLDEST, HOTTEST = 0.05, 20.0


@dataclass(frozen=True)
class Calibration:
    """``calibration.json``: the temperature, what it was fitted on, and what it does there."""

    temperature: float  # 1 changes nothing, more is less sure
    split: str
    seed: int  # the split's
    kinds: tuple[str, ...]
    count: int  # pictures of each kind
    loss_before: float  # mean cross-entropy in nats
    loss_after: float
    calibration_error_before: float  # expected, as in metrics.json
    calibration_error_after: float
    weights: Mapping[str, str] = field(default_factory=dict)  # :func:`weight_digests` of what was calibrated


class CalibratedClassifier:
    """A model whose probabilities are scaled by a temperature."""

    def __init__(self, classifier: Classifier, temperature: float) -> None:
        self._classifier = classifier
        self._temperature = temperature

    def predict(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities ``(N, 10)`` for uint8 pictures ``(N, 128, 128)``."""
        return scale(self._classifier.predict(pictures), self._temperature)

    def evidence(self, picture: NDArray[np.uint8], digit: int) -> NDArray[np.float32]:
        """The model's own: what speaks for a digit is the same at any temperature."""
        return self._classifier.evidence(picture, digit)


def load_calibrated(model: str, folder: Path) -> Predicts:
    """The model kept in ``folder`` as it is used everywhere: calibrated, if a temperature lies beside its weights.

    Raises:
        UnknownModelError: there is no such model.
        CheckpointError: its weights are missing, or they or its calibration are damaged.
    """
    temperature = read_temperature(folder)
    classifier = get_model(model).load(folder)
    return classifier if temperature is None else CalibratedClassifier(classifier, temperature)


def read_temperature(folder: Path) -> float | None:
    """The temperature kept in ``folder``; None for a model that was never calibrated.

    Raises:
        CheckpointError: ``calibration.json`` is damaged.
    """
    kept = _read(folder)
    return None if kept is None else float(kept["temperature"])


def weight_digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of each of the model's files in ``folder``, in hexadecimal, by its name."""
    return {path.name: _digest(path) for path in sorted(folder.glob("model*")) if path.is_file()}


def check_weights(folder: Path) -> None:
    """See that the weights in ``folder`` are those that were calibrated; older calibrations do not tell which.

    Raises:
        CheckpointError: they are others, or damaged, or there are none.
    """
    kept = _read(folder)
    if not any(folder.glob("model*")):
        raise CheckpointError("There are no weights in {folder}. Restore them from the repository.", folder=folder)
    for name, digest in ({} if kept is None else kept.get("weights", {})).items():
        path = folder / Path(name).name
        if not path.is_file() or _digest(path) != digest:
            raise CheckpointError(
                "{path} is missing, damaged, or not the file that was calibrated (its SHA-256 differs). Restore it "
                "from the repository or, if it was replaced on purpose, run: python -m maxdigit calibrate",
                path=path,
            )


def _read(folder: Path) -> dict[str, Any] | None:
    """What ``calibration.json`` holds, with a temperature that makes sense; None if it is not there."""
    path = folder / CALIBRATION
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        temperature = float(kept["temperature"])
        if not COLDEST <= temperature <= HOTTEST:  # neither is NaN
            raise ValueError(f"a temperature of {temperature}")
        if not isinstance(kept.get("weights", {}), dict):
            raise ValueError("weights that are none")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CheckpointError(
            f"{path} is damaged ({error}). Restore it from the repository, or delete it and run: "
            "python -m maxdigit calibrate"
        ) from error
    return kept


def _digest(path: Path) -> str:
    state = path.stat()
    return _digest_once(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _digest_once(path: Path, _changed: int, _size: int) -> str:
    """The digest of a file in one state: the page asks again whenever it is opened."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def scale(probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.float32]:
    """Each row's ``p ** (1 / temperature)``, made to sum to 1 again: what dividing the logits would give.

    Args:
        probabilities: ``(N, 10)``, rows summing to 1; zeros are fine.
        temperature: above 0.

    Returns:
        float32 ``(N, 10)``; each row's largest entry stays where it was.
    """
    scaled = softmax(log_probabilities(probabilities) / temperature).astype(np.float32)
    # Two almost equal chances may round to one, and the answer would be whichever comes first.
    answers = probabilities.argmax(1)
    lost = np.flatnonzero(scaled.argmax(1) != answers)
    scaled[lost, answers[lost]] = np.nextafter(scaled[lost, answers[lost]], np.float32(1))
    return scaled


def log_probabilities(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Logs in float64; a probability that float32 has rounded to zero counts as the smallest it can hold."""
    return np.log(probabilities.astype(np.float64).clip(np.finfo(np.float32).tiny))


def softmax(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each row's probabilities from its logits, ``(N, 10)``."""
    powers = np.exp(logs - logs.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)
