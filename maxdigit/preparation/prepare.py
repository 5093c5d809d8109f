"""Any picture a person can give becomes what the models take: 128 x 128, grey, light digits on a darker background."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maxdigit import IMAGE_SIZE
from maxdigit.preparation.files import to_grey
from maxdigit.preparation.framing import Frame, Region
from maxdigit.preparation.rules import read_by_rules


@dataclass(frozen=True)
class PreparedPicture:
    """What the models see, and how it came about."""

    pixels: NDArray[np.uint8]  # (128, 128), light digits on a darker background
    inverted: bool  # the ink was dark on light
    frame: Frame  # where in the given picture they come from
    region: Region | None = None  # the part with the writing, if that was looked for and found
    is_doubtful: bool = False  # something was left out as no digit that may be one


def prepare(
    picture: Image.Image | NDArray[np.generic],
    *,
    dark_ink_on_light: bool | None = None,
    region: Region | None = None,
    fit_to_writing: bool = True,
) -> PreparedPicture:
    """Make any picture a model's input.

    Args:
        picture: a Pillow image of any mode, or an array ``(H, W)``, ``(H, W, 1)``, ``(H, W, 3)`` or ``(H, W, 4)`` of
            bool, uint8, uint16, or floats 0..1 or 0..255.
        dark_ink_on_light: whether the ink is dark; None to find out.
        region: the part to read; None for all of it. The writing is looked for in that part only.
        fit_to_writing: make the digits one size. False: the whole part is read as it lies there.

    Raises:
        EmptyPictureError: the picture has a single tone, or nothing but the grain of its paper.
        PictureError: as :func:`maxdigit.preparation.files.to_grey`.
    """
    grey = to_grey(picture)
    left, top, right, bottom = region or (0.0, 0.0, 1.0, 1.0)
    x0, y0 = round(left * grey.shape[1]), round(top * grey.shape[0])
    x1, y1 = max(round(right * grey.shape[1]), x0 + 1), max(round(bottom * grey.shape[0]), y0 + 1)
    pixels, inverted = read_by_rules(grey[y0:y1, x0:x1], dark_ink_on_light)
    return PreparedPicture(pixels, inverted, _whole(x0, y0, x1, y1))


def _whole(x0: int, y0: int, x1: int, y1: int) -> Frame:
    """The frame in which this part of the picture just fits."""
    step = max(x1 - x0, y1 - y0) / IMAGE_SIZE
    middle = step * IMAGE_SIZE / 2
    return Frame(np.array([[step, 0, (x0 + x1) / 2 - middle], [0, step, (y0 + y1) / 2 - middle]]))
