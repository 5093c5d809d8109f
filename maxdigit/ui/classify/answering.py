"""Answers on the Classify tab: to a drawing, an uploaded picture, or a sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from threading import Semaphore
from typing import Any

import gradio as gr
from gradio.components import Component

from maxdigit.data.kinds import has_backgrounds
from maxdigit.data.labelled_picture import Sample
from maxdigit.inference.predict import Prediction, Predictor, default_model
from maxdigit.inference.turns import better_turns
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.ui import texts
from maxdigit.ui.answer import answer_card, trouble_card
from maxdigit.ui.browser import TO_TAB
from maxdigit.ui.classify.layout import ClassifyPage, waiting
from maxdigit.ui.classify.without_digits import UNASKED, ask_without, can_be_asked, cost, in_a_line
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.events import AS_THEY_ARE, ASKING, CARRYING, QUIET, SLOW, Changes, Values, data_of, in_steps
from maxdigit.ui.examples import example, example_grid
from maxdigit.ui.html import paragraph, paragraphs
from maxdigit.ui.links import Opened, read_query
from maxdigit.ui.picture import boxed, picture_tag
from maxdigit.ui.press import pressed
from maxdigit.ui.readings import marks
from maxdigit.ui.sampling import ANY, SampleChoice, SampleChoiceError, choose_sample
from maxdigit.ui.sureness import is_unsure
from maxdigit.ui.view_state import Mode, ModelInput, ViewState, ask, model_input, sample_input

_UNASKED_AT_ONCE = 2  # of the eight events that ask a model at a time


@dataclass(frozen=True)
class Answering:
    """The handlers of the Classify tab's events that change the answer."""

    page: ClassifyPage
    predictor: Predictor
    evaluation: Evaluation
    # The fastest forward pass of each model so far, in ms. Others may be slow because the machine is busy.
    fastest: dict[str, float] = field(default_factory=dict)
    # Taken by each answer while it is computed what would change it. On a busy server others get a button for that.
    spare: Semaphore = field(default_factory=lambda: Semaphore(_UNASKED_AT_ONCE))

    @property
    def answered(self) -> set[Component]:
        """What :meth:`show` changes."""
        page, state = self.page, self.page.state
        return {page.answer, page.parts, state.erased, state.drawn, state.asked, *page.marks.values()}

    def connect(self, loaded: Any) -> None:
        """Connect the components, and the page when it is opened (``loaded``), with their handlers."""
        page, state, sample = self.page, self.page.state, self.page.sample
        slow = {**SLOW, "show_progress_on": page.answer}
        inputs = page.inputs | {page.model}
        opened = {state.mode, state.choice, sample.picture, sample.truth, *self.answered}

        def in_mode(mode: Mode, values: Values) -> Iterator[Changes]:
            yield from in_steps(self.open(page.shown(values).in_mode(mode), values[page.model]))

        def another_model(values: Values) -> Iterator[Changes]:
            yield from in_mode(values[state.mode], values)

        def draw(values: Values) -> Iterator[Changes]:
            yield from in_steps(self.draw(page.shown(values).in_mode("draw"), values[page.model], values[state.drawn]))

        def new_sample(values: Values) -> Iterator[Changes]:
            chosen = values[sample.kind], values[sample.family], values[sample.digits]
            yield from in_steps(self.new_sample(*chosen, values[page.model]))

        def open_example(values: Values, pressed: gr.EventData) -> Iterator[Changes]:
            (number,) = data_of(pressed, "example")
            yield from in_steps(self.open_example(number, values[page.model]))

        def press(values: Values, pressed: gr.EventData) -> Iterator[Changes]:
            shown, model = page.shown(values), values[page.model]
            yield from in_steps(self.press(shown, model, *data_of(pressed, "digit", "erase")))

        def ask_parts(values: Values) -> Changes:
            return self.ask_parts(page.shown(values), values[page.model])

        def follow(request: gr.Request) -> Iterator[Changes]:
            yield from in_steps(self.follow(dict(request.query_params)))

        # The most frequent event, so it has only the inputs that it needs.
        drawing = page.drawing_inputs | {page.model, state.drawn}
        gr.on(page.pad.change, draw, drawing, self.answered, **ASKING, **AS_THEY_ARE)
        gr.on(page.model.change, another_model, inputs, opened, **slow)
        # Not the tab's own `select`, which also fires while the page loads: of two events at once, one may be lost.
        page.pad.shown(partial(in_mode, "draw"), inputs, opened, **ASKING)
        gr.on(page.upload.tab.select, partial(in_mode, "upload"), inputs, opened, **ASKING)
        gr.on(sample.tab.select, partial(in_mode, "sample"), inputs, opened, **ASKING)
        gr.on(
            [sample.new.click, sample.kind.input, sample.family.input, sample.digits.submit],
            new_sample,
            {sample.kind, sample.family, sample.digits, page.model},
            {sample.family, *opened},
            **slow,
        )
        grid = page.examples.grid
        gr.on(
            page.examples.tab.select,
            lambda: example_grid(self.evaluation),
            None,
            grid,
            **SLOW,
        )
        gr.on(grid.select, open_example, {page.model}, {page.modes, *opened}, **slow | CARRYING)
        gr.on(page.answer.select, press, inputs, self.answered, **slow | CARRYING)
        gr.on(page.answer.change, None, page.answer, None, js=TO_TAB, **QUIET)
        gr.on(page.parts.select, ask_parts, inputs, {page.parts}, **slow)
        loaded(follow, None, {page.modes, page.model, page.pad, *opened}, **slow)

    def draw(self, shown: ViewState, model: str, drawn: int | None) -> Changes:
        """The answer to the drawing on the pad.

        A drawing can arrive after a press on the answer to it, while one before it was being answered. Then what was
        erased by that press stays erased.

        Args:
            shown: the view state.
            model: which model answers.
            drawn: the hash of the drawing that ``shown.erased`` is about.
        """
        now = hash(str(shown.drawing))
        return {self.page.state.drawn: now, **self.show(shown, model, shown.erased if now == drawn else ())}

    def show(self, shown: ViewState, model: str, erased: tuple[int, ...] = ()) -> Changes:
        """The answer to the picture shown, without the erased digits.

        While somebody draws, the evidence for the chosen digit is updated too.
        """
        try:
            picture = model_input(shown, predictor=self.predictor, evaluation=self.evaluation)
            if picture is None:
                return self._unanswered(shown.mode, waiting(shown.mode))
            return self._answered(shown.mode, picture, model, erased, shown.asked if shown.mode == "draw" else None)
        except Exception as error:
            return self._unanswered(shown.mode, trouble_card(texts.told(error)))

    def open(self, shown: ViewState, model: str) -> Changes:
        """The answer to a mode's picture; a first sample is generated."""
        if shown.mode == "sample":
            return self.show_sample(shown.choice or choose_sample("textured", ANY, ""), model)
        return {self.page.state.mode: shown.mode, self.page.state.choice: shown.choice, **self.show(shown, model)}

    def press(self, shown: ViewState, model: str, digit: Any, number: Any) -> Changes:
        """The answer after a press: on a bar, for the evidence for its ``digit``, or on a digit, to erase it.

        A second press hides the evidence, or restores the digit by its ``number``.
        """
        try:
            picture, erased = model_input(shown, predictor=self.predictor, evaluation=self.evaluation), shown.erased
            if picture is not None and number in range(len(picture.boxes)):
                drawn: Changes = {self.page.state.drawn: hash(str(shown.drawing)) if shown.mode == "draw" else None}
                erased = tuple(sorted({*erased} ^ {number}))
                return {**drawn, **self._answered(shown.mode, picture, model, erased, shown.asked)}
            if picture is not None and digit in range(NUM_CLASSES):
                return self._answered(shown.mode, picture, model, erased, None if digit == shown.asked else digit)
            return gr.skip()
        except Exception as error:
            return self._unanswered(shown.mode, trouble_card(texts.told(error)))

    def ask_parts(self, shown: ViewState, model: str) -> Changes:
        """What would change the answer, however long it takes to compute."""
        try:
            picture = model_input(shown, predictor=self.predictor, evaluation=self.evaluation)
            if picture is None:
                return {self.page.parts: ""}
            prediction = ask(self.predictor, picture, model, shown.erased)
            return {self.page.parts: self._parts(picture, prediction, shown.erased)}
        except Exception as error:
            return {self.page.parts: paragraph(texts.told(error))}

    def show_sample(self, choice: SampleChoice, model: str) -> Changes:
        """The picture, the truth about it, and the answer."""
        changes: Changes = {self.page.state.mode: "sample", self.page.state.choice: choice}
        try:
            sample = choice.sample(self.evaluation)
        except Exception as error:
            told = texts.told(error)
            return {**changes, **self._told("", told), **self._unanswered("sample", trouble_card(told))}
        picture = boxed(picture_tag(sample.pixels, texts.SAMPLE_ALT, "sample-picture"), sample.boxes)
        truth, answered = self._answered_sample(sample, model)
        return {**changes, **self._told(picture, truth), **answered}

    def new_sample(self, kind: str, family: str, digits: str, model: str) -> Changes:
        """Generate a sample. Only textured ones have a choice of backgrounds."""
        state = self.page.state
        picker: Changes = {self.page.sample.family: gr.Dropdown(interactive=has_backgrounds(kind))}
        try:
            choice = choose_sample(kind, family, digits)
        except SampleChoiceError as error:
            nothing: Changes = {state.mode: "sample", state.choice: None, **picker}
            told = texts.told(error)
            return {**nothing, **self._told("", told), **self._unanswered("sample", trouble_card(told))}
        return {**picker, **self.show_sample(choice, model)}

    def open_example(self, number: Any, model: str) -> Changes:
        """Show an example as a sample, if there is one with that number."""
        chosen = example(number)
        if chosen is None:
            return gr.skip()
        tab: Changes = {self.page.modes: gr.Tabs(selected="sample")}
        return {**tab, **self.show_sample(chosen, model)}

    def follow(self, query: dict[str, str]) -> Changes:
        """Show what the link contains: tab, model and picture, with the answer."""
        page, names = self.page, self.predictor.available()
        try:
            opened = read_query(query)
        except Exception as error:
            return self._unanswered("draw", trouble_card(texts.told(error)))
        name = opened.model if opened.model in names else default_model(names)
        if name is None or opened == Opened():
            return gr.skip()
        changes: Changes = {page.model: name}
        if opened.shown is None:
            return changes
        if opened.shown.choice is not None:
            tab: Changes = {page.modes: gr.Tabs(selected="sample")}
            return {**changes, **tab, **self.show_sample(opened.shown.choice, name)}
        drawn: Changes = {page.pad: opened.shown.drawing, page.state.mode: "draw"}
        return {**changes, **drawn, **self.show(opened.shown, name)}

    def _unanswered(self, mode: Mode, card: str) -> Changes:
        page = self.page
        return {page.answer: card, page.parts: "", page.state.erased: (), page.state.asked: None, page.marks[mode]: ""}

    def _told(self, picture: str, truth: str) -> Changes:
        return {self.page.sample.picture: picture, self.page.sample.truth: paragraphs(truth)}

    def _answered_sample(self, sample: Sample, model: str) -> tuple[str, Changes]:
        """The truth in words, and the answer."""
        picture = sample_input(sample)
        try:
            prediction = ask(self.predictor, picture, model)
            answered = self._said("sample", picture, prediction)
        except Exception as error:
            truth = texts.truth(sample.digits, sample.max_digit, None)
            return truth, self._unanswered("sample", trouble_card(texts.told(error)))
        return texts.truth(sample.digits, sample.max_digit, prediction.max_digit), answered

    def _answered(
        self, mode: Mode, picture: ModelInput, model: str, erased: tuple[int, ...] = (), asked: int | None = None
    ) -> Changes:
        """A model's answer to a picture, without the erased digits, and with the evidence for the digit ``asked``."""
        return self._said(mode, picture, ask(self.predictor, picture, model, erased), erased, asked)

    def _said(
        self,
        mode: Mode,
        picture: ModelInput,
        prediction: Prediction,
        erased: tuple[int, ...] = (),
        asked: int | None = None,
    ) -> Changes:
        page, model = self.page, prediction.model
        pixels = picture.without(erased)
        why = None if asked is None else (asked, self.predictor.explain(pixels, model, asked))
        # Only uploaded pictures can be turned. After digits were erased, the rest may look upright in another way.
        may_lie = picture.is_uploaded and picture.has_writing and picture.seems_written and not erased
        turns = better_turns(self.predictor, pixels, model) if may_lie and is_unsure(prediction) else ()
        return {
            page.answer: answer_card(prediction, picture, erased=erased, why=why, turns=turns),
            page.parts: self._parts_or_button(picture, prediction, erased),
            page.state.erased: erased,
            page.state.asked: asked,
            page.marks[mode]: marks(picture, prediction, erased, why[1] if why else None),
        }

    def _parts_or_button(
        self, picture: ModelInput, prediction: Prediction, erased: tuple[int, ...]
    ) -> str | Callable[[], str]:
        """What would change the answer, as a function to call later; or a button for it, if that takes long."""
        if not can_be_asked(picture, erased):
            return ""
        model = prediction.model
        self.fastest[model] = min(prediction.milliseconds, self.fastest.get(model, prediction.milliseconds))
        if cost(picture, self.fastest[model], erased) > UNASKED:
            return _parts_button()
        return partial(self._spare_parts, picture, prediction, erased)

    def _spare_parts(self, picture: ModelInput, prediction: Prediction, erased: tuple[int, ...]) -> str:
        """What would change the answer, or a button for it if the server is busy."""
        if not self.spare.acquire(blocking=False):
            return _parts_button()
        try:
            return self._parts(picture, prediction, erased)
        finally:
            self.spare.release()

    def _parts(self, picture: ModelInput, prediction: Prediction, erased: tuple[int, ...]) -> str:
        if not can_be_asked(picture, erased):
            return ""
        try:
            answers = ask_without(self.predictor, picture, prediction, erased)
        except Exception as error:  # the answer itself is not affected
            return paragraph(texts.told(error))
        return paragraph(in_a_line(answers, prediction.max_digit))


def _parts_button() -> str:
    return f'<button type="button" {pressed()}>{texts.ASK_PARTS}</button>'
