"""The drawing pad as a component.

Not ``gr.Sketchpad`` or ``gr.ImageEditor``: their values are pictures. Strokes can be drawn again at another scale, fit
into a link, and are sent while a line is still being drawn; and this pad can be drawn on by keyboard.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from maxdigit.ui.pad.example import example_strokes
from maxdigit.ui.pad.strokes import DEFAULT_SIZE, GRID, MAX_POINTS, MAX_SIZE, MAX_STROKES, MIN_SIZE, VERSION
from maxdigit.ui.widget import Widget


class Pad(Widget):
    """A square, black pad for white ink. On the first visit an animated hand draws an example on it.

    Its value is text that :func:`maxdigit.ui.pad.parse_strokes` reads. ``change`` fires about ten times a second while
    a line is being drawn, and when it ends. ``shown`` fires when the pad's tab is opened again.
    """

    folder = Path(__file__).parent
    names = ("PAD",)
    content = "the strokes of a drawing"

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        super().__init__(
            value,
            rules={
                "version": VERSION,
                "grid": GRID,
                "minSize": MIN_SIZE,
                "size": DEFAULT_SIZE,
                "maxSize": MAX_SIZE,
                "maxStrokes": MAX_STROKES,
                "maxPoints": MAX_POINTS,
                "example": example_strokes(),
            },
            **kwargs,
        )
