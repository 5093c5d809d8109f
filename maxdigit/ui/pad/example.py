"""The example drawing: for first-time visitors, the card of shared links, and the README."""

from __future__ import annotations

import json
import math

from maxdigit.ui.pad.strokes import DEFAULT_SIZE, GRID, VERSION

Line = list[tuple[float, float]]


def _arc(x: float, y: float, wide: float, high: float, start: float, end: float) -> Line:
    """An arc of an ellipse, between two angles in degrees, clockwise from the right."""
    angles = [math.radians(start + (end - start) * step / 24) for step in range(25)]
    return [(x + wide * math.cos(angle), y + high * math.sin(angle)) for angle in angles]


# A 3, an 8 and a 5: points on the pad, 0..1 from its top left corner, one list for each stroke.
LINES: tuple[Line, ...] = (
    [*_arc(0.18, 0.38, 0.075, 0.08, -150, 90), *_arc(0.18, 0.55, 0.09, 0.09, -90, 150)],
    [
        *_arc(0.5, 0.44, 0.075, 0.08, -60, -270),
        *_arc(0.5, 0.61, 0.09, 0.09, -90, 270),
        *_arc(0.5, 0.44, 0.075, 0.08, 90, -60),
    ],
    [(0.88, 0.31), (0.76, 0.32), (0.75, 0.45), *_arc(0.79, 0.54, 0.1, 0.1, -110, 140)],
)
LARGEST = 8  # of its digits


def example_strokes() -> list[dict[str, object]]:
    """The strokes of the drawing, as the pad's value lists them."""
    return [
        {"tool": "pen", "size": DEFAULT_SIZE, "points": [[round(GRID * x), round(GRID * y)] for x, y in line]}
        for line in LINES
    ]


def example_drawing() -> str:
    """The drawing as the pad's value."""
    return json.dumps({"version": VERSION, "strokes": example_strokes()}, separators=(",", ":"))
