"""The playback of a training run as a Gradio component. Its template, style and script lie beside this module."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from maxdigit.training.history import Epoch
from maxdigit.ui.picture import data_url
from maxdigit.ui.saved_runs import Run
from maxdigit.ui.theme import model_colour
from maxdigit.ui.widget import widget


@dataclass(frozen=True)
class Answers:
    """What a network answered to a picture along its training."""

    picture: NDArray[np.uint8]  # (128, 128)
    probabilities: Mapping[int, NDArray[np.float32]]  # (10,) by the number of pictures seen, in order


class Replay(gr.HTML):
    """Folded until it is pressed; then it fires ``replay`` for the run to play, and again for another one.

    It also does so if the picture on the Classify page has changed when it comes into sight again. The event holds
    ``number``, which goes up, and ``run``, the run's name; empty for whichever is best. The value is text from
    :func:`shown_replay` or :func:`told_replay`; one with another number than the last comes late, and is not shown.
    """

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        super().__init__(value, **widget(Path(__file__).parent, "REPLAY"), **kwargs)

    def api_info(self) -> dict[str, Any]:
        """What a program would be given: JSON text."""
        return {"type": "string", "description": "JSON text: a training run to be played back"}


def shown_replay(number: int, runs: Sequence[Run], run: Run, answers: Answers | None, said: Sequence[str]) -> str:
    """The value that shows a run.

    Args:
        number: of what was asked.
        runs: all that can be played.
        run: the one of them that is shown.
        answers: the network's along its training; None where its weights were not kept.
        said: sentences about it.
    """
    return json.dumps(
        {
            "number": number,
            "runs": [[each.name, each.title] for each in runs],
            "run": run.name,
            "colour": model_colour(run.spec.name),
            "said": list(said),
            "epochs": _epochs(run.epochs),
            "answers": None if answers is None else _answers(answers),
        }
    )


def told_replay(number: int, sentence: str) -> str:
    """The value that shows a sentence in place of a run."""
    return json.dumps({"number": number, "said": [sentence]})


def _epochs(epochs: Sequence[Epoch]) -> list[dict[str, float]]:
    seen = accumulate(round(epoch.seconds * epoch.pictures_per_second) for epoch in epochs)
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
