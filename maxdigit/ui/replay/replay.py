"""The playback of a training run as a component.

Not ``gr.Plot`` and ``gr.Slider``: each step of the playback would be a request, and here the browser has the whole run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maxdigit.training.history import Epoch
from maxdigit.ui.picture import data_url
from maxdigit.ui.saved_runs import Run
from maxdigit.ui.theme import model_colour
from maxdigit.ui.widget import Widget


@dataclass(frozen=True)
class Answers:
    """A network's answers to a picture in the course of its training."""

    picture: NDArray[np.uint8]  # (128, 128)
    probabilities: Mapping[int, NDArray[np.float32]]  # (10,) by the number of training pictures seen, in order


class Replay(Widget):
    """Closed until its button is pressed. It fires ``replay`` when it is opened and when another run is chosen.

    It does so too if the picture on the Classify page has changed when it is scrolled into view. The event has a serial
    ``number`` and ``run``, the run's name; empty for the default. The value is text from :func:`replay_value` or
    :func:`replay_message`. Only the response to the latest event is shown.
    """

    folder = Path(__file__).parent
    names = ("REPLAY",)
    content = "a training run to be played back"


def replay_value(number: int, runs: Sequence[Run], run: Run, answers: Answers | None, said: Sequence[str]) -> str:
    """The value that shows a run.

    Args:
        number: of the event.
        runs: all that can be played.
        run: the one that is shown.
        answers: the network's answers; None if no weights were kept.
        said: sentences about the run.
    """
    return json.dumps(
        {
            "number": number,
            "runs": [[each.name, each.title] for each in runs],
            "run": run.name,
            "colour": model_colour(run.spec.name),
            "said": list(said),
            "epochs": _epochs(run.own_epochs),
            "answers": None if answers is None else _answers(answers),
        }
    )


def replay_message(number: int, sentence: str) -> str:
    """The value that shows a sentence in place of a run."""
    return json.dumps({"number": number, "said": [sentence]})


def _epochs(epochs: Sequence[Epoch]) -> list[dict[str, float]]:
    seen = accumulate(epoch.pictures for epoch in epochs)
    return [
        {
            "seen": pictures,
            "epoch": epoch.epoch,
            "training": epoch.train_accuracy,
            "validation": epoch.validation_accuracy,
            "loss": epoch.validation_loss,
        }
        for pictures, epoch in zip(seen, epochs, strict=True)
    ]


def _answers(answers: Answers) -> dict[str, Any]:
    return {
        "picture": data_url(answers.picture),
        "seen": list(answers.probabilities),
        "percents": [(100 * row).round(1).tolist() for row in answers.probabilities.values()],
    }
