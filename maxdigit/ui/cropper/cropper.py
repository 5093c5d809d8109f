"""The cropper as a Gradio component. Its look and its hand are in ``template.html``, ``style.css``, ``script.js``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from maxdigit.ui.widget import widget


class Cropper(gr.HTML):
    """A picture under a frame that can be moved, and resized by its corners, with a pointer or the arrow keys.

    Its value is the picture's address; empty, and nothing is shown. ``select`` fires with the ``frame`` some times a
    second while it is moved: left, top, right and bottom as shares (0..1) of the picture. A new picture starts with
    the whole of it.
    """

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        super().__init__(value, **widget(Path(__file__).parent, "CROP_FRAME", "CROP_CORNERS", "CROP_ALT"), **kwargs)
