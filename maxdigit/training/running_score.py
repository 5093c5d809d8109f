"""A score that is updated answer by answer. Loads no framework."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from maxdigit.models.registry import NUM_CLASSES
from maxdigit.training.results import Score

CALIBRATION_BINS = 15


def wilson_interval(right: int, count: int, z: float = 1.959964) -> tuple[float, float]:
    """The 95 % confidence interval of a share.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927), 209-212.
    """
    share = right / count
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, centre - half), min(1.0, centre + half)


def _no_bins() -> NDArray[np.float64]:
    return np.zeros((CALIBRATION_BINS, 3))


@dataclass
class RunningScore:
    """Counts of right and wrong answers; adding or removing one takes constant time."""

    confusion: NDArray[np.int64] = field(default_factory=lambda: np.zeros((NUM_CLASSES, NUM_CLASSES), np.int64))
    # By confidence: how many answers, the sum of their confidences, and how many are right.
    _bins: NDArray[np.float64] = field(default_factory=_no_bins)

    def add(self, truth: int, answer: int, confidence: float, times: int = 1) -> None:
        """Count an answer.

        Args:
            truth: the right answer, 0..9.
            answer: the given one.
            confidence: its probability, 0..1.
            times: 1, or -1 to remove an answer that was counted.
        """
        self.confusion[truth, answer] += times
        number = min(int(confidence * CALIBRATION_BINS), CALIBRATION_BINS - 1)
        self._bins[number] += times * np.array([1, confidence, truth == answer])

    @property
    def count(self) -> int:
        """The number of answers."""
        return int(self.confusion.sum())

    @property
    def right(self) -> int:
        """The number of right ones."""
        return int(np.trace(self.confusion))

    def score(self) -> Score | None:
        """The values of :func:`maxdigit.training.metrics.score` that follow from counts; None without an answer."""
        if not self.count:
            return None
        return Score(
            count=self.count,
            accuracy=round(self.right / self.count, 5),
            interval95=wilson_interval(self.right, self.count),
            reliability=tuple(
                (round(count), round(confidence / count, 5), round(right / count, 5))
                for count, confidence, right in self._bins.tolist()
                if round(count)
            ),
            confusion=tuple(map(tuple, self.confusion.tolist())),
        )
