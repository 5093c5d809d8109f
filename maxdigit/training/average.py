"""The mean of two runs' weights, where one has started from the other."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import torch

from maxdigit.errors import TrainingError
from maxdigit.models.registry import get_model
from maxdigit.models.run_folder import BEFORE, HISTORY, METRICS, READER
from maxdigit.training.run_config import read_config, write_config


def average_runs(run: Path, start: Path, out: Path) -> str:
    """Write to ``out`` the run in ``run`` with the mean of its weights and those that it started from, in ``start``.

    Both are in one basin of the loss, and the loss is often lower between them than at either (M. Wortsman et al.,
    "Model soups", 2022). Batch norms' moments are averaged like weights. The run's history, metrics and reader are
    copied; fit-reader, calibrate and evaluate bring them up to date.

    Returns:
        The model's name.

    Raises:
        TrainingError: ``run`` did not start from ``start``, a file of theirs is missing or damaged, or ``out`` exists.
        CheckpointError: the weights of one of them are missing, damaged, or of another model.
    """
    config = read_config(run)
    if not config.started_from or config.started_from[-1].recipe != read_config(start).recipe:
        raise TrainingError(
            f"The run in {run} did not start from the one in {start}: name the one that it started from."
        )
    if out.exists():
        raise TrainingError(f"{out} is there already. Name a new folder.")
    spec = get_model(config.recipe["model"])
    network, other = (spec.load_native(folder).model for folder in (run, start))
    out.mkdir(parents=True)
    if spec.framework == "keras":
        from maxdigit.training.keras_loop import save_weights as save_keras_weights

        pairs = zip(network.get_weights(), other.get_weights(), strict=True)
        network.set_weights([(one + two) / 2 for one, two in pairs])
        save_keras_weights(spec, network, out)
    else:
        from maxdigit.training.training_forms import save_weights

        weights = other.state_dict()
        with torch.no_grad():
            for name, value in network.state_dict().items():
                if value.is_floating_point():  # but not a batch norm's count of batches
                    value.copy_((value + weights[name]) / 2)
        save_weights(network, out)
    for name in (HISTORY, METRICS, READER):
        if (run / name).is_file():
            shutil.copyfile(run / name, out / name)
    if (run / BEFORE).is_dir():
        shutil.copytree(run / BEFORE, out / BEFORE)
    write_config(out, replace(config, averaged=True))
    return spec.name
