"""A tuned run: its learning rate, its deadline, stopping and resuming, and the weights kept on the way."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from support import REPOSITORY
from torch import nn
from training_support import InterruptedData, copied, tiny

from maxdigit.data.pictures import generate
from maxdigit.data.splits import VALIDATION
from maxdigit.errors import TrainingError
from maxdigit.models.registry import get_model
from maxdigit.training import tuned_loop
from maxdigit.training.descent import COMING_DOWN, Descent
from maxdigit.training.history import read_history
from maxdigit.training.run import train
from maxdigit.training.run_setup import Start, prepare_folder
from maxdigit.training.starts import new_form
from maxdigit.training.states import Progress, load_state
from maxdigit.training.tuned_loop import train_tuned


def test_rates_rise_shortly_and_fall_straight_to_zero():
    descent = Descent(total=1000, first=0)
    factors = [descent.factor(step, 0.0) for step in range(1001)]
    assert factors[0] < 0.02 and max(factors) == pytest.approx(0.9, abs=0.01)
    assert factors[500] == 0.5 and factors[999] == pytest.approx(0.001) and factors[1000] == 0
    again = Descent(total=10_000, first=5_000)
    assert again.factor(5_000, 0) < 0.01 and again.factor(5_100, 0) == 0.49
    for total in (1, 2, 3):
        assert all(0 < Descent(total, 0).factor(step, 0) <= 1 for step in range(total))


def test_a_run_with_a_deadline_comes_down_in_time():
    descent = Descent(total=100_000, first=0, started=1000.0, deadline=2000.0)
    factors = [descent.factor(step, 1000.0 + step) for step in range(1001)]
    down = round(1000 * (1 - COMING_DOWN))
    assert factors[down - 1] == pytest.approx(1 - (down - 1) / 100_000)
    assert factors[down + 100] == pytest.approx(factors[down] / 2, rel=0.01)
    assert 0 < factors[999] < 0.01 and factors[1000] == 0
    horizons = [descent.horizon(step, 1000.0 + step) for step in (1, 500, 700, 990)]
    assert horizons[0] < 2 and horizons[1] == 51 and horizons[2] == 71 and horizons[3] < 10
    # A plan that ends before its deadline is not touched by it.
    soon = Descent(total=500, first=0, started=0.0, deadline=1e6)
    assert [soon.factor(s, s) for s in range(500)] == [Descent(500, 0).factor(s, s) for s in range(500)]


def test_a_run_ends_by_its_deadline_and_can_go_on(tmp_path):
    recipe = tiny("torch_cnn", schedule="linear", epochs=10_000, fresh=True, validation_pictures=4)
    start = time.monotonic()
    is_done = train_tuned(recipe, new_form(recipe), copied(recipe), tmp_path, deadline=start + 12)
    assert not is_done and time.monotonic() - start < 14
    rows = read_history(tmp_path / "history.csv")
    assert rows[-1].learning_rate < 0.3 * max(row.learning_rate for row in rows)
    assert get_model("torch_cnn").load(tmp_path)
    assert load_file(tmp_path / "reader.safetensors")["weight"].shape == (11, 128)
    step = json.loads((tmp_path / "state" / "progress.json").read_text())["progress"]["step"]
    shorter = replace(recipe, epochs=step // 2 + 1)
    assert train_tuned(shorter, new_form(shorter), copied(shorter), tmp_path, resume=True)
    assert len(read_history(tmp_path / "history.csv")) == len(rows) + 1


def test_resuming_goes_on_with_the_next_pictures_rates_and_weights(tmp_path):
    recipe = tiny("torch_cnn", schedule="linear", fresh=True, epochs=6)
    straight, stopped, again = InterruptedData(recipe), InterruptedData(recipe, epoch=4), InterruptedData(recipe)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    train_tuned(recipe, new_form(recipe), straight, tmp_path / "one")
    torch.manual_seed(1)
    with pytest.raises(KeyboardInterrupt):
        train_tuned(recipe, new_form(recipe), stopped, tmp_path / "two")
    assert len(read_history(tmp_path / "two" / "history.csv")) == 4
    form = new_form(recipe)
    train_tuned(recipe, form, again, tmp_path / "two", resume=True)
    kept = [pixels for epoch, pixels in stopped.given if epoch < 4] + [pixels for _, pixels in again.given]
    assert all(torch.equal(a, b) for a, (_, b) in zip(kept, straight.given, strict=True))
    one, two = (read_history(tmp_path / name / "history.csv") for name in ("one", "two"))
    assert [row.learning_rate for row in one] == [row.learning_rate for row in two]
    # Momentum is built anew, which costs little: the losses go on from where they were.
    assert two[-1].train_loss < 1.1 * max(row.train_loss for row in one[3:])


def test_weights_kept_along_the_way_are_those_that_are_validated_and_the_last_ones_those_that_are_saved(tmp_path):
    recipe = tiny("torch_cnn", epochs=2, train_pictures=24, keep_weights=3)  # after steps 2, 4 and 6 of 6
    pictures = generate(VALIDATION, 0, 8, kind="drawn").pixels.numpy()

    with pytest.raises(KeyboardInterrupt):
        train_tuned(recipe, new_form(recipe), InterruptedData(recipe, epoch=1), tmp_path)
    kept = tmp_path / "kept"
    assert sorted(path.name for path in kept.iterdir()) == ["16", "32"]
    train_tuned(recipe, new_form(recipe), InterruptedData(recipe), tmp_path, resume=True)
    assert sorted(path.name for path in kept.iterdir()) == ["16", "32", "48"]
    answers = [get_model("torch_cnn").load(kept / name).predict(pictures) for name in ("16", "32", "48")]
    assert np.array_equal(answers[-1], get_model("torch_cnn").load(tmp_path).predict(pictures))
    assert np.abs(answers[0] - answers[-1]).max() > 1e-3
    assert sum(path.stat().st_size for path in kept.rglob("*")) < 3.1 * 2**20
    # A run that starts over in the folder leaves none of them.
    prepare_folder(tmp_path, replace(recipe, keep_weights=0), "generated", [], Start(overwrite=True))
    assert not kept.exists()


@pytest.mark.parametrize(("total", "parts", "steps"), [(600, 10, range(60, 601, 60)), (3, 10, (1, 2, 3)), (7, 0, ())])
def test_weights_are_kept_after_equal_parts_of_the_plan(total, parts, steps):
    assert tuned_loop.keeping_steps(total, parts) == set(steps)


def test_a_terminated_run_keeps_its_state(tmp_path):
    command = [
        sys.executable, "train.py", "torch_cnn", "--epochs", "1000", "--pictures", "16", "--batch-size", "8",
        "--validation-pictures", "4", "--out", str(tmp_path / "run"),
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "run" / "state").exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "--resume" in errors and "Traceback" not in errors
    form, recipe = new_form(tiny("torch_cnn")), tiny("torch_cnn", head="largest")
    assert load_state(new_form(recipe), Progress.new(recipe), tmp_path / "run").step > 0
    with pytest.raises(TrainingError, match="head largest"):
        load_state(form, replace(Progress.new(recipe), head="plain"), tmp_path / "run")


def test_minutes_that_are_too_few_are_refused(tmp_path):
    with pytest.raises(TrainingError, match="time is too short"):
        train(tiny("torch_cnn"), tmp_path / "run", deadline=time.monotonic() + 3, test_pictures=1000)
    with pytest.raises(TrainingError, match="Only a tuned recipe"):
        train(tiny("torch_cnn", "paper"), tmp_path / "other", deadline=time.monotonic() + 300)


def test_average_ends_at_the_weights_themselves():
    ours, theirs = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    nn.init.constant_(theirs.weight, 3.0)
    theirs.num_batches_tracked += 7
    tuned_loop.update_average(ours, theirs, 2.0)
    assert ours.weight.tolist() == [2.0] * 3 and ours.num_batches_tracked == 7
    tuned_loop.update_average(ours, theirs, 1.0)
    assert ours.weight.tolist() == [3.0] * 3


def test_a_finished_run_leaves_no_state(tmp_path):
    folder: Path = tmp_path / "run"
    train(tiny("torch_cnn", epochs=1), folder, test_pictures=4)
    assert {path.name for path in folder.iterdir()} == {
        "calibration.json", "config.json", "history.csv", "metrics.json", "mistakes.csv", "model.safetensors",
        "reader.json", "reader.safetensors",
    }  # fmt: skip
