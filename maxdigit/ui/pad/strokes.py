"""Turns the pad's value into a model's input.

The browser can send anything, so the structure, the counts, the ranges and the length are checked.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeGuard

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from maxdigit import IMAGE_SIZE
from maxdigit.errors import MaxDigitError
from maxdigit.preparation.framing import DIGIT_HEIGHT, Box, Frame, digit_height, frame_for

VERSION = 1
GRID = 1000  # the pad is GRID x GRID units, whatever its size on the screen
MIN_SIZE, DEFAULT_SIZE, MAX_SIZE = 20, 40, 80  # brush widths in units: 2.6 to 10.2 pixels of the model's picture
MAX_STROKES = 400
MAX_POINTS = 12_000  # in the whole drawing: about forty times what three digits need
MAX_CHARACTERS = 16 * MAX_POINTS + 100 * MAX_STROKES  # more than any drawing within those limits needs

_OVERSAMPLING = 8  # drawn this many times larger, then averaged down, for soft edges like those of a scanned pen
_COARSE = 512  # side in pixels of the picture in which pieces of ink are found
_LEAST_HEIGHT = 0.1 * GRID  # smaller writing is not magnified further: it may be the beginning of a digit
_WIDEST_BRUSH = 0.16  # of the digits' height; the narrowest brush is 2.3 pixels even where the whole pad is shown
_WHOLE_PAD = Frame(GRID / IMAGE_SIZE * np.eye(2, 3))


class DrawingError(MaxDigitError):
    """The pad's value is not a valid drawing."""


@dataclass(frozen=True)
class Stroke:
    """One line from pen down to pen up, in units of the pad; (0, 0) is its top left corner."""

    tool: Literal["pen", "eraser"]
    size: float
    points: tuple[tuple[float, float], ...]


def parse_strokes(value: str | None) -> list[Stroke]:
    """The strokes in the pad's value, oldest first; none for an empty pad.

    Raises:
        DrawingError: the value is not a drawing of this version, or exceeds a limit.
    """
    if value is None or value == "":
        return []
    if not isinstance(value, str):
        raise _unreadable("it is not text")
    if len(value) > MAX_CHARACTERS:
        raise _too_large()
    try:
        data = json.loads(value)
    except (ValueError, RecursionError):
        raise _unreadable("it is not JSON") from None
    if not isinstance(data, dict) or data.get("version") != VERSION or not isinstance(data.get("strokes"), list):
        raise _unreadable(f"it is not a drawing of version {VERSION}")
    if len(data["strokes"]) > MAX_STROKES:
        raise _too_large()
    strokes = [_parse_stroke(item) for item in data["strokes"]]
    if sum(len(stroke.points) for stroke in strokes) > MAX_POINTS:
        raise _too_large()
    return strokes


def render(strokes: Sequence[Stroke], *, fit: bool = True) -> NDArray[np.uint8]:
    """The drawing as a model's input, as by :func:`render_framed`, without the frame."""
    return render_framed(strokes, fit=fit)[0]


def picture_of(strokes: Sequence[Stroke], size: int) -> NDArray[np.uint8]:
    """The whole pad, (size, size): ink 255 on a background of 0, with soft edges."""
    return _drawn(strokes, size, 2)


def render_framed(strokes: Sequence[Stroke], *, fit: bool = True) -> tuple[NDArray[np.uint8], Frame]:
    """The drawing as a model's input: 128 x 128, ink 255 on a background of 0, with soft edges.

    Args:
        strokes: the oldest first.
        fit: scale and move the writing, so that its digits have the height that the models expect. False: the whole
            pad.

    Returns:
        The picture, and its frame: from its pixels to units of the pad.
    """
    if not fit:
        return _drawn(strokes, IMAGE_SIZE, _OVERSAMPLING), _WHOLE_PAD
    # With the narrowest brush, so that digits which touch only because of its width are separate.
    lines = _pieces([_narrowed(stroke, MIN_SIZE) for stroke in strokes])
    if not lines:
        return np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8), _WHOLE_PAD
    # A broad brush would close the loops of small digits.
    widest = _WIDEST_BRUSH * max(digit_height(lines), _LEAST_HEIGHT)
    strokes = [_narrowed(stroke, widest) for stroke in strokes]
    frame = _frame(_pieces(strokes))
    return _drawn(strokes, IMAGE_SIZE, _OVERSAMPLING, frame), frame


def _frame(pieces: Sequence[Box]) -> Frame:
    """Like :func:`frame_for`, but the beginning of a first stroke is not magnified."""
    frame = frame_for(pieces)
    step = max(frame.matrix[0, 0], _LEAST_HEIGHT / DIGIT_HEIGHT)
    middle = np.array([[IMAGE_SIZE / 2, IMAGE_SIZE / 2]])
    return Frame(np.column_stack([step * np.eye(2), frame.to_picture(middle)[0] - step * middle[0]]))


def _pieces(strokes: Sequence[Stroke]) -> list[Box]:
    """The boxes of the separate pieces of ink, in units of the pad."""
    ink = (_drawn(strokes, _COARSE) >= 128).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    unit = GRID / _COARSE
    return [(unit * x, unit * y, unit * (x + width), unit * (y + height)) for x, y, width, height, _ in stats[1:]]


def _narrowed(stroke: Stroke, widest: float) -> Stroke:
    # The eraser keeps its width, so that it removes the same part of a narrower line.
    return replace(stroke, size=min(stroke.size, widest)) if stroke.tool == "pen" else stroke


def _drawn(
    strokes: Sequence[Stroke], size: int, oversampling: int = 1, frame: Frame | None = None
) -> NDArray[np.uint8]:
    """The strokes on a picture (size, size), of the whole pad or of what is in a frame.

    What lies outside the pad is left out.

    Args:
        strokes: the oldest first.
        size: of the picture, in pixels.
        oversampling: how many times larger it is drawn before it is averaged down.
        frame: from the picture's pixels to units of the pad, without rotation; None for the whole pad.
    """
    side = size * oversampling
    frame = frame or Frame(np.array([[GRID / size, 0.0, 0.0], [0.0, GRID / size, 0.0]]))
    scale = oversampling / frame.matrix[0, 0]
    picture = Image.new("L", (side, side), 0)
    draw = ImageDraw.Draw(picture)
    for stroke in strokes:
        tone = 255 if stroke.tool == "pen" else 0
        width = max(1, round(stroke.size * scale))
        # Pillow's coordinates refer to centres of pixels, the pad's to corners.
        points = list(map(tuple, frame.to_model(np.array(stroke.points, float)) * oversampling - 0.5))
        if len(points) > 1:
            draw.line(points, fill=tone, width=width)
        radius = (width - 1) / 2  # Pillow includes the pixels at the edge
        for x, y in points:  # round ends and joints
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tone)
    pixels = np.array(picture.reduce(oversampling) if oversampling > 1 else picture)
    (left, top), (right, bottom) = (
        frame.to_model(np.array([(0.0, 0.0), (GRID, GRID)])).round().clip(0, size).astype(int)
    )
    pixels[:top] = pixels[bottom:] = pixels[:, :left] = pixels[:, right:] = 0
    return pixels


def _parse_stroke(item: Any) -> Stroke:
    if not isinstance(item, dict):
        raise _unreadable("a stroke is not an object")
    tool, size, points = item.get("tool"), item.get("size"), item.get("points")
    if tool not in ("pen", "eraser"):
        raise _unreadable("a stroke has an unknown tool")
    if not _is_between(size, MIN_SIZE, MAX_SIZE):
        raise _unreadable(f"a brush size is not between {MIN_SIZE} and {MAX_SIZE}")
    if not isinstance(points, list) or not points:
        raise _unreadable("a stroke has no points")
    if len(points) > MAX_POINTS:
        raise _too_large()
    for point in points:
        # A line may leave the pad and return, so points may lie up to one pad's width outside.
        is_pair = isinstance(point, list) and len(point) == 2
        if not is_pair or not all(_is_between(number, -GRID, 2 * GRID) for number in point):
            raise _unreadable("a point is not two numbers near the pad")
    return Stroke(tool, size, tuple((x, y) for x, y in points))


def _is_between(number: Any, low: float, high: float) -> TypeGuard[float]:
    is_number = isinstance(number, int | float) and not isinstance(number, bool)
    return is_number and math.isfinite(number) and low <= number <= high


def _unreadable(reason: str) -> DrawingError:
    return DrawingError("The drawing cannot be read ({reason}). Clear the pad and draw again.", reason=reason)


def _too_large() -> DrawingError:
    return DrawingError(
        "The drawing is too large: at most {strokes} strokes and {points:,} points. Clear the pad and draw again.",
        strokes=MAX_STROKES,
        points=MAX_POINTS,
    )
