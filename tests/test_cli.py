"""The command line: what it prints, and what it says when something is wrong."""

from __future__ import annotations

import csv
import json
import pickle
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from command_support import run
from PIL import Image
from support import REPOSITORY
from typer.testing import CliRunner, Result

from maxdigit.cli import app
from maxdigit.data.kinds import TEST_KINDS
from maxdigit.data.sample import draw_sample
from maxdigit.inference.corrections import keep
from maxdigit.inference.predict import Predictor
from maxdigit.models import resnet18, torch_cnn
from maxdigit.models.run_folder import RECIPE_NAMES
from maxdigit.training.torch_loop import save_weights

runner = CliRunner()


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory) -> Path:
    """An untrained torch_cnn where a trained one would lie: enough for all but right answers."""
    folder = tmp_path_factory.mktemp("checkpoints")
    run = folder / "torch_cnn" / "tuned"
    run.mkdir(parents=True)
    save_weights(torch_cnn.build(), run)
    (run / "config.json").write_text("{}")
    (run / "metrics.json").write_text(json.dumps({"test": {}}))
    return folder


@pytest.fixture
def picture(tmp_path) -> Path:
    path = tmp_path / "picture.png"
    Image.fromarray(draw_sample(3).pixels).save(path)
    return path


def test_classify_prints_one_json_object_a_line(checkpoints, picture):
    result = run("classify", picture, picture, "--model", "torch_cnn", "--json", checkpoints=checkpoints)
    assert result.exit_code == 0
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(lines) == 2
    for line in lines:
        assert list(line) == ["path", "model", "max_digit", "probabilities", "milliseconds", "digits"]
        assert line["digits"] is None, "this model has no reader"
        assert line["path"] == str(picture) and line["model"] == "torch_cnn"
        assert len(line["probabilities"]) == 10 and abs(sum(line["probabilities"]) - 1) < 1e-4
        assert line["max_digit"] == int(np.argmax(line["probabilities"])) and line["milliseconds"] > 0


def test_a_bad_file_is_named_on_its_line_and_the_others_go_on(checkpoints, picture, tmp_path):
    (tmp_path / "bad.png").write_text("no picture")
    paths = [tmp_path / "bad.png", picture, tmp_path / "none.png"]
    result = run("classify", *paths, "--model", "torch_cnn", "--json", checkpoints=checkpoints)
    bad, good, none = (json.loads(line) for line in result.stdout.splitlines())
    assert result.exit_code == 1
    assert bad["path"].endswith("bad.png") and "not a picture" in bad["error"]
    assert good["max_digit"] in range(10) and "cannot be read" in none["error"]


def test_who_classifies_a_folder_or_an_archive_is_told_of_score(checkpoints, picture, tmp_path):
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        archive.write(picture, "1.png")
    for path, is_many in ((tmp_path, True), (tmp_path / "many.zip", True), (tmp_path / "none.png", False)):
        result = run("classify", path, "--model", "torch_cnn", checkpoints=checkpoints)
        assert result.exit_code == 1 and ("maxdigit score PATH --out DIR" in result.stderr) == is_many


def test_the_whole_picture_is_read_on_request(checkpoints, picture, monkeypatch):
    asked = []
    prepare = Predictor.prepare
    monkeypatch.setattr(
        Predictor, "prepare", lambda self, *a, **options: asked.append(options) or prepare(self, *a, **options)
    )
    for command in (["classify", picture, "--model", "torch_cnn"], ["compare", picture]):
        for whole in ([], ["--whole"]):
            assert run(*command, *whole, checkpoints=checkpoints).exit_code == 0
    assert [options["fit_to_writing"] for options in asked] == [True, False] * 2


def test_classify_speaks_to_people_too(checkpoints, picture):
    result = run("classify", picture, "--model", "torch_cnn", checkpoints=checkpoints)
    assert result.exit_code == 0 and result.stdout.startswith(f"{picture}: ") and "%" in result.stdout


def test_compare_asks_every_trained_model(checkpoints, picture):
    result = run("compare", picture, "--json", checkpoints=checkpoints)
    assert result.exit_code == 0
    assert [json.loads(line)["model"] for line in result.stdout.splitlines()] == ["torch_cnn"]
    assert run("compare", picture, checkpoints=checkpoints).stdout.startswith("PyTorch CNN: ")


def test_models_are_measured_on_what_people_said_was_wrong(checkpoints, tmp_path):
    keep(tmp_path, np.full((128, 128), 9, np.uint8), 4, "torch_cnn", 1, "draw")
    result = run("evaluate", "--drawings", tmp_path, checkpoints=checkpoints)
    assert result.exit_code == 0
    line = json.loads(result.stdout)
    assert (line["model"], line["data"], line["count"]) == ("torch_cnn", "corrections", 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "--drawings", "none"], "no corrections"),
        (["compare", "none.png"], "none.png"),
        (["classify", "x.png", "--model", "vgg"], "no model called 'vgg'"),
        (["classify", "x.png", "--model", "resnet18"], "no trained weights"),
        (["sample", "out", "--kind", "printed"], "no kind 'printed'"),
        (["sample", "out", "--split", "all"], "no split 'all'"),
        (["classify", "x.png", "--model", "ensemble"], "needs two trained models"),
        (["evaluate", "--model", "vgg"], "no model called 'vgg'"),
        (["evaluate", "--model", "ensemble", "--count", "3"], "where it finds 1"),
        (["calibrate", "--model", "vgg"], "no model called 'vgg'"),
        (["calibrate", "--model", "resnet18"], "no trained weights"),
        (["evaluate", "--kind", "printed"], "no kind 'printed'"),
        (["evaluate", "--submission", "out.csv"], "needs --kaggle-dir"),
        (["evaluate", "--kaggle-dir", "nowhere"], "cannot be read"),
    ],
)
def test_mistakes_get_a_sentence_and_no_traceback(arguments, message, checkpoints, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    needs = [] if arguments[0] == "sample" else ["--checkpoints", str(checkpoints)]
    result = runner.invoke(app, [*arguments, *needs])
    assert result.exit_code == 1 and message in result.stderr
    assert "Traceback" not in result.output


def test_sample_writes_pictures_and_a_table(tmp_path):
    result = run("sample", "--count", 4, "--seed", 7, tmp_path / "out")
    assert result.exit_code == 0
    rows = list(csv.DictReader((tmp_path / "out" / "labels.csv").open()))
    assert len(rows) == 4 and len(list((tmp_path / "out").glob("*.png"))) == 4


def test_evaluate_measures_and_writes_metrics(checkpoints):
    result = run("evaluate", "--kind", "textured", "--count", 8, "--write", checkpoints=checkpoints)
    assert result.exit_code == 0
    line = json.loads(result.stdout)
    assert line["model"] == "torch_cnn" and line["count"] == 8 and 0 <= line["accuracy"] <= 1
    written = json.loads((checkpoints / "torch_cnn" / "tuned" / "metrics.json").read_text())
    assert written["test"]["textured"]["accuracy"] == line["accuracy"]


@pytest.fixture
def two_models(checkpoints, tmp_path) -> Path:
    """The untrained torch_cnn, and another under resnet18's name."""
    copy = Path(shutil.copytree(checkpoints, tmp_path / "two"))
    folder = copy / "resnet18" / "tuned"
    folder.mkdir(parents=True)
    save_weights(resnet18.build(), folder)
    (folder / "config.json").write_text("{}")
    (folder / "metrics.json").write_text(json.dumps({"test": {}}))
    return copy


@pytest.mark.slow
def test_calibrating_one_model_leaves_the_ensemble_alone(two_models):
    result = run("calibrate", "--model", "torch_cnn", "--count", 4, checkpoints=two_models)
    assert result.exit_code == 0, result.stderr
    line = json.loads(result.stdout)
    kept = json.loads((two_models / "torch_cnn" / "tuned" / "calibration.json").read_text())
    assert line == {"model": "torch_cnn", **kept} and kept["count"] == 4
    assert kept["loss_after"] <= kept["loss_before"]
    assert not (two_models / "ensemble").exists() and "evaluate --write" in result.stderr


@pytest.mark.slow
def test_calibrating_all_chooses_the_ensembles_weights_which_are_then_measured(two_models, picture):
    result = run("calibrate", "--count", 4, checkpoints=two_models)
    assert result.exit_code == 0, result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["model"] for line in lines] == ["resnet18", "torch_cnn", "ensemble"]
    assert set(lines[2]["weights"]) == {"resnet18", "torch_cnn"}
    assert lines[2]["losses"] == {line["model"]: line["loss_after"] for line in lines[:2]}
    assert lines[2]["loss"] <= min(lines[2]["loss_equal"], *lines[2]["losses"].values()) + 1e-4

    result = run("evaluate", "--kind", "textured", "--count", 5, "--write", checkpoints=two_models)
    measured = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["model"] for line in measured] == ["resnet18", "torch_cnn", "ensemble"]
    written = json.loads((two_models / "ensemble" / "metrics.json").read_text())
    assert {"model": "ensemble", **written["test"]["textured"]} == measured[2]
    assert written["weights"] == lines[2]["weights"]

    result = run("classify", picture, "--model", "ensemble", "--json", checkpoints=two_models)
    line = json.loads(result.stdout)
    assert line["model"] == "ensemble" and sum(line["probabilities"]) == pytest.approx(1, abs=1e-4)


@pytest.mark.slow
def test_results_of_an_ensemble_with_other_weights_are_not_kept(two_models):
    folder = two_models / "ensemble"
    folder.mkdir()
    old = {"weights": {"resnet18": 1.0}, "test": {"drawn": {"accuracy": 1.0, "count": 3, "interval95": [0.4, 1.0]}}}
    (folder / "metrics.json").write_text(json.dumps(old))
    run("evaluate", "--model", "ensemble", "--kind", "textured", "--count", 3, "--write", checkpoints=two_models)
    written = json.loads((folder / "metrics.json").read_text())
    assert set(written["test"]) == {"textured"} and written["weights"] == {"resnet18": 0.5, "torch_cnn": 0.5}


def test_what_is_measured_is_what_is_used(two_models):
    """A calibrated model's loss in metrics.json is that of its calibrated probabilities."""
    evaluate = ("evaluate", "--model", "torch_cnn", "--kind", "drawn", "--count", 6)
    before = json.loads(run(*evaluate, checkpoints=two_models).stdout)
    (two_models / "torch_cnn" / "tuned" / "calibration.json").write_text('{"temperature": 0.1}')
    after = json.loads(run(*evaluate, checkpoints=two_models).stdout)
    assert after["confusion"] == before["confusion"] and after["loss"] != before["loss"]


def competition(folder: Path) -> Path:
    pixels = np.stack([draw_sample(seed).pixels for seed in range(40)])
    labels = [draw_sample(seed).max_digit for seed in range(40)]
    (folder / "train_max_x").write_bytes(pickle.dumps(pixels.astype(np.float32)))
    (folder / "test_max_x").write_bytes(pickle.dumps(pixels[:5].astype(np.float32)))
    rows = "".join(f"{number},{label}\n" for number, label in enumerate(labels))
    (folder / "train_max_y.csv").write_text("Id,Label\n" + rows)
    return folder


@pytest.mark.slow
def test_the_competitions_files_are_measured_and_answered(checkpoints, tmp_path):
    folder, out = competition(tmp_path), tmp_path / "out.csv"
    result = run("evaluate", "--kaggle-dir", folder, checkpoints=checkpoints)
    assert result.exit_code == 0 and json.loads(result.stdout)["count"] == 40
    result = run(
        "evaluate", "--kaggle-dir", folder, "--model", "torch_cnn", "--submission", out, checkpoints=checkpoints
    )
    assert result.exit_code == 0
    rows = list(csv.reader(out.open()))
    assert rows[0] == ["Id", "Label"] and [row[0] for row in rows[1:]] == ["0", "1", "2", "3", "4"]
    assert all(row[1] in "0123456789" for row in rows[1:])


def train(*arguments):
    command = [sys.executable, "train.py", *map(str, arguments)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_train_takes_the_competitions_files(tmp_path):
    competition(tmp_path)
    settings = ["--epochs", 1, "--pictures", 16, "--batch-size", 8, "--test-pictures", 10, "--out", tmp_path / "run"]
    result = train("torch_cnn", "--recipe", "paper", "--data", "kaggle", "--kaggle-dir", tmp_path, *settings)
    assert result.returncode == 0, result.stderr
    assert json.loads((tmp_path / "run" / "config.json").read_text())["data"] == "kaggle"
    assert (tmp_path / "run" / "metrics.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["vgg"], "no model called 'vgg'"),
        (["resnet18", "--recipe", "fast"], "no recipe called 'fast'"),
        (["resnet18", "--data", "kaggle"], "belong together"),
        (["resnet18", "--epochs", "0"], "epochs must be at least 1"),
        (["torch_cnn", "--data", "kaggle", "--kaggle-dir", "nowhere"], "train_max_x cannot be read"),
    ],
)
@pytest.mark.slow
def test_train_refuses_mistakes_in_words(arguments, message):
    result = train(*arguments)
    assert result.returncode == 1 and message in result.stderr and "Traceback" not in result.stderr


def results(folder: Path) -> Path:
    """A copy of the committed runs' files that a report is made of."""
    committed = REPOSITORY / "checkpoints"
    for path in [*committed.rglob("*.json"), *committed.rglob("history.csv")]:
        copy = folder / path.relative_to(committed)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    return folder


def report(folder: Path, runs: Path) -> Result:
    return run("report", "--readme", folder / "README.md", "--results", folder / "results.md", checkpoints=runs)


def test_the_tables_of_results_are_those_of_the_committed_runs(tmp_path):
    runs = results(tmp_path / "runs")
    originals = {"README.md": REPOSITORY / "README.md", "results.md": REPOSITORY / "docs" / "results.md"}
    for name, original in originals.items():
        shutil.copy(original, tmp_path / name)
    result = report(tmp_path, runs)
    assert result.exit_code == 0, result.stderr
    for name, original in originals.items():
        expected = original.read_text(encoding="utf-8")
        assert (tmp_path / name).read_text(encoding="utf-8") == expected, "run: python -m maxdigit report"
    assert (runs / "ink_finder" / "README.md").is_file()
    cards, measured = ({path.parent for path in runs.glob(f"*/*/{name}")} for name in ("README.md", "metrics.json"))
    assert cards == {folder for folder in measured if folder.name in RECIPE_NAMES} != set()
    for name in originals:
        whole = (tmp_path / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text("no markers", encoding="utf-8")
        result = report(tmp_path, runs)
        assert result.exit_code == 1 and f"{name} needs the lines" in result.stderr
        (tmp_path / name).write_text(whole, encoding="utf-8")


def test_the_ensemble_has_a_row_of_its_own_once_it_is_measured(tmp_path):
    runs = results(tmp_path / "runs")
    for name in ("README.md", "results.md"):
        (tmp_path / name).write_text(
            "<!-- readings -->\n<!-- /readings -->\n<!-- results -->\n<!-- /results -->\n", encoding="utf-8"
        )
    measured = {"count": 500, "accuracy": 0.9, "interval95": [0.87, 0.92]}
    readings = {"digits": 1500, "right": 0.98, "right_interval95": [0.97, 0.985], "misread": 0.005, "missed": 0.015}
    readings |= {"readings": 1480, "invented": 0.01, "contradicted": 0.02}
    readings |= {"accuracy_contradicted": 0.5, "accuracy_not_contradicted": None}
    heat = {"split": "test", "seed": 3, "count": 300, "in_box": 0.97, "in_box_interval95": [0.944, 0.984]}
    metrics = {
        "weights": {"keras_cnn": 0.0, "resnet18": 0.7, "torch_cnn": 0.3},
        "test": {"textured": {**measured, "readings": readings}},
        "heat": {"drawn": {**heat, "heat_in_box": 0.81}},
    }
    (runs / "ensemble").mkdir(exist_ok=True)
    (runs / "ensemble" / "metrics.json").write_text(json.dumps(metrics))
    assert report(tmp_path, runs).exit_code == 0
    row = (tmp_path / "results.md").read_text().splitlines()[-2]
    assert row.startswith("| `ensemble` | geometric mean | 90.0 % (87.0-92.0; n = 500) | not measured |")
    assert row.endswith("| 70 % `resnet18`, 30 % `torch_cnn` | none |")
    row = (tmp_path / "README.md").read_text().splitlines()[-2]
    assert row == f"| `ensemble` | 90.0 %{' | not measured' * (len(TEST_KINDS) - 1)} |"

    def reads(name: str) -> str:
        table = (tmp_path / name).read_text(encoding="utf-8").split("<!-- /readings -->")[0]
        return table.splitlines()[-1]

    assert reads("README.md") == "| `ensemble` | 98.0 % | not measured | not measured | 97.0 % |"
    assert reads("results.md").startswith("| `ensemble` | 98.0 % (97.0-98.5; n = 1,500) | not measured |")
    assert reads("results.md").endswith("| not measured | 97.0 % (94.4-98.4; n = 300) |")
