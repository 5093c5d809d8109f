"""Answers to what the Classify tab shows: a drawing, an uploaded picture, or a sample that may have to be guessed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from gradio.components import Component

from maxdigit.errors import MaxDigitError
from maxdigit.inference.evaluation import Evaluation
from maxdigit.inference.predict import Prediction, Predictor, default_model, title
from maxdigit.inference.turns import better_turns
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.ui import texts
from maxdigit.ui.answer import (
    UNSURE,
    answer_card,
    guess_card,
    trouble_card,
)
from maxdigit.ui.classify.layout import ClassifyPage, waiting
from maxdigit.ui.events import ASKING, Changes, Values
from maxdigit.ui.examples import example, example_grid
from maxdigit.ui.html import paragraphs
from maxdigit.ui.links import Opened, read_query
from maxdigit.ui.picture import boxed, picture_tag
from maxdigit.ui.sampling import ANY, Dealt, Score, WishError, deal
from maxdigit.ui.shown import Mode, Seen, Shown, seen, seen_sample


@dataclass(frozen=True)
class Answering:
    """The answers to events of the Classify tab."""

    page: ClassifyPage
    predictor: Predictor
    evaluation: Evaluation

    @property
    def answered(self) -> set[Component]:
        """What :meth:`show` changes."""
        return {self.page.answer, self.page.state.erased}

    def connect(self, loaded: Any) -> None:
        """Make the components answer, and the page itself when it is opened (``loaded``)."""
        page, state, sample = self.page, self.page.state, self.page.sample
        slow = {**ASKING, "show_progress": "minimal", "show_progress_on": page.answer}  # a model may have to be loaded
        inputs = page.inputs | {page.model}
        opened = {state.mode, state.dealt, sample.picture, sample.truth, *self.answered}

        def in_mode(mode: Mode) -> Callable[[Values], Changes]:
            return lambda values: self.open(
                replace(page.shown(values), mode=mode), values[page.model], is_hidden=values[state.is_hidden]
            )

        def another_model(values: Values) -> Changes:
            return in_mode(values[state.mode])(values)

        def draw(values: Values) -> Changes:
            return self.show(replace(page.shown(values), mode="draw"), values[page.model])

        def new_sample(values: Values) -> Changes:
            wish = values[sample.kind], values[sample.family], values[sample.digits]
            return self.new_sample(*wish, values[page.model], is_hidden=values[sample.guess_first])

        def open_example(values: Values, pressed: gr.EventData) -> Changes:
            return self.open_example(getattr(pressed, "example", None), values[page.model])

        def press(values: Values, pressed: gr.EventData) -> Changes:
            shown, model = page.shown(values), values[page.model]
            digit, number = getattr(pressed, "digit", None), getattr(pressed, "erase", None)
            is_guess = shown.mode == "sample" and values[state.is_hidden] and digit in range(NUM_CLASSES)
            if is_guess and shown.dealt is not None:
                return self.reveal(shown.dealt, model, digit, values[state.score])
            return self.press(shown, model, digit, number)

        def follow(request: gr.Request) -> Changes:
            return self.follow(dict(request.query_params))

        gr.on(page.pad.change, draw, inputs, self.answered, **ASKING)
        gr.on(page.model.change, another_model, inputs | {state.is_hidden}, opened, **slow)
        # Not the first tab's own `select`: it fires as the page loads too, and two events at once may lose one.
        page.pad.shown(in_mode("draw"), inputs | {state.is_hidden}, opened, **ASKING)
        page.upload.tab.select(in_mode("upload"), inputs | {state.is_hidden}, opened, **ASKING)
        sample.tab.select(in_mode("sample"), inputs | {state.is_hidden}, opened, **ASKING)
        gr.on(
            [sample.new.click, sample.kind.input, sample.family.input, sample.digits.submit, sample.guess_first.input],
            new_sample,
            {sample.kind, sample.family, sample.digits, sample.guess_first, page.model},
            {state.is_hidden, sample.family, *opened},
            **slow,
        )
        grid = page.examples.grid
        gr.on(
            page.examples.tab.select,
            lambda: example_grid(self.evaluation),
            None,
            grid,
            **{**ASKING, "show_progress": "minimal"},
        )
        gr.on(grid.select, open_example, {page.model}, {page.modes, state.is_hidden, *opened}, **slow)
        revealed = {state.is_hidden, state.score, sample.truth, *self.answered}
        gr.on(page.answer.select, press, inputs | {state.is_hidden, state.score}, revealed, **slow)
        loaded(follow, None, {page.modes, page.model, page.pad, *opened}, **slow)

    def show(self, shown: Shown, model: str) -> Changes:
        """The answer to what is shown, nothing of it erased."""
        try:
            picture = seen(shown, predictor=self.predictor, evaluation=self.evaluation)
            card = waiting(shown.mode) if picture is None else self._card(picture, model)
        except MaxDigitError as error:
            card = trouble_card(texts.told(error))
        return self._answer(card)

    def open(self, shown: Shown, model: str, *, is_hidden: bool) -> Changes:
        """Answer again for what is shown in a mode; the first visit to the samples takes one."""
        if shown.mode == "sample":
            return self.show_sample(shown.dealt or deal("textured", ANY, ""), model, is_hidden=is_hidden)
        return {self.page.state.mode: shown.mode, self.page.state.dealt: shown.dealt, **self.show(shown, model)}

    def press(self, shown: Shown, model: str, digit: Any, number: Any) -> Changes:
        """The answer after a press: on a bar, whose ``digit`` asks why, or on a find, whose ``number`` is erased."""
        try:
            picture, erased = seen(shown, predictor=self.predictor, evaluation=self.evaluation), shown.erased
            if picture is not None and number in range(len(picture.boxes)):
                erased = tuple(sorted({*erased} ^ {number}))
                return self._answer(self._card(picture, model, erased), erased)
            if picture is not None and digit in range(NUM_CLASSES):
                return self._answer(self._card(picture, model, erased, digit), erased)
            return gr.skip()
        except MaxDigitError as error:
            return self._answer(trouble_card(texts.told(error)))

    def show_sample(self, dealt: Dealt, model: str, *, is_hidden: bool = False) -> Changes:
        """The picture, the truth about it, and the answer; or, while they are hidden, the picture and what to do."""
        changes: Changes = {self.page.state.mode: "sample", self.page.state.dealt: dealt}
        try:
            sample = dealt.sample(self.evaluation)
        except MaxDigitError as error:
            return {**changes, **self._told("", texts.told(error)), **self._answer(trouble_card(texts.told(error)))}
        picture = boxed(picture_tag(sample.pixels, texts.SAMPLE_ALT, "sample-picture"), sample.boxes)
        if is_hidden:
            return {**changes, **self._told(picture, texts.SAMPLE_WAITING), **self._answer(guess_card())}
        truth, card, _ = self._answered_sample(dealt, model)
        return {**changes, **self._told(picture, truth), **self._answer(card)}

    def new_sample(self, kind: str, family: str, digits: str, model: str, *, is_hidden: bool) -> Changes:
        """Deal a sample; only textured ones have a background to choose."""
        state, picker = self.page.state, {self.page.sample.family: gr.Dropdown(interactive=kind == "textured")}
        try:
            dealt = deal(kind, family, digits)
        except WishError as error:
            nothing: Changes = {state.is_hidden: False, state.mode: "sample", state.dealt: None, **picker}
            return {**nothing, **self._told("", texts.told(error)), **self._answer(trouble_card(texts.told(error)))}
        return {state.is_hidden: is_hidden, **picker, **self.show_sample(dealt, model, is_hidden=is_hidden)}

    def open_example(self, number: Any, model: str) -> Changes:
        """An example as a sample, if there is one of that number."""
        chosen = example(number)
        if chosen is None:
            return gr.skip()
        tab = {self.page.modes: gr.Tabs(selected="sample"), self.page.state.is_hidden: False}
        return {**tab, **self.show_sample(chosen, model)}

    def reveal(self, dealt: Dealt, model: str, guess: int, score: Score) -> Changes:
        """The score after the visitor's guess, the truth and how it went, and the model's answer."""
        state, sample = self.page.state, self.page.sample
        truth, card, prediction = self._answered_sample(dealt, model)
        said = [truth]
        if prediction is not None:
            largest = dealt.sample(self.evaluation).max_digit
            score = score.after(guess == largest, model, prediction.max_digit == largest)
            counts = score.rounds, score.visitor, score.model
            said.append(texts.outcome(guess == largest, list(map(title, score.asked)), counts))
        changes: Changes = {state.is_hidden: False, state.score: score, sample.truth: paragraphs(*said)}
        return {**changes, **self._answer(card)}

    def follow(self, query: dict[str, str]) -> Changes:
        """Open what the page's address asks for: the tab, the model, the drawing, and what else an answer changes."""
        page, names = self.page, self.predictor.available()
        try:
            opened = read_query(query)
        except MaxDigitError as error:
            return self._answer(trouble_card(texts.told(error)))
        name = opened.model if opened.model in names else default_model(names)
        if name is None or opened == Opened():
            return gr.skip()
        changes: Changes = {page.model: name}
        if opened.shown is None:
            return changes
        if opened.shown.dealt is not None:
            tab = {page.modes: gr.Tabs(selected="sample")}
            return {**changes, **tab, **self.show_sample(opened.shown.dealt, name)}
        drawn: Changes = {page.pad: opened.shown.drawing, page.state.mode: "draw"}
        return {**changes, **drawn, **self.show(opened.shown, name)}

    def _answer(self, card: str, erased: tuple[int, ...] = ()) -> Changes:
        return {self.page.answer: card, self.page.state.erased: erased}

    def _told(self, picture: str, truth: str) -> Changes:
        return {self.page.sample.picture: picture, self.page.sample.truth: paragraphs(truth)}

    def _answered_sample(self, dealt: Dealt, model: str) -> tuple[str, str, Prediction | None]:
        """The truth in words, the card, and the answer if there is one."""
        sample = dealt.sample(self.evaluation)
        try:
            prediction = self.predictor.classify(sample.pixels, model)
            card = self._card(seen_sample(sample), model)
        except MaxDigitError as error:
            return texts.truth(sample.digits, sample.max_digit, None), trouble_card(texts.told(error)), None
        return texts.truth(sample.digits, sample.max_digit, prediction.max_digit), card, prediction

    def _card(self, picture: Seen, model: str, erased: tuple[int, ...] = (), asked: int | None = None) -> str:
        """A model's answer to a picture, some digits of which are erased; with what spoke for the digit ``asked``."""
        pixels = picture.without(erased)
        prediction = self.predictor.classify(pixels, model)
        why = None if asked is None else (asked, self.predictor.explain(pixels, model, asked))
        # Only an uploaded picture can be turned, and what was erased from it says nothing of which way is up.
        may_lie = picture.frame is not None and picture.has_writing and picture.seems_written and not erased
        is_unsure = float(prediction.probabilities.max()) < UNSURE
        turns = better_turns(self.predictor, pixels, model) if may_lie and is_unsure else ()
        return answer_card(prediction, picture, erased=erased, why=why, turns=turns)
