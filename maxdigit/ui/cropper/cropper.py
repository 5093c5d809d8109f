"""The cropper as a Gradio component. Its template, style and script lie beside this module."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

import gradio as gr

from maxdigit.preparation.framing import Region
from maxdigit.ui.widget import widget

_number = count()


def laid(address: str, width: int, height: int, frame: Region | None) -> str:
    """A cropper's value: a picture with a frame on it, or without one.

    Args:
        address: of the picture.
        width: of the picture, in any unit, as is its height.
        height: see there.
        frame: where the frame lies at first, as shares (0..1) of the picture; None for no frame.
    """
    # Numbered, so that an equal value also resets a frame that was moved.
    value = {"picture": address, "width": width, "height": height, "frame": frame, "number": next(_number)}
    return json.dumps(value)


class Cropper(gr.HTML):
    """A picture under a frame that can be moved, and resized by its corners, with a pointer or the arrow keys.

    Its value is made by :func:`laid`; empty, and nothing is shown. ``select`` fires with the ``frame`` several times a
    second while it is moved by hand: left, top, right and bottom as shares (0..1) of the picture.
    """

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        super().__init__(value, **widget(Path(__file__).parent, "CROP_FRAME", "CROP_CORNERS", "CROP_ALT"), **kwargs)
