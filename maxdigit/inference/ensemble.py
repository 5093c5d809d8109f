"""The ensemble, the paper's future work: the weighted geometric mean of several models' probabilities.

That is, the mean of their calibrated logits. On validation pictures its cross-entropy is lower than the arithmetic
mean's: a model that rules a digit out counts for more (G. E. Hinton, "Training Products of Experts by Minimizing
Contrastive Divergence", 2002).
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maxdigit.errors import CheckpointError
from maxdigit.models.calibration import Calibration, softmax
from maxdigit.models.reader import Reading, Reads
from maxdigit.models.registry import MODELS, Predicts
from maxdigit.models.run_folder import write_json

WEIGHTS = "ensemble.json"

_LEAST = 1e-7  # lower bound of probabilities
_STEPS = 10  # weights are whole tenths: finer ones would overfit the validation pictures


@dataclass(frozen=True)
class Weights:
    """``ensemble.json``: the weight of each model, and the losses it was chosen by, in nats."""

    weights: dict[str, float]  # by model, not negative, summing to 1
    split: str
    seed: int  # the split's
    kinds: tuple[str, ...]
    count: int  # pictures of each kind
    loss: float  # mean cross-entropy with these weights
    loss_equal: float  # with equal ones
    losses: dict[str, float]  # of each model alone, as its calibration.json has it


class Ensemble:
    """Models that answer together, one after another."""

    def __init__(self, members: Sequence[tuple[Predicts, float]]) -> None:
        """Classifiers, each with its weight; the weights sum to 1."""
        self._members = members

    def predict(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities ``(N, 10)`` for uint8 pictures ``(N, 128, 128)``."""
        return mix([member.predict(pictures) for member, _ in self._members], [weight for _, weight in self._members])

    def read(self, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], list[tuple[Reading, ...]] | None]:
        """Probabilities, and the readings of the member with the largest weight.

        See :class:`maxdigit.models.reader.Reads`. The members' readings are not merged: their cells have
        different sizes and places, their probabilities were not calibrated to each other, and no network would have
        made a merged reading.
        """
        first = max(range(len(self._members)), key=lambda number: self._members[number][1])
        probabilities, readings = [], None
        for number, (member, _) in enumerate(self._members):
            if number == first and isinstance(member, Reads):
                answered, readings = member.read(pictures)
            else:
                answered = member.predict(pictures)
            probabilities.append(answered)
        return mix(probabilities, [weight for _, weight in self._members]), readings


def mix(probabilities: Sequence[NDArray[np.floating]], weights: Sequence[float]) -> NDArray[np.float32]:
    """The weighted geometric mean of several models' probabilities ``(N, 10)``, for weights that sum to 1."""
    logits = np.zeros(probabilities[0].shape)
    for weight, part in zip(weights, probabilities, strict=True):
        logits += weight * np.log(part.astype(np.float64).clip(_LEAST))
    return softmax(logits).astype(np.float32)


def equal_weights(names: Sequence[str]) -> dict[str, float]:
    """The same weight for each model."""
    return dict.fromkeys(names, 1 / len(names))


def choose_weights(
    probabilities: Mapping[str, NDArray[np.floating]], labels: NDArray[np.integer]
) -> tuple[dict[str, float], float, float]:
    """The weights in whole tenths with the least cross-entropy; equal ones if those are at least as good.

    Args:
        probabilities: by model, ``(N, 10)``, calibrated.
        labels: ``(N,)``, the right answers, 0..9.

    Returns:
        The weights by model, their loss, and that of equal weights.
    """
    members, rows = list(probabilities.values()), np.arange(len(labels))

    def loss(weights: Sequence[float]) -> float:
        return float(-np.log(mix(members, weights)[rows, labels].clip(_LEAST)).mean())

    equal = tuple(equal_weights(list(probabilities)).values())
    best = min((equal, *_tenths(len(probabilities))), key=loss)  # the first of equally good ones
    return dict(zip(probabilities, best, strict=True)), loss(best), loss(equal)


def write_weights(
    folder: Path,
    calibrations: Mapping[str, Calibration],
    probabilities: Mapping[str, NDArray[np.floating]],
    labels: NDArray[np.integer],
) -> Weights:
    """Choose the weights of two models or more and write ``ensemble.json``.

    Args:
        folder: the ensemble's; made if it is not there.
        calibrations: of each model, all fitted on the same pictures.
        probabilities: by model, ``(N, 10)``, calibrated, for those pictures.
        labels: ``(N,)``, the right answers, 0..9.
    """
    weights, loss, loss_equal = choose_weights(probabilities, labels)
    one = next(iter(calibrations.values()))
    chosen = Weights(
        weights={name: round(weight, 7) for name, weight in weights.items()},
        split=one.split,
        seed=one.seed,
        kinds=one.kinds,
        count=one.count,
        loss=round(loss, 5),
        loss_equal=round(loss_equal, 5),
        losses={name: calibration.loss_after for name, calibration in calibrations.items()},
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / WEIGHTS, asdict(chosen))
    return chosen


def read_weights(folder: Path) -> dict[str, float] | None:
    """The weights by model stored in ``folder``; None if none were chosen.

    Raises:
        CheckpointError: ``ensemble.json`` is damaged.
    """
    path = folder / WEIGHTS
    try:
        weights = {str(k): float(v) for k, v in json.loads(path.read_text(encoding="utf-8"))["weights"].items()}
        if not weights or not weights.keys() <= MODELS.keys():
            raise ValueError(f"it should name some of {', '.join(MODELS)}")
        if not (min(weights.values()) >= 0 and math.isclose(sum(weights.values()), 1, abs_tol=1e-6)):
            raise ValueError("its weights are not shares of 1")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(
            "{path} is damaged ({error}). Restore it from the repository, or delete it and run: "
            "python -m maxdigit calibrate",
            path=path,
            error=error,
        ) from error
    return weights


def _tenths(count: int) -> Iterator[tuple[float, ...]]:
    """All ways to divide ten tenths among ``count`` models."""
    for shares in itertools.product(range(_STEPS + 1), repeat=count):
        if sum(shares) == _STEPS:
            yield tuple(share / _STEPS for share in shares)
