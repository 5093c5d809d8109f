"""A run's folder is neither overwritten nor resumed by mistake."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import asdict, replace

import pytest
import torch
from training_support import tiny
from typer.testing import CliRunner

from maxdigit import train_cli
from maxdigit.errors import TrainingError
from maxdigit.models.run_folder import RECIPE_NAMES
from maxdigit.training.recipes import get_recipe
from maxdigit.training.run import train
from maxdigit.training.run_setup import (
    NEW_RUN,
    Start,
    diverged,
    prepare_folder,
    read_before,
    run_settings,
    what_is_kept,
    write_before,
)
from maxdigit.training.states import Progress, save_state
from maxdigit.training.training_forms import save_weights


def test_a_run_is_not_overwritten_or_resumed_by_mistake(tmp_path):
    recipe = tiny("torch_cnn")
    with pytest.raises(TrainingError, match="no unfinished run"):
        train(recipe, tmp_path / "none", start=Start(resume=True))
    (tmp_path / "history.csv").write_text("mine")
    with pytest.raises(TrainingError, match="holds a run already"):
        train(recipe, tmp_path)
    assert (tmp_path / "history.csv").read_text() == "mine"
    for path in (tmp_path / "history.csv", tmp_path / "history.csv" / "run"):
        with pytest.raises(TrainingError, match="--out"):
            train(recipe, path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(TrainingError, match="should have the keys recipe"):
        train(recipe, tmp_path / "next", start=Start(weights_from=tmp_path))


def test_a_run_is_resumed_with_its_own_settings_only(tmp_path):
    recipe = tiny("torch_cnn")
    (tmp_path / "state").mkdir()
    (tmp_path / "config.json").write_text(json.dumps({"recipe": asdict(recipe)}))
    with pytest.raises(TrainingError, match="batch_size"):
        train(replace(recipe, batch_size=4), tmp_path, start=Start(resume=True))


@pytest.mark.parametrize("name", RECIPE_NAMES)
def test_a_run_from_before_some_settings_existed_can_be_resumed(tmp_path, name):
    recipe = tiny("torch_cnn", name)
    settings = {key: value for key, value in asdict(recipe).items() if key not in ("loop", "head", "keep_weights")}
    settings |= {"head": recipe.head} if recipe.head != "plain" else {}
    (tmp_path / "state").mkdir()
    (tmp_path / "config.json").write_text(json.dumps({"recipe": settings}))
    prepare_folder(tmp_path, recipe, "generated", [], Start(resume=True))
    longer = replace(recipe, epochs=recipe.epochs + 1)
    if recipe.is_planned:
        longer = replace(longer, keep_weights=4)  # which changes nothing that is learned
        prepare_folder(tmp_path, longer, "generated", [], Start(resume=True))
        assert json.loads((tmp_path / "config.json").read_text())["recipe"] == asdict(longer)
    else:
        with pytest.raises(TrainingError, match="other settings .epochs"):
            prepare_folder(tmp_path, longer, "generated", [], Start(resume=True))


def begun(folder, recipe):
    """A run that was stopped in its first epoch."""
    prepare_folder(folder, recipe, "generated", [], NEW_RUN)


def test_a_run_that_was_stopped_before_its_first_epoch_ended_promises_nothing_and_can_be_started_again(tmp_path):
    recipe = tiny("torch_cnn")
    begun(tmp_path, recipe)
    assert "nothing to resume" in what_is_kept(tmp_path) and "--resume" not in what_is_kept(tmp_path)
    said = str(diverged(tmp_path, 1))
    assert "epoch 1 " in said and "lower --learning-rate" in said and "--overwrite" not in said and "resume" not in said
    (tmp_path / ".new-state").mkdir()
    begun(tmp_path, replace(recipe, seed=7))
    assert run_settings(tmp_path)["seed"] == 7
    with pytest.raises(TrainingError, match="no unfinished run"):
        prepare_folder(tmp_path, recipe, "generated", [], Start(resume=True))
    (tmp_path / "state").mkdir()
    assert "continue with --resume" in what_is_kept(tmp_path)
    assert "--overwrite" in str(diverged(tmp_path, 2)) and "resume" not in str(diverged(tmp_path, 2))
    with pytest.raises(TrainingError, match="holds a run already"):
        begun(tmp_path, recipe)


def test_a_config_of_something_else_is_not_overwritten(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(TrainingError, match="holds a run already"):
        begun(tmp_path, tiny("torch_cnn"))


def test_a_run_is_resumed_on_its_own_pictures_only(tmp_path):
    recipe = tiny("torch_cnn")
    begun(tmp_path, recipe)
    (tmp_path / "state").mkdir()
    with pytest.raises(TrainingError, match="generated pictures, not on kaggle"):
        prepare_folder(tmp_path, recipe, "kaggle", [], Start(resume=True))


@pytest.mark.parametrize("name", RECIPE_NAMES)
def test_resume_alone_takes_the_run_s_settings(tmp_path, monkeypatch, name):
    asked = []
    monkeypatch.setattr("maxdigit.training.run.train", lambda recipe, folder, **_: asked.append((recipe, folder)))
    recipe, out = tiny("torch_cnn", name), ["--out", str(tmp_path)]
    begun(tmp_path, recipe)
    assert CliRunner().invoke(train_cli.app, ["torch_cnn", "--resume", *out]).exit_code == 0
    assert CliRunner().invoke(train_cli.app, ["torch_cnn", "--resume", "--seed", "5", *out]).exit_code == 0
    assert asked == [(recipe, tmp_path), (replace(recipe, seed=5), tmp_path)]


def test_single_shares_of_kinds_are_changed(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("maxdigit.training.run.train", lambda recipe, _folder, **_: asked.append(recipe.kinds))
    arguments, tuned = ["torch_cnn", "--out", str(tmp_path)], get_recipe("torch_cnn", "tuned").kinds
    changed = CliRunner().invoke(train_cli.app, [*arguments, "--kind", "drawn=0.5", "--kind", "blank=0"])
    assert changed.exit_code == 0 and asked == [{**tuned, "drawn": 0.5, "blank": 0.0}]
    begun(tmp_path, tiny("torch_cnn", kinds={"textured": 0.7, "drawn": 0.3}))
    assert CliRunner().invoke(train_cli.app, [*arguments, "--resume", "--kind", "drawn=0.6"]).exit_code == 0
    assert asked[1] == {"textured": 0.7, "drawn": 0.6}
    for wrong, said in (("drawn", "KIND=SHARE"), ("drawn=much", "KIND=SHARE"), ("cats=1", "no 'cats' pictures")):
        result = CliRunner().invoke(train_cli.app, [*arguments, "--kind", wrong])
        assert result.exit_code == 1 and said in result.output


@pytest.mark.parametrize("has_state", [False, True])
def test_whoever_stops_a_run_is_told_what_is_left_of_it(tmp_path, monkeypatch, has_state):
    def stopped(recipe, folder, **_):
        begun(folder, recipe)
        if has_state:
            (folder / "state").mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr("maxdigit.training.run.train", stopped)
    result = CliRunner().invoke(train_cli.app, ["torch_cnn", "--out", str(tmp_path)])
    assert result.exit_code == 130
    can_continue = "continue with --resume" in result.output
    assert can_continue == has_state and ("nothing to resume" in result.output) != has_state


@pytest.mark.skipif(os.name == "nt", reason="files have no such permissions")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_weights_and_states_can_be_read_by_whoever_may_read_other_files(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        network = torch.nn.Linear(3, 2)
        save_weights(network, tmp_path)
        save_state(network, Progress("torch_cnn", 1.0, "plain", 1, 1), tmp_path)
    finally:
        os.umask(before)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".safetensors", ".json"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {mode}
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o777 & ~umask


def test_the_epochs_of_all_runs_before_stay(tmp_path):
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    for folder, start_from in ((first, None), (second, first), (third, second)):
        before = read_before(start_from)
        prepare_folder(folder, tiny("torch_cnn"), "generated", [], NEW_RUN)
        write_before(folder, before)
        (folder / "history.csv").write_text(folder.name)
    assert [(third / below / "history.csv").read_text() for below in (".", "before", "before/before")] == [
        "third",
        "second",
        "first",
    ]
    assert (third / "before/before/config.json").read_bytes() == (first / "config.json").read_bytes()
    again = read_before(third)  # in place of the run that it starts from
    prepare_folder(third, tiny("torch_cnn"), "generated", [], Start(overwrite=True))
    write_before(third, again)
    assert (third / "before/history.csv").read_text() == "third" and (third / "before/before/before").is_dir()


def test_a_run_without_epochs_leaves_nothing_before(tmp_path):
    assert read_before(None) == read_before(tmp_path) == []
