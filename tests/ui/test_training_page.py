"""The Training page: runs on disk, their charts and settings."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from ui_support import FakePredictor, draw, drawing, stroke, write_run

from maxdigit.inference.predict import Predictor
from maxdigit.training.history import Epoch, write_history
from maxdigit.ui import texts
from maxdigit.ui.charts import View, run_figures, smooth
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.replay import Replay
from maxdigit.ui.replaying import Replaying
from maxdigit.ui.run_tables import settings_table
from maxdigit.ui.saved_runs import find_runs, fingerprint
from maxdigit.ui.stories import stories
from maxdigit.ui.texts import english
from maxdigit.ui.theme import MODEL_COLOURS
from maxdigit.ui.training_tab import Training, lay_out
from maxdigit.ui.view_state import ViewState


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


def test_a_run_that_started_from_others_is_shown_with_their_epochs(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "resnet18", "tuned", epochs=3)
    oldest = folder / "before" / "before"
    oldest.mkdir(parents=True)
    for path, name in ((folder / "before", "b"), (oldest, "a")):
        (path / "history.csv").write_bytes((write_run(tmp_path, name, "tuned", epochs=2) / "history.csv").read_bytes())
        shutil.rmtree(tmp_path / name)
    (run,), troubles = find_runs(tmp_path)
    assert not troubles and run.name == "resnet18/tuned"
    assert [epoch.epoch for epoch in run.epochs] == [1, 2, 3, 4, 5, 6, 7]
    assert len(run.own_epochs) == 3 and run.pictures < sum(
        epoch.seconds * epoch.pictures_per_second for epoch in run.epochs
    )
    (oldest / "history.csv").write_text("nothing")
    assert find_runs(tmp_path)[0] == [] and len(find_runs(tmp_path)[1]) == 1


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


# ---- A run played back, and what the paper's recipes show


def kept(folder: Path, *pictures: int) -> None:
    """The places of weights kept along the way; the stand-in for the models reads none."""
    for seen in pictures:
        (folder / "kept" / str(seen)).mkdir(parents=True)


def replay(root: Path, shown: ViewState, number: Any = 5, name: Any = "", predictor: Any = None) -> dict:
    with gr.Blocks():
        section = Replaying(Replay(), predictor or FakePredictor(checkpoints=root), Evaluation(), root)
    changes = section.replay(shown, number, name)
    return json.loads(changes[section.view]) if section.view in changes else {}


DRAWN = draw(drawing(stroke()))


def test_the_run_that_kept_its_weights_is_played_with_the_answers_to_the_present_picture(tmp_path: Path) -> None:
    write_run(tmp_path, "keras_cnn", "tuned")
    folder = write_run(tmp_path, "torch_cnn", "watched", epochs=4)
    write_config(folder, model="torch_cnn", name="tuned", seed=18)
    kept(folder, 90_000, 180_000, 45_000)
    (folder / "kept" / ".new-1").mkdir()
    value = replay(tmp_path, DRAWN)
    assert (value["number"], value["run"]) == (5, "torch_cnn/watched")
    assert value["runs"] == [
        ["keras_cnn/tuned", "Keras CNN, tuned"],
        [value["run"], "PyTorch CNN, tuned (torch_cnn/watched)"],
    ]
    assert [epoch["seen"] for epoch in value["epochs"]] == [45_000, 90_000, 135_000, 180_000]
    assert value["answers"]["seen"] == [45_000, 90_000, 180_000]
    first, _, last = value["answers"]["percents"]
    assert max(first) < max(last) == pytest.approx(86, abs=0.1)
    (said,) = value["said"]
    assert "180,000 pictures, seed 18" in said and "Its weights are not the ones that answer" in said


def test_a_run_without_weights_is_played_by_its_curves_and_says_whose_weights_it_left(tmp_path: Path) -> None:
    write_run(tmp_path, "resnet18", "tuned")
    kept(write_run(tmp_path, "torch_cnn", "watched"), 10)
    value = replay(tmp_path, DRAWN, name="resnet18/tuned")
    assert value["answers"] is None and len(value["epochs"]) == 12
    assert "Its weights are the ones that answer" in value["said"][0] and value["said"][1] == english.REPLAY["curves"]


def test_where_there_is_no_picture_a_test_picture_is_answered(tmp_path: Path) -> None:
    kept(write_run(tmp_path, "torch_cnn", "tuned"), 10)
    value = replay(tmp_path, ViewState())
    assert value["answers"]["picture"].startswith("data:image/png") and value["said"][-1] == english.REPLAY["stand_in"]


def test_weights_that_cannot_be_read_leave_the_curves_with_a_sentence(tmp_path: Path) -> None:
    kept(write_run(tmp_path, "torch_cnn", "tuned"), 10)
    value = replay(tmp_path, DRAWN, predictor=Predictor(tmp_path))
    assert value["answers"] is None and value["epochs"]
    assert "missing, damaged" in value["said"][-1] and str(tmp_path) not in value["said"][-1]


def test_a_wish_for_no_run_that_is_there_is_met_or_not_answered(tmp_path: Path) -> None:
    assert "No training run was found" in replay(tmp_path, DRAWN)["said"][0]
    write_run(tmp_path, "resnet18", "tuned")
    for name in ("../secrets", 7, None, ["resnet18/tuned"]):
        assert replay(tmp_path, DRAWN, name=name)["run"] == "resnet18/tuned"
    for number in ("1", None, True, 1.5):
        assert replay(tmp_path, DRAWN, number=number) == {}


def test_at_first_the_models_own_runs_are_shown(tmp_path: Path) -> None:
    write_run(tmp_path, "resnet18", "tuned")
    write_config(write_run(tmp_path, "resnet18", "watched"), model="resnet18", name="tuned")
    with gr.Blocks():
        tab = Training(lay_out(), tmp_path)
    assert tab.open([], View())[tab.page.runs].value == ["resnet18/tuned"]
    assert tab.open(["resnet18/watched"], View())[tab.page.runs].value == ["resnet18/watched"]


def test_what_the_papers_runs_show_is_told_from_their_curves(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "resnet18", "paper")
    write_config(folder, model="resnet18", name="paper", softmax_before_loss=True)
    shares = [0.26, 0.27, 0.5, 0.8, 0.7, 0.9]
    rows = [
        Epoch(n, 2.0 - n / 10, share + 0.05, 2.1 - n / 10, share, 1.0, 9.0, 5000.0) for n, share in enumerate(shares, 1)
    ]
    write_history(folder / "history.csv", rows)
    write_run(tmp_path, "resnet18", "tuned")
    for name, accuracy in (("paper", 0.91), ("tuned", 0.984)):
        measured = {"count": 10_000, "accuracy": accuracy, "interval95": [0.9, 0.99]}
        (tmp_path / "resnet18" / name / "metrics.json").write_text(json.dumps({"test": {"textured": measured}}))
    runs, _ = find_runs(tmp_path)
    told = stories(runs)
    assert told.count("<li") == 1 and "<b>ResNet18.</b>" in told
    for part in (
        "cannot fall below 1.461",
        "the lowest here is 1.500",
        "For 2 epochs",
        "(27%)",
        "In epoch 5 its validation accuracy fell from 80.0% to 70.0%",
        "95.0% in training and 90.0% in validation",
        "right on 91.0%, with the tuned recipe on 98.4%",
    ):
        assert part in told
    with texts.speaking("fr"):
        assert "1,461" in stories(runs) and "recette ajustée" in stories(runs)
    assert stories([run for run in runs if run.recipe == "tuned"]) == ""


def test_a_paper_run_of_which_there_is_nothing_to_tell_tells_its_end(tmp_path: Path) -> None:
    write_run(tmp_path, "torch_cnn", "paper")
    assert "It ended at 94.8% in validation." in stories(find_runs(tmp_path)[0])
