"""Why: heat maps of what in a picture spoke for an answer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maxdigit import IMAGE_SIZE
from maxdigit.models.registry import FeatureMap


def heat_map(evidence: NDArray[np.float32], features: FeatureMap) -> NDArray[np.float32]:
    """Lay a map of cells over the picture, each cell where it looks.

    Args:
        evidence: float, shape ``(cells, cells)``, 0 or more.
        features: the map's geometry. Unpadded convolutions never look at the picture's edge, so stretching the map over
            the whole picture would put the heat beside the digits.

    Returns:
        float32, shape ``(128, 128)``, 0..1: how far the evidence at a place exceeds the picture's mean; all 0 where
        nothing spoke for the answer.
    """
    position = (np.arange(IMAGE_SIZE) + 0.5 - features.first) / features.step
    position = position.clip(0, features.cells - 1)
    low = np.minimum(position.astype(int), features.cells - 2)
    share = position - low
    weights = np.zeros((IMAGE_SIZE, features.cells), np.float32)
    rows = np.arange(IMAGE_SIZE)
    weights[rows, low], weights[rows, low + 1] = 1 - share, share
    # What every place has in common explains nothing: without it half as much again of the heat lies on the digit.
    standing_out = (evidence - evidence.mean()).clip(min=0)
    heat = weights @ standing_out @ weights.T
    top = float(heat.max())
    return heat / top if top > 0 else np.zeros_like(heat)
