"""Asks one model after another about the same picture, and shows the answers as they arrive."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from gradio.blocks import Block

from maxdigit.data.labelled_picture import Sample
from maxdigit.inference.predict import Predictor
from maxdigit.ui import texts
from maxdigit.ui.classify import ClassifyPage
from maxdigit.ui.compare.measurements import measured_table
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.events import ASKING, Changes, Values
from maxdigit.ui.html import paragraph
from maxdigit.ui.sampling import ANY, choose_sample
from maxdigit.ui.side_by_side import Reply, side_by_side
from maxdigit.ui.sortable_table import SortableTable
from maxdigit.ui.view_state import ModelInput, ViewState, ask, model_input, sample_input

_PASSES = 5  # whose median is shown as a model's time

Times = dict[str, float]  # by model: milliseconds of a forward pass


@dataclass(frozen=True)
class Asking:
    """Asks every model about a picture, and shows each answer and its time."""

    predictor: Predictor
    evaluation: Evaluation
    replies: gr.HTML
    table: SortableTable
    times: gr.State  # the last :data:`Times`
    compared: gr.State  # the picture, a ModelInput; None where there is none

    def connect(self, classify: ClassifyPage, *, another: Callable[..., Any], opened: Callable[..., Any]) -> None:
        """Ask about the Classify page's picture when the tab is ``opened``, and about a sample for ``another``."""

        # Not called "compare": Gradio would name this event after it, and rename the endpoint for programs.
        def ask_about_shown(values: Values) -> Iterator[Changes]:
            yield from self.compare(classify.shown(values), values[self.times])

        def ask_about_sample(values: Values) -> Iterator[Changes]:
            yield from self.compare_sample(values[self.times])

        outputs: set[Block] = {self.replies, self.table, self.times, self.compared}
        gr.on(another, ask_about_sample, {self.times}, outputs, **ASKING)
        gr.on(opened, ask_about_shown, classify.inputs | {self.times}, outputs, **ASKING)

    def compare(self, shown: ViewState, times: Times) -> Iterator[Changes]:
        """Ask all models about the Classify page's picture, or about a sample if there is none."""
        try:
            picture = model_input(shown, predictor=self.predictor, evaluation=self.evaluation)
        except Exception as error:
            yield {**self._changes(paragraph(texts.told(error)), times), self.compared: None}
            return
        if picture is None:
            yield from self.compare_sample(times, about=texts.COMPARE_FRESH)
        else:
            choice = shown.choice if shown.mode == "sample" else None
            truth = _truth(choice.sample(self.evaluation)) if choice else ""
            yield from self._ask(picture, f"{texts.COMPARE_OURS} {truth}".strip(), times)

    def compare_sample(self, times: Times, about: str = "") -> Iterator[Changes]:
        """Ask all models about a new sample, and first say what it is ``about``."""
        if about:  # the generator may have to be started, which takes seconds
            yield self._changes(paragraph(about), times)
        try:
            sample = choose_sample("textured", ANY, "").sample(self.evaluation)
        except Exception as error:
            yield {**self._changes(paragraph(texts.told(error)), times), self.compared: None}
            return
        yield from self._ask(sample_input(sample), f"{about} {_truth(sample)}".strip(), times)

    def _ask(self, picture: ModelInput, facts: str, times: Times) -> Iterator[Changes]:
        names, replies = self.predictor.available(), list[Reply]()
        yield {**self._changes(side_by_side(names, replies, picture, facts), times), self.compared: picture}
        for name in names:
            replies.append(self._reply(name, picture))
            if (prediction := replies[-1].prediction) is not None:
                times = {**times, name: prediction.milliseconds}
            yield self._changes(side_by_side(names, replies, picture, facts), times)

    def _reply(self, name: str, picture: ModelInput) -> Reply:
        """A model's answer, with the median time of several passes. The model is loaded before."""
        try:
            self.predictor.warm(name)
            passes = [ask(self.predictor, picture, name) for _ in range(_PASSES)]
            median = statistics.median(each.milliseconds for each in passes)
            prediction = replace(passes[0], milliseconds=median)
            return Reply(name, prediction, self.predictor.explain(picture.pixels, name, prediction.max_digit))
        except Exception as error:
            return Reply(name, trouble=texts.told(error))

    def _changes(self, replies: str, times: Times) -> Changes:
        return {self.replies: replies, self.table: measured_table(self.predictor, times), self.times: times}


def _truth(sample: Sample) -> str:
    return texts.truth(sample.digits, sample.max_digit, None)
