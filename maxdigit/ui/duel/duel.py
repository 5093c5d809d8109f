"""The game as a Gradio component. Its template, style and scripts lie beside this module."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr

from maxdigit.ui.duel.rules import POINTS, ROUNDS, SECONDS, STAGES
from maxdigit.ui.widget import widget


class Duel(gr.HTML):
    """A button that opens the game in a dialog; clock, score and the pictures of a game are the browser's.

    Fires ``deal`` for another picture, with a ``number``, which counts what was asked, and the ``round``, from 0. Fires
    ``guess`` for the answers to it, with a ``number`` again, that of the picture as ``dealt``, and the visitor's
    ``digit``, null for none in time. The value is JSON text with ``number``, ``about`` (which event) and ``said``, a
    sentence on what went wrong, else empty; and of a picture ``picture``, of a guess ``digits``, ``largest``,
    ``network``, ``answer``, ``share`` (0..1) and ``milliseconds``, which are missing where the network has no answer.
    """

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        folder = Path(__file__).parent
        parts = widget(folder, "DUEL")
        parts["js_on_load"] += (folder / "share.js").read_text(encoding="utf-8")
        rules = {"rounds": ROUNDS, "seconds": SECONDS, "points": POINTS, "stages": [asdict(stage) for stage in STAGES]}
        super().__init__(value, **parts, rules=rules, **kwargs)

    def api_info(self) -> dict[str, Any]:
        """What a program would be given: JSON text."""
        return {"type": "string", "description": "JSON text: a picture of the game, or the answers to it"}
