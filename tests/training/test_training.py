"""Training: it learns, it can be stopped and resumed to the same result, and it writes whole runs."""

from __future__ import annotations

import json
import math
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
from conftest import REPOSITORY
from safetensors.torch import load_file
from training_support import tiny

from maxdigit.errors import TrainingError, UnknownModelError
from maxdigit.models import keras_cnn, torch_cnn
from maxdigit.models.registry import MODELS, get_model
from maxdigit.models.run_folder import RECIPE_NAMES, write_aside, write_json
from maxdigit.training.batches import GeneratedData, Shard, _ranges, locate_targets, target_probabilities
from maxdigit.training.history import COLUMNS, Epoch, HistoryError, append_epoch, read_history
from maxdigit.training.keras_loop import train_keras
from maxdigit.training.losses import classification_loss, label_shift
from maxdigit.training.metrics import calibration_error, measure, reliability, score, wilson_interval
from maxdigit.training.recipes import Recipe, get_recipe
from maxdigit.training.run import train
from maxdigit.training.run_setup import prepare_folder
from maxdigit.training.starts import first_form, new_form
from maxdigit.training.torch_loop import train_torch
from maxdigit.training.tuned_loop import train_tuned

CPU = torch.device("cpu")


class InterruptedData(GeneratedData):
    """Data that stops a run, as Ctrl-C would, in the middle of an epoch."""

    can_travel = False

    def __init__(self, recipe: Recipe, epoch: int) -> None:
        super().__init__(recipe)
        self._stop_at = epoch

    def train(self, epoch, shard, device, start=0):
        for step, batch in enumerate(super().train(epoch, shard, device, start)):
            if epoch == self._stop_at and step == 1:
                raise KeyboardInterrupt
            yield batch


def learn(recipe: Recipe, folder: Path, data=None, *, resume: bool = False, start_from: Path | None = None) -> None:
    """Train by the recipe's own loop, in this process alone."""
    folder.mkdir(exist_ok=True)
    data = data or GeneratedData(recipe)
    if recipe.loop == "tuned":
        data.can_travel = False
        form = new_form(recipe) if resume else first_form(recipe, start_from)
        train_tuned(recipe, form, data, folder, resume=resume)
    elif recipe.loop == "torch":
        train_torch(recipe, data, folder, resume=resume, start_from=start_from)
    else:
        train_keras(recipe, data, folder, resume=resume, start_from=start_from)


def weights(model: str, folder: Path) -> dict[str, np.ndarray]:
    if get_model(model).framework == "torch":
        return {
            key: value.float().numpy()
            for path in folder.glob("model*.safetensors")
            for key, value in load_file(path).items()
        }
    return dict(enumerate(get_model(model).load(folder).model.get_weights()))


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
    train(still, second, test_pictures=4, start_from=first)
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


def test_pictures_that_an_earlier_run_has_seen_are_left_out():
    recipe = tiny("torch_cnn", fresh=True)
    seen = [batch.pixels for epoch in (0, 1) for batch in GeneratedData(recipe).train(epoch, Shard(), CPU)]
    skip = recipe.train_pictures
    after = [batch.pixels for batch in GeneratedData(recipe, skip=skip).train(0, Shard(), CPU)]
    assert all(torch.equal(a, b) for a, b in zip(seen[len(after) :], after, strict=True))


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
from training_support import tiny
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


def test_shards_divide_a_batch_without_gap_or_overlap():
    for processes in (1, 2, 4):
        rows = [Shard(rank, processes).rows(16) for rank in range(processes)]
        assert rows[0][0] == 0 and rows[-1][1] == 16
        assert all(left[1] == right[0] for left, right in zip(rows, rows[1:], strict=False))
    with pytest.raises(TrainingError, match="cannot be divided among 3 processes"):
        Shard(0, 3).rows(16)


def test_fresh_epochs_bring_new_pictures_and_fixed_ones_the_same():
    for fresh in (True, False):
        data = GeneratedData(tiny("torch_cnn", fresh=fresh))
        first, second = (
            {batch.pixels[i].numpy().tobytes() for batch in data.train(epoch, Shard(), CPU) for i in range(8)}
            for epoch in (0, 1)
        )
        assert (first == second) is not fresh and (first.isdisjoint(second)) is fresh


def test_a_batch_holds_the_recipes_mix_of_kinds():
    recipe = tiny("torch_cnn", kinds={"textured": 0.5, "drawn": 0.5})
    batch = next(GeneratedData(recipe).train(0, Shard(), CPU))
    plain = (batch.pixels == 0).float().mean((1, 2)) > 0.5
    assert plain.sum() == 4


def test_small_batches_still_give_every_kind_its_share():
    kinds = {"textured": 0.25, "crowded": 0.35, "drawn": 0.15, "forms": 0.1, "photo": 0.12, "blank": 0.03}
    steps = [_ranges(kinds, 12, step) for step in range(100)]
    for kind, share in kinds.items():
        assert all(a[kind][1] == b[kind][0] for a, b in zip(steps, steps[1:], strict=False))  # no gap, no repeat
        assert steps[-1][kind][1] == pytest.approx(1200 * share, abs=1)
    assert all(sum(end - start for start, end in ranges.values()) == 12 for ranges in steps)


def test_two_processes_see_the_batch_that_one_sees():
    data = GeneratedData(tiny("torch_cnn", kinds={"textured": 0.4, "drawn": 0.4, "blank": 0.2}))
    whole = [batch.pixels for batch in data.train(0, Shard(), CPU)]
    halves = zip(*(data.train(0, Shard(rank, 2), CPU) for rank in (0, 1)), strict=True)
    for batch, parts in zip(whole, halves, strict=True):
        assert torch.equal(batch, torch.cat([part.pixels for part in parts]))


def test_where_there_is_no_digit_the_target_is_flat():
    target = target_probabilities(torch.tensor([3, -1]), smoothing=0.1)
    assert target[0].tolist() == pytest.approx([0.01] * 3 + [0.91] + [0.01] * 6)
    assert target[1].tolist() == pytest.approx([0.1] * 10)


def test_locate_targets_name_the_digit_in_its_cell_and_leave_close_calls_out():
    digits = torch.tensor([[7, 2, -1]])
    centres = torch.tensor([[[20.0, 58.0], [126.0, 2.0], [64.0, 64.0]]])
    target = locate_targets(digits, centres, first=7.5, step=16, cells=8)[0]
    assert target[3, 1] == 7  # row 58 px, column 20 px
    assert target[0, 7] == 2  # past the outermost cell: still its own
    assert target[4, 4] == 10  # an absent digit leaves no trace
    assert target[3, 0] == -1 and target[2, 1] == -1  # next door
    assert (target == 7).sum() == 1 and (target == 2).sum() == 1


def test_the_papers_recipes_are_as_published():
    keras, resnet, cnn = (get_recipe(model, "paper") for model in ("keras_cnn", "resnet18", "torch_cnn"))
    assert (keras.optimizer, keras.learning_rate, keras.epochs, keras.fits) == ("nadam", 0.002, 20, 3)
    assert (keras.train_pictures, keras.validation_pictures) == (48_000, 2_000) and keras.patience
    assert (resnet.optimizer, resnet.epochs, resnet.softmax_before_loss) == ("adadelta", 25, True)
    assert (cnn.optimizer, cnn.learning_rate, cnn.epochs) == ("adam", 0.001, 25)
    assert all(r.kinds == {"textured": 1.0} and not r.fresh and not r.locate for r in (keras, resnet, cnn))


def test_a_softmax_before_the_loss_keeps_it_above_ln_1_plus_9_over_e():
    labels = torch.tensor([3])
    sure = torch.full((1, 10), -100.0)
    sure[0, 3] = 100.0
    paper = classification_loss(sure, labels, get_recipe("resnet18", "paper"))
    assert paper.item() == pytest.approx(math.log(1 + 9 / math.e), abs=1e-4)
    assert classification_loss(sure, labels, get_recipe("torch_cnn", "paper")).item() < 1e-4


def test_labels_shown_more_often_than_they_occur_are_no_likelier_for_it():
    """What shifted logits give for the frequencies of training must, unshifted, give those of three uniform digits."""
    balance = 0.5
    natural = torch.tensor([((digit + 1) ** 3 - digit**3) / 1000 for digit in range(10)])
    shown = (1 - balance) * natural + balance / 10
    shift = label_shift(torch.tensor([3]), balance)[0]
    common = slice(2, None)  # those that the limit leaves as they are
    assert torch.allclose((natural.log() + shift)[common], shown.log()[common], atol=1e-5)
    assert shift.max() == 2
    assert not label_shift(torch.tensor([0]), balance).any()  # a picture without digits


def test_the_papers_recipes_are_not_shifted():
    logits, labels = torch.zeros(1, 10), torch.tensor([9])
    digits = torch.tensor([[9, 1, 2]])
    paper = classification_loss(logits, labels, get_recipe("torch_cnn", "paper"), digits)
    tuned = classification_loss(logits, labels, get_recipe("torch_cnn", "tuned"), digits)
    assert paper.item() == pytest.approx(math.log(10), abs=1e-5)
    assert tuned.item() > paper.item()  # a nine is shown less often than it occurs


def test_the_papers_keras_recipe_makes_several_fits(tmp_path):
    recipe = replace(
        get_recipe("keras_cnn", "paper", epochs=1, train_pictures=8, batch_size=8, validation_pictures=4), fits=2
    )
    learn(recipe, tmp_path)
    assert len(read_history(tmp_path / "history.csv")) == 2


def test_bad_settings_are_refused_in_words():
    with pytest.raises(UnknownModelError):
        get_recipe("vgg", "tuned")
    with pytest.raises(TrainingError, match="no recipe called"):
        get_recipe("resnet18", "fast")
    with pytest.raises(TrainingError, match="epochs must be at least 1"):
        get_recipe("resnet18", "tuned", epochs=0)
    with pytest.raises(TrainingError, match="does not fit"):
        get_recipe("resnet18", "tuned", train_pictures=10)
    for wrong in ({"learning_rate": 0.0}, {"learning_rate": math.nan}, {"seed": -1}):
        with pytest.raises(TrainingError, match="must be"):
            get_recipe("resnet18", "tuned", **wrong)
    for model, frozen in (("resnet18", 5), ("keras_cnn", 4), ("keras_cnn", -1)):
        with pytest.raises(TrainingError, match="frozen must be 0 to"):
            get_recipe(model, "tuned", frozen=frozen)


def test_a_run_is_not_overwritten_or_resumed_by_mistake(tmp_path):
    recipe = tiny("torch_cnn")
    with pytest.raises(TrainingError, match="no unfinished run"):
        train(recipe, tmp_path / "none", resume=True)
    (tmp_path / "history.csv").write_text("mine")
    with pytest.raises(TrainingError, match="holds a run already"):
        train(recipe, tmp_path)
    assert (tmp_path / "history.csv").read_text() == "mine"
    for path in (tmp_path / "history.csv", tmp_path / "history.csv" / "run"):
        with pytest.raises(TrainingError, match="--out"):
            train(recipe, path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(TrainingError, match="should have the keys recipe"):
        train(recipe, tmp_path / "next", start_from=tmp_path)


def test_a_run_is_resumed_with_its_own_settings_only(tmp_path):
    recipe = tiny("torch_cnn")
    (tmp_path / "state").mkdir()
    (tmp_path / "config.json").write_text(json.dumps({"recipe": asdict(recipe)}))
    with pytest.raises(TrainingError, match="batch_size"):
        train(replace(recipe, batch_size=4), tmp_path, resume=True)


@pytest.mark.parametrize("name", RECIPE_NAMES)
def test_a_run_from_before_loops_were_written_down_can_be_resumed(tmp_path, name):
    recipe = tiny("torch_cnn", name)
    settings = {key: value for key, value in asdict(recipe).items() if key != "loop"}
    (tmp_path / "state").mkdir()
    (tmp_path / "config.json").write_text(json.dumps({"recipe": settings}))
    prepare_folder(tmp_path, recipe, "generated", [], resume=True, overwrite=False)
    longer = replace(recipe, epochs=recipe.epochs + 1)
    if recipe.is_planned:
        prepare_folder(tmp_path, longer, "generated", [], resume=True, overwrite=False)
        assert json.loads((tmp_path / "config.json").read_text())["recipe"] == asdict(longer)
    else:
        with pytest.raises(TrainingError, match="other settings .epochs"):
            prepare_folder(tmp_path, longer, "generated", [], resume=True, overwrite=False)


def test_each_model_has_a_recipe_of_each_name_whose_loop_can_train_it():
    for model, spec in MODELS.items():
        loops = {name: get_recipe(model, name).loop for name in RECIPE_NAMES}
        assert loops == {"tuned": "tuned", "paper": spec.framework}
        assert get_recipe(model, "tuned").is_planned and not get_recipe(model, "paper").is_planned
        for head in spec.heads:
            assert get_recipe(model, "tuned", head=head).head == head


def test_a_diverged_run_says_so_and_keeps_the_last_good_epoch(tmp_path):
    recipe = tiny("torch_cnn", learning_rate=1e30, epochs=4, optimizer="adamw", schedule="linear")
    with pytest.raises(TrainingError, match="diverged"):
        learn(recipe, tmp_path)


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "weights"
    path.write_text("old")

    def fail(aside: Path) -> None:
        aside.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_aside(path, fail)
    assert path.read_text() == "old"
    write_aside(path, lambda aside: aside.write_text("new"))
    assert path.read_text() == "new" and [p.name for p in tmp_path.iterdir()] == ["weights"]


def test_history_rows_come_back_and_damage_is_named(tmp_path):
    path = tmp_path / "history.csv"
    row = Epoch(1, 2.0, 0.1, 2.1, 0.2, 1e-3, 10.0, 100.0)
    append_epoch(path, row)
    assert read_history(path) == [row]
    path.write_text(path.read_text() + "2,oops\n")
    with pytest.raises(HistoryError, match="line 3"):
        read_history(path)
    path.write_text("epoch,loss\n1,2\n")
    with pytest.raises(HistoryError, match=COLUMNS[1]):
        read_history(path)
    with pytest.raises(HistoryError, match="cannot be read"):
        read_history(tmp_path / "none.csv")


def test_scores_agree_with_counting_by_hand():
    probabilities = np.full((4, 10), 0.02)
    for row, answer in enumerate((9, 9, 3, 1)):
        probabilities[row, answer] = 0.82
    result = score(probabilities, np.array([9, 3, 3, 1]))
    assert result.accuracy == 0.75
    assert result.recall[3] == 0.5 and result.recall[9] == 1.0 and result.recall[0] is None
    assert result.balanced_accuracy == pytest.approx((0.5 + 1 + 1) / 3, abs=1e-5)
    assert result.confusion[3][9] == 1 and sum(map(sum, result.confusion)) == 4
    assert result.calibration_error == pytest.approx(0.07, abs=1e-5)
    assert result.loss == pytest.approx(-(3 * math.log(0.82) + math.log(0.02)) / 4, abs=1e-5)


def test_intervals_agree_with_a_published_example():
    """Newcombe (1998), Statistics in Medicine 17, 857-872: 81 of 263 gives 0.2553 to 0.3662."""
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson_interval(10, 10)[1] == pytest.approx(1)


def test_calibration_error_is_zero_for_honest_confidence():
    confidence = np.full(1000, 0.7)
    assert calibration_error(confidence, np.arange(1000) < 700) == pytest.approx(0, abs=1e-9)
    assert calibration_error(confidence, np.ones(1000, bool)) == pytest.approx(0.3)
    assert reliability(confidence, np.arange(1000) < 600) == [(1000, pytest.approx(0.7), 0.6)]


def test_measuring_counts_right_answers_on_the_split():
    class Oracle:
        def __init__(self) -> None:
            self.labels = iter(())

        def predict(self, pictures):
            return np.eye(10, dtype=np.float32)[np.full(len(pictures), 9)]

    result, _ = measure(Oracle(), "test", "textured", 300)
    assert result.count == 300 and 0.15 < result.accuracy < 0.4  # about 27 % of labels are nines
    assert result.recall[9] == 1.0 and set(result.by["background"]) == {
        "rings", "stars", "wall", "granite", "waves", "gravel", "marble",
    }  # fmt: skip
