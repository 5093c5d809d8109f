"""A run's folder is neither overwritten nor resumed by mistake."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
from training_support import tiny

from maxdigit.errors import TrainingError
from maxdigit.models.run_folder import RECIPE_NAMES
from maxdigit.training.run import train
from maxdigit.training.run_setup import prepare_folder


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
