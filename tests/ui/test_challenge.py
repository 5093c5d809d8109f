"""The game of fooling the networks: when a task is done, and what is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ui_support import ClassifyTab, FakePredictor, draw, drawing, stroke

from maxdigit.errors import MaxDigitError
from maxdigit.inference import corrections
from maxdigit.inference.predict import Prediction
from maxdigit.ui import texts
from maxdigit.ui.challenge import Task, judge, parse_task
from maxdigit.ui.challenge.rules import SMALL
from maxdigit.ui.classify.challenging import Challenging
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.view_state import ViewState

DRAWN = drawing(stroke(points=[[300, 300], [300, 700]]))
MISREAD = Task("misread", 7, 1)


def answer(digit: int, share: float = 0.97) -> Prediction:
    shares = np.where(np.arange(10) == digit, share, (1 - share) / 9).astype(np.float32)
    return Prediction("resnet18", shares, 1.0)


def done(task: Task, said: dict[str, Prediction], height: float = 0.5) -> bool:
    return judge(task, "resnet18", said, height).is_done


def test_a_digit_is_misread_where_the_chosen_network_says_the_other_and_one_still_sees_it() -> None:
    assert done(MISREAD, {"resnet18": answer(1), "torch_cnn": answer(7)})
    assert not done(MISREAD, {"resnet18": answer(1), "torch_cnn": answer(1)}), "that is a 1"
    assert not done(MISREAD, {"resnet18": answer(7), "torch_cnn": answer(1)}), "the wrong one is fooled"
    assert not done(MISREAD, {"resnet18": answer(1)}), "nobody sees the 7"


def test_networks_disagree_where_two_are_fairly_sure_of_different_answers() -> None:
    task = Task("disagree")
    assert done(task, {"resnet18": answer(1), "torch_cnn": answer(7)})
    assert not done(task, {"resnet18": answer(1), "torch_cnn": answer(7, 0.45)})
    assert not done(task, {"resnet18": answer(1), "torch_cnn": answer(1)})


def test_the_smallest_digit_has_to_be_small_and_surely_found() -> None:
    task = Task("smallest", 9)
    said = {"resnet18": answer(9)}
    assert done(task, said, SMALL) and not done(task, said, SMALL + 0.01)
    assert judge(task, "resnet18", said, 0.3).height == 0.3, "it counts as a record all the same"
    assert not done(task, {"resnet18": answer(9, 0.6)}, 0.02)
    unsure = judge(task, "resnet18", {"resnet18": answer(4)}, 0.02)
    assert not unsure.is_done and unsure.height is None


@pytest.mark.parametrize(
    "said",
    [("misread", 10, 1), ("misread", -1, 1), ("misread", "7", 1), ("misread", True, 1), ("other", 1, 2), (None,) * 3],
)
def test_a_task_that_the_browser_makes_up_is_none(said: tuple[Any, Any, Any]) -> None:
    assert parse_task(*said) is None


class FoolablePredictor(FakePredictor):
    """Says 7, but for one network, which says 1."""

    def classify(self, picture: np.ndarray, model: str) -> Prediction:
        found = super().classify(picture, model)
        return replace(found, probabilities=answer(1 if model == "resnet18" else 7).probabilities)


def verdict(shown: ViewState, task: Task | None = MISREAD, model: str = "resnet18", **more: Any) -> dict[str, Any]:
    tab = ClassifyTab(more.get("predictor", FoolablePredictor()))
    game = Challenging(tab.page, more.get("predictor", FoolablePredictor()), Evaluation(), more.get("corrections"))
    return json.loads(getattr(game, more.get("act", "verdict"))(shown, model, 5, task)[tab.page.challenge])


def test_the_verdict_says_what_each_network_says(tmp_path: Path) -> None:
    found = verdict(draw(DRAWN))
    assert found["done"] and found["number"] == 5 and not found["keeps"], "nothing is kept here"
    assert "ResNet18: 1" in found["said"] and "PyTorch CNN: 7" in found["said"] and "Ensemble" not in found["said"]
    assert verdict(draw(DRAWN), corrections=tmp_path)["keeps"]
    not_yet = verdict(draw(DRAWN), model="torch_cnn")
    assert not not_yet["done"] and not_yet["said"].startswith("Not yet")
    assert "Ensemble: 7" in verdict(draw(DRAWN), model="ensemble")["said"]
    small = verdict(draw(drawing(stroke(points=[[300, 300], [300, 320]]))), Task("smallest", 1))
    assert small["done"] and small["height"] == pytest.approx(0.06, abs=0.01)
    with texts.speaking("fr"):
        assert verdict(draw(DRAWN))["said"].startswith("Réussi")


class HalfPredictor(FoolablePredictor):
    """Has one network that cannot answer."""

    def classify(self, picture: np.ndarray, model: str) -> Prediction:
        if model == "keras_cnn":
            raise MaxDigitError("Its weights are damaged.")
        return super().classify(picture, model)


def test_a_network_that_cannot_answer_is_missed_only_where_it_is_chosen() -> None:
    found = verdict(draw(DRAWN), predictor=HalfPredictor())
    assert found["done"] and "PyTorch CNN: 7" in found["said"] and "Keras" not in found["said"]
    assert verdict(draw(DRAWN), predictor=HalfPredictor(), model="keras_cnn")["said"] == "Its weights are damaged."


class FailingPredictor(FakePredictor):
    def classify(self, *_: object) -> Prediction:
        raise MaxDigitError("No weights.")


def test_an_empty_pad_another_picture_or_no_model_is_told() -> None:
    for shown in (draw(""), ViewState("sample")):
        assert verdict(shown)["said"] == texts.CHALLENGE["draw"] and not verdict(shown)["done"]
    assert verdict(draw(DRAWN), predictor=FailingPredictor())["said"] == "No weights."
    assert "cannot be read" in verdict(draw("nonsense"))["said"]


def test_what_fooled_a_network_is_kept_with_the_digit_that_it_shows(tmp_path: Path) -> None:
    said = verdict(draw(DRAWN), corrections=tmp_path, act="keep")
    assert said["about"] == "keep" and said["done"] and said["said"] == texts.KEPT
    found, _ = corrections.kept(tmp_path)
    assert [(one.digit, one.answer, one.model) for one in found] == [(7, 1, "resnet18")]
