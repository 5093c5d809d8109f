"""Marks to lay over the picture that the page shows: digits read, outlines of digits found, a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import cv2
import numpy as np
from numpy.typing import NDArray

from maxdigit.inference.digits import Box
from maxdigit.inference.predict import Prediction
from maxdigit.models.reader import Reading
from maxdigit.preparation.framing import homogeneous
from maxdigit.ui import texts
from maxdigit.ui.picture import heat_url
from maxdigit.ui.readings.places import Rect, boxes_of, place
from maxdigit.ui.sureness import UNSURE
from maxdigit.ui.theme import model_colour
from maxdigit.ui.view_state import ModelInput

# Shares of the longer side of the picture; legible if that is 310 pixels, as on a phone.
_HEIGHT, _WIDTH, _QUERY, _FONT = 0.06, 0.05, 0.024, 0.048
_REACH = 12.0  # assumed distance from the centre to the edge of a digit without a box, in the models' pixels
_HEAT_SIDE = 192  # longer side in pixels of a heat map that is laid over a picture
_AROUND = 1.0  # margin of a box, in the models' pixels


def marks(
    picture: ModelInput,
    prediction: Prediction | None,
    erased: Sequence[int] = (),
    heat: NDArray[np.float32] | None = None,
) -> str:
    """Marks for a picture, as SVG; empty if there are none.

    Hidden from screen readers: the card beside the picture says the same in words.

    Args:
        picture: what is shown.
        prediction: the answer, with the digits read; None for outlines only.
        erased: numbers of the digits that were erased.
        heat: (128, 128), 0..1, the evidence for a digit, in the models' pixels.
    """
    outlines = _outlines(picture, erased) if picture.is_uploaded else ""
    labels = _labels(picture, prediction, erased) if prediction is not None and prediction.digits else ""
    warm = _heat(picture, heat) if heat is not None and heat.any() else ""
    if not outlines and not labels and not warm:
        return ""
    width, height = picture.size
    return f'<svg viewBox="0 0 {width:g} {height:g}" aria-hidden="true">{warm}{outlines}{labels}</svg>'


def _heat(picture: ModelInput, heat: NDArray[np.float32]) -> str:
    """A heat map, transformed to the picture that the page shows."""
    width, height = picture.size
    step = max(width, height) / _HEAT_SIDE  # units of the picture for a pixel of the heat map
    size = max(1, round(width / step)), max(1, round(height / step))
    matrix = np.diag([1 / step, 1 / step, 1]) @ homogeneous(picture.frame.matrix)
    # OpenCV's coordinates refer to centres of pixels, a frame's to edges.
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    laid = cv2.warpPerspective(heat.astype(np.float32), np.linalg.inv(half) @ matrix @ half, size)
    return (
        f'<image class="heat" width="{width:g}" height="{height:g}" preserveAspectRatio="none" '
        f'href="{heat_url(laid)}"/>'
    )


def _outlines(picture: ModelInput, erased: Sequence[int]) -> str:
    return "".join(
        f'<polygon class="outline{" erased" if number in erased else ""}" points="{_points(picture.outline(box))}"/>'
        for number, box in enumerate(picture.boxes)
    )


def _labels(picture: ModelInput, prediction: Prediction, erased: Sequence[int]) -> str:
    readings = prediction.digits or ()
    side = max(picture.size)
    targets = [
        _bounds(picture.outline(_around(reading, box)))
        for reading, box in zip(readings, boxes_of(readings, picture.found(erased)), strict=True)
    ]
    widths = [side * (_WIDTH + (_QUERY if _is_faint(reading) else 0)) for reading in readings]
    spots = place(targets, widths, side * _HEIGHT, picture.size)
    labels = "".join(_label(reading, spot, side) for reading, spot in zip(readings, spots, strict=True))
    return f'<g class="readings" style="--model: {model_colour(prediction.model)}">{labels}</g>'


def _label(reading: Reading, spot: Rect, side: float) -> str:
    x0, y0, x1, y1 = spot
    said = f"{reading.digit}?" if _is_faint(reading) else f"{reading.digit}"
    return (
        f"<g><title>{escape(texts.reads(reading.digit, reading.probability))}</title>"
        f'<rect x="{x0:.1f}" y="{y0:.1f}" width="{x1 - x0:.1f}" height="{y1 - y0:.1f}" rx="{0.01 * side:.1f}"/>'
        f'<text x="{(x0 + x1) / 2:.1f}" y="{(y0 + y1) / 2 + 0.35 * _FONT * side:.1f}" '
        f'font-size="{_FONT * side:.1f}">{said}</text></g>'
    )


def _is_faint(reading: Reading) -> bool:
    return reading.probability < UNSURE


def _around(reading: Reading, box: Box | None) -> Rect:
    if box is None:
        return reading.x - _REACH, reading.y - _REACH, reading.x + _REACH, reading.y + _REACH
    x0, y0, x1, y1 = box
    return x0 - _AROUND, y0 - _AROUND, x1 + _AROUND, y1 + _AROUND


def _bounds(corners: NDArray[np.float64]) -> Rect:
    (x0, y0), (x1, y1) = corners.min(0), corners.max(0)
    return float(x0), float(y0), float(x1), float(y1)


def _points(corners: NDArray[np.float64]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
