"""Training forms fold exactly into the published models, and a tuned run can be stopped, resumed and cut short."""

from __future__ import annotations

import errno
import itertools
import json
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from support import REPOSITORY
from torch import nn
from training_support import tiny

from maxdigit.data.pictures import generate
from maxdigit.data.splits import VALIDATION
from maxdigit.errors import TrainingError
from maxdigit.models.registry import MODELS, get_model
from maxdigit.models.run_folder import write_json
from maxdigit.training import states, tuned_loop
from maxdigit.training.batches import GeneratedData, Shard
from maxdigit.training.composed import composed_kernel, paired_convolution
from maxdigit.training.descent import COMING_DOWN, Descent
from maxdigit.training.folding import is_hidden, set_norms
from maxdigit.training.history import read_history
from maxdigit.training.recipes import get_recipe
from maxdigit.training.run import train
from maxdigit.training.run_setup import prepare_folder
from maxdigit.training.starts import first_form, new_form
from maxdigit.training.states import Progress, load_state, save_state
from maxdigit.training.stream import batches
from maxdigit.training.thread_count import Threads
from maxdigit.training.training_forms import TrainingForm
from maxdigit.training.tuned_loop import train_tuned
from maxdigit.training.widen import widen

CPU = torch.device("cpu")
FORMS = [("resnet18", "plain"), ("torch_cnn", "plain"), ("torch_cnn", "largest"), ("keras_cnn", "plain")]


@pytest.fixture(scope="module")
def pixels():
    return generate(VALIDATION, 0, 8, kind="drawn").pixels


def probabilities(form: nn.Module, pixels: torch.Tensor) -> np.ndarray:
    form.eval()
    with torch.inference_mode():
        found = form(pixels)
    return (found[0] if isinstance(found, tuple) else found).softmax(1).numpy()


def trained(model: str, head: str, width: float = 1.0) -> TrainingForm:
    """A form whose norms have moments, scales and offsets of their own."""
    torch.manual_seed(3)
    form = new_form(tiny(model, head=head, width=width))
    with torch.no_grad():
        for part in form.modules():
            if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
                part.weight.uniform_(0.5, 1.5)
                part.bias.normal_(std=0.3)
        sample = generate(VALIDATION, 100, 8, kind="drawn").pixels
        for _ in range(3):
            form(sample)
        # So that each picture gets an answer of its own.
        last = {"resnet18": lambda: form.model.network.fc, "torch_cnn": lambda: form.model.classify}
        layer = last.get(model, lambda: form.dense[-1])()
        form.eval()
        matrix = layer.combine if head == "largest" else layer.weight
        matrix.div_(form(sample)[0].std(0).mean())
        layer.bias.sub_(form(sample)[0].mean(0))
    return form


def copied(recipe, data=None):
    data = data or GeneratedData(recipe)
    data.can_travel = False  # made in this process, which is quicker for a few
    return data


@pytest.mark.parametrize(("model", "head"), FORMS)
def test_what_is_saved_is_the_published_model_with_the_training_forms_probabilities(model, head, pixels):
    form = trained(model, head)
    expected = probabilities(form, pixels)
    assert expected.std(0).max() > 0.01
    published = form.published()
    if model == "keras_cnn":
        assert published.count_params() == get_model(model).parameters
        found = published.predict(pixels.numpy()[..., None], verbose=0)
    else:
        built = get_model(model).build().state_dict()
        shapes = {name: value.shape for name, value in published.state_dict().items()}
        assert shapes == {name: value.shape for name, value in built.items()}
        found = probabilities(published, pixels)
    assert np.abs(found - expected).max() < 1e-4


@pytest.mark.parametrize(("model", "head"), FORMS)
def test_a_form_begins_with_what_a_published_model_answers(model, head, pixels, tmp_path):
    form = trained(model, "plain")
    form.save(tmp_path)
    write_json(tmp_path / "config.json", {"recipe": asdict(tiny(model))})
    again = first_form(tiny(model, head=head), tmp_path)
    expected = get_model(model).load(tmp_path).predict(pixels.numpy())
    assert np.abs(probabilities(again, pixels) - expected).max() < 1e-4
    assert torch.equal(again.locate.weight, form.locate.weight)  # the reader comes along


@pytest.mark.parametrize(("model", "head"), FORMS)
def test_setting_kernels_to_muons_norm_changes_no_answer(model, head, pixels):
    form = trained(model, head)
    before = probabilities(form, pixels)
    set_norms(form.normed())
    assert np.abs(probabilities(form, pixels) - before).max() < 1e-4
    kernels = [layer.weight for part in form.normed() for layer in part.layers if is_hidden(layer.weight)]
    assert len(kernels) == {"resnet18": 19, "torch_cnn": 5, "keras_cnn": 6}[model]
    for kernel in kernels:
        assert kernel.norm().item() == pytest.approx(len(kernel) ** 0.5, rel=1e-4)


@pytest.mark.parametrize(("model", "head"), FORMS)
def test_widening_changes_no_answer_but_for_the_noise(model, head, pixels):
    small, large, noisy = trained(model, head, 0.5), *(new_form(tiny(model, head=head)) for _ in range(2))
    widen(small, large, noise=0.0)
    before = probabilities(small, pixels)
    assert before.std(0).max() > 0.01
    assert np.abs(probabilities(large, pixels) - before).max() < 1e-4
    widen(small, noisy)
    difference = np.abs(probabilities(noisy, pixels) - before).mean()
    assert 0 < difference < 0.02
    twins = noisy.normed()[-1].layers[-1].weight.chunk(2)
    assert not torch.allclose(*twins)
    with pytest.raises(TrainingError, match="half the width"):
        widen(large, small)


def test_two_convolutions_with_nothing_between_are_the_one_that_is_computed():
    torch.manual_seed(1)
    first, second = nn.Conv2d(4, 6, 3), nn.Conv2d(6, 5, 3)
    maps = torch.randn(2, 4, 14, 11)
    assert composed_kernel(first, second)[0].shape == (5, 4, 5, 5)
    plain, composed = second(first(maps)), paired_convolution(first, second, maps)
    assert torch.allclose(plain, composed, atol=1e-5)
    parameters = [*first.parameters(), *second.parameters()]
    direction = torch.randn_like(plain)
    for ours, theirs in zip(
        torch.autograd.grad(composed, parameters, direction),
        torch.autograd.grad(plain, parameters, direction),
        strict=True,
    ):
        assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-4)


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


class Cut(GeneratedData):
    """Data that stops a run, as Ctrl-C would, in the middle of an epoch; and keeps what it gave."""

    can_travel = False

    def __init__(self, recipe, epoch: int | None = None) -> None:
        super().__init__(recipe)
        self._stop_at = epoch
        self.given = []

    def train(self, epoch, shard, device, start=0):
        for number, batch in enumerate(super().train(epoch, shard, device, start)):
            if epoch == self._stop_at and number == 1:
                raise KeyboardInterrupt
            self.given.append((epoch, batch.pixels))
            yield batch


def test_resuming_goes_on_with_the_next_pictures_rates_and_weights(tmp_path):
    recipe = tiny("torch_cnn", schedule="linear", fresh=True, epochs=6)
    straight, stopped, again = Cut(recipe), Cut(recipe, epoch=4), Cut(recipe)
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
        train_tuned(recipe, new_form(recipe), Cut(recipe, epoch=1), tmp_path)
    kept = tmp_path / "kept"
    assert sorted(path.name for path in kept.iterdir()) == ["16", "32"]
    train_tuned(recipe, new_form(recipe), Cut(recipe), tmp_path, resume=True)
    assert sorted(path.name for path in kept.iterdir()) == ["16", "32", "48"]
    answers = [get_model("torch_cnn").load(kept / name).predict(pictures) for name in ("16", "32", "48")]
    assert np.array_equal(answers[-1], get_model("torch_cnn").load(tmp_path).predict(pictures))
    assert np.abs(answers[0] - answers[-1]).max() > 1e-3
    assert sum(path.stat().st_size for path in kept.rglob("*")) < 3.1 * 2**20
    # A run that starts over in the folder leaves none of them.
    prepare_folder(tmp_path, replace(recipe, keep_weights=0), "generated", [], resume=False, overwrite=True)
    assert not kept.exists()


@pytest.mark.parametrize(("total", "parts", "steps"), [(600, 10, range(60, 601, 60)), (3, 10, (1, 2, 3)), (7, 0, ())])
def test_weights_are_kept_after_equal_parts_of_the_plan(total, parts, steps):
    assert tuned_loop.keeping_steps(total, parts) == set(steps)


@pytest.mark.parametrize(
    ("name", "changes"), [("paper", {}), ("tuned", {"width": 0.5}), ("tuned", {"keep_weights": -1})]
)
def test_weights_that_nobody_could_replay_are_not_kept(name, changes):
    with pytest.raises(TrainingError, match="kept along the way by a tuned recipe at full width"):
        get_recipe("torch_cnn", name, **{"keep_weights": 10, **changes})


@pytest.mark.parametrize("file", ["model.safetensors", "progress.json"])
def test_where_a_state_is_damaged_the_one_before_it_serves(tmp_path, file):
    recipe = tiny("torch_cnn")
    first, second, found = (new_form(recipe) for _ in range(3))
    new = Progress.new(recipe)
    save_state(first, replace(new, step=2, rows=1), tmp_path)
    save_state(second, replace(new, step=4, rows=2), tmp_path)
    assert load_state(found, new, tmp_path).step == 4
    path = tmp_path / "state" / file
    path.write_bytes(path.read_bytes()[:-100])
    assert load_state(found, new, tmp_path).step == 2
    for ours, theirs in zip(found.parameters(), first.parameters(), strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-3, atol=1e-6)
    (tmp_path / "state_before" / file).unlink()
    with pytest.raises(TrainingError, match="no complete state"):
        load_state(found, new, tmp_path)


def test_states_are_small_and_hold_no_momentum(tmp_path):
    for model, limit in (("resnet18", 23), ("keras_cnn", 4), ("torch_cnn", 1.5)):
        recipe = tiny(model)
        (tmp_path / model).mkdir()
        save_state(new_form(recipe), Progress.new(recipe), tmp_path / model)
        sizes = [path.stat().st_size for path in (tmp_path / model / "state").iterdir()]
        assert max(sizes) < 10 * 2**20 and sum(sizes) < limit * 2**20


def test_a_state_of_another_model_or_width_is_refused_in_words(tmp_path):
    small = tiny("keras_cnn", width=0.5)
    save_state(new_form(small), Progress.new(small), tmp_path)
    for recipe, message in (
        (tiny("keras_cnn"), "width 0.5, and this run is of width 1.0"),
        (tiny("torch_cnn"), "model keras_cnn, and this run is of model torch_cnn"),
    ):
        with pytest.raises(TrainingError, match=message):
            load_state(new_form(recipe), Progress.new(recipe), tmp_path)
    write_json(tmp_path / "config.json", {"recipe": asdict(small)})
    for recipe, message in (
        (tiny("keras_cnn"), "width 0.5 there, 1.0 here"),
        (tiny("resnet18", width=0.5), "model keras_cnn there, resnet18 here"),
        (tiny("keras_cnn", "paper"), "name tuned there, paper here"),
    ):
        with pytest.raises(TrainingError, match=message):
            train(recipe, tmp_path, resume=True)


def test_a_full_disk_stops_the_run_in_words_and_keeps_the_last_state(tmp_path, monkeypatch):
    recipe = tiny("torch_cnn")
    calls = itertools.count()
    real = states.save_torch_state_dict

    def full_at_the_second(state, folder, **settings):
        real(state, folder, **settings)
        if next(calls) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(states, "save_torch_state_dict", full_at_the_second)
    with pytest.raises(TrainingError, match=r"the disk is full.*state after the last finished epoch is kept"):
        train_tuned(recipe, new_form(recipe), copied(recipe), tmp_path)
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".new")]
    assert train_tuned(recipe, new_form(recipe), copied(recipe), tmp_path, resume=True)
    assert [row.epoch for row in read_history(tmp_path / "history.csv")] == [1, 2, 3]


def test_a_run_at_half_width_is_widened_by_the_next_and_can_not_be_served(tmp_path, pixels):
    half = tiny("keras_cnn", width=0.5, epochs=1)
    train(half, tmp_path / "half")
    metrics = json.loads((tmp_path / "half" / "metrics.json").read_text())
    assert metrics["training"]["pictures_seen"] == 16 and "test" not in metrics
    assert not list((tmp_path / "half").glob("model*"))
    small = first_form(half, tmp_path / "half")
    large = first_form(replace(half, width=1.0), tmp_path / "half")
    assert np.abs(probabilities(small, pixels) - probabilities(large, pixels)).mean() < 0.02
    with pytest.raises(TrainingError, match="is of keras_cnn: torch_cnn cannot start"):
        first_form(tiny("torch_cnn"), tmp_path / "half")
    write_json(tmp_path / "config.json", {"recipe": asdict(tiny("keras_cnn"))})
    with pytest.raises(TrainingError, match="has width 1.0: a run of width 0.5 can start"):
        first_form(half, tmp_path)
    (tmp_path / "half" / "narrow.safetensors").write_bytes(b"cut")
    with pytest.raises(TrainingError, match="cannot be read"):
        first_form(half, tmp_path / "half")


@pytest.mark.parametrize("workers", [1, 2])
def test_pictures_made_beside_the_run_are_those_made_in_it(monkeypatch, workers):
    monkeypatch.setattr("maxdigit.training.stream._workers", lambda _device, _shard: workers)
    recipe = tiny("torch_cnn", fresh=True)
    data = GeneratedData(recipe)
    beside = [batch.pixels for batch in batches(data, 1, 5, 2, Shard(), CPU)]
    here = [batch.pixels for epoch in range(3) for batch in data.train(epoch, Shard(), CPU)][1:5]
    assert len(beside) == 4 and all(torch.equal(a, b) for a, b in zip(beside, here, strict=True))


def test_the_faster_number_of_threads_is_taken():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    threads = Threads()
    counts = []
    try:
        for number in range(9):
            with threads.step(number):
                counts.append(torch.get_num_threads())
                time.sleep(0.02 if counts[-1] == 2 else 0.001)
    finally:
        torch.set_num_threads(before)
    assert counts == [1, 1, 1, 2, 2, 2, 1, 1, 1]


def test_a_plan_in_pictures_is_whole_epochs_of_whole_batches():
    recipe = get_recipe("keras_cnn", "tuned", total_pictures=400_000)
    steps = recipe.train_pictures // recipe.batch_size
    assert 400_000 <= recipe.epochs * steps * recipe.batch_size < 400_000 + recipe.train_pictures
    for changes, message in (
        ({"width": 0.3}, "width must be"),
        ({"head": "largest"}, "can be plain, not largest"),
        ({"head": "best"}, "can be plain, not best"),
        ({"other_rate": 0.0}, "must be above 0"),
        ({"total_pictures": 0}, "epochs must be at least 1"),
    ):
        with pytest.raises(TrainingError, match=message):
            get_recipe("keras_cnn", "tuned", **changes)
    with pytest.raises(TrainingError, match="width must be"):
        get_recipe("keras_cnn", "paper", width=0.5)


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
    with pytest.raises(TrainingError, match="minutes are too few"):
        train(tiny("torch_cnn"), tmp_path / "run", minutes=0.05, test_pictures=1000)
    with pytest.raises(TrainingError, match="Only a tuned recipe"):
        train(tiny("torch_cnn", "paper"), tmp_path / "other", minutes=5)


def test_each_model_has_a_form():
    assert {model for model, _ in FORMS} == set(MODELS)


def test_average_ends_at_the_weights_themselves():
    ours, theirs = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    nn.init.constant_(theirs.weight, 3.0)
    theirs.num_batches_tracked += 7
    tuned_loop.average(ours, theirs, 2.0)
    assert ours.weight.tolist() == [2.0] * 3 and ours.num_batches_tracked == 7
    tuned_loop.average(ours, theirs, 1.0)
    assert ours.weight.tolist() == [3.0] * 3


def test_a_finished_run_leaves_no_state(tmp_path):
    folder: Path = tmp_path / "run"
    train(tiny("torch_cnn", epochs=1), folder, test_pictures=4)
    assert {path.name for path in folder.iterdir()} == {
        "calibration.json", "config.json", "history.csv", "metrics.json", "mistakes.csv", "model.safetensors",
        "reader.json", "reader.safetensors",
    }  # fmt: skip
