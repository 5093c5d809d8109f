"""Links reopen what they were made of; the picture and the answer can be saved."""

from __future__ import annotations

import base64
import io
import json
import zlib
from urllib.parse import parse_qsl

import numpy as np
import pytest
from PIL import Image
from ui_support import ClassifyTab, FakePredictor, answer, draw, drawing, stroke

from maxdigit.ui import texts
from maxdigit.ui.sampling import SampleChoice
from maxdigit.ui.view_state import ViewState


def asked(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, keep_blank_values=True))


def test_a_link_opens_the_same_drawing_with_the_same_model() -> None:
    value = drawing(stroke(), stroke(tool="eraser", points=[[1, 2]]))
    tab = ClassifyTab(FakePredictor())
    page, state = tab.page, tab.page.state
    made = tab.keeping.link(draw(value), "torch_cnn")
    assert made[page.keep.address].visible and "drawing=" in made[page.handed]
    changes = tab.answering.follow(asked(made[page.handed]))
    card = changes.pop(page.answer)
    assert changes == {
        **{page.model: "torch_cnn", page.pad: value, state.mode: "draw", state.erased: (), state.asked: None},
        **{page.parts: "", page.drawn_marks: ""},
    }
    assert card == tab.answer(draw(value), "torch_cnn")


@pytest.mark.parametrize(
    "choice", [SampleChoice(5), SampleChoice(77, "textured", "rings", (7, 7, 2)), SampleChoice(3, "photo")]
)
def test_a_link_opens_the_same_sample(choice: SampleChoice) -> None:
    tab = ClassifyTab(FakePredictor())
    page = tab.page
    query = tab.keeping.link(ViewState("sample", choice=choice), "resnet18")[page.handed]
    changes = tab.answering.follow(asked(query))
    assert (changes.pop(page.modes).selected, changes.pop(page.model)) == ("sample", "resnet18")
    assert changes[page.state.mode] == "sample" and changes[page.state.choice] == choice
    shown = tab.answering.show_sample(choice, "resnet18")
    assert callable(shown.pop(page.parts)) == callable(changes.pop(page.parts)) == (choice.kind == "photo")
    assert changes == shown and "the largest is" in changes[page.sample.truth]


@pytest.mark.parametrize(
    "query",
    [
        "model=vgg",
        "drawing=!!!",
        "drawing=AAAA",
        "drawing=" + "A" * 7000,
        "drawing=",
        "sample=1",
        "sample=x.textured..",
        "sample=1.crowded..",
        "sample=1.textured.tartan.",
        "sample=1.photo.rings.",
        "sample=1.textured..12",
        "sample=99999999999999999999.textured..",
    ],
)
def test_a_link_full_of_nonsense_gets_a_sentence(query: str) -> None:
    tab = ClassifyTab(FakePredictor())
    card = tab.answering.follow(asked(query))[tab.page.answer]
    assert texts.LINK_UNREADABLE in card


def test_a_packed_drawing_cannot_grow_without_end() -> None:
    bomb = base64.urlsafe_b64encode(zlib.compress(b" " * 50_000_000)).decode()
    tab = ClassifyTab(FakePredictor())
    card = tab.answering.follow(asked(f"drawing={bomb[:6000]}"))[tab.page.answer]
    assert texts.LINK_UNREADABLE in card


def test_what_cannot_be_linked_says_so() -> None:
    tab = ClassifyTab(FakePredictor())
    handed, address = tab.page.handed, tab.page.keep.address
    made = tab.keeping.link(ViewState("upload"), "resnet18")
    assert made[handed] == "" and made[address].value == texts.LINK_NO_UPLOAD
    points = np.random.default_rng(0).integers(0, 1000, (9_000, 2)).tolist()
    made = tab.keeping.link(draw(drawing(stroke(points=points))), "resnet18")
    assert made[handed] == "" and made[address].value == texts.LINK_TOO_LONG


def test_the_picture_and_the_answer_can_be_kept() -> None:
    predictor, value = FakePredictor(), drawing(stroke())
    tab = ClassifyTab(predictor)
    file = json.loads(tab.keeping.save(draw(value), "resnet18", "picture")[tab.page.handed])
    picture = Image.open(io.BytesIO(base64.b64decode(file["base64"])))
    assert file["name"] == "maxdigit.png" and (np.asarray(picture) == predictor_saw(predictor, value)).all()
    file = json.loads(tab.keeping.save(draw(value), "resnet18", "answer")[tab.page.handed])
    kept = json.loads(base64.b64decode(file["base64"]))
    assert kept["model"] == "resnet18" and sum(kept["probabilities"]) == pytest.approx(1, abs=1e-5)
    assert tab.keeping.save(draw(""), "resnet18", "answer") == {tab.page.handed: ""}


def predictor_saw(predictor: FakePredictor, value: str) -> np.ndarray:
    answer(predictor, draw(value))
    return predictor.seen[-1]
