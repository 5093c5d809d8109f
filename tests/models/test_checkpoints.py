"""The committed checkpoints: all there, small enough for plain git, and better than chance by far."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest
from support import REPOSITORY

from maxdigit import CHECKPOINTS
from maxdigit.data.pictures import generate
from maxdigit.data.splits import VALIDATION
from maxdigit.inference.predict import Predictor
from maxdigit.models.registry import MODELS, get_model
from maxdigit.models.run_folder import kept_weights
from maxdigit.training.history import read_history
from maxdigit.training.metrics import score
from maxdigit.ui.pad import parse_strokes, render
from maxdigit.ui.pad.example import LARGEST, example_drawing
from maxdigit.ui.sureness import is_unsure


@pytest.mark.parametrize("name", MODELS)
def test_each_model_has_a_whole_committed_run(name):
    folder = Predictor().folder(name)
    config = json.loads((folder / "config.json").read_text())
    metrics = json.loads((folder / "metrics.json").read_text())
    history = read_history(folder / "history.csv")
    assert config["recipe"]["model"] == metrics["model"] == name
    assert len(history) == metrics["training"]["epochs"]
    assert metrics["training"]["device"] and metrics["versions"]["python"]
    for result in metrics["test"].values():
        assert {"count", "accuracy", "interval95", "recall", "confusion", "calibration_error", "loss"} <= set(result)


@pytest.mark.parametrize("name", MODELS)
def test_committed_weights_do_what_their_metrics_say(name):
    """On validation pictures, within the luck of 300 of them: about five standard errors."""
    pictures = generate(VALIDATION, 0, 300)
    found = score(Predictor().predict(pictures.pixels.numpy(), name), pictures.labels.numpy()).accuracy
    metrics = json.loads((Predictor().folder(name) / "metrics.json").read_text())
    stated = metrics["test"]["textured"]["accuracy"]
    assert abs(found - stated) < 5 * np.sqrt(stated * (1 - stated) / 300) + 0.01


@pytest.mark.parametrize("name", Predictor().trained())
def test_committed_calibrations_are_of_validation_pictures_and_help(name):
    folder = Predictor().folder(name)
    if not (folder / "calibration.json").is_file():
        pytest.skip(f"{name} is not calibrated")
    found = json.loads((folder / "calibration.json").read_text())
    assert (found["split"], found["seed"]) == (VALIDATION.name, VALIDATION.seed)
    assert found["loss_after"] <= found["loss_before"]


def test_the_committed_ensemble_was_chosen_for_the_committed_models():
    folder = CHECKPOINTS / "ensemble"
    if not (folder / "ensemble.json").is_file():
        pytest.skip("no weights were chosen")
    chosen = json.loads((folder / "ensemble.json").read_text())
    assert list(chosen["weights"]) == Predictor().trained()
    folders = {name: Predictor().folder(name) for name in chosen["weights"]}
    assert chosen["losses"] == {
        name: json.loads((folder / "calibration.json").read_text())["loss_after"] for name, folder in folders.items()
    }
    assert chosen["loss"] <= min(chosen["loss_equal"], *chosen["losses"].values())
    assert json.loads((folder / "metrics.json").read_text())["weights"] == chosen["weights"]


def test_the_run_that_is_played_back_learned_and_is_not_the_one_that_answers():
    folder = CHECKPOINTS / "torch_cnn" / "replay"
    history = read_history(folder / "history.csv")
    seen = [round(sum(row.seconds * row.pictures_per_second for row in history[:end])) for end in range(1, 11)]
    assert [*kept_weights(folder)] == pytest.approx(seen, abs=2), "a tenth of the run is an epoch"
    assert history[-1].validation_accuracy > 2 * history[0].validation_accuracy
    assert Predictor().folder("torch_cnn") != folder
    assert sum(path.stat().st_size for path in folder.rglob("*")) < 10 * 2**20
    pictures = generate(VALIDATION, 0, 100, kind="drawn")
    pixels, labels = pictures.pixels.numpy(), pictures.labels.numpy()
    assert [*Predictor().replay(pixels[0], "torch_cnn", folder)] == [*kept_weights(folder)]
    networks = [get_model("torch_cnn").load(path) for path in kept_weights(folder).values()]
    first, last = ((network.predict(pixels).argmax(1) == labels).mean() for network in (networks[0], networks[-1]))
    assert last > first + 0.2


def test_no_tracked_file_is_too_large_and_the_tree_stays_small():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True).stdout
    sizes = {name: (REPOSITORY / name).stat().st_size for name in listed.decode().split("\0") if name}
    assert max(sizes.values()) < 10 * 2**20, max(sizes, key=sizes.__getitem__)
    assert sum(sizes.values()) < 60 * 2**20


@pytest.mark.parametrize("name", Predictor().available())
def test_the_example_on_the_page_is_read_and_answered_right(name):
    picture = render(parse_strokes(example_drawing()))
    found = Predictor().classify(picture, name)
    assert found.max_digit == LARGEST and not is_unsure(found)
    if found.digits is not None:
        assert [reading.digit for reading in found.digits] == [3, 8, 5]
