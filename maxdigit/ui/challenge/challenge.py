"""The game of fooling the networks as a component.

Not put together from Gradio's components: the verdict follows the answer card in the browser, where streak and records
are kept too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from maxdigit.ui.challenge.rules import SMALL
from maxdigit.ui.widget import Widget


class Challenge(Widget):
    """Sets tasks and shows the verdict on the drawing. Closed until its button is pressed.

    Fires ``judge`` when the answer to the drawing changes, with a serial ``number`` and the task: its ``kind``, the
    digit to be ``drawn`` and the one to be ``read``. Fires ``keep``, with the same values, when the drawing is to be
    stored. The value is JSON text: ``number``, ``about`` (which event), ``said``, ``done``, ``height`` (0..1 of the
    pad, or null) and ``keeps``, whether the drawing can be stored.
    """

    folder = Path(__file__).parent
    names = ("CHALLENGE",)
    content = "how far a drawing does what a task asks for"

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        super().__init__(value, small=SMALL, **kwargs)
