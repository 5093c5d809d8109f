"""The mean of two runs' weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from maxdigit.cli import app
from maxdigit.errors import TrainingError
from maxdigit.models.registry import get_model
from maxdigit.training.average import average_runs
from maxdigit.training.run_config import EarlierRun, RunConfig, read_config, write_config
from maxdigit.training.training_forms import save_weights


def a_run(folder: Path, model: str, number: int, started_from: Path | None = None) -> Path:
    """A run's folder with new weights; its recipe's seed is ``number``."""
    folder.mkdir()
    recipe = {"model": model, "seed": number}
    earlier = ()
    if started_from is not None:
        before = read_config(started_from).recipe
        earlier = (EarlierRun(recipe=before, pictures_seen=64, seconds=1.5, device="an abacus"),)
    write_config(folder, RunConfig(recipe=recipe, started_from=earlier))
    (folder / "history.csv").write_text(f"of {folder.name}")
    network = get_model(model).build()
    if model == "keras_cnn":
        network.save(folder / "model.keras")
    else:
        save_weights(network, folder)
    return folder


def weights(model: str, folder: Path) -> list[NDArray[np.float32]]:
    network = get_model(model).load_native(folder).model
    return network.get_weights() if model == "keras_cnn" else [each.numpy() for each in network.state_dict().values()]


@pytest.mark.slow
@pytest.mark.parametrize("model", ["torch_cnn", "resnet18", "keras_cnn"])
def test_each_weight_is_the_mean_of_both_runs(tmp_path, model):
    start = a_run(tmp_path / "start", model, 1)
    run = a_run(tmp_path / "run", model, 2, start)
    (run / "before").mkdir()
    (run / "before" / "history.csv").write_text("of start")
    out = tmp_path / "mean"
    told = CliRunner().invoke(app, ["average", str(run), str(start), str(out)])
    assert told.exit_code == 0 and str(out) in told.output
    for one, two, mean in zip(*(weights(model, folder) for folder in (run, start, out)), strict=True):
        np.testing.assert_allclose(mean, (one + two) / 2, atol=1e-3)
    assert read_config(out) == replace(read_config(run), averaged=True)
    assert (out / "history.csv").read_text() == "of run" and (out / "before/history.csv").read_text() == "of start"


def test_only_a_run_and_the_one_it_started_from_are_averaged(tmp_path):
    start, other = a_run(tmp_path / "start", "torch_cnn", 1), a_run(tmp_path / "other", "torch_cnn", 3)
    run = a_run(tmp_path / "run", "torch_cnn", 2, start)
    for wrong in ((run, other), (start, run)):
        with pytest.raises(TrainingError, match="did not start from"):
            average_runs(*wrong, tmp_path / "mean")
    with pytest.raises(TrainingError, match="is there already"):
        average_runs(run, start, other)
    assert not (tmp_path / "mean").exists()
