"""From the text that the pad sends to the picture that a model sees.

The browser can send anything, so nothing is believed: form, counts, ranges and length are all checked.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from maxdigit import IMAGE_SIZE
from maxdigit.errors import MaxDigitError

VERSION = 1
GRID = 1000  # the pad is GRID x GRID units, whatever its size on the screen
MIN_SIZE, DEFAULT_SIZE, MAX_SIZE = 20, 40, 80  # brush widths in units: 2.6 to 10.2 pixels of the model's picture
MAX_STROKES = 400
MAX_POINTS = 12_000  # in the whole drawing: some forty times what three digits take
MAX_CHARACTERS = 16 * MAX_POINTS + 100 * MAX_STROKES  # more than any drawing within those limits can need

_OVERSAMPLING = 8  # drawn this many times larger, then averaged down: soft edges like a scanned pen's


class DrawingError(MaxDigitError):
    """What came from the pad is not a drawing."""


@dataclass(frozen=True)
class Stroke:
    """One line from pen down to pen up, in units of the pad; (0, 0) is its top left corner."""

    tool: Literal["pen", "eraser"]
    size: float
    points: tuple[tuple[float, float], ...]


def parse_strokes(value: str | None) -> list[Stroke]:
    """The strokes in the pad's value, oldest first; none for a pad not yet drawn on.

    Raises:
        DrawingError: the value is not a drawing of this version, or goes beyond a limit.
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


def render(strokes: list[Stroke]) -> NDArray[np.uint8]:
    """The drawing as a model sees it: 128 x 128, ink 255 on ground 0, with soft edges."""
    side = IMAGE_SIZE * _OVERSAMPLING
    scale = side / GRID
    picture = Image.new("L", (side, side), 0)
    draw = ImageDraw.Draw(picture)
    for stroke in strokes:
        tone = 255 if stroke.tool == "pen" else 0
        width = max(1, round(stroke.size * scale))
        # Pillow takes a coordinate for the middle of a pixel, the pad for its corner.
        points = [(x * scale - 0.5, y * scale - 0.5) for x, y in stroke.points]
        if len(points) > 1:
            draw.line(points, fill=tone, width=width)
        radius = (width - 1) / 2  # Pillow counts the edge pixels in
        for x, y in points:  # round ends and joints
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tone)
    return np.array(picture.reduce(_OVERSAMPLING))


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
        # A line may leave the pad and come back, so a point may lie one pad's width outside.
        is_pair = isinstance(point, list) and len(point) == 2
        if not is_pair or not all(_is_between(number, -GRID, 2 * GRID) for number in point):
            raise _unreadable("a point is not two numbers near the pad")
    return Stroke(tool, size, tuple((x, y) for x, y in points))


def _is_between(number: Any, low: float, high: float) -> bool:
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
