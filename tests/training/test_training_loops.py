"""Training: it learns, it can be stopped and resumed to the same result, and it writes whole runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support import REPOSITORY
from training_support import InterruptedData, learn, tiny, weights

from maxdigit.errors import TrainingError
from maxdigit.models import keras_cnn, torch_cnn
from maxdigit.models.registry import MODELS, get_model
from maxdigit.models.run_folder import write_json
from maxdigit.training.history import read_history
from maxdigit.training.recipes import get_recipe
from maxdigit.training.run import train
from maxdigit.training.run_setup import Start


@pytest.mark.parametrize("model", MODELS)
def test_a_few_steps_lower_the_loss_and_leave_a_whole_run(model, tmp_path):
    recipe = tiny(model, epochs=5)
    train(recipe, tmp_path / "run", test_pictures=12)
    history = read_history(tmp_path / "run" / "history.csv")
    assert [row.epoch for row in history] == [1, 2, 3, 4, 5]
    assert history[-1].train_loss < 0.9 * history[0].train_loss
    assert all(row.pictures_per_second > 0 and 0 <= row.validation_accuracy <= 1 for row in history)
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config == {"recipe": asdict(recipe), "data": "generated", "started_from": []}
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["parameters"] == get_model(model).parameters
    assert metrics["test"]["textured"]["count"] == metrics["test"]["drawn"]["count"] == 12
    assert metrics["training"]["pictures_seen"] == 80
    probabilities = get_model(model).load(tmp_path / "run").predict(np.zeros((2, 128, 128), np.uint8))
    assert probabilities.shape == (2, 10) and np.allclose(probabilities.sum(1), 1, atol=1e-5)
    assert not (tmp_path / "run" / "state").exists()  # a finished run needs none


def test_a_run_begins_with_an_earlier_ones_weights_and_says_so(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    train(tiny("torch_cnn", epochs=1), first, test_pictures=4)
    still = tiny("torch_cnn", epochs=1, learning_rate=1e-12, other_rate=1e-12)
    train(still, second, test_pictures=4, start=Start(weights_from=first))
    # Batch norm's running moments move on: only weights are the same.
    kernels = [torch_cnn.load(folder).model.section1[0].weight.detach() for folder in (first, second)]
    assert torch.allclose(*kernels, atol=1e-3) and kernels[0].abs().max() > 0.05
    earlier = json.loads((second / "config.json").read_text())["started_from"]
    assert [run["pictures_seen"] for run in earlier] == [16]
    assert json.loads((second / "metrics.json").read_text())["training"]["pictures_seen_before"] == 16


@pytest.mark.parametrize(
    ("model", "frozen", "kept"),
    [("resnet18", 2, ("conv1", "bn1", "layer1", "layer2")), ("torch_cnn", 1, ("section1",))],
)
def test_frozen_sections_of_torch_models_keep_weights_and_moments(tmp_path, model, frozen, kept):
    first, second = tmp_path / "first", tmp_path / "second"
    recipe = tiny(model, epochs=1, validation_pictures=4)
    learn(recipe, first)
    write_json(first / "config.json", {"recipe": asdict(recipe)})
    learn(replace(recipe, frozen=frozen), second, start_from=first)
    before, after = weights(model, first), weights(model, second)
    changed = {key for key in before if (before[key] != after[key]).any()}
    assert changed == {key for key in before if not key.removeprefix("network.").startswith(kept)}


def test_frozen_sections_of_the_keras_cnn_keep_the_weights_they_start_from(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    recipe = tiny("keras_cnn", epochs=1, validation_pictures=4)
    learn(recipe, first)
    write_json(first / "config.json", {"recipe": asdict(recipe)})
    learn(replace(recipe, frozen=2), second, start_from=first)
    before, after = (keras_cnn.load(folder).model for folder in (first, second))
    is_same = [
        all(np.allclose(w, v, rtol=1e-4, atol=1e-6) for w, v in zip(a.get_weights(), b.get_weights(), strict=True))
        for a, b in zip(before.layers, after.layers, strict=True)
        if a.get_weights()
    ]
    # Twice two convolutions and their batch norm; the third section, the last convolution and three dense layers.
    assert is_same == [True] * 6 + [False] * 7


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self):
        return Path.touch, (self._path,)


@pytest.mark.parametrize("part", ["optimizer.bin", "custom_checkpoint_0.pkl", "random_states_0.pkl"])
def test_nothing_in_a_state_can_run(tmp_path, part):
    recipe = tiny("torch_cnn", "paper", epochs=1, train_pictures=8, validation_pictures=4)
    learn(recipe, tmp_path)
    torch.save(Touch(tmp_path / "ran"), tmp_path / "state" / part)
    with suppress(TrainingError):
        learn(recipe, tmp_path, resume=True)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("model", ["torch_cnn", "keras_cnn"])
def test_resuming_a_paper_run_gives_what_an_uninterrupted_run_gives(model, tmp_path):
    recipe = tiny(model, "paper", fresh=True, train_pictures=8, batch_size=4, validation_pictures=4)
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    learn(recipe, straight)
    with pytest.raises(KeyboardInterrupt):
        learn(recipe, stopped, InterruptedData(recipe, epoch=2))
    assert len(read_history(stopped / "history.csv")) == 2
    learn(recipe, stopped, resume=True)
    for one, two in zip(read_history(straight / "history.csv"), read_history(stopped / "history.csv"), strict=True):
        assert one.train_loss == pytest.approx(two.train_loss, rel=1e-4)
        assert one.learning_rate == two.learning_rate
    for one, two in zip(weights(model, straight).values(), weights(model, stopped).values(), strict=True):
        assert np.abs(one - two).max() < 1e-3


def test_a_killed_run_can_be_resumed(tmp_path):
    command = [
        sys.executable, "train.py", "torch_cnn", "--recipe", "paper", "--epochs", "3", "--pictures", "16",
        "--batch-size", "8", "--validation-pictures", "5", "--test-pictures", "5", "--out", str(tmp_path / "run"),
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.DEVNULL)
    history = tmp_path / "run" / "history.csv"
    while not history.exists() and process.poll() is None:
        time.sleep(0.05)
    while not (tmp_path / "run" / "state").exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    again = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert again.returncode == 1 and "--resume" in again.stderr
    subprocess.run([*command, "--resume"], cwd=REPOSITORY, check=True, capture_output=True)
    assert [row.epoch for row in read_history(history)] == [1, 2, 3]
    assert (tmp_path / "run" / "metrics.json").exists()


_TWO_PROCESSES = """
import sys
from dataclasses import replace
from pathlib import Path
sys.path[:0] = [{tests!r}, {repository!r}]
from training_support import CPU, InterruptedData, learn, tiny, weights
from maxdigit.training.batches import GeneratedData
from maxdigit.training.starts import new_form
from maxdigit.training.tuned_loop import train_tuned
import torch
# Adam's early steps amplify the last bit of a gradient.
recipe = tiny("resnet18", epochs=2, learning_rate=1e-3, other_rate=1e-4)
folder = Path(sys.argv[1])
folder.mkdir(exist_ok=True)
data = GeneratedData(recipe)
data.can_travel = False
torch.manual_seed(1)
train_tuned(recipe, new_form(recipe), data, folder)
"""


def test_two_processes_give_what_one_gives_at_the_same_batch(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(_TWO_PROCESSES.format(tests=str(REPOSITORY / "tests"), repository=str(REPOSITORY)))
    environment = {
        **os.environ,
        "ACCELERATE_USE_CPU": "true",
        "OMP_NUM_THREADS": "1",
        "GLOO_SOCKET_IFNAME": "lo",  # a machine's own name need not lead to itself
    }
    launcher = ["-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1", "--nproc-per-node", "2"]
    for name, before in (("one", []), ("two", launcher)):
        command = [sys.executable, *before, script, tmp_path / name]
        done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    one, two = read_history(tmp_path / "one" / "history.csv"), read_history(tmp_path / "two" / "history.csv")
    for a, b in zip(one, two, strict=True):
        assert a.train_loss == pytest.approx(b.train_loss, rel=5e-3)  # bfloat16 rounds other sums
        assert a.validation_loss == pytest.approx(b.validation_loss, rel=2e-2)


def test_the_papers_keras_recipe_makes_several_fits(tmp_path):
    recipe = replace(
        get_recipe("keras_cnn", "paper", epochs=1, train_pictures=8, batch_size=8, validation_pictures=4), fits=2
    )
    learn(recipe, tmp_path)
    assert len(read_history(tmp_path / "history.csv")) == 2


def test_a_diverged_run_says_so_and_keeps_the_last_good_epoch(tmp_path):
    recipe = tiny("torch_cnn", learning_rate=1e30, epochs=4, optimizer="adamw", schedule="linear")
    with pytest.raises(TrainingError, match="diverged"):
        learn(recipe, tmp_path)
