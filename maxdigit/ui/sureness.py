"""The rule by which an answer is called unsure."""

from __future__ import annotations

from maxdigit.inference.predict import Prediction

UNSURE = 0.7  # an answer with a lower probability is unsure


def is_unsure(prediction: Prediction) -> bool:
    """Whether an answer is unsure: its probability is low, or it is not the largest of the digits read."""
    return prediction.is_contradicted or float(prediction.probabilities.max()) < UNSURE
