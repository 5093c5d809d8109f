"""The pad as a Gradio component. Its template, style and script lie beside this module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from maxdigit.ui.pad.example import example_strokes
from maxdigit.ui.pad.strokes import DEFAULT_SIZE, GRID, MAX_POINTS, MAX_SIZE, MAX_STROKES, MIN_SIZE, VERSION
from maxdigit.ui.widget import widget


class Pad(gr.HTML):
    """A square, black pad for white ink. On a first visit a hand draws an example on it.

    Its value is text that :func:`maxdigit.ui.pad.parse_strokes` reads; ``change`` fires some ten times a second
    while a line is being drawn, and once when it ends. ``shown`` fires when its tab is opened again.
    """

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        folder = Path(__file__).parent
        parts = widget(folder, "PAD")
        for script in ("example.js", "keys.js"):
            parts["js_on_load"] += (folder / script).read_text(encoding="utf-8")
        super().__init__(
            value,
            **parts,
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

    def api_info(self) -> dict[str, Any]:
        """What a program would send: the drawing as JSON text."""
        return {"type": "string", "description": "JSON text: the strokes of a drawing"}
