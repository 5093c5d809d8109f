"""A pad to draw on: the component, and the strokes it sends turned into a picture."""

from maxdigit.ui.pad.pad import Pad
from maxdigit.ui.pad.strokes import DrawingError, Stroke, parse_strokes, render, render_framed

__all__ = ["DrawingError", "Pad", "Stroke", "parse_strokes", "render", "render_framed"]
