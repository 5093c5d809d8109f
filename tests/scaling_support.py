"""Folders of pictures, for the tests of scoring."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image


def png(tenths: int) -> bytes:
    """A picture with ink in so many tenths of its columns."""
    pixels = np.full((128, 128), 20, np.uint8)
    pixels[30:90, 3 : 3 + 13 * tenths] = 230
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def folder_of(path: Path, count: int = 10) -> Path:
    """A folder with pictures of 1 to 9 tenths in turn."""
    path.mkdir(parents=True)
    for number in range(count):
        (path / f"{number}.png").write_bytes(png(1 + number % 9))
    return path


def files_below(path: Path) -> list[str]:
    """The relative paths of everything in a folder, in order."""
    return sorted(str(file.relative_to(path)) for file in path.rglob("*"))
