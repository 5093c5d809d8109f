"""What the tests of preparation share."""

from __future__ import annotations

from typing import Any

from PIL import Image, ImageDraw


def note(width: int = 240, height: int = 180, ink: Any = (20, 30, 120), paper: Any = (240, 235, 220)) -> Image.Image:
    """A 7 in ink on paper, in the upper left part."""
    picture = Image.new("RGB", (width, height), paper)
    line = [(width // 8, height // 8), (width // 3, height // 8), (width // 5, height // 2)]
    ImageDraw.Draw(picture).line(line, fill=ink, width=max(2, height // 30))
    return picture
