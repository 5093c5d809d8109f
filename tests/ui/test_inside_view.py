"""The view inside the network: what the server answers to the browser's looks."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ui_support import BlankPredictor, ClassifyTab, FakePredictor, draw, drawing, stroke, uploaded, written

from maxdigit.errors import CheckpointError
from maxdigit.ui import texts
from maxdigit.ui.pad import parse_strokes, render
from maxdigit.ui.texts import french
from maxdigit.ui.view_state import ViewState

DRAWN = drawing(stroke(), stroke(points=[[700, 200], [700, 600]]))


def look(predictor: FakePredictor, shown: ViewState, model: str = "torch_cnn", number: Any = 4, **more: Any) -> dict:
    tab = ClassifyTab(predictor)
    return json.loads(tab.looking.look(shown, model, number, **more)[tab.page.keep.inside])


def test_the_network_is_shown_at_work_on_what_the_model_was_given() -> None:
    predictor = FakePredictor()
    value = look(predictor, draw(DRAWN))
    assert (predictor.looked[-1][0] == render(parse_strokes(DRAWN))).all()
    assert value["number"] == 4 and value["said"] == "" and value["model"] == "PyTorch CNN" and value["ensemble"] == ""
    section = value["sections"][1]
    assert (section["channels"], section["cells"], section["field"], section["step"]) == (64, 29, 16, 4)
    maps = np.frombuffer(base64.b64decode(section["maps"]), np.uint8).reshape(8, 29, 29)
    assert maps.any() and len(section["shown"]) == 8
    assert value["flows"]["digits"] == [3, 7] and value["flows"]["adds"][1][7] == 6.25 and value["flows"]["exact"]
    assert value["map"] is None
    assert len(json.dumps(value)) < 60_000, "small enough to follow the pen"


def test_erased_digits_are_gone_inside_too() -> None:
    predictor = FakePredictor()
    look(predictor, draw(DRAWN, erased=(0,)))
    whole, gone = render(parse_strokes(DRAWN)), predictor.looked[-1][0]
    assert gone.any() and (gone != whole).any()


def test_the_ensemble_says_which_network_is_shown() -> None:
    value = look(FakePredictor(), draw(DRAWN), "ensemble")
    assert (value["model"], value["ensemble"]) == ("ResNet18", "Ensemble")
    assert value["flows"]["rest"] is None and not value["flows"]["exact"]


def test_a_map_is_shown_closely_with_pictures_and_kernel() -> None:
    value = look(FakePredictor(), draw(DRAWN), section=0, channel=3)["map"]
    assert (value["section"], value["channel"]) == (0, 3)
    assert value["pictures"].startswith("data:image/jpeg") and np.shape(value["kernel"]) == (5, 5)
    assert look(FakePredictor(), draw(DRAWN), section=2, channel=3)["map"]["kernel"] is None


def test_a_map_that_is_gone_is_named_and_all_others_are_shown() -> None:
    value = look(FakePredictor(), draw(DRAWN), section=1, channel=600)
    assert "no map 601" in value["said"] and value["sections"] and value["map"] is None
    with texts.speaking("fr"):
        assert "pas de carte 601" in look(FakePredictor(), draw(DRAWN), section=1, channel=600)["said"]


@pytest.mark.parametrize("pair", [("0", 1), (0, None), (True, 1), ([0], 1), (0.0, 1)])
def test_nonsense_for_a_map_is_no_map(pair: tuple[Any, Any]) -> None:
    predictor = FakePredictor()
    look(predictor, draw(DRAWN), section=pair[0], channel=pair[1])
    assert predictor.looked[-1][1] is None


@pytest.mark.parametrize("number", [None, "1", 1.5, [1], True])
def test_a_look_without_a_number_is_not_answered(number: Any) -> None:
    predictor, tab = FakePredictor(), None
    tab = ClassifyTab(predictor)
    assert tab.page.keep.inside not in tab.looking.look(draw(DRAWN), "torch_cnn", number)
    assert predictor.looked == []


class TroubledPredictor(FakePredictor):
    def look_inside(self, *_: object, **__: object) -> Any:
        raise CheckpointError("{title} has no trained weights in {folder}.", title="ResNet18", folder="x")


def test_where_there_is_nothing_to_see_a_sentence_says_why(tmp_path: Path) -> None:
    for language in ("en", "fr"):
        with texts.speaking(language):
            said = texts.INSIDE
            assert look(FakePredictor(), draw("")) == {"number": 4, "said": said["nothing"]}
            written(tmp_path / "sheet.png")
            assert look(BlankPredictor(), uploaded(tmp_path / "sheet.png"))["said"] == said["blank"]
    assert look(TroubledPredictor(), draw(DRAWN))["said"] == "ResNet18 has no trained weights in x."
    assert "cannot be read" in look(FakePredictor(), draw("nonsense"))["said"]
    assert french.INSIDE["nothing"] != texts.INSIDE["nothing"]
