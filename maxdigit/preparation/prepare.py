"""Prepares any picture as a model's input: 128 x 128, grey, light digits on a darker background.

writing on anything
    The ink network finds it; what the models get is the ink alone, its median digit ``DIGIT_HEIGHT`` pixels high.
light digits on a texture (the competition's pictures)
    The tones stay as they are: the models were trained on them.
neither, or no ink network
    The whole picture by the rules on brightness of :mod:`maxdigit.preparation.rules`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maxdigit import IMAGE_SIZE
from maxdigit.errors import EmptyPictureError
from maxdigit.preparation.files import FloatPicture, to_grey, to_rgb
from maxdigit.preparation.framing import Box, Frame, Region, around, frame_for, homogeneous, without_columns
from maxdigit.preparation.outline import stroke_width
from maxdigit.preparation.rules import keep_tones, read_by_rules
from maxdigit.preparation.sheet import sheet_seen
from maxdigit.preparation.straighten import laid_flat, line_angle, turned

if TYPE_CHECKING:
    from maxdigit.preparation.finder import InkFinder, Writing

_NO_INK, _FULL_INK = 0.1, 0.5  # probabilities of ink that become black and white
_STROKE = 2.2  # the least stroke width in the models' pixels; thinner ones are thickened to it
_MOST_GROWTH = 6  # pixels on each side
_BOLD = 5.0  # the largest; wider ones are thinned to it, since models do not recognise a bold 1
_MOST_LOSS = 0.35  # of a stroke's width, or it would break where it is narrower
_REGION_MARGIN = 0.15  # of the writing's longer side, around it in the part that is proposed


@dataclass(frozen=True)
class PreparedPicture:
    """A model's input, and how it was made."""

    pixels: NDArray[np.uint8]  # (128, 128), light digits on a darker background
    inverted: bool  # the ink was dark on light
    frame: Frame  # where in the given picture they come from
    region: Region | None = None  # the part with the writing, if that was looked for and found
    is_doubtful: bool = False  # a piece was left out that may be a digit
    has_writing: bool = True  # False: writing was looked for, and none was found


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
        dark_ink_on_light: whether the ink is dark, for the rules; None to find out, and to let the network look.
        region: the part to read; None for all of it. The writing is looked for in that part only.
        fit_to_writing: make the digits one size. False: the whole part is read as it lies there.

    Raises:
        EmptyPictureError: the picture has a single tone, or shows only the grain of its paper.
        PictureError: as :func:`maxdigit.preparation.files.to_grey`.
    """
    from maxdigit.preparation.finder import load_finder  # here: it needs an engine

    finder = load_finder() if fit_to_writing and dark_ink_on_light is None else None
    if finder is not None:
        return _fitted(finder, picture, region)
    pixels, inverted = read_by_rules(_part(to_grey(picture), region), dark_ink_on_light)
    return PreparedPicture(pixels, inverted, _whole(*_edges(to_rgb(picture), region)))


def _fitted(finder: InkFinder, picture: Image.Image | NDArray[np.generic], region: Region | None) -> PreparedPicture:
    """The picture as the network finds the writing in it."""
    colours = to_rgb(picture)
    x0, y0, x1, y1 = _edges(colours, region)
    part = colours[y0:y1, x0:x1]
    if min(part.shape[:2]) < 2 or np.ptp(part) < 3:
        raise EmptyPictureError("There is nothing to see in this picture: it has a single tone. Draw three digits.")
    writing, is_textured = finder.find(part)
    if writing is None or is_textured:
        grey = _part(to_grey(picture), region)
        pixels, inverted = (keep_tones(grey), False) if is_textured else read_by_rules(grey)
        return PreparedPicture(pixels, inverted, _whole(x0, y0, x1, y1), has_writing=is_textured)
    ink, pieces = writing.ink, writing.pieces
    step, x, y = 1 / writing.scale, x0 + writing.left, y0 + writing.top
    to_picture = np.array([[step, 0, x], [0, step, y], [0, 0, 1]])  # from pixels of the ink
    if (from_sheet := sheet_seen(part, np.array(pieces) * step + (writing.left, writing.top) * 2)) is not None:
        from_part = np.array([[1, 0, -writing.left], [0, 1, -writing.top], [0, 0, step]]) * writing.scale
        ink, back = laid_flat(ink, pieces, from_part @ from_sheet @ np.diag([step, step, 1]))
        pieces, to_picture = _pieces_of(ink) or pieces, to_picture @ back
    if angle := line_angle(pieces):
        ink, back = turned(ink, angle)
        pieces, to_picture = _pieces_of(ink) or pieces, to_picture @ homogeneous(back)
    frame = frame_for(without_columns(ink, pieces))
    pixels = frame_ink(ink, frame)
    to_picture = to_picture @ homogeneous(frame.matrix)
    if (to_picture[2] == (0, 0, 1)).all():  # no perspective in it
        to_picture = to_picture[:2]
    found = _region(writing, step, x, y, colours.shape)
    return PreparedPicture(pixels, _is_dark(writing, part), Frame(to_picture), found, writing.is_doubtful)


def _pieces_of(ink: FloatPicture) -> tuple[Box, ...]:
    from maxdigit.preparation.finder import find_pieces  # here: it needs an engine

    return tuple(box for _, box in find_pieces(ink)[1])


def frame_ink(ink: FloatPicture, frame: Frame) -> NDArray[np.uint8]:
    """Ink as a model's input: white strokes, neither too thin nor too bold, on black.

    Args:
        ink: probability of ink, 0..1, shape ``(h, w)``.
        frame: from the models' pixels to those of ``ink``; it scales and shifts only.

    Returns:
        uint8 ``(128, 128)``.
    """
    ink = np.clip((ink - _NO_INK) / (_FULL_INK - _NO_INK), 0, 1)
    step = float(frame.matrix[0, 0])  # pixels of ``ink`` per pixel of the models' picture
    ink = _thickened(_thinned(ink, _BOLD * step), _STROKE * step)
    if step > 1:  # blurred before it is made smaller, or thin strokes would fall between the pixels
        ink = cv2.GaussianBlur(ink, (0, 0), 0.4 * math.sqrt(step**2 - 1) + 0.05)
    # OpenCV counts from the middle of pixels, frames count from their edges.
    matrix = frame.matrix.copy()
    matrix[:, 2] += (step - 1) / 2
    size = (IMAGE_SIZE, IMAGE_SIZE)
    framed = cv2.warpAffine(ink, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return np.round(np.clip(1.15 * framed, 0, 1) * 255).astype(np.uint8)


def _thickened(ink: FloatPicture, wanted: float) -> FloatPicture:
    """The same with strokes of about ``wanted`` pixels at least."""
    width = stroke_width((ink > 0.5).astype(np.uint8))
    if not width:
        return ink
    grow = min(math.ceil((wanted - width) / 2 - 0.25), _MOST_GROWTH)
    if grow < 1:
        return ink
    return cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grow + 1, 2 * grow + 1)))


def _thinned(ink: FloatPicture, wanted: float) -> FloatPicture:
    """The same with each piece's strokes of about ``wanted`` pixels at most."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((ink > 0.5).astype(np.uint8), connectivity=8)
    result = ink
    for number in range(1, count):
        x, y, width, height, _ = stats[number]
        stroke = stroke_width((labels[y : y + height, x : x + width] == number).astype(np.uint8))
        loss = round(min(stroke - wanted, _MOST_LOSS * stroke) / 2)  # on each side
        if loss < 1:
            continue
        result = ink.copy() if result is ink else result
        part = (slice(max(0, y - 2), y + height + 2), slice(max(0, x - 2), x + width + 2))  # with its soft edges
        is_own = cv2.dilate((labels[part] == number).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * loss + 1, 2 * loss + 1))
        thin = cv2.erode(np.where(is_own, ink[part], 0), kernel, borderValue=0)
        result[part][is_own] = thin[is_own]
    return result


def _is_dark(writing: Writing, part: NDArray[np.uint8]) -> bool:
    """Whether the ink is darker than its surroundings, for a note on the page."""
    height, width = writing.ink.shape
    left, top, scale = int(writing.left), int(writing.top), writing.scale
    seen = part[top : top + max(1, round(height / scale)), left : left + max(1, round(width / scale))]
    grey = cv2.cvtColor(cv2.resize(seen, (width, height), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    ink = writing.ink > 0.5
    around = (cv2.dilate(ink.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0) & (writing.ink < 0.1)
    return bool(ink.any() and around.any() and grey[ink].mean() < grey[around].mean())


def _region(writing: Writing, step: float, x: float, y: float, shape: tuple[int, ...]) -> Region:
    """The part of the whole picture around the writing, as shares of its sides."""
    boxes = np.array(writing.pieces) * step + (x, y, x, y)
    x0, y0, x1, y1 = around(boxes)
    margin = _REGION_MARGIN * max(x1 - x0, y1 - y0)
    height, width = shape[:2]
    return (
        max(0.0, float(x0 - margin) / width),
        max(0.0, float(y0 - margin) / height),
        min(1.0, float(x1 + margin) / width),
        min(1.0, float(y1 + margin) / height),
    )


def _edges(picture: NDArray[np.generic], region: Region | None) -> tuple[int, int, int, int]:
    """A region of a picture ``(H, W, ...)`` in pixels: x0, y0, x1, y1; at least one pixel wide and high."""
    height, width = picture.shape[:2]
    left, top, right, bottom = region or (0.0, 0.0, 1.0, 1.0)
    x0, y0 = min(round(left * width), width - 1), min(round(top * height), height - 1)
    return x0, y0, max(round(right * width), x0 + 1), max(round(bottom * height), y0 + 1)


def _part(picture: NDArray[np.float32], region: Region | None) -> NDArray[np.float32]:
    x0, y0, x1, y1 = _edges(picture, region)
    return picture[y0:y1, x0:x1]


def _whole(x0: int, y0: int, x1: int, y1: int) -> Frame:
    """The frame in which this part of the picture just fits."""
    step = max(x1 - x0, y1 - y0) / IMAGE_SIZE
    middle = step * IMAGE_SIZE / 2
    return Frame(np.array([[step, 0, (x0 + x1) / 2 - middle], [0, step, (y0 + y1) / 2 - middle]]))
