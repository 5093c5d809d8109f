"""Finds the quarter turns after which a model is sure of a picture, for pictures that lie on their side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maxdigit.inference.predict import Predictor

VERY_SURE = 0.9  # the least probability of the best answer for a turn to be proposed


def better_turns(predictor: Predictor, picture: NDArray[np.uint8], model: str) -> tuple[int, ...]:
    """The quarter turns, clockwise, after which a model is very sure of a picture.

    All three are answered in one batch. There may be several, as an upside-down 6 is a good 9: people have to
    choose. Only useful if the answer to the unturned picture is unsure.

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
