"""The handler of the playback of a training run: its curves, and its network's answers to the current picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import Predictor
from maxdigit.models.run_folder import kept_weights
from maxdigit.ui import texts
from maxdigit.ui.classify import ClassifyPage
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.events import ASKING, CARRYING, Changes, Values, data_of
from maxdigit.ui.replay import Answers, Replay, replay_message, replay_value
from maxdigit.ui.saved_runs import Run, find_runs
from maxdigit.ui.view_state import ModelInput, ViewState, model_input, sample_input

_STAND_IN = ("drawn", 0)  # kind and number of the test picture that is used if there is no other


@dataclass(frozen=True)
class Replaying:
    """The handler of the playback's event."""

    view: Replay
    predictor: Predictor
    evaluation: Evaluation
    root: Path  # the folder of runs

    def connect(self, classify: ClassifyPage) -> None:
        """Connect the playback with its handler; ``classify`` has the current picture."""

        def replay(values: Values, asked: gr.EventData) -> Changes:
            return self.replay(classify.shown(values), *data_of(asked, "number", "run"))

        self.view.replay(replay, classify.inputs, {self.view}, **ASKING | CARRYING)

    def replay(self, shown: ViewState, number: Any, name: Any = "") -> Changes:
        """A run to be played back.

        Args:
            shown: what the Classify page shows.
            number: of the event, from the browser; it may be anything.
            name: of the run, from the browser. If there is no such run, the first with kept weights is taken, or the
                first.
        """
        if type(number) is not int:
            return gr.skip()
        runs, _ = find_runs(self.root)
        runs = [run for run in runs if not run.is_ink_finder]
        if not runs:
            return {self.view: replay_message(number, texts.NO_RUNS.format(folder=self.root.name))}
        with_weights = [run for run in runs if kept_weights(run.folder)]
        run = next((run for run in runs if run.name == name), (with_weights or runs)[0])
        said = [self._about(run)]
        answers = None
        try:
            if run in with_weights:
                picture, note = self._picture(shown)
                answers = Answers(picture.pixels, self.predictor.replay(picture.pixels, run.spec.name, run.folder))
                said += [note] if note else []
            else:
                said.append(texts.REPLAY["curves"])
        except Exception as error:  # the curves can be shown without the weights
            said.append(texts.told(error))
        return {self.view: replay_value(number, runs, run, answers, said)}

    def _about(self, run: Run) -> str:
        """Which run it is, and whether its weights are those that answer."""
        try:
            answers = self.predictor.folder(run.spec.name).resolve() == run.folder.resolve()
        except MaxDigitError:  # the model cannot answer
            answers = False
        device, seed = run.metrics.training.device, run.settings.get("seed")
        return texts.replayed(run.title, run.pictures, seed, device, answers)

    def _picture(self, shown: ViewState) -> tuple[ModelInput, str]:
        """The current picture, or a test picture and a sentence that says so."""
        picture = model_input(shown, predictor=self.predictor, evaluation=self.evaluation)
        if picture is not None:
            return picture, ""
        return sample_input(self.evaluation.evaluation_picture(*_STAND_IN)), texts.REPLAY["stand_in"]
