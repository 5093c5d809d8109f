"""The page without a browser: strokes, the answer card, runs, charts, colours."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import gradio as gr
import numpy as np
import pytest
from conftest import REPOSITORY
from numpy.typing import NDArray
from PIL import Image
from ui_support import ClassifyTab, FakePredictor, write_run

from maxdigit.data.backgrounds import FAMILIES
from maxdigit.data.pictures import TEST_KINDS
from maxdigit.errors import MaxDigitError
from maxdigit.inference.digits import find_digits
from maxdigit.inference.predict import NAMES, Prediction, default_model
from maxdigit.models.registry import MODELS
from maxdigit.preparation.prepare import PreparedPicture, prepare
from maxdigit.ui import texts, theme
from maxdigit.ui.about_tab import _card
from maxdigit.ui.answer import answer_card, trouble_card, waiting_card
from maxdigit.ui.app import build_app, launch_options
from maxdigit.ui.charts import View, run_figures, smooth
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.examples import EXAMPLES, HARD, example, example_grid
from maxdigit.ui.pad import DrawingError, Stroke, parse_strokes, render
from maxdigit.ui.pad.strokes import DEFAULT_SIZE, GRID, MAX_CHARACTERS, MAX_POINTS, MAX_SIZE, MAX_STROKES, MIN_SIZE
from maxdigit.ui.press import pressed
from maxdigit.ui.run_tables import settings_table
from maxdigit.ui.sampling import Dealt, Score
from maxdigit.ui.saved_runs import find_runs, fingerprint
from maxdigit.ui.table import Cell, Row, table
from maxdigit.ui.texts import english
from maxdigit.ui.theme import MODEL_COLOURS, make_theme
from maxdigit.ui.training_tab import Training, lay_out
from maxdigit.ui.view_state import WHOLE, Edit, ModelInput, ViewState, preview, upload_input


def drawing(*strokes: dict) -> str:
    return json.dumps({"version": 1, "strokes": list(strokes)})


def stroke(**changes: object) -> dict:
    return {"tool": "pen", "size": DEFAULT_SIZE, "points": [[100, 200], [300, 400]], **changes}


def draw(value: object, **more: object) -> ViewState:
    """What the page shows when this is on the pad."""
    return ViewState("draw", value, **more)  # type: ignore[arg-type]


def uploaded(path: object, **more: object) -> ViewState:
    """What the page shows when this file was uploaded."""
    return ViewState("upload", upload=str(path), **more)  # type: ignore[arg-type]


def answer(predictor: FakePredictor, shown: ViewState, model: str = "resnet18") -> str:
    return ClassifyTab(predictor).answer(shown, model)


# ---- What the pad sends


@pytest.mark.parametrize("value", [None, "", drawing()])
def test_a_pad_not_drawn_on_has_no_strokes(value: str | None) -> None:
    assert parse_strokes(value) == []


def test_strokes_come_through_as_drawn() -> None:
    strokes = parse_strokes(drawing(stroke(), stroke(tool="eraser", size=20, points=[[-50, 1050.5]])))
    assert strokes == [
        Stroke("pen", DEFAULT_SIZE, ((100, 200), (300, 400))),
        Stroke("eraser", 20, ((-50, 1050.5),)),
    ]


NAN_POINT = '{"version": 1, "strokes": [{"tool": "pen", "size": 40, "points": [[NaN, 1]]}]}'
HUGE_NUMBER = '{"version": 1, "strokes": [{"tool": "pen", "size": 1' + "0" * 5000 + ', "points": [[1, 1]]}]}'


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(7, id="a number"),
        pytest.param({"version": 1, "strokes": []}, id="an object, not text"),
        pytest.param("data:image/png;base64,AAAA", id="a data URL"),
        pytest.param("[" * 100_000, id="nested without end"),
        pytest.param("[]", id="a list"),
        pytest.param('{"version": 2, "strokes": []}', id="another version"),
        pytest.param('{"version": 1}', id="no strokes"),
        pytest.param('{"version": 1, "strokes": {}}', id="strokes not a list"),
        pytest.param('{"version": 1, "strokes": [1]}', id="stroke not an object"),
        pytest.param(drawing(stroke(tool="spray")), id="unknown tool"),
        pytest.param(drawing(stroke(tool=["pen"])), id="tool not text"),
        pytest.param(drawing(stroke(size=MIN_SIZE - 1)), id="too fine"),
        pytest.param(drawing(stroke(size=MAX_SIZE + 1)), id="too broad"),
        pytest.param(drawing(stroke(size="40")), id="size not a number"),
        pytest.param(drawing(stroke(size=True)), id="size true"),
        pytest.param(drawing(stroke(size=float("nan"))), id="size NaN"),
        pytest.param(HUGE_NUMBER, id="a number of 5,000 digits"),
        pytest.param(drawing(stroke(points=[])), id="no points"),
        pytest.param(drawing(stroke(points="1,1")), id="points not a list"),
        pytest.param(drawing(stroke(points=[[1]])), id="half a point"),
        pytest.param(drawing(stroke(points=[[1, 2, 3]])), id="a point in space"),
        pytest.param(drawing(stroke(points=[[1, None]])), id="point not numbers"),
        pytest.param(drawing(stroke(points=[[1, float("inf")]])), id="point at infinity"),
        pytest.param(NAN_POINT, id="point NaN"),
        pytest.param(drawing(stroke(points=[[0, 2 * GRID + 1]])), id="point far off"),
        pytest.param(drawing(*[stroke(points=[[1, 1]])] * (MAX_STROKES + 1)), id="too many strokes"),
        pytest.param(drawing(stroke(points=[[1, 1]] * (MAX_POINTS + 1))), id="too many points in one stroke"),
        pytest.param(drawing(*[stroke(points=[[1, 1]] * (MAX_POINTS // 2 + 1))] * 2), id="too many points in all"),
        pytest.param(" " * (MAX_CHARACTERS + 1), id="too long"),
    ],
)
def test_what_is_no_drawing_is_refused_with_a_sentence(value: object) -> None:
    with pytest.raises(DrawingError, match=r"^The drawing .*\. Clear the pad and draw again\.$"):
        parse_strokes(value)  # type: ignore[arg-type]


def test_the_largest_drawing_allowed_is_accepted() -> None:
    per_stroke = MAX_POINTS // MAX_STROKES
    value = drawing(*[stroke(tool="eraser", size=MAX_SIZE, points=[[-1000, -1000]] * per_stroke)] * MAX_STROKES)
    assert len(value) <= MAX_CHARACTERS
    assert len(parse_strokes(value)) == MAX_STROKES


# ---- The picture of the strokes


def test_no_strokes_make_a_black_picture() -> None:
    picture = render([])
    assert picture.shape == (128, 128) and picture.dtype == np.uint8 and not picture.any()


@pytest.mark.parametrize("size", [MIN_SIZE, DEFAULT_SIZE, 77, MAX_SIZE])
def test_ink_lies_where_geometry_says(size: int) -> None:
    """Against the distance of each fine pixel to the line, computed here in NumPy."""
    points = ((-120, 300), (500, 180), (760, 640), (300, 900), (300, 900))
    middle = (np.arange(128 * 8) + 0.5) / (128 * 8) * GRID
    x, y = np.meshgrid(middle, middle)
    distance = np.full(x.shape, np.inf)
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        length = max((x1 - x0) ** 2 + (y1 - y0) ** 2, 1)
        along = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length, 0, 1)
        distance = np.minimum(distance, np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0)))
    expected = 255 * (distance <= size / 2).reshape(128, 8, 128, 8).mean(axis=(1, 3))

    picture = render([Stroke("pen", size, points)], fit=False).astype(float)
    assert np.abs(picture - expected).mean() < 1
    assert np.abs(picture - expected).max() < 80  # nowhere off by more than a third of a pixel
    assert picture.sum() == pytest.approx(expected.sum(), rel=0.05)


def test_the_eraser_takes_ink_away_and_later_ink_covers_it() -> None:
    across = ((100, 500), (900, 500))
    down = ((500, 100), (500, 900))
    picture = render([Stroke("pen", 60, across), Stroke("eraser", 100, down)])
    assert picture[64, 64] == 0 and picture[64, 30] == 255
    assert render([Stroke("pen", 60, across), Stroke("eraser", 100, down), Stroke("pen", 60, across)])[64, 64] == 255


THREE = (  # a 3, a 1 and a 7, as corners of lines in a square of side 1
    ((0.12, 0.14), (0.30, 0.14), (0.20, 0.26), (0.30, 0.32), (0.28, 0.42), (0.12, 0.44)),
    ((0.66, 0.12), (0.66, 0.44)),
    ((0.36, 0.60), (0.60, 0.60), (0.46, 0.90)),
)


def three(scale: float = 1.0, x: float = 0.0, y: float = 0.0, size: float = 40) -> list[Stroke]:
    """Three digits, ``scale`` of the pad high, with their top left corner at ``x`` and ``y`` in units of the pad."""
    return [Stroke("pen", size, tuple((x + scale * GRID * a, y + scale * GRID * b) for a, b in line)) for line in THREE]


@pytest.mark.parametrize(("scale", "x", "y"), [(0.35, 0, 0), (0.4, 590, 20), (0.6, 30, 380)])
def test_a_drawing_gives_the_same_picture_wherever_and_however_large_it_is(scale: float, x: float, y: float) -> None:
    large, small = (render(each).astype(float) for each in (three(size=60), three(scale, x, y, 60 * scale)))
    assert np.abs(large - small).mean() < 4, "but for a fraction of a pixel"
    whole = [render(each, fit=False).astype(float) for each in (three(size=60), three(scale, x, y, 60 * scale))]
    assert np.abs(whole[0] - whole[1]).mean() > 20
    rows = np.flatnonzero((large > 128).any(1))
    assert [bottom - top for _, top, _, bottom in find_digits(render(three(scale, x, y)))] == pytest.approx(
        [32] * 3, abs=3
    )
    assert rows[0] == pytest.approx(127 - rows[-1], abs=2), "it stands in the middle"


def test_a_broad_brush_leaves_small_digits_their_loops() -> None:
    ring = tuple((500 + 60 * np.cos(angle), 500 + 75 * np.sin(angle)) for angle in np.linspace(0, 2 * np.pi, 30))
    assert render([Stroke("pen", MAX_SIZE, ring)])[64, 64] == 0
    assert len(find_digits(render(three(0.3, 100, 100, MAX_SIZE)))) == 3


def test_the_beginning_of_a_stroke_is_not_blown_up_to_a_digit() -> None:
    dot, bar = (render([Stroke("pen", MIN_SIZE, ((500, 500), (x, 500)))]) for x in (501, 560))
    assert (dot > 128).any(0).sum() <= 8, "a dot stays a dot"
    assert (bar > 128).any(0).sum() == pytest.approx(80 / 100 * 32, abs=2)


def test_a_small_beginning_of_another_digit_leaves_the_scale_of_the_others() -> None:
    first = three()[:2]
    before, after = (
        find_digits(render(each)) for each in (first, [*first, Stroke("pen", 40, ((400, 600), (420, 600)))])
    )
    assert len(before) == 2 and len(after) == 3
    assert max(y1 - y0 for _, y0, _, y1 in after) == pytest.approx(max(y1 - y0 for _, y0, _, y1 in before), abs=1)


def test_ink_outside_the_pad_and_erased_ink_move_nothing() -> None:
    plain = render(three())
    outside = Stroke("pen", 40, ((-900, 300), (-200, 300)))
    gone = [Stroke("pen", 40, ((900, 900), (950, 900))), Stroke("eraser", MAX_SIZE, ((880, 900), (970, 900)))]
    assert (render([*three(), outside]) == plain).all() and (render([*gone, *three()]) == plain).all()
    assert not render(gone).any()


# ---- The answer

BLACK = ModelInput(np.zeros((128, 128), np.uint8))


def shares_in(card: str) -> list[float]:
    return [float(share) for share in re.findall(r'class="bar-share">([\d.]+)%', card)]


def test_bars_stand_in_digit_order_and_sum_to_all() -> None:
    probabilities = np.array([0.02, 0.0, 0.01, 0.5, 0.0, 0.3, 0.1, 0.05, 0.0, 0.02], np.float32)
    card = answer_card(Prediction("torch_cnn", probabilities, 8.44), ModelInput(np.full((128, 128), 90, np.uint8)))
    assert shares_in(card) == pytest.approx(100 * probabilities, abs=0.06)
    assert re.findall(r'class="bar-digit">(\d)', card) == list("0123456789")
    assert card.count("bar-best") == 1 and re.search(r'class="bar bar-best" [^>]*data-digit="3"', card)
    assert "The largest digit is 3" in card and "8.4 ms" in card and MODEL_COLOURS["torch_cnn"] in card
    assert card.count('aria-live="polite"') == 1


def test_every_card_has_the_same_skeleton() -> None:
    """So that the page does not jump when an answer comes, or goes."""
    answered = answer_card(Prediction("resnet18", np.full(10, 0.1, np.float32), 1.0), BLACK)
    skeletons = {tuple(re.findall(r"<(/?\w+)", card)) for card in (answered, waiting_card("a", "b"), trouble_card("c"))}
    assert len(skeletons) == 1


def test_texts_from_outside_are_escaped() -> None:
    assert "<script>" not in trouble_card("<script>alert(1)</script>")


@pytest.mark.parametrize(
    ("shares", "start"),
    [
        ((0.97, 0.02), "Sure, with 97.0%."),
        ((0.75, 0.2), "Fairly sure"),
        ((0.45, 0.4), "Torn between 9 and 7"),
        ((0.4, 0.1), "Not sure"),
    ],
)
def test_certainty_is_said_in_words(shares: tuple[float, float], start: str) -> None:
    assert texts.certainty(9, shares[0], 7, shares[1]).startswith(start)


def test_a_drawing_is_answered_and_an_erased_one_is_not() -> None:
    predictor = FakePredictor()
    assert "The largest digit is" in answer(predictor, draw(drawing(stroke())))
    assert len(predictor.seen) == 1
    for value in ("", drawing(stroke(), stroke(tool="eraser", size=MAX_SIZE))):
        card = answer(predictor, draw(value))
        assert texts.DRAW_SOMETHING in card and shares_in(card) == []
    assert len(predictor.seen) == 1, "an empty pad must not be shown to a model"


def picture_in(card: str) -> Image.Image:
    data = re.search(r'class="answer-picture"[^>]*base64,([^"]+)"', card)
    assert data
    return Image.open(io.BytesIO(base64.b64decode(data.group(1))))


def test_a_pressed_bar_shows_what_spoke_for_its_digit() -> None:
    predictor = FakePredictor()
    value = drawing(stroke())
    plain = answer(predictor, draw(value))
    assert picture_in(plain).mode == "L"
    card, erased = ClassifyTab(predictor).press(draw(value), digit=4)
    assert erased == ()
    assert texts.WHY.format(digit=4) in card and card.count("bar-asked") == 1
    colours = np.asarray(picture_in(card)).astype(int)
    assert colours.shape == (128, 128, 3)
    assert colours[5, 50] == pytest.approx([0.65 * value for value in (255, 150, 0)], abs=1)  # where the fake heat lies
    assert (colours[5, 110] == 0).all()
    assert shares_in(card) == shares_in(plain)


@pytest.mark.parametrize("digit", [10, -1, None, "4"])
def test_a_bar_that_does_not_exist_changes_nothing(digit: object) -> None:
    answering = ClassifyTab(FakePredictor()).answering
    for number in (digit, 7):
        assert answering.press(draw(drawing(stroke())), "resnet18", digit, number) == gr.skip()
    assert answering.press(draw(""), "resnet18", 4, 0) == gr.skip()


def test_a_digit_that_was_found_is_erased_and_put_back() -> None:
    predictor = FakePredictor()
    value = drawing(stroke(points=[[100, 200], [100, 600]]), stroke(points=[[700, 300], [700, 700]]))
    tab = ClassifyTab(predictor)
    plain = tab.answer(draw(value))
    assert plain.count("<rect") == 2 and plain.count("data-erase") == 4, "a box and a button for each"
    assert plain.count('aria-pressed="false"') == 2
    card, erased = tab.press(draw(value), number=1)
    assert erased == (1,) and card.count('aria-pressed="true"') == 1
    left = np.asarray(picture_in(card))
    assert (left[:, 64:] == 0).all() and left[64, :64].max() == 255, "only the second is gone"
    card, erased = tab.press(draw(value, erased=erased), digit=4)
    assert erased == (1,) and texts.WHY.format(digit=4) in card, "why, about what is left"
    card, erased = tab.press(draw(value, erased=erased), number=1)
    assert erased == () and card == plain


def test_an_uploaded_picture_is_turned_and_its_ink_overruled(tmp_path: Path) -> None:
    pixels = np.full((200, 200), 230, np.uint8)
    pixels[20:60, 90:96] = 20
    path = tmp_path / "picture.png"
    Image.fromarray(pixels).save(path)
    upright = upload_input(uploaded(path), predictor=FakePredictor())
    turned = upload_input(uploaded(path, edit=Edit(1)), predictor=FakePredictor())
    assert upright is not None and turned is not None and upright.inverted
    assert np.abs(np.rot90(upright.pixels, -1).astype(int) - turned.pixels).mean() < 2
    assert len(upright.boxes) == 1 and upright.boxes[0][1] < 64 < turned.boxes[0][0], "the top goes to the right"
    framed = upload_input(uploaded(path, edit=Edit(region=(0.0, 0.0, 1.0, 0.7))), predictor=FakePredictor())
    assert framed is not None and (framed.pixels != upright.pixels).any()
    light = upload_input(uploaded(path, ink="light"), predictor=FakePredictor())
    assert light is not None and not light.inverted and (light.pixels != upright.pixels).any()


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
        **{page.model: "torch_cnn", page.pad: value, state.mode: "draw", state.erased: ()},
        **{page.parts: "", page.drawn_marks: ""},
    }
    assert card == tab.answer(draw(value), "torch_cnn")


@pytest.mark.parametrize("dealt", [Dealt(5), Dealt(77, "textured", "rings", (7, 7, 2)), Dealt(3, "photo")])
def test_a_link_opens_the_same_sample(dealt: Dealt) -> None:
    tab = ClassifyTab(FakePredictor())
    page = tab.page
    query = tab.keeping.link(ViewState("sample", dealt=dealt), "resnet18")[page.handed]
    changes = tab.answering.follow(asked(query))
    assert (changes.pop(page.modes).selected, changes.pop(page.model)) == ("sample", "resnet18")
    assert changes[page.state.mode] == "sample" and changes[page.state.dealt] == dealt
    shown = tab.answering.show_sample(dealt, "resnet18")
    assert callable(shown.pop(page.parts)) == callable(changes.pop(page.parts)) == (dealt.kind == "photo")
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


def test_trouble_is_told_in_the_card() -> None:
    assert "The drawing cannot be read" in answer(FakePredictor(), draw("nonsense"))
    assert "There is no model called" in answer(FakePredictor(), draw(drawing(stroke())), "resnet19")
    assert texts.FILE_GONE in answer(FakePredictor(), uploaded("/no/such/file.png"))


def test_the_ensemble_is_offered_beside_the_models_and_answers(tmp_path: Path) -> None:
    config = build_app(FakePredictor(), tmp_path).get_config_file()
    (choices,) = (c["props"]["choices"] for c in config["components"] if c["props"].get("elem_id") == "model")
    assert [name for _, name in choices] == [*MODELS, "ensemble"] and choices[-1][0] == "Ensemble"
    card = answer_card(Prediction("ensemble", np.eye(10, dtype=np.float32)[4], 20.0), BLACK)
    assert "The largest digit is 4" in card and "Ensemble, 20 ms" in card


def test_a_guess_comes_before_the_answer_and_is_scored() -> None:
    predictor = FakePredictor()
    tab, dealt = ClassifyTab(predictor), Dealt(5)
    page = tab.page
    changes = tab.answering.show_sample(dealt, "resnet18", is_hidden=True)
    truth, card = changes[page.sample.truth], changes[page.answer]
    assert texts.GUESS in card and card.count(" disabled") == 0 and shares_in(card) == []
    assert "the largest is" not in truth and not predictor.seen
    largest = dealt.sample(Evaluation()).max_digit
    changes = tab.answering.reveal(dealt, "resnet18", largest, Score())
    score, truth = changes[page.state.score], changes[page.sample.truth]
    assert changes[page.state.is_hidden] is False
    is_right = f"The largest digit is {largest}" in changes[page.answer]
    assert score == Score(1, 1, int(is_right), ("resnet18",)) and "You are right. After 1 sample: you 1" in truth
    changes = tab.answering.reveal(dealt, "resnet18", (largest + 1) % 10, score)
    score, truth = changes[page.state.score], changes[page.sample.truth]
    assert score == Score(2, 1, 2 * is_right, ("resnet18",)) and "You are wrong. After 2 samples" in truth


def test_samples_that_cannot_be_dealt_are_explained_and_nothing_else_changes() -> None:
    tab = ClassifyTab(FakePredictor())
    page = tab.page
    changes = tab.answering.new_sample("textured", "rings", "12", "resnet18", is_hidden=False)
    assert changes[page.state.dealt] is None
    assert texts.THREE_DIGITS in changes[page.sample.truth] and texts.THREE_DIGITS in changes[page.answer]


def test_families_and_kinds_on_the_page_are_those_there_are() -> None:
    assert tuple(texts.FAMILIES) == FAMILIES
    assert tuple(texts.SAMPLE_KINDS) == TEST_KINDS == tuple(texts.KINDS)


def test_what_only_programs_use_is_not_shown(tmp_path: Path) -> None:
    config = build_app(FakePredictor(), tmp_path).get_config_file()
    used = {number for dependency in config["dependencies"] if dependency["api_visibility"] == "public"
            for number in dependency["inputs"] + dependency["outputs"]}  # fmt: skip
    assert used and not any(c["props"].get("visible", True) for c in config["components"] if c["id"] in used)


# ---- Runs and charts


def test_runs_are_found_in_order_with_their_results(tmp_path: Path) -> None:
    for model, recipe in (("torch_cnn", "tuned"), ("keras_cnn", "paper"), ("keras_cnn", "tuned")):
        folder = write_run(tmp_path, model, recipe)
    metrics = {"test": {"textured": {"count": 10_000, "accuracy": 0.98, "interval95": [0.977, 0.983], "loss": 0.1}}}
    (folder / "metrics.json").write_text(json.dumps({**metrics, "training": {"device": "one H100"}}))
    write_run(tmp_path, "no_such_model", "tuned")

    runs, troubles = find_runs(tmp_path)
    assert [run.name for run in runs] == ["keras_cnn/tuned", "keras_cnn/paper", "torch_cnn/tuned"]
    assert len(troubles) == 1 and "no_such_model" in troubles[0]
    assert len(runs[0].epochs) == 12
    assert runs[0].metrics.test["textured"].count == 10_000 and runs[0].metrics.test["textured"].interval95 == (
        0.977,
        0.983,
    )
    assert runs[1].metrics.test == {} and runs[1].metrics.training.device is None
    assert runs[0].metrics.training.device == "one H100"


def test_the_ink_finders_run_comes_last_and_is_shown_only_when_chosen(tmp_path: Path) -> None:
    write_run(tmp_path, "resnet18", "tuned")
    folder = write_run(tmp_path, "resnet18", "paper")
    folder.rename(tmp_path / "ink_finder")
    (tmp_path / "ink_finder" / "config.json").write_text(json.dumps({"recipe": {"learning_rate": 0.02}}))
    runs, troubles = find_runs(tmp_path)
    assert [run.name for run in runs] == ["resnet18/tuned", "ink_finder"] and not troubles
    assert runs[1].title == english.INK_FINDER and runs[1].is_ink_finder
    figure = run_figures(runs, View())["accuracy"]
    assert any(english.INK_FINDER in (line.name or "") for line in figure.data)


def test_a_damaged_run_is_left_out_with_a_sentence_and_the_others_stay(tmp_path: Path) -> None:
    write_run(tmp_path, "resnet18", "tuned")
    damaged = write_run(tmp_path, "keras_cnn", "tuned") / "history.csv"
    damaged.write_text(damaged.read_text() + "13,0.1,half a ro\n")
    unreadable = write_run(tmp_path, "torch_cnn", "tuned") / "history.csv"
    unreadable.write_bytes(b"\xff\xfe\x00nothing")
    begun = write_run(tmp_path, "torch_cnn", "paper", epochs=1) / "history.csv"
    begun.write_text(begun.read_text().splitlines()[0] + "\n")

    runs, troubles = find_runs(tmp_path)
    assert [run.name for run in runs] == ["resnet18/tuned"]
    assert len(troubles) == 3
    assert "keras_cnn/tuned" in troubles[0] and "line 14" in troubles[0]
    assert any("torch_cnn/paper" in trouble and "no epoch" in trouble for trouble in troubles)


@pytest.mark.parametrize(
    "metrics",
    [
        "",
        "[]",
        '{"test": 3}',
        '{"test": {"textured": {"accuracy": "high"}}}',
        '{"test": {"textured": {"accuracy": 0.9, "count": 10, "interval95": 1}}}',
    ],
)
def test_damaged_metrics_leave_the_curves(tmp_path: Path, metrics: str) -> None:
    (write_run(tmp_path, "resnet18", "tuned") / "metrics.json").write_text(metrics)
    runs, troubles = find_runs(tmp_path)
    assert len(runs) == 1 and runs[0].metrics.test == {}
    assert len(troubles) == 1 and "metrics.json" in troubles[0]


def test_a_folder_without_runs_is_no_trouble(tmp_path: Path) -> None:
    assert find_runs(tmp_path / "nowhere") == ([], [])


def write_config(folder: Path, **recipe: object) -> None:
    (folder / "config.json").write_text(json.dumps({"recipe": recipe}))


def test_runs_in_any_folder_are_found_by_what_they_say_of_themselves(tmp_path: Path) -> None:
    there = write_run(tmp_path, "deep", "tried")
    write_config(there, model="resnet18", name="tuned", epochs=40)
    (there / "state").mkdir()
    damaged = write_run(tmp_path, "torch_cnn", "tuned")
    (damaged / "config.json").write_text("{")
    write_run(tmp_path, ".hidden", "resnet18")
    runs, troubles = find_runs(tmp_path)
    assert [run.title for run in runs] == ["ResNet18, tuned (deep/tried)", "PyTorch CNN, tuned"]
    assert runs[0].is_unfinished and runs[0].planned == 40 and not runs[1].is_unfinished
    assert len(troubles) == 1 and "config.json" in troubles[0]
    (alone,), _ = find_runs(there)
    assert alone.name == "tried" and len(alone.epochs) == 12


def test_runs_of_one_model_are_told_apart_by_marks(tmp_path: Path) -> None:
    for folder, model, recipe in (("a", "resnet18", "tuned"), ("b", "resnet18", "tuned"), ("c", "resnet18", "paper")):
        write_config(write_run(tmp_path, folder, recipe), model=model, name=recipe)
    write_run(tmp_path, "torch_cnn", "tuned")
    runs, _ = find_runs(tmp_path)
    lines = run_figures(runs, View())["accuracy"].data
    looks = {line.name: (line.line.color, line.mode, line.marker.symbol) for line in lines if line.name}
    assert len(looks) == len(runs) == len(set(looks.values()))


def test_a_folder_of_runs_is_read_again_only_when_it_has_changed(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "resnet18", "tuned")
    with gr.Blocks():
        tab = Training(lay_out(), tmp_path)
    page = tab.page
    known = tab.open([], View())[page.known]
    assert tab.follow(known, ["resnet18/tuned"], View()) == gr.skip()
    write_run(tmp_path, "torch_cnn", "tuned")
    changes = tab.follow(known, ["resnet18/tuned"], View())
    changed = changes[page.known]
    assert changes[page.runs].value == ["resnet18/tuned", "torch_cnn/tuned"], "a run that has just begun is shown"
    assert tab.follow(known, [], View())[page.runs].value == ["torch_cnn/tuned"]
    os.utime(folder / "history.csv", ns=(1, 1))
    assert fingerprint(tmp_path) != changed


def test_settings_stand_side_by_side_and_what_differs_is_marked(tmp_path: Path) -> None:
    for model, rate in (("resnet18", 0.002), ("torch_cnn", 0.001)):
        write_config(write_run(tmp_path, model, "tuned"), model=model, name="tuned", learning_rate=rate, epochs=12)
    runs, _ = find_runs(tmp_path)
    table = settings_table(runs)
    marked = re.findall(r'<tr class="differs"><th scope="row">(.*?)</th>', table)
    assert marked == ["model", "learning rate"] and "<td>12</td><td>12</td>" in table
    assert settings_table([]) == ""


def test_charts_have_two_lines_a_run_in_the_models_colour_and_the_papers_figure(tmp_path: Path) -> None:
    write_run(tmp_path, "resnet18", "tuned", epochs=30)
    write_config(
        write_run(tmp_path, "resnet18", "paper", epochs=1), model="resnet18", name="paper", softmax_before_loss=1
    )
    runs, _ = find_runs(tmp_path)
    figures = run_figures(runs, View())
    for name, column, paper in (("accuracy", "validation_accuracy", 0.945), ("loss", "validation_loss", 1.461)):
        *lines, reference = figures[name].data
        assert len(lines) == 4 and list(reference.y) == pytest.approx([paper] * 3, abs=1e-3)
        assert {line.line.color for line in lines} == {MODEL_COLOURS["resnet18"]}
        train, validation = lines[:2]
        assert train.line.dash != "solid" and validation.line.dash == "solid"
        assert [line.showlegend for line in (train, validation)] == [False, True]
        assert list(validation.y) == [getattr(epoch, column) for epoch in runs[0].epochs]
        assert "ResNet18" in validation.hovertemplate and "epoch %{customdata}" in validation.hovertemplate
        assert figures[name].layout.xaxis.dtick == 5
    assert list(figures["rate"].data[0].y) == [1e-3] * 30 and list(figures["speed"].data[0].y) == [1500.0] * 30
    assert figures["loss"].layout.yaxis.type == "linear"


def test_charts_are_looked_at_as_one_likes(tmp_path: Path) -> None:
    write_run(tmp_path, "resnet18", "tuned", epochs=4)
    runs, _ = find_runs(tmp_path)
    plain, other = (run_figures(runs, view) for view in (View(), View("minutes", 0.6, log=True)))
    assert list(other["accuracy"].data[1].x) == [0.5, 1.0, 1.5, 2.0]
    assert other["loss"].layout.yaxis.type == "log"
    assert other["loss"].layout.uirevision != plain["loss"].layout.uirevision, "another axis, another zoom"
    faint, smooth_line = other["loss"].data[2:4]
    assert faint.opacity < 0.5 and list(faint.y) == list(plain["loss"].data[1].y)
    assert smooth_line.y[0] == pytest.approx(faint.y[0]) and smooth_line.y[3] > faint.y[3]
    assert list(run_figures(runs, View("pictures"))["loss"].data[0].x) == [45_000, 90_000, 135_000, 180_000]


def test_smoothing_leaves_a_constant_alone() -> None:
    assert smooth([3.0] * 5, 0.9) == pytest.approx([3.0] * 5)
    assert smooth([1.0, 5.0], 0.0) == [1.0, 5.0]


# ---- Looks and settings


def contrast(first: str, second: str) -> float:
    """WCAG 2's contrast ratio."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_enough_in_both_themes() -> None:
    theme = make_theme()
    for suffix in ("", "_dark"):
        grounds = [getattr(theme, name + suffix) for name in ("body_background_fill", "block_background_fill")]
        for ground in grounds:
            for text in ("body_text_color", "body_text_color_subdued"):
                assert contrast(getattr(theme, text + suffix), ground) >= 4.5
            for colour in MODEL_COLOURS.values():
                assert contrast(colour, ground) >= 3
    assert set(MODEL_COLOURS) == set(NAMES), "each model has its colour"


def test_every_components_style_is_in_the_head_of_the_page() -> None:
    head = launch_options()["head"]
    ours = {
        path.parent.name: path.read_text(encoding="utf-8") for path in Path(theme.__file__).parent.rglob("style.css")
    }
    assert {name for name, style in ours.items() if style not in head} == {"pad", "cropper"}, "those Gradio keeps apart"


def test_a_table_names_its_rows_and_columns_and_escapes_what_is_text() -> None:
    made = table([Cell(), Cell("a", is_head=True)], [Row([Cell("b", is_head=True), Cell("<i>c</i>")])], caption="<d>")
    assert made == (
        '<table><caption>&lt;d&gt;</caption><thead><tr><td></td><th scope="col">a</th></tr></thead>'
        '<tbody><tr><th scope="row">b</th><td><i>c</i></td></tr></tbody></table>'
    )
    cell = Cell(attributes={"data-column": '"', "data-sort": "", "class": ""})
    assert '<tr class="differs"><td data-column="&quot;" data-sort=""></td></tr>' in table([], [Row([cell], "differs")])


def test_what_is_pressed_says_what_it_stands_for() -> None:
    assert pressed(digit=4) == 'data-press="select" data-digit="4"'
    assert pressed("edit", fit=True) == 'data-press="edit" data-fit="true"'
    assert pressed(truth=None, name='"') == 'data-press="select" data-truth="" data-name="&quot;"'


def test_nothing_is_recorded_or_sent_out() -> None:
    options = launch_options()
    assert options["run_history"] is False and options["share"] is False
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"


def test_the_page_comes_before_any_framework() -> None:
    script = """
import sys
from pathlib import Path
from maxdigit.inference.predict import Predictor
from maxdigit.ui.app import build_app, launch_options
build_app(Predictor(), Path("checkpoints"), Path("corrections")) and launch_options()
print([name for name in ("torch", "tensorflow", "keras", "plotly", "captum") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.stdout.strip().splitlines()[-1] == "[]", done.stdout + done.stderr


def test_the_page_starts_with_resnet18_where_it_is_trained() -> None:
    assert default_model(list(MODELS)) == "resnet18"
    assert default_model(["torch_cnn"]) == "torch_cnn"
    assert default_model([]) is None


def test_without_trained_models_the_page_says_how_to_train_one(tmp_path: Path) -> None:
    build_app(FakePredictor(names=[]), tmp_path)
    first = texts.translations().translations["en"]["first card"]  # what the page shows for the label of that name
    assert "No trained model was found" in first and "python train.py resnet18" in first


def test_a_models_card_is_read_without_what_only_programs_want(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(
        "---\nlicense: mit\n---\n\n# MaxDigit: ResNet18\n\nWhat it is.\n\n## Use\n\nFun.\n"
    )
    assert _card(tmp_path) == "\nWhat it is.\n\n#### Use\n\nFun.\n"
    assert _card(tmp_path / "none") == ""


def test_ui_errors_are_for_people() -> None:
    assert issubclass(DrawingError, MaxDigitError)


def written(path: Path) -> NDArray[np.uint8]:
    """A sheet, 300 wide and 200 high, with a slash and a bar on it, kept in a file."""
    pixels = np.full((200, 300), 230, np.uint8)
    pixels[30:90, 40:48] = 20
    pixels[120:128, 150:260] = 20
    Image.fromarray(pixels).save(path)
    return pixels


def test_a_picture_is_turned_before_a_part_of_it_is_read(tmp_path: Path) -> None:
    pixels = np.rot90(written(tmp_path / "sheet.png"), -1)  # 200 wide, 300 high
    expected = prepare(pixels[: 300 // 2, 200 // 2 :], fit_to_writing=False).pixels
    edit = Edit(1).framed([0.5, 0.0, 1.0, 0.5])
    shown = upload_input(uploaded(tmp_path / "sheet.png", edit=edit), predictor=FakePredictor())
    assert shown is not None and (shown.pixels == expected).all() and shown.pixels.any()


def test_turning_lets_a_chosen_part_go_and_four_turns_are_none() -> None:
    chosen = Edit(3).framed([0.5, 0.0, 1.0, 0.5])
    assert chosen.part == "chosen" and chosen.turned() == Edit() and Edit().part == "auto"
    whole = Edit().fitted("upload", False)
    assert whole.part == "whole" and whole.fitted("upload", True) == Edit() and whole.fitted("draw", False) != whole
    assert Edit().fitted("draw", False).part == "auto", "how a drawing is read says nothing of an upload"


@pytest.mark.parametrize(
    "frame", [None, 3, [0, 0, 1], [0, 0, 1, "1"], [0, 0, 1, 1.1], [0.5, 0, 0.4, 1], [0, 0, 0.01, 1], [0, 0, True, 1]]
)
def test_a_frame_that_is_none_changes_nothing(frame: object) -> None:
    assert Edit(2, WHOLE).framed(frame) == Edit(2, WHOLE)
    assert Edit(2, WHOLE).framed([0, 0.25, 0.5, 1]) == Edit(2, (0, 0.25, 0.5, 1))


def test_an_uploaded_picture_is_shown_whole_and_not_larger_than_the_page(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    Image.new("RGBA", (3000, 1000), (200, 10, 10, 255)).save(path)
    assert preview(str(path), Edit(0, (0.0, 0.0, 0.1, 0.1))).pixels.shape[:2] == (320, 960)
    turned = preview(str(path), Edit(1))
    assert turned.pixels.shape[:2] == (960, 320) and turned.height > turned.width


class FindingPredictor(FakePredictor):
    """Finds the writing in a part of any picture, as the ink network would."""

    region = (0.1, 0.1, 0.9, 0.7)

    def prepare(self, source: Path | bytes, **options: Any) -> PreparedPicture:
        found = super().prepare(source, **options)
        return replace(found, region=self.region if options["fit_to_writing"] else None, is_doubtful=True)


def test_found_writing_is_framed_until_a_part_is_chosen_by_hand(tmp_path: Path) -> None:
    predictor, shown = FindingPredictor(), uploaded(tmp_path / "sheet.png")
    written(tmp_path / "sheet.png")
    tab = ClassifyTab(predictor)
    editing, cropper, part, edit = tab.editing, tab.page.upload.cropper, tab.page.upload.part, tab.page.state.edit
    changes = editing.begin(shown)
    first = json.loads(changes[cropper])
    assert (
        changes[part] == "auto" and first["frame"] == list(predictor.region) and first["width"] / first["height"] == 1.5
    )
    changes = editing.frame(shown, [0.2, 0.2, 0.6, 0.6])
    assert changes[part] == "chosen" and changes[edit].region == (0.2, 0.2, 0.6, 0.6)
    changes = editing.read_part(replace(shown, edit=changes[edit]), "whole")
    assert changes[part] == "whole" and json.loads(changes[cropper])["frame"] is None and changes[edit].region is None
    changes = editing.read_part(replace(shown, edit=changes[edit]), "chosen")
    assert changes[part] == "chosen" and changes[edit].region == predictor.region, "one begins with what was found"
    value = editing.read_part(replace(shown, edit=changes[edit]), "auto")[cropper]
    assert {**json.loads(value), "number": 0} == {**first, "number": 0} and value != json.dumps(first)
    assert editing.begin(ViewState("upload", edit=changes[edit])) == {edit: Edit(), cropper: "", part: "auto"}


def test_without_a_finding_there_is_no_frame_before_one_is_asked_for(tmp_path: Path) -> None:
    shown = uploaded(tmp_path / "sheet.png")
    written(tmp_path / "sheet.png")
    tab = ClassifyTab(FakePredictor())
    changes = tab.editing.begin(shown)
    assert changes[tab.page.upload.part] == "auto"
    assert json.loads(changes[tab.page.upload.cropper])["frame"] is None
    value = tab.editing.read_part(shown, "chosen")[tab.page.upload.cropper]
    assert json.loads(value)["frame"] == list(WHOLE)


def test_digits_found_are_outlined_where_they_lie_on_the_uploaded_picture(tmp_path: Path) -> None:
    pixels = written(tmp_path / "sheet.png")
    tab = ClassifyTab(FakePredictor())
    for turns in (0, 1):
        marks = tab.marks(uploaded(tmp_path / "sheet.png", edit=Edit(turns)))
        ink = np.rot90(pixels, -turns) < 100
        width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', marks).groups())
        assert (height, width) == ink.shape
        found = [np.array([p.split(",") for p in each.split()], float) for each in re.findall(r'points="(.*?)"', marks)]
        assert len(found) == 2
        covered = np.zeros_like(ink)
        for corners in found:
            x0, y0 = corners.min(0).round().astype(int)
            x1, y1 = corners.max(0).round().astype(int)
            covered[max(y0 - 3, 0) : y1 + 3, max(x0 - 3, 0) : x1 + 3] = True
            assert ink[y0:y1, x0:x1].mean() > 0.4
        assert not (ink & ~covered).any()
    assert tab.marks(ViewState("upload")) == ""


def test_what_was_left_out_makes_the_answer_unsure_and_fitting_can_be_undone(tmp_path: Path) -> None:
    tab, shown = ClassifyTab(FindingPredictor()), uploaded(tmp_path / "sheet.png")
    written(tmp_path / "sheet.png")
    card, marks = tab.answer(shown), tab.marks(shown)
    assert "Not sure: something was left out" in card and texts.SAW_FITTED in card and marks.count("<polygon") == 2
    assert 'data-fit="false"' in card
    changes = tab.editing.fit(shown, False)
    card = tab.answer(replace(shown, edit=changes[tab.page.state.edit]))
    assert texts.SAW_WHOLE in card and 'data-fit="true">' in card
    plain = answer(FakePredictor(), shown)
    assert 'data-fit="true" hidden' in plain and "Not sure" not in plain


class BlankPredictor(FakePredictor):
    """Finds no writing in any picture, as the ink network does in a landscape."""

    def prepare(self, source: Path | bytes, **options: Any) -> PreparedPicture:
        return replace(super().prepare(source, **options), has_writing=not options["fit_to_writing"])


def test_where_no_writing_was_found_there_are_no_digits_however_sure_the_model_is(tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    written(path)
    card = answer(BlankPredictor(), uploaded(path))
    assert texts.NO_DIGITS in card and texts.no_digits(3, 0.86) in card and max(shares_in(card)) == 86
    card = answer(BlankPredictor(), uploaded(path, edit=Edit().fitted("upload", False)))
    assert texts.headline(3) in card, "whoever asks for the whole picture gets an answer to it"


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
    for shown in (draw(drawing(stroke())), ViewState("sample", dealt=Dealt(7))):
        predictor = AnyTurn()
        assert offered_turns(answer(predictor, shown)) == [] and len(predictor.seen) == 1

    class AnyTurnBlank(AnyTurn, BlankPredictor):
        pass

    assert offered_turns(answer(AnyTurnBlank(), upload)) == []


SURE = np.where(np.arange(10) == 9, 0.91, 0.01).astype(np.float32)


@pytest.mark.parametrize("quarters", [0, 4, -1, "1", 1.0, True, None, [1]])
def test_what_is_no_turn_turns_nothing(quarters: object) -> None:
    assert Edit(2, WHOLE).turned(quarters) == Edit(2, WHOLE)


def test_there_is_an_example_of_everything() -> None:
    samples = [dealt.sample(Evaluation()) for dealt in EXAMPLES]
    assert {sample.family for sample in samples} == {*texts.FAMILIES, None}
    assert {dealt.kind for dealt in EXAMPLES} == set(texts.SAMPLE_KINDS)
    assert example_grid(Evaluation()).count("<button") == len(EXAMPLES) + len(HARD)


@pytest.mark.parametrize("number", [-1, len(EXAMPLES) + len(HARD), None, "0", 1.0, True])
def test_what_is_no_example_opens_none(number: object) -> None:
    assert example(number) is None
    assert example(0) == EXAMPLES[0]
