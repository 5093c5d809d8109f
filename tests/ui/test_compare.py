"""The Compare page without a browser: several answers in words, the table, the charts, the mistakes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from ui_support import TEXTURED, FakePredictor, write_results

from maxdigit.data.sample import evaluation_picture
from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import NAMES, Predictor, title
from maxdigit.models.registry import MODELS
from maxdigit.preparation.prepare import PreparedPicture
from maxdigit.training.results import ResultsError, RunResults, read_results
from maxdigit.ui import texts
from maxdigit.ui.app import build_app
from maxdigit.ui.charts import against_figure
from maxdigit.ui.compare.asking import Asking
from maxdigit.ui.compare.error_analysis import Look, Mistakes
from maxdigit.ui.compare.measurements import metrics_of, model_row, with_members
from maxdigit.ui.compare.stressing import Stressing
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.sampling import ANY, SampleChoice, SampleChoiceError, choose_sample
from maxdigit.ui.sortable_table import Column, sortable
from maxdigit.ui.stress import StressTest
from maxdigit.ui.texts import french
from maxdigit.ui.theme import MODEL_COLOURS
from maxdigit.ui.view_state import ModelInput, ViewState

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
        ([("A", 3), ("B", 3)], "All models say 3."),
        ([("A", 3), ("B", 7), ("C", 7)], "The models disagree: B and C say 7; A says 3."),
        ([("A", 3), ("B", 3), ("C", 3), ("D", 0)], "The models disagree: A, B and C say 3; D says 0."),
    ],
)
def test_agreement_is_told_in_words(answers: list[tuple[str, int]], words: str) -> None:
    assert texts.verdict(answers) == words


def compare(predictor: FakePredictor, shown: ViewState) -> Iterator[tuple[str, str, dict[str, float]]]:
    """What the page shows, one answer after the other: the cards, the table, and the times."""
    with gr.Blocks():
        asking = Asking(predictor, Evaluation(), gr.HTML(), gr.HTML(), gr.State({}), gr.State(None))
    for changes in asking.compare(shown, {}):
        yield changes[asking.replies], changes[asking.table], changes[asking.times]


def test_models_answer_one_after_the_other_about_the_picture_of_the_other_page(predictor: FakePredictor) -> None:
    steps = list(compare(predictor, ViewState("draw", DRAWING)))
    assert len(steps) == 1 + len(NAMES)
    for number, (cards, _, times) in enumerate(steps):
        assert cards.count('class="side-by-side-card"') == len(NAMES), "the cards stand there from the start"
        assert len(re.findall(r'class="side-by-side-digit">\d', cards)) == number == len(times)
    cards, table, times = steps[-1]
    assert "All models say" in cards and texts.COMPARE_OURS in cards
    assert times == dict.fromkeys(NAMES, 12.3) and table.count("12 ms") == len(NAMES)
    shown = [picture for picture in predictor.seen if picture.any()]
    assert all((picture == shown[0]).all() for picture in shown), "all models see the same picture"


def test_a_sample_is_taken_where_there_is_nothing_to_compare(predictor: FakePredictor) -> None:
    (first, table, _), *_, (cards, _, _) = compare(predictor, ViewState())
    assert first == f"<p>{texts.COMPARE_FRESH}</p>" and "<table" in table, "before the sample is made"
    assert texts.COMPARE_FRESH in cards and "the largest is" in cards


def test_a_model_that_cannot_answer_says_why_and_the_others_go_on() -> None:
    class WithoutOne(FakePredictor):
        def available(self) -> list[str]:
            return ["torch_cnn", "resnet18"]

    *_, (cards, _, times) = compare(WithoutOne(names=["resnet18"]), ViewState("draw", DRAWING))
    assert "torch_cnn has no trained weights" in cards and set(times) == {"resnet18"}
    assert "ResNet18 says" in cards


def test_a_model_that_fails_by_a_fault_says_so_and_the_others_go_on() -> None:
    class Faulty(FakePredictor):
        def explain(self, picture: np.ndarray, model: str, digit: int) -> np.ndarray:
            if model == "torch_cnn":
                raise TypeError("a tensor was handed to another framework")
            return super().explain(picture, model, digit)

    *_, (cards, _, times) = compare(Faulty(names=["torch_cnn", "resnet18"]), ViewState("draw", DRAWING))
    assert texts.FAULT in cards and set(times) == {"resnet18"} and "ResNet18 says" in cards


def test_where_no_writing_was_found_nobody_says_a_digit(tmp_path: Path) -> None:
    class BlankPredictor(FakePredictor):
        def prepare(self, source: Path | bytes, **options: Any) -> PreparedPicture:
            return replace(super().prepare(source, **options), has_writing=False)

    pixels = np.full((200, 300), 230, np.uint8)
    pixels[30:90, 40:48] = 20
    Image.fromarray(pixels).save(tmp_path / "sheet.png")
    shown = ViewState("upload", upload=str(tmp_path / "sheet.png"))
    *_, (cards, _, _) = compare(BlankPredictor(), shown)
    assert cards.count('class="side-by-side-digit">?') == len(NAMES) and f"<h2>{texts.NO_DIGITS}</h2>" in cards
    *_, (cards, _, _) = compare(FakePredictor(), shown)
    assert "All models say" in cards and 'class="side-by-side-digit">?' not in cards


def test_a_drawing_that_cannot_be_read_is_explained(predictor: FakePredictor) -> None:
    ((sentence, _, _),) = compare(predictor, ViewState("draw", "nonsense"))
    assert "The drawing cannot be read" in sentence


# ---- The picture changed more and more


def stress(predictor: FakePredictor, picture: ModelInput | None, number: Any = 3, change: Any = "turn") -> dict:
    with gr.Blocks():
        section = Stressing(predictor, StressTest(), gr.State())
    value = section.stress(picture, number, change)
    return json.loads(value[section.view]) if section.view in value else {}


def bar() -> ModelInput:
    """Turned by 90 degrees it fills other columns, and the stand-in's answer is another."""
    pixels = np.zeros((128, 128), np.uint8)
    pixels[10:118, 60:68] = 255
    return ModelInput(pixels)


def test_each_model_answers_all_strengths_of_a_change_in_one_batch() -> None:
    predictor = FakePredictor()
    value = stress(predictor, bar())
    assert (value["number"], value["change"], value["said"]) == (3, "turn", "")
    strengths, unchanged = value["strengths"], value["unchanged"]
    assert strengths[unchanged] == 0 and value["pictures"].startswith("data:image/jpeg")
    assert [row["model"] for row in value["rows"]] == [title(name) for name in NAMES]
    assert predictor.seen == [] and len(predictor.in_batches) == len(MODELS) * len(strengths), (
        "the ensemble's answer is mixed"
    )
    assert (predictor.in_batches[unchanged] == bar().pixels).all()
    for row in value["rows"]:
        assert len(row["digits"]) == len(row["percents"]) == len(strengths)
        assert row["digits"][unchanged] != row["digits"][0], "a bar that lies is wider"
        low, high = row["holds"]
        assert 0 < low <= unchanged <= high < len(strengths) - 1
        assert len(set(row["digits"][low : high + 1])) == 1
    assert len(json.dumps(value)) < 200_000


def test_a_model_without_weights_says_so_in_its_row_and_the_others_answer() -> None:
    class WithoutOne(FakePredictor):
        def available(self) -> list[str]:
            return list(NAMES)

    value = stress(WithoutOne(names=["resnet18", "keras_cnn"]), bar(), change="noise")
    rows = {row["model"]: row for row in value["rows"]}
    assert "torch_cnn has no trained weights" in rows["PyTorch CNN"]["trouble"] and "digits" not in rows["PyTorch CNN"]
    assert rows["ResNet18"]["trouble"] == "" and rows["ResNet18"]["digits"]
    assert rows["Ensemble"]["digits"], "of the members that it has"


def test_where_there_is_nothing_to_change_a_sentence_says_so() -> None:
    predictor = FakePredictor()
    assert stress(predictor, None) == {"number": 3, "said": texts.STRESS["nothing"]}
    assert stress(predictor, replace(bar(), has_writing=False))["said"] == texts.STRESS["blank"]
    with texts.speaking("fr"):
        assert stress(predictor, None)["said"] == french.STRESS["nothing"]
    assert predictor.in_batches == []


@pytest.mark.parametrize(
    ("number", "change"), [("1", "turn"), (True, "turn"), (1, "melt"), (1, ["turn"]), (None, None)]
)
def test_nonsense_from_a_browser_changes_no_picture(number: Any, change: Any) -> None:
    predictor = FakePredictor()
    assert stress(predictor, bar(), number, change) == {} and predictor.in_batches == []


def test_what_is_compared_is_what_is_changed(predictor: FakePredictor) -> None:
    with gr.Blocks():
        asking = Asking(predictor, Evaluation(), gr.HTML(), gr.HTML(), gr.State({}), gr.State(None))
    first, *_ = asking.compare(ViewState("draw", DRAWING), {})
    assert first[asking.compared].pixels.any()
    (failed,) = asking.compare(ViewState("draw", "nonsense"), {})
    assert failed[asking.compared] is None


# ---- The table


def test_a_row_holds_what_was_measured_and_blanks_for_the_rest(predictor: FakePredictor) -> None:
    row = model_row("resnet18", read_results(predictor.folder("resnet18")), 7.25)
    assert set(row) == set(texts.MEASURED_COLUMNS)
    assert row["parameters"] == ("11,175,370", 11_175_370) and row["time"] == ("7.2 ms", 7.25)
    assert "97.1%" in row["textured"][0] and "n = 103" in row["textured"][0] and row["drawn"] == ("", None)
    assert row["training"][0] == "48,000<br><small>3 min, a loom</small>"
    assert row["paper"][0] == "94.5% / 93.1%"
    empty = model_row("ensemble", RunResults(), None)
    assert {value for column, (_, value) in empty.items() if column != "model"} == {None}


def test_a_sortable_table_carries_values_apart_from_what_is_shown() -> None:
    table = sortable(
        [Column("Name", "who"), Column("Size", "how big")], [[("<b>a</b>", "a"), ("1 MB", 1.0)]], "A note."
    )
    assert 'data-sort="1.0">1 MB</td>' in table and 'title="how big"' in table and "A note." in table
    assert 'data-sort=""' in sortable([Column("Name", "who")], [[("", None)]])


@pytest.mark.parametrize("damage", [{"confusion": [[1]]}, {"reliability": [[1]]}, {"accuracy_by_size": 3}])
def test_damaged_results_are_refused_by_name(tmp_path: Path, damage: dict) -> None:
    (tmp_path / "metrics.json").write_text(json.dumps({"test": {"textured": {**TEXTURED, **damage}}}))
    with pytest.raises(ResultsError, match=r"metrics\.json"):
        read_results(tmp_path)


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
    measured = read_results(predictor.folder("resnet18")).test["textured"]
    figure = against_figure({"resnet18": measured}, against)
    assert figure is not None and len(figure.data) == 1
    assert list(figure.data[0].x) == x and list(figure.data[0].y) == pytest.approx(y)
    assert figure.data[0].line.color == MODEL_COLOURS["resnet18"]


def test_what_was_not_measured_is_not_drawn(predictor: FakePredictor) -> None:
    measured = read_results(predictor.folder("resnet18")).test["textured"]
    assert against_figure({"resnet18": measured}, "overlap") is None
    assert against_figure({}, "digit") is None


def test_the_ensemble_has_the_size_and_the_work_of_its_members() -> None:
    members = [metrics_of(Predictor(), name) for name, weight in Predictor().weights().items() if weight]
    whole = with_members(Predictor(), "ensemble")
    assert whole.parameters == sum(member.parameters for member in members) > 1_000_000
    assert whole.flops_per_picture == sum(member.flops_per_picture for member in members) and whole.test
    assert with_members(Predictor(), "torch_cnn") == metrics_of(Predictor(), "torch_cnn")


# ---- The mistakes


def looked_at(predictor: FakePredictor, look: Look) -> tuple[str, str, bool, Any]:
    """What the page shows: the matrix, the gallery, whether there is more, and the chosen cell."""
    with gr.Blocks():
        section = Mistakes.laid_out(predictor, Evaluation(), gr.Radio())
    changes = section.show(look)
    return changes[section.matrix], changes[section.gallery], changes[section.more].visible, changes[section.cell]


def test_a_cell_shows_the_pictures_that_fell_into_it(predictor: FakePredictor) -> None:
    matrix, everything, *_ = looked_at(predictor, Look("resnet18"))
    assert matrix.count("<button") == 120 and everything.count("<figure>") == 3
    matrix, gallery, _, cell = looked_at(predictor, Look("resnet18", cell=(9, 4)))
    assert gallery.count("<figure>") == 2 and cell == (9, 4) and matrix.count(" chosen") == 1
    assert "9, read as 4 (90% sure)" in gallery
    family = evaluation_picture("textured", 8).family
    _, gallery, *_ = looked_at(predictor, Look("resnet18", family=family, cell=(9, 4)))
    assert "9, read as 4 (80% sure)" in gallery
    _, gallery, is_more, _ = looked_at(predictor, Look("resnet18", count=2))
    assert gallery.count("<figure>") == 2 and is_more
    for head, count in (((9, None), 2), ((None, 4), 2), ((7, None), 1), ((None, None), 3)):
        _, gallery, *_ = looked_at(predictor, Look("resnet18", cell=head))
        assert gallery.count("<figure>") == count
    assert texts.RIGHT_NOT_KEPT in looked_at(predictor, Look("resnet18", cell=(4, 4)))[1]
    assert texts.MISTAKES_NONE in looked_at(predictor, Look("resnet18", "drawn"))[1]


def test_mistakes_never_written_down_and_damaged_ones_are_explained(predictor: FakePredictor) -> None:
    assert "evaluate --write" in looked_at(predictor, Look("torch_cnn"))[1]
    (predictor.folder("resnet18") / "mistakes.csv").write_text("kind,index\ntextured,one\n")
    assert "is damaged" in looked_at(predictor, Look("resnet18"))[1]


@pytest.mark.parametrize("cell", [(9, 12), ("9", 4), (None, None)])
def test_a_cell_that_does_not_exist_is_none(predictor: FakePredictor, cell: tuple) -> None:
    *_, chosen = looked_at(predictor, Look("resnet18", cell=cell))
    assert chosen is None


def test_the_pictures_come_after_what_needs_no_generator(tmp_path: Path) -> None:
    config = build_app(FakePredictor(), tmp_path).get_config_file()
    names = {part["id"]: part["props"].get("elem_id") for part in config["components"]}
    (tab,) = (part["id"] for part in config["components"] if part["props"].get("id") == "compare")
    events = [event for event in config["dependencies"] if (tab, "select") in event["targets"]]
    assert [names[event["outputs"][0]] for event in events] == ["against", "matrix", "side-by-side", "gallery"]


# ---- Samples as requested


def test_wishes_are_read_and_nonsense_refused() -> None:
    choice = choose_sample("textured", "rings", "3 1,7")
    assert (choice.kind, choice.family, choice.digits) == ("textured", "rings", (3, 1, 7))
    assert choose_sample("photo", "rings", "").family is None, "only textured pictures have a background"
    assert choose_sample("drawn", ANY, "").digits is None
    for nonsense in ("31", "3 1 7 7", "abc", "3 1 x"):
        with pytest.raises(SampleChoiceError, match="three digits"):
            choose_sample("textured", ANY, nonsense)


def test_a_chosen_sample_is_the_same_each_time() -> None:
    first, second = (SampleChoice(5, "drawn", None, (1, 4, 2)).sample(Evaluation()) for _ in range(2))
    assert (first.pixels == second.pixels).all() and sorted(first.digits) == [1, 2, 4]
    with pytest.raises(MaxDigitError):
        _ = SampleChoice(5, "crowded").sample(Evaluation())
