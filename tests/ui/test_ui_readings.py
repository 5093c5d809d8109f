"""What is read, on the page without a browser: marks on the picture, the line about it, and what would change it."""

from __future__ import annotations

import base64
import io
import itertools
import json
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event, Semaphore
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from ui_support import ClassifyTab, FakePredictor, ReadingPredictor

from maxdigit.errors import CheckpointError
from maxdigit.inference.predict import Prediction
from maxdigit.models.reader import Reading
from maxdigit.preparation.framing import Frame
from maxdigit.ui import texts
from maxdigit.ui.answer import answer_card
from maxdigit.ui.classify.without_digits import Without, in_a_line
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.events import in_steps
from maxdigit.ui.pad.strokes import GRID
from maxdigit.ui.readings import boxes_of, marks, place, readings_line
from maxdigit.ui.readings.places import Rect
from maxdigit.ui.sampling import SampleChoice
from maxdigit.ui.side_by_side import Reply, side_by_side
from maxdigit.ui.sureness import is_unsure
from maxdigit.ui.view_state import Edit, ModelInput, ViewState

WIDTH = 40  # of the strokes drawn here, in units of the pad
BARS = ((150, 200, 330), (450, 300, 560), (750, 100, 620))  # x, top and bottom: the model sees 3 heights


def drawn(*bars: tuple[int, int, int], **more: object) -> ViewState:
    """Upright bars on the pad."""
    strokes = [{"tool": "pen", "size": WIDTH, "points": [[x, top], [x, bottom]]} for x, top, bottom in bars]
    return ViewState("draw", json.dumps({"version": 1, "strokes": strokes}), **more)  # type: ignore[arg-type]


def labels(svg: str) -> list[tuple[str, Rect]]:
    """What is written, and where, from left to right."""
    number = r'([\d.-]+)"'
    found = re.findall(
        rf'<rect x="{number} y="{number} width="{number} height="{number} rx="[\d.]+"/><text [^>]*>(.*?)</text>', svg
    )
    rects = [(said, *map(float, (x, y, w, h))) for x, y, w, h, said in found]
    return sorted(((said, (x, y, x + w, y + h)) for said, x, y, w, h in rects), key=lambda label: label[1])


def overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def inks(bars: Sequence[tuple[int, int, int]]) -> list[Rect]:
    return [(x - WIDTH / 2, top - WIDTH / 2, x + WIDTH / 2, bottom + WIDTH / 2) for x, top, bottom in bars]


@pytest.mark.parametrize("edit", [Edit(), Edit().fitted("draw", False)], ids=["fitted", "whole pad"])
def test_each_digit_on_the_pad_is_named_beside_its_ink(edit: Edit) -> None:
    predictor = ReadingPredictor()
    found = labels(ClassifyTab(predictor).marks(drawn(*BARS, edit=edit)))
    read = ReadingPredictor().classify(predictor.seen[-1], "resnet18").digits
    assert [said for said, _ in found] == [str(reading.digit) for reading in read or ()] and len(found) == 3
    for (_, label), (x0, y0, x1, _) in zip(found, inks(BARS), strict=True):
        assert (label[0] + label[2]) / 2 == pytest.approx((x0 + x1) / 2, abs=12)
        assert label[3] <= y0 and label[3] == pytest.approx(y0, abs=50), "right above"
    assert not any(overlap(label, ink) for _, label in found for ink in inks(BARS))


def test_a_label_without_room_above_stands_below_or_beside() -> None:
    bars = ((80, 30, 400), (500, 200, 400), (500, 500, 720))
    found = labels(ClassifyTab(ReadingPredictor()).marks(drawn(*bars)))
    assert len(found) == 3
    for _, (x0, y0, x1, y1) in found:
        assert x0 >= 0 and y0 >= 0 and x1 <= GRID and y1 <= GRID
        assert not any(overlap((x0, y0, x1, y1), ink) for ink in inks(bars))
    assert not any(overlap(one, other) for (_, one), (_, other) in itertools.combinations(found, 2))


def test_labels_cover_neither_what_they_name_nor_one_another_where_there_is_room() -> None:
    targets = [(40.0, 40.0, 60.0, 60.0), (40.0, 62.0, 60.0, 82.0), (62.0, 40.0, 82.0, 60.0)]
    placed = place(targets, [10, 10, 14], 12, (128, 128))
    assert [rect[2] - rect[0] for rect in placed] == [10, 10, 14] and all(y1 - y0 == 12 for _, y0, _, y1 in placed)
    assert not any(overlap(rect, target) for rect in placed for target in targets)
    assert not any(overlap(*pair) for pair in itertools.combinations(placed, 2))


def test_a_reading_belongs_to_the_box_it_lies_in_or_near_unless_another_does_too() -> None:
    boxes = [(10, 10, 30, 40), (50, 10, 70, 40), (90, 10, 126, 40)]
    readings = [Reading(digit, 0.9, x, 25.0) for digit, x in ((1, 33.0), (2, 45.0), (3, 98.0), (4, 118.0))]
    assert boxes_of(readings, boxes) == [boxes[0], boxes[1], None, None], "two digits that touch share a box"
    assert boxes_of([Reading(7, 0.9, 20.0, 60.0)], boxes) == [None], "too far below"


def written(path: Path) -> NDArray[np.uint8]:
    """A sheet, 300 wide and 200 high, with two bars on it, kept in a file."""
    pixels = np.full((200, 300), 230, np.uint8)
    pixels[60:120, 60:70] = 20
    pixels[70:160, 180:190] = 20
    Image.fromarray(pixels).save(path)
    return pixels


@pytest.mark.parametrize("turns", [0, 1, 2])
def test_digits_are_named_on_the_uploaded_picture_as_it_lies_there(tmp_path: Path, turns: int) -> None:
    pixels = np.rot90(written(tmp_path / "sheet.png"), -turns)
    tab = ClassifyTab(ReadingPredictor())
    svg = tab.marks(ViewState("upload", upload=str(tmp_path / "sheet.png"), edit=Edit(turns)))
    assert f'viewBox="0 0 {pixels.shape[1]} {pixels.shape[0]}"' in svg and svg.count("<polygon") == 2
    found = labels(svg)
    assert len(found) == 2
    for _, rect in found:
        x0, y0, x1, y1 = (round(edge) for edge in rect)
        assert (pixels[y0:y1, x0:x1] == 230).all(), "no ink is covered"
        around = pixels[max(y0 - 25, 0) : y1 + 25, max(x0 - 25, 0) : x1 + 25]
        assert (around == 20).any(), "and there is some beside"


def test_a_mark_follows_a_frame_that_turns() -> None:
    """As of a picture whose lines of writing were straightened."""
    angle = np.radians(30)
    turn = 4 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    frame = Frame(np.column_stack([turn, (300.0, 100.0)]))
    picture = ModelInput(np.full((128, 128), 90, np.uint8), frame=frame, size=(900, 900), is_uploaded=True)
    said = Prediction("resnet18", np.full(10, 0.1, np.float32), 1.0, (Reading(4, 0.9, 64.0, 32.0),))
    ((_, (x0, _, x1, y1)),) = labels(marks(picture, said))
    x, y = frame.to_picture(np.array([[64.0, 32.0]]))[0]
    assert (x0 + x1) / 2 == pytest.approx(x, abs=1) and 0 < y - y1 < 4 * 12 * 1.5 + 20


class ReadingEverywhere(ReadingPredictor):
    """Reads a sure 3 and a doubtful 6, wherever there is ink or not."""

    def classify(self, picture: NDArray[np.uint8], model: str) -> Prediction:
        digits = (Reading(3, 0.987, 40.0, 90.0), Reading(6, 0.52, 100.0, 64.0))
        return replace(super().classify(picture, model), digits=digits)


def test_heat_lies_where_its_digit_is_in_the_picture_as_it_was_photographed() -> None:
    heat = np.zeros((128, 128), np.float32)
    heat[78:83, 38:43] = 1
    frame = Frame(np.array([[5.0, 0.6, 40.0], [-0.4, 3.0, 60.0], [0.001, 0.002, 1.0]]))  # of a sheet in perspective
    picture = ModelInput(np.zeros((128, 128), np.uint8), frame=frame, size=(600, 400), is_uploaded=True)
    assert marks(picture, None) == marks(picture, None, heat=0 * heat) == ""
    svg = marks(picture, None, heat=heat)
    assert 'viewBox="0 0 600 400"' in svg and 'width="600" height="400"' in svg
    laid = Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", svg)[1])))  # type: ignore[index]
    warm = np.asarray(laid)[..., 3].astype(float)
    assert laid.size == (192, 128) and warm[0, 0] == 0 and warm.max() > 120
    y, x = np.indices(warm.shape) + 0.5
    middle = np.array([(x * warm).sum(), (y * warm).sum()]) / warm.sum() * (600 / 192)
    assert middle == pytest.approx(frame.to_picture(np.array([[40.5, 80.5]]))[0], abs=3)


def test_on_texture_where_no_box_is_found_what_is_read_stands_above_its_centre() -> None:
    shown = ViewState("sample", choice=SampleChoice(5))
    found = labels(ClassifyTab(ReadingEverywhere()).marks(shown))
    assert [said for said, _ in found] == ["3", "6?"], "whoever is unsure says so"
    for (_, (x0, _, x1, y1)), (x, y) in zip(found, ((40, 90), (100, 64)), strict=True):
        assert (x0 + x1) / 2 == pytest.approx(x, abs=0.1) and 10 < y - y1 < 20


def test_what_truly_stands_in_a_sample_moves_no_mark() -> None:
    picture = ModelInput(np.full((128, 128), 90, np.uint8), boxes=((30, 70, 60, 110),), are_true=True)
    said = ReadingEverywhere().classify(picture.pixels, "resnet18")
    assert labels(marks(picture, said)) == labels(marks(replace(picture, boxes=(), are_true=False), said))


def test_an_erased_digit_is_named_no_longer_and_its_outline_is_dashed(tmp_path: Path) -> None:
    written(tmp_path / "sheet.png")
    tab, shown = ClassifyTab(ReadingPredictor()), ViewState("upload", upload=str(tmp_path / "sheet.png"))
    svg = tab.answering.press(shown, "resnet18", None, 1)[tab.page.upload.marks]
    assert len(labels(svg)) == 1 and svg.count('class="outline erased"') == 1 and svg.count("<polygon") == 2


def test_the_card_says_what_is_read_and_how_surely() -> None:
    line = readings_line((Reading(3, 0.987, 0, 0), Reading(8, 0.5, 0, 0)))
    assert re.sub(r"<.*?>", "", line) == "Digits read: 3 99% · 8 50%" and f'title="{texts.reads(3, 0.987)}"' in line
    assert readings_line(()) == texts.READS_NOTHING and readings_line(None) == ""
    with texts.speaking("fr"):
        assert re.sub(r"<.*?>", "", readings_line((Reading(3, 0.987, 0, 0),))) == "Chiffres lus\u00a0: 3 99\u00a0%"


def test_a_model_without_a_reader_marks_nothing() -> None:
    tab, shown = ClassifyTab(FakePredictor()), drawn(*BARS)
    assert tab.marks(shown) == "" and '<p class="answer-reads"></p>' in tab.answer(shown)


def test_nothing_is_read_where_there_is_no_writing(tmp_path: Path) -> None:
    written(tmp_path / "sheet.png")

    class Blank(ReadingEverywhere):
        def prepare(self, source, **options):
            return replace(super().prepare(source, **options), has_writing=False)

    tab, shown = ClassifyTab(Blank()), ViewState("upload", upload=str(tmp_path / "sheet.png"))
    assert labels(tab.marks(shown)) == [] and '<p class="answer-reads"></p>' in tab.answer(shown)


# ---- A reading and an answer that disagree


def said(answer: int, share: float, *digits: int) -> Prediction:
    shares = np.full(10, (1 - share) / 9, np.float32)
    shares[answer] = share
    return Prediction("resnet18", shares, 1.0, tuple(Reading(digit, 0.99, 64.0, 64.0) for digit in digits))


@pytest.mark.parametrize(
    ("prediction", "unsure"),
    [
        (said(8, 0.97, 3, 8, 5), False),
        (said(9, 0.97, 3, 8, 5), True),
        (said(5, 0.97, 3, 8, 5), True),
        (said(8, 0.69, 3, 8, 5), True),
        (said(8, 0.97), False),
    ],
)
def test_an_answer_is_unsure_if_it_is_not_the_largest_that_was_read(prediction: Prediction, unsure: bool) -> None:
    assert is_unsure(prediction) == unsure
    picture = ModelInput(np.full((128, 128), 90, np.uint8))
    card = answer_card(prediction, picture)
    assert ("Not sure: " in card or "Torn" in card) == unsure
    assert ("Not sure: the model reads 3 · 8 · 5, but answers" in card) == prediction.is_contradicted
    told = side_by_side(["resnet18"], [Reply("resnet18", prediction)], picture, "")
    assert ("Not sure: the model reads 3 · 8 · 5, but answers" in told) == prediction.is_contradicted
    assert readings_line(prediction.digits) in told


def test_whoever_contradicts_himself_is_asked_about_the_turned_picture(tmp_path: Path) -> None:
    written(tmp_path / "sheet.png")
    predictor, shown = ReadingPredictor(), ViewState("upload", upload=str(tmp_path / "sheet.png"))
    tab = ClassifyTab(predictor)
    tab.answer(shown)
    assert not predictor.in_batches
    predictor.unlike = 0
    assert "but answers 0" in tab.answer(shown) and len(predictor.in_batches) == 3


class Silent(FakePredictor):
    """Nothing speaks for a 4."""

    def explain(self, picture: NDArray[np.uint8], model: str, digit: int) -> NDArray[np.float32]:
        return super().explain(picture, model, digit) * (digit != 4)


def test_where_nothing_spoke_for_a_digit_the_card_says_so() -> None:
    tab = ClassifyTab(Silent())
    for digit, caption in ((4, texts.NO_EVIDENCE), (5, texts.WHY)):
        card, _ = tab.press(drawn(*BARS), digit=digit)
        assert f'<figcaption title="{texts.SAW_FITTED_MORE}">{caption.format(digit=digit)} <button' in card


# ---- What would change the answer


def heights(predictor: FakePredictor) -> list[int]:
    return [reading.digit for reading in ReadingPredictor().classify(predictor.seen[0], "resnet18").digits or ()]


def test_what_would_change_the_answer_comes_after_it() -> None:
    predictor, shown = ReadingPredictor(), drawn(*BARS)
    tab = ClassifyTab(predictor)
    steps = list(in_steps(tab.answering.show(shown, "resnet18")))
    assert tab.page.answer in steps[0] and tab.page.parts not in steps[0] and list(steps[1]) == [tab.page.parts]
    low, middle, high = sorted(heights(predictor))
    assert low < middle < high
    assert steps[1][tab.page.parts] == f"<p>Without the {high} it would be {middle}.</p>"
    assert len(predictor.seen) == 1 and len(predictor.in_batches) == 3, "the picture, and each of its digits erased"


def test_no_single_digit_of_two_equal_ones_changes_the_answer() -> None:
    said, _ = ClassifyTab(ReadingPredictor()).parts(drawn((150, 200, 500), (500, 200, 500), (800, 200, 300)))
    assert said == f"<p>{texts.without([], 8)}</p>" and "still be 8" in said


def test_what_is_read_twice_is_told_by_its_place() -> None:
    answers = [Without(1, (8,), 5, True), Without(2, (8,), 8, True), Without(3, (3, 5), 8, True)]
    assert in_a_line(answers, 8) == "Without the 1st digit it would be 5."
    answers = [Without(1, (8,), 5, False), Without(2, (), 7, True), Without(3, (3, 5), 0, True)]
    assert in_a_line(answers, 8) == (
        "Without the 8 it would be perhaps 5; without the 2nd digit, 7; without the 3 and 5, 0."
    )
    with texts.speaking("fr"):
        assert in_a_line(answers[::2], 8) == "Sans le 8, ce serait peut-être 5\u00a0; sans le 3 et le 5, 0."


def test_what_takes_long_is_found_out_when_asked_for() -> None:
    predictor, shown = ReadingPredictor(), drawn(*BARS)
    predictor.milliseconds = 40.0
    tab = ClassifyTab(predictor)
    button, comes_later = tab.parts(shown)
    assert texts.ASK_PARTS in button and 'data-press="select"' in button and not comes_later
    assert not predictor.in_batches
    changes = tab.answering.ask_parts(shown, "resnet18")
    assert "Without the" in changes[tab.page.parts] and len(predictor.in_batches) == 3
    predictor.milliseconds = 30.0
    tab.answer(shown)
    predictor.milliseconds = 90.0
    assert tab.parts(shown)[1], "one slow pass of a busy machine says nothing of the model"


def test_a_busy_server_finds_it_out_for_two_at_a_time() -> None:
    class Waiting(ReadingPredictor):
        def predict(self, *arguments: Any) -> NDArray[np.float32]:
            begun.release()
            assert go_on.wait(60)
            return super().predict(*arguments)

    begun, go_on, shown = Semaphore(0), Event(), drawn(*BARS)
    tab = ClassifyTab(Waiting())

    def later() -> str:
        return list(in_steps(tab.answering.show(shown, "resnet18")))[1][tab.page.parts]

    with ThreadPoolExecutor(2) as others:
        waiting = [others.submit(later) for _ in range(2)]
        assert begun.acquire(timeout=60) and begun.acquire(timeout=60)
        button = later()
        go_on.set()
        assert all("Without the" in one.result() for one in waiting)
    assert texts.ASK_PARTS in button and 'data-press="select"' in button
    assert "Without the" in later()


def test_there_is_nothing_to_erase_on_texture_of_one_digit_or_where_there_is_none() -> None:
    predictor = ReadingPredictor()
    tab = ClassifyTab(predictor)
    assert tab.parts(ViewState("sample", choice=SampleChoice(5))) == ("", False)
    assert tab.parts(drawn(BARS[0])) == ("", False) and tab.parts(ViewState("draw")) == ("", False)
    assert tab.answering.ask_parts(ViewState("draw"), "resnet18") == {tab.page.parts: ""}
    changes = tab.answering.press(drawn(*BARS, erased=(0,)), "resnet18", None, 1)
    assert changes[tab.page.parts] == "", "a single one is left"
    predictor.seen.clear()
    changes = tab.answering.press(drawn(*BARS), "resnet18", None, 2)
    low, middle = sorted(heights(predictor))
    assert changes[tab.page.parts]() == f"<p>Without the {middle} it would be {low}.</p>"


def test_a_model_that_fails_after_its_answer_leaves_the_answer() -> None:
    class Failing(ReadingPredictor):
        def predict(self, *_: object) -> NDArray[np.float32]:
            raise CheckpointError("Gone.")

    tab = ClassifyTab(Failing())
    first, second = in_steps(tab.answering.show(drawn(*BARS), "resnet18"))
    assert "The largest digit is" in first[tab.page.answer] and second[tab.page.parts] == "<p>Gone.</p>"


def test_a_sample_s_digits_are_numbered_from_the_left() -> None:
    tab = ClassifyTab(FakePredictor())
    for seed in range(6):
        choice = SampleChoice(seed, "drawn")
        card = tab.answer(ViewState("sample", choice=choice))
        boxes = choice.sample(Evaluation()).boxes
        drawn_boxes = [int(x) for x in re.findall(r'<rect x="(-?\d+)"', card)]
        assert drawn_boxes == sorted(box[0] for box in boxes)


def test_a_saved_answer_holds_what_is_read() -> None:
    import base64

    tab = ClassifyTab(ReadingPredictor())
    file = json.loads(tab.keeping.save(drawn(*BARS), "resnet18", "answer")[tab.page.handed])
    answer = json.loads(base64.b64decode(file["base64"]))
    assert [set(reading) for reading in answer["digits"]] == [{"digit", "probability", "x", "y"}] * 3
