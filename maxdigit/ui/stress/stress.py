"""The stress test of a picture as a Gradio component. Its template, style and script lie beside this module."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from maxdigit.inference.changes import CHANGES, holds
from maxdigit.inference.predict import title
from maxdigit.ui.picture import photo_url
from maxdigit.ui.theme import model_colour
from maxdigit.ui.widget import widget


@dataclass(frozen=True)
class Row:
    """One model's answers to a picture that is changed more and more; or a sentence why there are none."""

    model: str
    probabilities: NDArray[np.float32] | None = None  # (strengths, 10)
    trouble: str = ""


class StressTest(gr.HTML):
    """Folded until it is pressed; then it fires ``stress`` for each kind of change, one after another.

    It does so again whenever the compared picture is another. The event holds ``number``, which goes up with each
    picture, and ``change``, one of :data:`maxdigit.inference.changes.CHANGES`. The value is text from
    :func:`shown_change` or :func:`told_change`; one with an older number comes late, and is not shown.
    """

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        super().__init__(value, **widget(Path(__file__).parent, "STRESS"), **kwargs)

    def api_info(self) -> dict[str, Any]:
        """What a program would be given: JSON text."""
        return {"type": "string", "description": "JSON text: answers to a picture that is changed more and more"}


def shown_change(number: int, name: str, pictures: NDArray[np.uint8], rows: list[Row]) -> str:
    """The value that shows one kind of change.

    Args:
        number: of what was asked.
        name: of the change.
        pictures: at each strength, uint8 ``(strengths, 128, 128)``.
        rows: the models' answers to them.
    """
    change = CHANGES[name]
    unchanged = change.strengths.index(change.unchanged)
    return json.dumps(
        {
            "number": number,
            "change": name,
            "said": "",
            "strengths": change.strengths,
            "unchanged": unchanged,
            "pictures": photo_url(np.concatenate(list(pictures), axis=1)),  # side by side
            "rows": [_row(row, unchanged) for row in rows],
        }
    )


def told_change(number: int, sentence: str) -> str:
    """The value that shows a sentence in place of all changes."""
    return json.dumps({"number": number, "said": sentence})


def _row(row: Row, unchanged: int) -> dict[str, Any]:
    about = {"model": title(row.model), "colour": model_colour(row.model), "trouble": row.trouble}
    if row.probabilities is None:
        return about
    digits = row.probabilities.argmax(1)
    return {
        **about,
        "digits": digits.tolist(),
        "percents": (100 * row.probabilities.max(1)).round().astype(int).tolist(),
        "holds": holds(digits, unchanged),
    }
