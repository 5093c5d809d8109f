"""Turning a picture is offered where the model is sure of it then."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from ui_support import BlankPredictor, ClassifyTab, FakePredictor, answer, draw, drawing, stroke, uploaded, written

from maxdigit.inference.predict import Prediction
from maxdigit.ui import texts
from maxdigit.ui.sampling import SampleChoice
from maxdigit.ui.view_state import WHOLE, Edit, ViewState


class LyingPredictor(FakePredictor):
    """Sure only of pictures whose ink is higher than it is wide, and whose left half holds more of it."""

    def classify(self, picture: NDArray[np.uint8], model: str) -> Prediction:
        prediction = super().classify(picture, model)
        rows, columns = (np.flatnonzero((picture > 128).any(axis)) for axis in (1, 0))
        left, right = picture[:, :64].sum(dtype=int), picture[:, 64:].sum(dtype=int)
        if len(rows) and np.ptp(rows) > np.ptp(columns) and left > right:
            return replace(prediction, probabilities=np.where(np.arange(10) == 7, 0.955, 0.005).astype(np.float32))
        return replace(prediction, probabilities=np.where(np.arange(10) == 2, 0.6, 0.4 / 9).astype(np.float32))


def offered_turns(card: str) -> list[int]:
    if 'class="answer-turn" hidden' in card:
        return []
    return [int(number) for number in re.findall(r'data-turn="(\d)">', card)]


def test_a_turn_after_which_the_model_is_sure_is_offered_and_taken(tmp_path: Path) -> None:
    predictor, path = LyingPredictor(), tmp_path / "sheet.png"
    tab, shown = ClassifyTab(predictor), uploaded(path)
    pixels = np.full((200, 300), 230, np.uint8)
    pixels[20:60, 20:280] = 20
    Image.fromarray(pixels).save(path)
    card = tab.answer(shown)
    assert texts.OFFER_TURN in card and offered_turns(card) == [3], "what lies on top is on the left after three turns"
    assert len(predictor.seen) == 1 and len(predictor.in_batches) == 3, "the picture, and its three turns"
    changes = tab.editing.turn(shown, 3)
    edit, laid = changes[tab.page.state.edit], json.loads(changes[tab.page.upload.cropper])
    assert edit.turns == 3 and laid["height"] > laid["width"]
    card = tab.answer(replace(shown, edit=edit))
    assert (
        texts.headline(7) in card
        and offered_turns(card) == []
        and len(predictor.seen) == 2
        and len(predictor.in_batches) == 3
    )
    card, _ = tab.press(shown, digit=2)
    assert offered_turns(card) == [3], "it stays while one asks why"
    card, _ = tab.press(shown, number=0)
    assert offered_turns(card) == [] and 'aria-pressed="true"' in card


def test_every_very_sure_turn_is_offered_and_none_where_there_is_nothing_to_turn(tmp_path: Path) -> None:
    class AnyTurn(FakePredictor):
        def classify(self, picture: NDArray[np.uint8], model: str) -> Prediction:
            found = super().classify(picture, model)
            return replace(found, probabilities=np.full(10, 0.1, np.float32) if len(self.seen) == 1 else SURE)

    upload = uploaded(tmp_path / "sheet.png")
    written(tmp_path / "sheet.png")
    assert sorted(offered_turns(answer(AnyTurn(), upload))) == [1, 2, 3]
    for shown in (draw(drawing(stroke())), ViewState("sample", choice=SampleChoice(7))):
        predictor = AnyTurn()
        assert offered_turns(answer(predictor, shown)) == [] and len(predictor.seen) == 1

    class AnyTurnBlank(AnyTurn, BlankPredictor):
        pass

    assert offered_turns(answer(AnyTurnBlank(), upload)) == []


SURE = np.where(np.arange(10) == 9, 0.91, 0.01).astype(np.float32)


@pytest.mark.parametrize("quarters", [0, 4, -1, "1", 1.0, True, None, [1]])
def test_what_is_no_turn_turns_nothing(quarters: object) -> None:
    assert Edit(2, WHOLE).turned(quarters) == Edit(2, WHOLE)
