"""The game as a Gradio component. Its template, style and script lie beside this module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from maxdigit.ui.challenge.rules import SMALL
from maxdigit.ui.widget import widget


class Challenge(gr.HTML):
    """Deals tasks, and shows how far the drawing on the pad does what the task asks for; folded until it is pressed.

    Fires ``judge`` when another answer to the drawing is shown, with its ``number``, which counts, and the task: its
    ``kind``, the digit to be ``drawn`` and the one to be ``read``. Fires ``keep``, with the same, when the drawing is
    to be kept for the models. The value is JSON text: ``number``, ``about`` (which event), ``said``, ``done``,
    ``height`` (0..1 of the pad, or null) and ``keeps``, whether the drawing can be kept. Streak and records stay in the
    browser.
    """

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        super().__init__(value, **widget(Path(__file__).parent, "CHALLENGE"), small=SMALL, **kwargs)

    def api_info(self) -> dict[str, Any]:
        """What a program would be given: JSON text."""
        return {"type": "string", "description": "JSON text: how far a drawing does what a task asks for"}
