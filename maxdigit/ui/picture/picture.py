"""Pictures as HTML, with boxes and heat maps laid over them.

Not ``gr.Image``, which writes a file for each picture, nor ``gr.AnnotatedImage``, which also colours the boxes and
lists their names below the picture.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maxdigit import IMAGE_SIZE
from maxdigit.inference.digits import Box

_WARM = np.array([255.0, 150.0, 0.0])  # unlike the colour of any model
_COVER = 0.65  # opacity of the maximum of a heat map


def picture_tag(picture: NDArray[np.uint8], alt: str, css_class: str) -> str:
    """An ``<img>`` with the picture, grey or RGB, as a data URL: no file on the server, no second request."""
    return f'<img class="{css_class}" alt="{escape(alt)}" src="{data_url(picture)}">'


def data_url(picture: NDArray[np.uint8]) -> str:
    """The picture, grey, RGB or RGBA, as a data URL (PNG)."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def photo_url(picture: NDArray[np.uint8]) -> str:
    """A photograph, grey or RGB, as a data URL: a JPEG, a tenth of the size of a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=88)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def boxed(picture: str, boxes: Sequence[Box], *, around: int = 0, marks: Sequence[str] = ()) -> str:
    """A picture's HTML with boxes over it.

    Args:
        picture: the HTML.
        boxes: in the picture's pixels; the visitor can hide and show them.
        around: margin of the boxes, in pixels.
        marks: attributes for each box. With them the boxes are always shown, and can be pressed.
    """
    rects = "".join(_rect(box, around, mark) for box, mark in zip(boxes, marks or [""] * len(boxes), strict=True))
    # Hidden from screen readers, which have buttons for the same purpose.
    lines = f'<svg viewBox="0 0 {IMAGE_SIZE} {IMAGE_SIZE}" aria-hidden="true">{rects}</svg>'
    return f'<span class="boxed{" boxed-found" if marks else ""}">{picture}{lines}</span>'


def _rect(box: Box, around: int, mark: str) -> str:
    x0, y0, x1, y1 = box
    width, height = x1 - x0 + 2 * around, y1 - y0 + 2 * around
    return f'<rect x="{x0 - around}" y="{y0 - around}" width="{width}" height="{height}" {mark}/>'


def heated(picture: NDArray[np.uint8], heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The picture (128, 128) with the heat map blended in: RGB."""
    cover = _COVER * heat[..., np.newaxis]
    return ((1 - cover) * picture[..., np.newaxis] + cover * _WARM).round().astype(np.uint8)


def heat_url(heat: NDArray[np.float32]) -> str:
    """A heat map (H, W), 0..1, as a data URL (PNG) to lay over a picture: transparent where it is 0."""
    colour = np.broadcast_to(_WARM, (*heat.shape, 3))
    cover = 255 * _COVER * heat.clip(0, 1)[..., np.newaxis]
    return data_url(np.concatenate([colour, cover], 2).round().astype(np.uint8))
