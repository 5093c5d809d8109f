"""Heat maps of the evidence for an answer in a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maxdigit import IMAGE_SIZE
from maxdigit.models.reading_classifier import ReadingClassifier
from maxdigit.models.registry import FeatureMap, ModelSpec

Heat = NDArray[np.float32]

# Standard deviation of the Gaussian by which a cell's evidence is spread, as a share of the step between cells: about
# the narrowest whose sum over equal cells is even. Where two cells share a digit, the heat is greatest between them,
# where the digit is.
_SPREAD = 0.5
# Pixels, about the width of a stroke: the least standard deviation, so that no single cell of a fine map stands out.
_FINEST = 2.5
_FAINT = 1e-3  # of a Gaussian's height; lower values count as 0
_DIGIT = 6.0  # pixels: standard deviation around the place where a digit is read, so that it covers the digit's middle


def explain(classifier: ReadingClassifier, spec: ModelSpec, picture: NDArray[np.uint8], digit: int) -> Heat:
    """The evidence for a digit in a picture, by the method that did best in ``benchmarks/heat.py``.

    It lies where the reader reads the digit, at the resolution of LayerCAM on the first section. For a model without a
    reader it is Grad-CAM.

    Args:
        classifier: the model that is asked.
        spec: its row in the registry.
        picture: uint8, shape ``(128, 128)``, prepared.
        digit: 0..9; it need not be the answer.

    Returns:
        float32, shape ``(128, 128)``, 0..1; all 0 where there is no evidence for the digit, unless it is the model's
        answer: see :func:`has_evidence`.
    """
    found = classifier.trace_reading(picture, digit)
    if found is None or classifier.reader is None:
        return heat_map(classifier.evidence(picture, digit), spec.features)
    probabilities, places, traced = found
    is_faint = probabilities.max() < classifier.reader.faintest
    if is_faint and classifier.predict(picture[np.newaxis])[0].argmax() != digit:  # an answer always has evidence
        return np.zeros(picture.shape, np.float32)
    where = place_map(probabilities, places)
    heat = where * heat_map(traced, spec.traced)
    top = float(heat.max())
    return heat / top if top > 0 else where


def has_evidence(heat: Heat) -> bool:
    """Whether a heat map shows any evidence."""
    return bool(heat.any())


def place_map(probabilities: NDArray[np.float32], places: NDArray[np.float32]) -> Heat:
    """Map the readings of cells onto the picture, each to where it places the digit's centre.

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
    """Map the evidence in cells onto the picture, each to the cell's centre.

    Args:
        evidence: float, shape ``(cells, cells)``, 0 or more.
        features: the map's geometry. The cells of unpadded convolutions do not reach the picture's edge, so stretching
            the map over the whole picture would put the heat beside the digits. The outermost cells stand for
            what lies beyond them.

    Returns:
        float32, shape ``(128, 128)``, 0..1; all 0 where there is no evidence.
    """
    look = features.first + features.step * np.arange(features.cells)
    position = (np.arange(IMAGE_SIZE) + 0.5).clip(look[0], look[-1])
    distance = (position[:, np.newaxis] - look) / max(_SPREAD * features.step, _FINEST)
    weights = np.exp(-(distance**2) / 2).astype(np.float32)
    weights[weights < _FAINT] = 0
    heat = weights @ evidence @ weights.T
    top = float(heat.max())
    return heat / top if top > 0 else np.zeros_like(heat)
