"""Why: heat maps of what in a picture spoke for an answer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maxdigit import IMAGE_SIZE
from maxdigit.models.reading_classifier import ReadingClassifier
from maxdigit.models.registry import FeatureMap, ModelSpec

Heat = NDArray[np.float32]

# Of the bell that a cell's evidence is spread in, as a share of the step from cell to cell: about the narrowest whose
# sum over equal cells is even. Where two cells share a digit, the heat is greatest between them, where the digit is.
_SPREAD = 0.5
_FINEST = (
    2.5  # pixels, about the width of a stroke: the narrowest bell, so that no single cell of a fine map stands out
)
_FAINT = 1e-3  # of a bell's height
_DIGIT = 6.0  # pixels: of the bell around the place where a digit is read, so that it covers the digit's middle


def explain(classifier: ReadingClassifier, spec: ModelSpec, picture: NDArray[np.uint8], digit: int) -> Heat:
    """What in a picture spoke for a digit, by the way that ``benchmarks/heat.py`` found to point best.

    Where the reader reads the digit, as fine as LayerCAM on the first section shows what made it do so; for a model
    without a reader, Grad-CAM.

    Args:
        classifier: the model that is asked.
        spec: which it is.
        picture: uint8, shape ``(128, 128)``, prepared.
        digit: 0..9; it need not be the answer.

    Returns:
        float32, shape ``(128, 128)``, 0..1; all 0 where nothing spoke for the digit, unless it is the model's answer:
        see :func:`has_spoken`.
    """
    found = classifier.trace_reading(picture, digit)
    if found is None or classifier.reader is None:
        return heat_map(classifier.evidence(picture, digit), spec.features)
    probabilities, places, traced = found
    is_faint = probabilities.max() < classifier.reader.faintest
    if is_faint and classifier.predict(picture[np.newaxis])[0].argmax() != digit:  # for an answer, something spoke
        return np.zeros(picture.shape, np.float32)
    where = place_map(probabilities, places)
    heat = where * heat_map(traced, spec.traced)
    top = float(heat.max())
    return heat / top if top > 0 else where


def has_spoken(heat: Heat) -> bool:
    """Whether anything in the picture spoke for the digit that a heat map was asked about."""
    return bool(heat.any())


def place_map(probabilities: NDArray[np.float32], places: NDArray[np.float32]) -> Heat:
    """Lay what cells read over the picture, each where it says that the digit's centre lies.

    Args:
        probabilities: of the digit in each cell, float ``(cells, cells)``.
        places: x and y, in pixels, ``(2, cells, cells)``.

    Returns:
        float32, shape ``(128, 128)``, 0..1; all 0 where nothing was read.
    """
    pixels = np.arange(IMAGE_SIZE, dtype=np.float32) + 0.5
    across, down = np.exp(-((pixels - places.reshape(2, -1, 1)) ** 2) / (2 * _DIGIT**2))  # (cells * cells, 128) each
    heat = (down * probabilities.reshape(-1, 1)).T @ across
    top = float(heat.max())
    return heat / top if top > 0 else np.zeros_like(heat)


def heat_map(evidence: NDArray[np.float32], features: FeatureMap) -> Heat:
    """Lay a map of cells over the picture, each cell where it looks.

    Args:
        evidence: float, shape ``(cells, cells)``, 0 or more.
        features: the map's geometry. The cells of unpadded convolutions do not reach the picture's edge, so stretching
            the map over the whole picture would put the heat beside the digits. What lies past the outermost cells is
            theirs to see.

    Returns:
        float32, shape ``(128, 128)``, 0..1; all 0 where nothing spoke for the answer.
    """
    look = features.first + features.step * np.arange(features.cells)
    position = (np.arange(IMAGE_SIZE) + 0.5).clip(look[0], look[-1])
    distance = (position[:, np.newaxis] - look) / max(_SPREAD * features.step, _FINEST)
    weights = np.exp(-(distance**2) / 2).astype(np.float32)
    weights[weights < _FAINT] = 0
    heat = weights @ evidence @ weights.T
    top = float(heat.max())
    return heat / top if top > 0 else np.zeros_like(heat)
