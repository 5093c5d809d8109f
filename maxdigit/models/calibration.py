"""Bias-corrected temperature scaling, which makes probabilities agree with accuracies.

Logits are divided by a temperature, and each label's is shifted by an offset. Training shows small labels more often
than they occur; without the offsets a model overestimates their probability. A. Alexandari et al., "Maximum
Likelihood with Bias-Corrected Calibration is Hard-To-Beat at Label Shift Adaptation" (ICML 2020). Pictures with a
textured background have a separate scaling: with a common one, models that find them harder are too sure of them.
Uses NumPy only, as it is loaded with every model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from maxdigit.errors import CheckpointError
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.models.run_folder import CALIBRATION, write_json

# Bounds, as the best temperature of a model that is right on every picture tends to 0, and that of a random one to
# infinity.
COLDEST, HOTTEST = 0.05, 20.0
_TINIEST = np.finfo(np.float32).tiny
_NONE = (0.0,) * NUM_CLASSES  # offsets of older calibrations
FARTHEST = 10.0  # the greatest absolute value of an offset, in nats
# Of pictures on black 87 % of the pixels are as dark as this and more, of textured ones at most 10 %.
_DARK, _BLACK_SHARE = 2, 0.5
_BACKGROUNDS = ("textured", "black")

_T = TypeVar("_T")


@dataclass(frozen=True)
class Scaling:
    """The scaling of probabilities for pictures with one sort of background."""

    temperature: float = 1.0  # 1 changes nothing, higher values make a model less sure
    offsets: tuple[float, ...] = _NONE  # of the ten labels, in nats, summing to 0

    def __call__(self, probabilities: NDArray[np.floating]) -> NDArray[np.float32]:
        """Each row's ``p ** (1 / temperature) * exp(offsets)``, made to sum to 1 again.

        This equals dividing the logits by the temperature and adding the offsets.

        Args:
            probabilities: ``(N, 10)``, rows summing to 1; zeros are fine.

        Returns:
            float32 ``(N, 10)``. Without offsets the largest entry of each row stays the largest.
        """
        logits = self.logits(probabilities)
        scaled = softmax(logits).astype(np.float32)
        # Two almost equal probabilities may become equal by rounding, and the first of them the answer.
        answers = logits.argmax(1)
        lost = np.flatnonzero(scaled.argmax(1) != answers)
        if len(lost):
            scaled[lost, answers[lost]] = np.nextafter(scaled[lost, answers[lost]], np.float32(1))
        return scaled

    def logits(self, probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
        """The logits ``(N, 10)`` of the scaled probabilities, up to a constant in each row."""
        return log_probabilities(probabilities) / self.temperature + np.array(self.offsets)


@dataclass(frozen=True)
class Scalings:
    """The scaling of pictures with a textured background, as the competition has them, and of those on black."""

    textured: Scaling
    black: Scaling

    def __call__(self, probabilities: NDArray[np.floating], pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Scale the probabilities ``(N, 10)`` for uint8 pictures ``(N, 128, 128)``, each by its background."""
        is_black = on_black(pictures)
        scaled = np.empty(probabilities.shape, np.float32)
        for scaling, rows in ((self.black, is_black), (self.textured, ~is_black)):
            if rows.any():
                scaled[rows] = scaling(probabilities[rows])
        return scaled


@dataclass(frozen=True)
class Calibration:
    """``calibration.json``: the scalings, the pictures that they were fitted on, and their effect on these."""

    textured: Scaling
    black: Scaling
    split: str
    seed: int  # the split's
    kinds: tuple[str, ...]
    count: int  # pictures of each kind
    loss_before: float  # mean cross-entropy in nats
    loss_after: float
    calibration_error_before: float  # expected, as in metrics.json
    calibration_error_after: float
    weights: Mapping[str, str] = field(default_factory=dict)  # :func:`weight_digests` of what was calibrated


def on_black(pictures: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which of uint8 pictures ``(N, H, W)`` have a black background, as prepared and drawn ones do; ``(N,)``."""
    return (pictures <= _DARK).mean(axis=(1, 2)) >= _BLACK_SHARE


def read_scalings(folder: Path) -> Scalings | None:
    """The calibration stored in ``folder``; None for a model that was never calibrated.

    Raises:
        CheckpointError: ``calibration.json`` is damaged.
    """
    return _read(folder, _scalings_of)


def read_calibration(folder: Path) -> Calibration | None:
    """The whole content of ``calibration.json``; None for a model that was never calibrated.

    Raises:
        CheckpointError: it is damaged, or a value is missing.
    """
    return _read(folder, _calibration_of)


def write_calibration(folder: Path, calibration: Calibration) -> None:
    """Replace ``calibration.json``, atomically."""
    write_json(folder / CALIBRATION, asdict(calibration))


def _calibration_of(kept: Mapping[str, Any]) -> Calibration:
    scalings = _scalings_of(kept)
    return Calibration(
        textured=scalings.textured,
        black=scalings.black,
        split=str(kept["split"]),
        seed=int(kept["seed"]),
        kinds=tuple(map(str, kept["kinds"])),
        count=int(kept["count"]),
        loss_before=float(kept["loss_before"]),
        loss_after=float(kept["loss_after"]),
        calibration_error_before=float(kept["calibration_error_before"]),
        calibration_error_after=float(kept["calibration_error_after"]),
        weights=_weights_of(kept),
    )


def _scalings_of(kept: Mapping[str, Any]) -> Scalings:
    """The scalings in the content of ``calibration.json``; older files have one for both backgrounds."""
    return Scalings(*(_scaling(kept.get(background, kept)) for background in _BACKGROUNDS))


def _scaling(kept: Mapping[str, Any]) -> Scaling:
    scaling = Scaling(float(kept["temperature"]), tuple(map(float, kept.get("offsets", _NONE))))
    if not COLDEST <= scaling.temperature <= HOTTEST:  # neither is NaN
        raise ValueError(f"a temperature of {scaling.temperature}")
    if len(scaling.offsets) != NUM_CLASSES or not all(abs(offset) <= FARTHEST for offset in scaling.offsets):
        raise ValueError(f"offsets of {list(scaling.offsets)}")
    return scaling


def weight_digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of each of the model's files in ``folder``, in hexadecimal, by its name."""
    return {path.name: _digest(path) for path in sorted(folder.glob("model*")) if path.is_file()}


def check_weights(folder: Path) -> None:
    """Check that the weights in ``folder`` are those that were calibrated, if the calibration records which.

    Raises:
        CheckpointError: they are different, damaged or missing.
    """
    weights = _read(folder, _weights_of) or {}
    if not any(folder.glob("model*")):
        raise CheckpointError("There are no weights in {folder}. Restore them from the repository.", folder=folder)
    for name, digest in weights.items():
        path = folder / Path(name).name
        if not path.is_file() or _digest(path) != digest:
            raise CheckpointError(
                "{path} is missing, damaged, or not the file that was calibrated (its SHA-256 differs). Restore it "
                "from the repository or, if it was replaced on purpose, run: python -m maxdigit calibrate",
                path=path,
            )


def _weights_of(kept: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(digest) for name, digest in kept.get("weights", {}).items()}


def _read(folder: Path, parse: Callable[[Mapping[str, Any]], _T]) -> _T | None:
    """What ``parse`` finds in the content of ``calibration.json``; None if there is no such file."""
    path = folder / CALIBRATION
    try:
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(
            "{path} is damaged ({error}). Restore it from the repository, or delete it and run: "
            "python -m maxdigit calibrate",
            path=path,
            error=error,
        ) from error


def _digest(path: Path) -> str:
    state = path.stat()
    return _digest_once(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _digest_once(path: Path, _changed: int, _size: int) -> str:
    """The digest of a file, cached by modification time and size, since it is needed whenever the page is opened."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def log_probabilities(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Logs in float64; probabilities that were rounded to 0 count as the smallest normal float32."""
    return np.log(np.maximum(probabilities, _TINIEST, dtype=np.float64))


def softmax(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each row's probabilities from its logits, ``(N, 10)``."""
    powers = np.exp(logs - logs.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)
