"""The stress test of a picture as a component.

Not ``gr.Slider``, ``gr.Image`` and ``gr.Dataframe``: each move of a slider would be a request, and here the browser has
all strengths of a change.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maxdigit.inference.changes import CHANGES, holds
from maxdigit.inference.predict import title
from maxdigit.ui.picture import photo_url
from maxdigit.ui.theme import model_colour
from maxdigit.ui.widget import Widget


@dataclass(frozen=True)
class Row:
    """One model's answers to a picture at each strength of a change, or an error in a sentence."""

    model: str
    probabilities: NDArray[np.float32] | None = None  # (strengths, 10)
    trouble: str = ""


class StressTest(Widget):
    """Closed until its button is pressed; then it fires ``stress`` for one kind of change after another.

    It starts again whenever the compared picture changes. The event has ``number``, the serial number of the picture,
    and ``change``, one of :data:`maxdigit.inference.changes.CHANGES`. The value is text from :func:`stress_value` or
    :func:`stress_message`. One with an older number is not shown.
    """

    folder = Path(__file__).parent
    names = ("STRESS",)
    content = "answers to a picture that is changed more and more"


def stress_value(number: int, name: str, pictures: NDArray[np.uint8], rows: list[Row]) -> str:
    """The value that shows one kind of change.

    Args:
        number: of the event.
        name: of the change.
        pictures: at each strength, uint8 ``(strengths, 128, 128)``.
        rows: the models' answers.
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


def stress_message(number: int, sentence: str) -> str:
    """The value that shows a sentence instead of the changes."""
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
