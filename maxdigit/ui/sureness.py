"""When the page calls an answer unsure."""

from __future__ import annotations

from maxdigit.inference.predict import Prediction

UNSURE = 0.7  # the best answer's share, 0..1, below which it is


def is_unsure(prediction: Prediction) -> bool:
    """Whether an answer is to be called unsure: its share is low, or it is not the largest of the digits read."""
    return prediction.is_contradicted or float(prediction.probabilities.max()) < UNSURE
