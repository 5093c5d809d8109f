"""The handlers of the game against the network: they choose pictures and give the answers."""

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
class DuelPicture:
    """The current picture of the game. The browser learns its digits only after the visitor's answer."""

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
        duel, shown, model = self.page.duel, self.page.state.duel_picture, self.page.model

        def choose(asked: gr.EventData) -> Changes:
            return self.choose(*data_of(asked, "number", "round"))

        def judge(values: Values, asked: gr.EventData) -> Changes:
            return self.judge(values[shown], values[model], *data_of(asked, "number", "picture", "digit"))

        duel.choose(choose, None, {duel, shown}, **ASKING | CARRYING)
        duel.guess(judge, {shown, model}, {duel}, **ASKING | CARRYING)

    def choose(self, number: Any, at: Any) -> Changes:
        """A picture for a round. Both numbers come from the browser."""
        if type(number) is not int or type(at) is not int or not 0 <= at < ROUNDS:
            return gr.skip()
        chosen = DuelPicture(number, stage_of(at).kind, secrets.randbelow(_SEEDS))
        try:
            picture = data_url(self._sample(chosen).pixels)
        except Exception as error:
            return {self.page.duel: _told(number, "choose", texts.told(error)), self.page.state.duel_picture: None}
        return {self.page.duel: _told(number, "choose", picture=picture), self.page.state.duel_picture: chosen}

    def judge(self, shown: DuelPicture | None, model: str, number: Any, picture: Any, digit: Any) -> Changes:
        """The digits of the picture, and the network's answer, after the visitor's.

        The last three values come from the browser.

        Args:
            shown: the current picture, if there is one.
            model: which network answers.
            number: of the event.
            picture: the number of the event that asked for the picture.
            digit: the visitor's answer; None if time ran out.
        """
        if type(number) is not int or not (digit is None or (type(digit) is int and 0 <= digit < NUM_CLASSES)):
            return gr.skip()
        if shown is None or shown.number != picture:
            return {self.page.duel: _told(number, "guess", texts.DUEL["forgotten"])}
        known: dict[str, Any] = {}
        try:
            sample = self._sample(shown)
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

    def _sample(self, picture: DuelPicture) -> Sample:
        return self.evaluation.balanced_sample(picture.seed, picture.kind)


def _told(number: int, about: str, said: str = "", **values: Any) -> str:
    return json.dumps({"number": number, "about": about, "said": said, **values})
