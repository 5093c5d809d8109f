"""The handlers of the game of fooling the networks: they judge drawings, and store them if the visitor agrees."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import gradio as gr
import numpy as np

from maxdigit.errors import MaxDigitError
from maxdigit.inference.corrections import keep
from maxdigit.inference.predict import Prediction, Predictor, title
from maxdigit.models.run_folder import ENSEMBLE
from maxdigit.ui import texts
from maxdigit.ui.challenge import Task, judge, parse_task
from maxdigit.ui.classify.layout import ClassifyPage
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.events import ASKING, CARRYING, Changes, Values, data_of
from maxdigit.ui.pad import parse_strokes
from maxdigit.ui.pad.strokes import picture_of
from maxdigit.ui.view_state import ModelInput, ViewState, ask, model_input

_PAD = 250  # side in pixels of the picture in which the height of a drawing is measured


@dataclass(frozen=True)
class Challenging:
    """The handlers of the game's events."""

    page: ClassifyPage
    predictor: Predictor
    evaluation: Evaluation
    corrections: Path | None  # where drawings are kept; None to keep none

    def connect(self) -> None:
        """Connect the game with its handlers."""
        page = self.page

        def verdict(values: Values, asked: gr.EventData) -> Changes:
            return self.verdict(page.shown(values), values[page.model], *_asked(asked))

        def kept(values: Values, asked: gr.EventData) -> Changes:
            return self.keep(page.shown(values), values[page.model], *_asked(asked))

        page.challenge.judge(verdict, page.inputs | {page.model}, {page.challenge}, **ASKING | CARRYING)
        if self.corrections is not None:
            page.challenge.keep(kept, page.inputs | {page.model}, {page.challenge}, **ASKING | CARRYING)

    def verdict(self, shown: ViewState, model: str, number: Any, task: Task | None) -> Changes:
        """The verdict on the drawing. Number and task come from the browser."""
        if type(number) is not int or task is None:
            return gr.skip()
        try:
            picture = self._drawn(shown)
            if picture is None:
                return self._told(number, texts.CHALLENGE["draw"])
            answers = self._answers(picture, model)
            found = judge(task, model, answers, _height(shown))
            said = _in_words(task, model, answers, found.is_done)
            keeps = found.is_done and task.kind == "misread" and self.corrections is not None
            return self._told(number, said, done=found.is_done, height=found.height, keeps=keeps)
        except Exception as error:
            return self._told(number, texts.told(error))

    def keep(self, shown: ViewState, model: str, number: Any, task: Task | None) -> Changes:
        """Store a drawing that was misread, with the digit that it shows."""
        if type(number) is not int or task is None or task.kind != "misread" or self.corrections is None:
            return gr.skip()
        try:
            picture = self._drawn(shown)
            if picture is None:
                return self._told(number, texts.NOTHING_TO_CORRECT, about="keep")
            answered = ask(self.predictor, picture, model).max_digit
            keep(self.corrections, picture.pixels, task.drawn, model, answered, "draw", shown.drawing or "")
            return self._told(number, texts.KEPT, about="keep", done=True)
        except Exception as error:
            return self._told(number, texts.told(error), about="keep")

    def _drawn(self, shown: ViewState) -> ModelInput | None:
        if shown.mode != "draw":
            return None
        return model_input(shown, predictor=self.predictor, evaluation=self.evaluation)

    def _answers(self, picture: ModelInput, model: str) -> dict[str, Prediction]:
        """The answers of all networks and of the chosen model, which may be the ensemble.

        Other networks that cannot answer are left out.
        """
        answers = {}
        for name in self.predictor.available():
            if name != model and name == ENSEMBLE:
                continue
            try:
                answers[name] = ask(self.predictor, picture, name)
            except MaxDigitError:
                if name == model:
                    raise
        return answers

    def _told(
        self,
        number: int,
        said: str,
        *,
        about: Literal["judge", "keep"] = "judge",
        done: bool = False,
        height: float | None = None,
        keeps: bool = False,
    ) -> Changes:
        value = {"number": number, "about": about, "said": said, "done": done, "height": height, "keeps": keeps}
        return {self.page.challenge: json.dumps(value)}


def _asked(event: gr.EventData) -> tuple[Any, Task | None]:
    number, *parts = data_of(event, "number", "kind", "drawn", "read")
    return number, parse_task(*parts)


def _height(shown: ViewState) -> float:
    """The height of the drawing, 0..1 of the pad."""
    rows = np.flatnonzero(picture_of(parse_strokes(shown.drawing), _PAD).any(1))
    return (int(rows[-1]) - int(rows[0]) + 1) / _PAD if len(rows) else 0.0


def _in_words(task: Task, model: str, answers: Mapping[str, Prediction], is_done: bool) -> str:
    """Whether the task is done, and the answer of each network."""
    all_of_them = ", ".join(f"{title(name)}: {answer.max_digit}" for name, answer in answers.items())
    words = texts.CHALLENGE
    sentence = words[f"{task.kind}_{'done' if is_done else 'not_yet'}"]
    return f"{sentence.format(model=title(model), drawn=task.drawn, read=task.read)} {all_of_them}."
