"""The handlers of the game against the network: they deal pictures, and give the answers."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any

import gradio as gr

from maxdigit.data.labelled_picture import Sample
from maxdigit.inference.predict import Predictor, title
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.ui import texts
from maxdigit.ui.classify.layout import ClassifyPage
from maxdigit.ui.duel import ROUNDS, stage_of
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.events import ASKING, CARRYING, Changes, Values, data_of
from maxdigit.ui.picture import data_url
from maxdigit.ui.view_state import ask, sample_input

_SEEDS = 2**31


@dataclass(frozen=True)
class OnTable:
    """A picture that was dealt. The browser learns its digits only after the visitor's answer."""

    number: int  # of the event that asked for it
    kind: str
    seed: int


@dataclass(frozen=True)
class Duelling:
    """The handlers of the game's events."""

    page: ClassifyPage
    predictor: Predictor
    evaluation: Evaluation

    def connect(self) -> None:
        """Connect the game with its handlers."""
        duel, table, model = self.page.duel, self.page.state.on_table, self.page.model

        def deal(asked: gr.EventData) -> Changes:
            return self.deal(*data_of(asked, "number", "round"))

        def judge(values: Values, asked: gr.EventData) -> Changes:
            return self.judge(values[table], values[model], *data_of(asked, "number", "dealt", "digit"))

        duel.deal(deal, None, {duel, table}, **ASKING | CARRYING)
        duel.guess(judge, {table, model}, {duel}, **ASKING | CARRYING)

    def deal(self, number: Any, at: Any) -> Changes:
        """A picture for a round. Both numbers come from the browser."""
        if type(number) is not int or type(at) is not int or not 0 <= at < ROUNDS:
            return gr.skip()
        dealt = OnTable(number, stage_of(at).kind, secrets.randbelow(_SEEDS))
        try:
            picture = data_url(self._sample(dealt).pixels)
        except Exception as error:
            return {self.page.duel: _told(number, "deal", texts.told(error)), self.page.state.on_table: None}
        return {self.page.duel: _told(number, "deal", picture=picture), self.page.state.on_table: dealt}

    def judge(self, table: OnTable | None, model: str, number: Any, dealt: Any, digit: Any) -> Changes:
        """The digits of the picture, and the network's answer, after the visitor's.

        The last three values come from the browser.

        Args:
            table: the picture that was dealt last.
            model: which network answers.
            number: of the event.
            dealt: the number of the event that asked for the picture.
            digit: the visitor's answer; None if time ran out.
        """
        if type(number) is not int or not (digit is None or (type(digit) is int and 0 <= digit < NUM_CLASSES)):
            return gr.skip()
        if table is None or table.number != dealt:
            return {self.page.duel: _told(number, "guess", texts.DUEL["forgotten"])}
        known: dict[str, Any] = {}
        try:
            sample = self._sample(table)
            known = {"digits": sample.digits, "largest": sample.max_digit}
            answer = ask(self.predictor, sample_input(sample), model)
        except Exception as error:
            return {self.page.duel: _told(number, "guess", texts.told(error), **known)}
        said: dict[str, Any] = {
            "network": title(answer.model),
            "answer": answer.max_digit,
            "share": round(float(answer.probabilities.max()), 3),
            "milliseconds": answer.milliseconds,
        }
        return {self.page.duel: _told(number, "guess", **known, **said)}

    def _sample(self, dealt: OnTable) -> Sample:
        return self.evaluation.balanced_sample(dealt.seed, dealt.kind)


def _told(number: int, about: str, said: str = "", **values: Any) -> str:
    return json.dumps({"number": number, "about": about, "said": said, **values})
