"""Model cards: what they say is what the run's files hold, in the form the Hub reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import ModelCard
from support import REPOSITORY

from maxdigit.errors import CheckpointError, TrainingError
from maxdigit.models.registry import get_model
from maxdigit.training.cards import measured_runs, model_card, write_cards

RECIPE = {
    "model": "torch_cnn",
    "name": "tuned",
    "learning_rate": 0.0625,
    "fresh": True,
    "kinds": {"drawn": 0.75, "x": 0.25},
}
RESULT = {
    "split": "test",
    "count": 1234,
    "accuracy": 0.87654,
    "interval95": [0.857, 0.893],
    "balanced_accuracy": 0.8111,
    "loss": 0.4321,
    "calibration_error": 0.0345,
}
METRICS = {
    "parameters": 471_210,
    "flops_per_picture": 965_470_464,
    "weight_bytes": 3 * 2**20,
    "test": {"drawn": RESULT},
    "test_pictures": "made up",
    "training": {
        "epochs": 7,
        "pictures_seen": 98_765,
        "seconds": 720.0,
        "device": "an abacus",
        "best_validation_accuracy": 0.765,
    },
}
CALIBRATION = {
    "textured": {"temperature": 1.23456, "offsets": [-0.9, -0.7, -0.5, -0.3, -0.1, 0.1, 0.3, 0.5, 0.7, 0.9]},
    "black": {"temperature": 0.87654, "offsets": [0.0] * 10},
    "split": "validation",
    "seed": 2,
    "kinds": ["drawn"],
    "count": 321,
    "loss_before": 0.5,
    "loss_after": 0.4,
    "calibration_error_before": 0.062,
    "calibration_error_after": 0.011,
}


READINGS = {
    "digits": 3456,
    "right": 0.9123,
    "right_interval95": [0.902, 0.921],
    "misread": 0.0111,
    "missed": 0.0766,
    "readings": 3300,
    "invented": 0.0222,
    "contradicted": 0.0333,
    "accuracy_contradicted": 0.444,
    "accuracy_not_contradicted": 0.988,
}
HEAT = {"split": "test", "seed": 3, "count": 300, "in_box": 0.973, "in_box_interval95": [0.948, 0.987]}


RUNS = {
    f"{spec.name}/{recipe}": (spec, recipe, folder)
    for spec, recipe, folder in measured_runs(REPOSITORY / "checkpoints")
}


def write(folder: Path, data: str = "generated", earlier: Sequence[object] = (), **files: object) -> Path:
    folder.mkdir(parents=True)
    config = {"recipe": RECIPE, "data": data, "started_from": earlier}
    for name, value in {"config": config, "metrics": METRICS, **files}.items():
        (folder / f"{name}.json").write_text(json.dumps(value))
    return folder


def card(folder: Path) -> ModelCard:
    return ModelCard(model_card(get_model("torch_cnn"), "tuned", folder))


def test_the_metadata_is_what_the_hub_reads(tmp_path):
    data = card(write(tmp_path / "run")).data
    assert (data.license, data.library_name, data.pipeline_tag) == ("mit", "pytorch", "image-classification")
    assert data.datasets == ["mnist"] and data.model_name == "MaxDigit PyTorch CNN"
    (result,) = data.eval_results
    assert (result.metric_type, result.metric_value) == ("accuracy", 0.87654)
    assert (result.dataset_config, result.dataset_split) == ("drawn", "test")
    assert "our own synthesis from MNIST" in result.dataset_name


def test_the_text_tells_what_the_files_hold(tmp_path):
    text = card(write(tmp_path / "run", calibration=CALIBRATION)).text
    for part in (
        "471,210 parameters, 0.97 billion",
        "drawn (75 %), x (25 %)",
        "98,765 pictures in 7 epochs, in 12 minutes on an abacus",
        "| learning_rate | `0.0625` |",
        "| fresh | `true` |",
        "| drawn | 87.7 % (85.7-89.3; n = 1,234) | 81.1 % | 0.432 | 3.5 % |",
        "| textured | 1.235 | -0.90, -0.70, -0.50, -0.30, -0.10, +0.10, +0.30, +0.50, +0.70, +0.90 |",
        "| black | 0.877 | +0.00,",
        "fitted on 321 validation pictures",
        "from 6.2 % to 1.1 %",
        "the paper reports 88.9 % on its validation pictures. **Those are the competition's pictures",
    ):
        assert part in text, part
    assert "{" not in text.replace('{"drawn"', ""), "a field was left unfilled"


def test_how_well_it_reads_and_where_its_heat_maps_point_is_told(tmp_path):
    read = {"drawn": {**RESULT, "readings": READINGS}, "photo": RESULT}
    heat = {"drawn": {**HEAT, "heat_in_box": 0.8123}}
    text = card(write(tmp_path / "run", metrics={**METRICS, "test": read, "heat": heat})).text
    row = "| drawn | 3,456 | 91.2 % (90.2-92.1) | 1.1 % | 7.7 % | 2.2 % | 3.3 % (44.4 %, 98.8 %) |"
    assert row in text and "| photo | 3,456" not in text
    assert "| drawn | 97.3 % (94.8-98.7; n = 300) | 81.2 % |" in text and "maxdigit heat --write" in text
    text = card(write(tmp_path / "without")).text
    assert "this run has no reader" in text and "## Heat maps\n\nNot measured." in text


def test_what_differs_from_run_to_run_is_told(tmp_path):
    plain, kaggle = write(tmp_path / "plain"), write(tmp_path / "kaggle", data="kaggle")
    assert "None: the probabilities are the network's own" in card(plain).text
    assert "the competition's own training pictures" in card(kaggle).text
    assert "drawn (75 %)" not in card(kaggle).text.replace("`", "")
    first = {"recipe": {"kinds": {"crowded": 1.0}}, "pictures_seen": 5_000, "seconds": 600.0, "device": "a loom"}
    text = card(write(tmp_path / "second", earlier=[first, {**first, "device": "a mill"}])).text
    assert text.index("saw 5,000 pictures in 10 minutes on a loom") < text.index("a mill") < text.index("an abacus")
    assert "earlier run" not in card(plain).text and "crowded (100 %)" in text
    unmeasured = write(tmp_path / "unmeasured", metrics={**METRICS, "test": {}})
    assert card(unmeasured).data.eval_results is None
    keras = ModelCard(model_card(get_model("keras_cnn"), "tuned", plain))
    assert keras.data.library_name == "keras" and "96.1 % on the competition's test set" in keras.text


@pytest.mark.slow
def test_the_three_lines_of_use_work(monkeypatch):
    spec, recipe, folder = next(run for run in RUNS.values() if run[0].framework == "torch")
    code = model_card(spec, recipe, folder).split("```python\n")[1].split("```")[0]
    assert len([line for line in code.splitlines() if line]) == 3
    names = {"pictures": np.zeros((2, 128, 128), np.uint8)}
    monkeypatch.chdir(REPOSITORY)
    exec(code, names)
    assert names["probabilities"].shape == (2, 10)


def test_a_damaged_file_is_named(tmp_path):
    folder = write(tmp_path / "torch_cnn" / "tuned")
    write_cards(tmp_path)
    assert (folder / "README.md").read_text() == model_card(get_model("torch_cnn"), "tuned", folder)
    (folder / "calibration.json").write_text("{")
    for content in ("{", "{}", json.dumps({"temperature": 2.0})):
        (folder / "calibration.json").write_text(content)
        with pytest.raises(CheckpointError, match=r"calibration\.json is damaged .* python -m maxdigit calibrate"):
            write_cards(tmp_path)
    (folder / "calibration.json").unlink()
    (folder / "config.json").write_text(json.dumps({"recipe": {}, "data": "generated"}))
    with pytest.raises(TrainingError, match="is incomplete"):
        write_cards(tmp_path)


@pytest.mark.parametrize("run", RUNS)
def test_committed_cards_are_current(run):
    spec, recipe, folder = RUNS[run]
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert text == model_card(spec, recipe, folder), "run: python -m maxdigit report"
    assert ModelCard(text).data.eval_results
