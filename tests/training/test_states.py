"""The state of an unfinished run: small, complete, and refused by other runs."""

from __future__ import annotations

import errno
import itertools
from dataclasses import asdict, replace

import pytest
import torch
from training_support import copied, tiny

from maxdigit.errors import TrainingError
from maxdigit.models.run_folder import write_json
from maxdigit.training import states
from maxdigit.training.history import read_history
from maxdigit.training.run import train
from maxdigit.training.run_setup import Start
from maxdigit.training.starts import new_form
from maxdigit.training.states import Progress, load_state, save_state
from maxdigit.training.tuned_loop import train_tuned


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
            train(recipe, tmp_path, start=Start(resume=True))


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
