"""The game against the network as a component.

Not put together from Gradio's components: the clock must stop with each answer, however slow the server is.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from maxdigit.ui.duel.rules import POINTS, ROUNDS, SECONDS, STAGES
from maxdigit.ui.widget import Widget


class Duel(Widget):
    """A button that opens the game in a dialog. The browser keeps the clock, the score and the pictures of a game.

    Fires ``choose`` to get a picture, with a serial ``number`` and the ``round``, from 0. Fires ``guess`` to get the
    answers to it, with another ``number``, that of the picture's request as ``picture``, and the visitor's ``digit``,
    null if time ran out. The value is JSON text with ``number``, ``about`` (which event) and ``said``, an error in a
    sentence or empty. For ``choose`` it has the ``picture``; for ``guess`` ``digits``, ``largest``, ``network``,
    ``answer``, ``share`` (0..1) and ``milliseconds``, the last four only if the network has answered.
    """

    folder = Path(__file__).parent
    names = ("DUEL",)
    content = "a picture of the game, or the answers to it"

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        rules = {"rounds": ROUNDS, "seconds": SECONDS, "points": POINTS, "stages": [asdict(stage) for stage in STAGES]}
        super().__init__(value, rules=rules, **kwargs)
