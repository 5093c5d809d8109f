"""The Compare page without a browser: several answers in words, the table, the charts, the mistakes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from ui_support import TEXTURED, FakePredictor, write_results

from maxdigit.data.sample import measured_picture
from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import NAMES, Predictor
from maxdigit.preparation.prepare import PreparedPicture
from maxdigit.ui import texts
from maxdigit.ui.charts import against_figure
from maxdigit.ui.compare_tab import _compare, _look, _metrics, _row, _whole
from maxdigit.ui.measured import MetricsError, read_metrics
from maxdigit.ui.sampling import ANY, Dealt, WishError, deal
from maxdigit.ui.shown import Edit
from maxdigit.ui.sortable import Column, sortable
from maxdigit.ui.theme import MODEL_COLOURS

DRAWING = json.dumps({"version": 1, "strokes": [{"tool": "pen", "size": 40, "points": [[100, 200], [600, 400]]}]})


@pytest.fixture
def predictor(tmp_path: Path) -> FakePredictor:
    write_results(tmp_path, "resnet18")
    return FakePredictor(checkpoints=tmp_path)


# ---- Who says what


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([], "No model could answer."),
        ([("A", 3)], "A says 3."),
        ([("A", 3), ("B", 3)], "They all say 3."),
        ([("A", 3), ("B", 7), ("C", 7)], "They disagree: B and C say 7; A says 3."),
        ([("A", 3), ("B", 3), ("C", 3), ("D", 0)], "They disagree: A, B and C say 3; D says 0."),
    ],
)
def test_agreement_is_told_in_words(answers: list[tuple[str, int]], words: str) -> None:
    assert texts.verdict(answers) == words


def test_models_answer_one_after_the_other_about_the_picture_of_the_other_page(predictor: FakePredictor) -> None:
    steps = list(_compare(predictor, list(NAMES), "draw", DRAWING, None, "auto", Edit(), None, {}))
    assert len(steps) == 1 + len(NAMES)
    for number, (cards, _, times) in enumerate(steps):
        assert cards.count('class="versus-card"') == len(NAMES), "the cards stand there from the start"
        assert len(re.findall(r'class="versus-digit">\d', cards)) == number == len(times)
    cards, table, times = steps[-1]
    assert "They all say" in cards and texts.COMPARE_OURS in cards
    assert times == dict.fromkeys(NAMES, 12.3) and table.count("12 ms") == len(NAMES)
    shown = [picture for picture in predictor.seen if picture.any()]
    assert all((picture == shown[0]).all() for picture in shown), "all models see the same picture"


def test_a_sample_is_taken_where_there_is_nothing_to_compare(predictor: FakePredictor) -> None:
    *_, (cards, _, _) = _compare(predictor, ["resnet18"], "draw", "", None, "auto", Edit(), None, {})
    assert texts.COMPARE_FRESH in cards and "the largest is" in cards


def test_a_model_that_cannot_answer_says_why_and_the_others_go_on() -> None:
    predictor = FakePredictor(names=["resnet18"])
    names = ["torch_cnn", "resnet18"]
    *_, (cards, _, times) = _compare(predictor, names, "draw", DRAWING, None, "auto", Edit(), None, {})
    assert "torch_cnn has no trained weights" in cards and set(times) == {"resnet18"}
    assert "ResNet18 says" in cards


def test_where_no_writing_was_found_nobody_says_a_digit(tmp_path: Path) -> None:
    class BlankPredictor(FakePredictor):
        def prepare(self, source: Path | bytes, **options: Any) -> PreparedPicture:
            return replace(super().prepare(source, **options), has_writing=False)

    pixels = np.full((200, 300), 230, np.uint8)
    pixels[30:90, 40:48] = 20
    Image.fromarray(pixels).save(tmp_path / "sheet.png")
    picture = ("upload", None, str(tmp_path / "sheet.png"), "auto", Edit(), None)
    *_, (cards, _, _) = _compare(BlankPredictor(), list(NAMES), *picture, {})
    assert cards.count('class="versus-digit">?') == len(NAMES) and f"<h2>{texts.NO_DIGITS}</h2>" in cards
    *_, (cards, _, _) = _compare(FakePredictor(), list(NAMES), *picture, {})
    assert "They all say" in cards and 'class="versus-digit">?' not in cards


def test_a_drawing_that_cannot_be_read_is_explained(predictor: FakePredictor) -> None:
    ((sentence, _, _),) = _compare(predictor, ["resnet18"], "draw", "nonsense", None, "auto", Edit(), None, {})
    assert "The drawing cannot be read" in sentence


# ---- The table


def test_a_row_holds_what_was_measured_and_blanks_for_the_rest(predictor: FakePredictor) -> None:
    row = _row("resnet18", read_metrics(predictor.folder("resnet18") / "metrics.json"), 7.25)
    assert len(row) == len(texts.MEASURED_COLUMNS)
    cells = dict(zip(texts.MEASURED_COLUMNS, row, strict=True))
    assert cells["Parameters"] == ("11,175,370", 11_175_370) and cells["Time here"] == ("7.2 ms", 7.25)
    assert "97.1%" in cells["Textured"][0] and "n = 103" in cells["Textured"][0] and cells["Drawn"] == ("", None)
    assert cells["Trained on"][0] == "48,000<br><small>3 min, a loom</small>"
    assert cells["Paper"][0] == "94.5% / 93.1%"
    empty = _row("ensemble", read_metrics(Path("nowhere")), None)
    assert [value for _, value in empty[1:]] == [None] * (len(empty) - 1)


def test_a_sortable_table_carries_values_apart_from_what_is_shown() -> None:
    table = sortable(
        [Column("Name", "who"), Column("Size", "how big")], [[("<b>a</b>", "a"), ("1 MB", 1.0)]], "A note."
    )
    assert 'data-sort="1.0">1 MB</td>' in table and 'title="how big"' in table and "A note." in table
    assert 'data-sort=""' in sortable([Column("Name", "who")], [[("", None)]])


@pytest.mark.parametrize("damage", [{"confusion": [[1]]}, {"reliability": [[1]]}, {"accuracy_by_size": 3}])
def test_damaged_results_are_refused_by_name(tmp_path: Path, damage: dict) -> None:
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps({"test": {"textured": {**TEXTURED, **damage}}}))
    with pytest.raises(MetricsError, match=r"metrics\.json"):
        read_metrics(path)


# ---- The charts


@pytest.mark.parametrize(
    ("against", "x", "y"),
    [
        ("digit", list("0123456789"), [*[1.0] * 9, 10 / 13]),
        ("size", ["16-20", "20-24"], [0.9, 0.99]),
        ("background", ["rings"], [0.97]),
        ("confidence", [0.6, 0.97], [0.5, 0.99]),
    ],
)
def test_accuracy_is_drawn_against_what_makes_pictures_hard(
    predictor: FakePredictor, against: str, x: list, y: list
) -> None:
    measured = read_metrics(predictor.folder("resnet18") / "metrics.json").test["textured"]
    figure = against_figure({"resnet18": measured}, against)
    assert figure is not None and len(figure.data) == 1
    assert list(figure.data[0].x) == x and list(figure.data[0].y) == pytest.approx(y)
    assert figure.data[0].line.color == MODEL_COLOURS["resnet18"]


def test_what_was_not_measured_is_not_drawn(predictor: FakePredictor) -> None:
    measured = read_metrics(predictor.folder("resnet18") / "metrics.json").test["textured"]
    assert against_figure({"resnet18": measured}, "overlap") is None
    assert against_figure({}, "digit") is None


def test_the_ensemble_has_the_size_and_the_work_of_its_members() -> None:
    members = [_metrics(Predictor(), name) for name, weight in Predictor().weights().items() if weight]
    whole = _whole(Predictor(), "ensemble")
    assert whole.parameters == sum(member.parameters for member in members) > 1_000_000
    assert whole.flops == sum(member.flops for member in members) and whole.test
    assert _whole(Predictor(), "torch_cnn") == _metrics(Predictor(), "torch_cnn")


# ---- The mistakes


def test_a_cell_shows_the_pictures_that_fell_into_it(predictor: FakePredictor) -> None:
    matrix, _, everything, *_ = _look(predictor, "resnet18", "textured", ANY, None, 24)
    assert matrix.count("<button") == 120 and everything.count("<figure>") == 3
    matrix, _, gallery, _, cell, _ = _look(predictor, "resnet18", "textured", ANY, (9, 4), 24)
    assert gallery.count("<figure>") == 2 and cell == (9, 4) and matrix.count(" chosen") == 1
    assert "9, read as 4 (90% sure)" in gallery
    family = measured_picture("textured", 8).family
    *_, gallery, _, _, _ = _look(predictor, "resnet18", "textured", family, (9, 4), 24)
    assert "9, read as 4 (80% sure)" in gallery
    *_, gallery, more, _, _ = _look(predictor, "resnet18", "textured", ANY, None, 2)
    assert gallery.count("<figure>") == 2 and more.visible
    for head, count in (((9, None), 2), ((None, 4), 2), ((7, None), 1), ((None, None), 3)):
        _, _, gallery, *_ = _look(predictor, "resnet18", "textured", ANY, head, 24)
        assert gallery.count("<figure>") == count
    assert texts.RIGHT_NOT_KEPT in _look(predictor, "resnet18", "textured", ANY, (4, 4), 24)[2]
    assert texts.MISTAKES_NONE in _look(predictor, "resnet18", "drawn", ANY, None, 24)[2]


def test_mistakes_never_written_down_and_damaged_ones_are_explained(predictor: FakePredictor) -> None:
    assert "evaluate --write" in _look(predictor, "torch_cnn", "textured", ANY, None, 24)[2]
    (predictor.folder("resnet18") / "mistakes.csv").write_text("kind,index\ntextured,one\n")
    assert "is damaged" in _look(predictor, "resnet18", "textured", ANY, None, 24)[2]


@pytest.mark.parametrize("cell", [(9, 12), ("9", 4), (None, None)])
def test_a_cell_that_does_not_exist_is_none(predictor: FakePredictor, cell: tuple) -> None:
    *_, chosen, _ = _look(predictor, "resnet18", "textured", ANY, cell, 24)
    assert chosen is None


# ---- Samples as they are wished for


def test_wishes_are_read_and_nonsense_refused() -> None:
    dealt = deal("textured", "rings", "3 1,7")
    assert (dealt.kind, dealt.family, dealt.digits) == ("textured", "rings", (3, 1, 7))
    assert deal("photo", "rings", "").family is None, "only textured pictures have a background"
    assert deal("drawn", ANY, "").digits is None
    for nonsense in ("31", "3 1 7 7", "abc", "3 1 x"):
        with pytest.raises(WishError, match="three digits"):
            deal("textured", ANY, nonsense)


def test_a_dealt_sample_is_the_same_each_time() -> None:
    first, second = (Dealt(5, "drawn", None, (1, 4, 2)).sample for _ in range(2))
    assert (first.pixels == second.pixels).all() and sorted(first.digits) == [1, 2, 4]
    with pytest.raises(MaxDigitError):
        _ = Dealt(5, "crowded").sample
