"""Fits the temperature and the offsets that calibrate a model; see :mod:`maxdigit.models.calibration`."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from maxdigit.models.calibration import COLDEST, FARTHEST, HOTTEST, Scaling, log_probabilities, softmax
from maxdigit.models.registry import NUM_CLASSES

_ROUNDS = 12  # rounds of fitting temperature and offsets alternately: the loss is convex in both together
_NEWTON_STEPS = 5  # a round
_HALVINGS = 12  # of a step that would increase the loss
_TINIEST = np.finfo(np.float64).tiny
# Weight of the squared offsets in the loss, which keeps those of rare labels near 0. Of 0, 0.003 and 0.01 none was
# best for all models.
_RIDGE = 1e-3


def fit_scaling(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> Scaling:
    """The temperature and offsets with the least cross-entropy, with a small penalty on offsets.

    Args:
        probabilities: ``(N, 10)``, rows summing to 1.
        labels: ``(N,)``, the right answers, 0..9.
    """
    scaling = Scaling()
    for _ in range(_ROUNDS):
        scaling = Scaling(fit_temperature(probabilities, labels, scaling.offsets), scaling.offsets)
        scaling = Scaling(scaling.temperature, _fit_offsets(scaling, probabilities, labels))
    return scaling


def fit_temperature(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer], offsets: tuple[float, ...] = (0.0,) * NUM_CLASSES
) -> float:
    """The temperature with the least cross-entropy, between 0.05 and 20, for given offsets.

    Args:
        probabilities: ``(N, 10)``, rows summing to 1.
        labels: ``(N,)``, the right answers, 0..9.
        offsets: of the ten labels, in nats.
    """
    logs = log_probabilities(probabilities)
    of_labels = logs[np.arange(len(labels)), labels]
    # The loss is convex in 1 / T, the mean of log-sum-exp(logs / T + offsets) - of_labels / T, so its slope there
    # crosses zero once at most: halve the range, in log T, until no number is left between its ends.
    low, high = math.log(COLDEST), math.log(HOTTEST)
    for _ in range(60):
        middle = (low + high) / 2
        slope = ((softmax(logs / math.exp(middle) + np.array(offsets)) * logs).sum(1) - of_labels).mean()
        low, high = (low, middle) if slope < 0 else (middle, high)
    return math.exp((low + high) / 2)


def _fit_offsets(start: Scaling, probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> tuple[float, ...]:
    """The offsets with the least cross-entropy at the temperature of ``start``, by Newton's method from its offsets."""
    logits = log_probabilities(probabilities) / start.temperature
    offsets, wanted = np.array(start.offsets), np.bincount(labels, minlength=NUM_CLASSES) / len(labels)

    def loss(at: NDArray[np.float64]) -> float:
        logs = np.log(softmax(logits + at)[np.arange(len(labels)), labels].clip(_TINIEST))
        return float(_RIDGE / 2 * (at**2).sum() - logs.mean())

    for _ in range(_NEWTON_STEPS):
        shares = softmax(logits + offsets)
        slope = shares.mean(0) - wanted + _RIDGE * offsets
        curvature = np.diag(shares.mean(0) + _RIDGE) - shares.T @ shares / len(labels)
        step = np.linalg.solve(curvature, slope)
        # On few pictures a whole step can lead far past the minimum.
        tries = ((offsets - step / 2**halvings).clip(-FARTHEST / 2, FARTHEST / 2) for halvings in range(_HALVINGS))
        offsets = next((one for one in tries if loss(one) <= loss(offsets)), offsets)
    return tuple(float(offset) for offset in offsets - offsets.mean())
