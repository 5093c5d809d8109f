"""The game against the network: which pictures are chosen, and what is told when."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image
from ui_support import ClassifyTab, FakePredictor

from maxdigit.data.kinds import KINDS
from maxdigit.errors import MaxDigitError
from maxdigit.ui import texts
from maxdigit.ui.classify.duelling import Duelling, DuelPicture
from maxdigit.ui.duel import ROUNDS, STAGES, stage_of
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.texts import english, french


class Game:
    """The game's two events, without a browser."""

    def __init__(self, predictor: FakePredictor) -> None:
        self.page = ClassifyTab(predictor).page
        self.evaluation = Evaluation()
        self.handlers = Duelling(self.page, predictor, self.evaluation)
        self.duel_picture: DuelPicture | None = None

    def choose(self, number: Any, at: Any) -> dict[str, Any]:
        changes = self.handlers.choose(number, at)
        if self.page.duel not in changes:
            return {}
        self.duel_picture = changes[self.page.state.duel_picture]
        return json.loads(changes[self.page.duel])

    def judge(self, number: Any, picture: Any, digit: Any, model: str = "resnet18") -> dict[str, Any]:
        changes = self.handlers.judge(self.duel_picture, model, number, picture, digit)
        return json.loads(changes[self.page.duel]) if self.page.duel in changes else {}


def test_stages_come_in_their_order_and_have_pictures_and_names() -> None:
    assert ROUNDS == 20
    order = [stage_of(number).name for number in range(ROUNDS)]
    assert [order.index(stage.name) for stage in STAGES] == [0, 4, 10, 15] and order == sorted(order, key=order.index)
    for stage in STAGES:
        assert KINDS[stage.kind].has_digits
        for language in (english, french):
            assert f"stage {stage.name}" in language.DUEL and f"{{{stage.name}}}" in language.DUEL["stages"]
    for number in (-1, ROUNDS):
        with pytest.raises(ValueError, match="rounds count"):
            stage_of(number)


def test_what_a_picture_shows_is_told_after_the_answer_only() -> None:
    predictor = FakePredictor()
    game = Game(predictor)
    chosen = game.choose(1, 0)
    assert set(chosen) == {"number", "about", "said", "picture"}, "no label goes with it"
    assert not predictor.seen, "nor is the network asked before"
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(chosen["picture"].split(",")[1]))))
    assert game.duel_picture is not None and game.duel_picture.kind == "drawn"
    sample = game.evaluation.balanced_sample(game.duel_picture.seed, "drawn")
    assert (pixels == sample.pixels).all()
    said = game.judge(2, 1, 3)
    assert said["number"] == 2 and said["about"] == "guess" and said["network"] == "ResNet18" and not said["said"]
    assert said["digits"] == list(sample.digits) and said["largest"] == sample.max_digit
    assert said["answer"] == predictor.classify(sample.pixels, "resnet18").max_digit
    assert 0 < said["share"] <= 1 and said["milliseconds"] == 12.3
    assert game.judge(3, 1, None)["largest"] == sample.max_digit, "the same question again has the same answer"


def test_an_answer_to_a_picture_that_is_not_the_current_one_tells_nothing() -> None:
    game = Game(FakePredictor())
    assert game.judge(1, 1, 3) == {"number": 1, "about": "guess", "said": texts.DUEL["forgotten"]}
    game.choose(2, 5)
    assert set(game.judge(3, 1, 3)) == {"number", "about", "said"}


class FailingPredictor(FakePredictor):
    def classify(self, *_: object) -> Any:
        raise MaxDigitError("No weights.")


def test_a_model_without_an_answer_is_told_and_the_picture_does_not_count() -> None:
    game = Game(FailingPredictor())
    game.choose(1, 19)
    said = game.judge(2, 1, 3)
    assert said["said"] == "No weights." and "answer" not in said and said["largest"] == max(said["digits"])


def test_a_picture_that_cannot_be_made_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    game = Game(FakePredictor())

    def broken(*_: object) -> None:
        raise MaxDigitError("The model process has ended.")

    monkeypatch.setattr(game.evaluation, "balanced_sample", broken)
    assert game.choose(1, 0) == {"number": 1, "about": "choose", "said": "The model process has ended."}
    assert game.duel_picture is None


@pytest.mark.parametrize(("number", "at"), [(1, ROUNDS), (1, -1), (1, "0"), (1, True), (None, 0), ("1", 0), (1, None)])
def test_rounds_that_the_browser_makes_up_get_no_picture(number: Any, at: Any) -> None:
    assert Game(FakePredictor()).choose(number, at) == {}


@pytest.mark.parametrize("digit", [10, -1, "3", True, 2.5])
def test_answers_that_are_no_digit_are_not_judged(digit: Any) -> None:
    game = Game(FakePredictor())
    game.choose(1, 0)
    assert game.judge(2, 1, digit) == {}
