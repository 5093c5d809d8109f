"""One training run from start to end: data, loop, weights, and what they reach on the test split."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import torch

from maxdigit.data.kaggle import load_training
from maxdigit.data.pictures import TEST_KINDS
from maxdigit.errors import TrainingError
from maxdigit.models.registry import get_model
from maxdigit.training.batches import ArrayData, Data, GeneratedData
from maxdigit.training.history import read_history
from maxdigit.training.metrics import measure, versions
from maxdigit.training.recipes import Recipe
from maxdigit.training.runs import CONFIG, HISTORY, METRICS, STATE, prepare_folder, read_json, remove, write_json


def train(
    recipe: Recipe,
    folder: Path,
    *,
    kaggle_folder: Path | None = None,
    test_pictures: int = 10_000,
    resume: bool = False,
    overwrite: bool = False,
) -> None:
    """Train by ``recipe`` and leave a whole run in ``folder``: weights, history, config and metrics.

    Args:
        recipe: what to do; see :func:`maxdigit.training.recipes.get_recipe`.
        folder: where the run is kept.
        kaggle_folder: train on the competition's own files there, in place of generated pictures.
        test_pictures: how many generated test pictures of each kind to measure on at the end.
        resume: go on from the last finished epoch of an interrupted run.
        overwrite: replace a run that is there already.

    Raises:
        TrainingError: the run cannot start or go on.
        CompetitionFileError: a file in ``kaggle_folder`` is missing or not of the right form.
    """
    data: Data
    if kaggle_folder is not None:
        pictures, labels = load_training(kaggle_folder)
        data = ArrayData(recipe, pictures, labels)
        if data.train_count < recipe.batch_size:
            raise TrainingError(f"{len(labels)} pictures are too few for batches of {recipe.batch_size}.")
    else:
        data = GeneratedData(recipe)
    spec = get_model(recipe.model)
    is_main = _is_main_process()
    if is_main:
        source = "generated" if kaggle_folder is None else "kaggle"
        prepare_folder(folder, recipe, source, resume, overwrite)
    if spec.framework == "torch":
        from maxdigit.training.torch_loop import train_torch

        train_torch(recipe, data, folder, resume=resume)
    else:
        from maxdigit.training.keras_loop import train_keras

        train_keras(recipe, data, folder, resume=resume)
    if is_main:
        for kind, result in write_metrics(recipe.model, folder, test_pictures)["test"].items():
            low, high = result["interval95"]
            print(
                f"{kind} test pictures: {result['accuracy']:.1%} right ({low:.1%} to {high:.1%}, n = {test_pictures:,})"
            )
        remove(folder / STATE)


def write_metrics(model: str, folder: Path, test_pictures: int) -> dict[str, Any]:
    """Measure the weights in ``folder`` as they will be used, and write ``metrics.json``."""
    spec = get_model(model)
    classifier = spec.load(folder)
    recipe = read_json(folder / CONFIG)["recipe"]
    history = read_history(folder / HISTORY)
    metrics = {
        "model": model,
        "parameters": spec.parameters,
        "flops_per_picture": spec.flops(),
        "weight_bytes": sum(path.stat().st_size for path in folder.glob("model*")),
        "test": {kind: measure(classifier, "test", kind, test_pictures) for kind in TEST_KINDS},
        "test_pictures": "our own synthesis from MNIST's test digits; not the competition's",
        "training": {
            "epochs": len(history),
            "pictures_seen": len(history) * recipe["train_pictures"] // recipe["batch_size"] * recipe["batch_size"],
            "seconds": round(sum(row.seconds for row in history), 1),
            "device": device_name(),
            "best_validation_accuracy": max(row.validation_accuracy for row in history),
        },
        "versions": versions(),
    }
    write_json(folder / METRICS, metrics)
    return metrics


def device_name() -> str:
    """What trained, in words."""
    if torch.cuda.is_available():
        return f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}"
    name = next(
        (line.split(":", 1)[1].strip() for line in _cpu_info() if line.startswith("model name")), platform.machine()
    )
    return f"CPU: {name}, {torch.get_num_threads()} threads"


def _cpu_info() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not on Linux
        return []


def _is_main_process() -> bool:
    return int(os.environ.get("RANK", "0")) == 0
