"""Fits the temperature that calibrates a model; see :mod:`maxdigit.models.calibration`."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from maxdigit.models.calibration import COLDEST, HOTTEST, log_probabilities, softmax


def fit_temperature(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """The temperature with the least cross-entropy, between 0.05 and 20.

    Args:
        probabilities: ``(N, 10)``, rows summing to 1.
        labels: ``(N,)``, the right answers, 0..9.
    """
    logs = log_probabilities(probabilities)
    of_labels = logs[np.arange(len(labels)), labels]
    # The loss is convex in 1 / T, the mean of log-sum-exp(logs / T) - of_labels / T, so its slope there crosses zero
    # once at most: halve the range, in log T, until no number is left between its ends.
    low, high = math.log(COLDEST), math.log(HOTTEST)
    for _ in range(60):
        middle = (low + high) / 2
        slope = ((softmax(logs / math.exp(middle)) * logs).sum(1) - of_labels).mean()
        low, high = (low, middle) if slope < 0 else (middle, high)
    return math.exp((low + high) / 2)
