"""Pictures that lie on their side: which turns let a model read them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maxdigit.inference.predict import Predictor

VERY_SURE = 0.9  # probability of the best answer from which on a turn is worth a proposal


def better_turns(predictor: Predictor, picture: NDArray[np.uint8], model: str) -> tuple[int, ...]:
    """By how many quarters, clockwise, a picture can be turned for a model to be very sure of it.

    All three turns go through the model in one batch. More than one may do: a 6 on its head is a good 9, so that which
    way is up is left to whoever sees the picture. To be asked only where the answer to the picture as it stands is
    unsure.

    Args:
        predictor: asks the model.
        picture: as it was prepared, uint8 ``(128, 128)``.
        model: one of :data:`maxdigit.inference.predict.NAMES`.

    Returns:
        Some of 1, 2 and 3; none if the model is very sure after no turn.

    Raises:
        UnknownModelError: there is no such model.
        CheckpointError: its weights are missing or damaged.
    """
    turned = np.stack([np.rot90(picture, -turns) for turns in (1, 2, 3)])
    best = predictor.predict(turned, model).max(1)
    return tuple(turns for turns, share in zip((1, 2, 3), best, strict=True) if share >= VERY_SURE)
