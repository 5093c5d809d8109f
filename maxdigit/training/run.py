"""One training run from start to end: data, loop, weights, and what they reach on the test split."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from maxdigit.data.kaggle import load_training
from maxdigit.data.pictures import TEST_KINDS
from maxdigit.data.splits import VALIDATION
from maxdigit.errors import TrainingError
from maxdigit.models.registry import get_model
from maxdigit.training.batches import ArrayData, Data, GeneratedData
from maxdigit.training.calibration import Calibration, fit_temperature, load_calibrated, scale
from maxdigit.training.devices import default_device
from maxdigit.training.history import read_history
from maxdigit.training.metrics import calibration_error, cross_entropy, measure, measure_blank, validate, versions
from maxdigit.training.mistakes import write_mistakes
from maxdigit.training.recipes import Recipe
from maxdigit.training.runs import (
    CALIBRATION,
    CONFIG,
    HISTORY,
    METRICS,
    STATE,
    prepare_folder,
    read_json,
    remove,
    write_json,
)

CALIBRATION_PICTURES = 1_000  # validation pictures of each kind: one number is all that is fitted
BLANK_PICTURES = 1_000  # test pictures without a digit
TEST_PICTURES = "our own synthesis from MNIST's test digits; not the competition's"


def train(
    recipe: Recipe,
    folder: Path,
    *,
    kaggle_folder: Path | None = None,
    test_pictures: int = 10_000,
    start_from: Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
) -> None:
    """Train by ``recipe`` and leave a whole run in ``folder``: weights, history, config, calibration and metrics.

    Args:
        recipe: what to do; see :func:`maxdigit.training.recipes.get_recipe`.
        folder: where the run is kept.
        kaggle_folder: train on the competition's own files there, in place of generated pictures.
        test_pictures: how many generated test pictures of each kind to measure on at the end. As many validation
            pictures, but at most 1,000 of each kind, set the temperature before.
        start_from: folder of an earlier run whose weights to begin with; pictures that it has seen are left out.
        resume: go on from the last finished epoch of an interrupted run.
        overwrite: replace a run that is there already.

    Raises:
        TrainingError: the run cannot start or go on.
        CheckpointError: the weights to begin with are missing, damaged, or of another model.
        CompetitionFileError: a file in ``kaggle_folder`` is missing or not of the right form.
    """
    earlier = _earlier_runs(start_from) if start_from else []
    data: Data
    if kaggle_folder is not None:
        pictures, labels = load_training(kaggle_folder)
        data = ArrayData(recipe, pictures, labels)
        if data.train_count < recipe.batch_size:
            raise TrainingError(f"{len(labels)} pictures are too few for batches of {recipe.batch_size}.")
    else:
        data = GeneratedData(recipe, skip=sum(run["pictures_seen"] for run in earlier))
    spec = get_model(recipe.model)
    is_main = _is_main_process()
    if is_main:
        source = "generated" if kaggle_folder is None else "kaggle"
        prepare_folder(folder, recipe, source, earlier, resume, overwrite)
    if spec.framework == "torch":
        from maxdigit.training.torch_loop import train_torch

        train_torch(recipe, data, folder, resume=resume, start_from=start_from)
    else:
        from maxdigit.training.keras_loop import train_keras

        train_keras(recipe, data, folder, resume=resume, start_from=start_from)
    if is_main:
        write_calibration(recipe.model, folder, min(test_pictures, CALIBRATION_PICTURES))
        for kind, result in write_metrics(recipe.model, folder, test_pictures)["test"].items():
            low, high = result["interval95"]
            print(
                f"{kind} test pictures: {result['accuracy']:.1%} right ({low:.1%} to {high:.1%}, n = {test_pictures:,})"
            )
        remove(folder / STATE)


def write_calibration(
    model: str, folder: Path, count: int
) -> tuple[Calibration, NDArray[np.float32], NDArray[np.int64]]:
    """Fit the temperature of the weights in ``folder`` and write ``calibration.json``.

    Args:
        model: whose weights they are.
        folder: the run.
        count: how many validation pictures of each test kind to fit it on.

    Returns:
        What was written, and for all those pictures the calibrated probabilities ``(N, 10)`` and the labels ``(N,)``.

    Raises:
        CheckpointError: the weights are missing or damaged.
    """
    before, labels = validate(get_model(model).load(folder), count)
    temperature = round(fit_temperature(before, labels), 5)  # as it will be read
    after = scale(before, temperature)
    losses = [round(cross_entropy(p, labels), 5) for p in (before, after)]
    errors = [round(calibration_error(p.max(1), p.argmax(1) == labels), 5) for p in (before, after)]
    calibration = Calibration(temperature, VALIDATION.name, VALIDATION.seed, TEST_KINDS, count, *losses, *errors)
    write_json(folder / CALIBRATION, asdict(calibration))
    return calibration, after, labels


def write_metrics(model: str, folder: Path, test_pictures: int) -> dict[str, Any]:
    """Measure the weights in ``folder`` as they will be used; write ``metrics.json`` and ``mistakes.csv``."""
    spec = get_model(model)
    classifier = load_calibrated(model, folder)
    config = read_json(folder / CONFIG, "recipe")
    recipe = config["recipe"]
    history = read_history(folder / HISTORY)
    if spec.framework == "torch":
        device = default_device()
    else:
        from maxdigit.training.keras_loop import keras_device

        device = keras_device()
    measured = {kind: measure(classifier, "test", kind, test_pictures) for kind in TEST_KINDS}
    metrics = {
        "model": model,
        "parameters": spec.parameters,
        "flops_per_picture": spec.flops(),
        "weight_bytes": sum(path.stat().st_size for path in folder.glob("model*")),
        "test": {kind: result for kind, (result, _) in measured.items()},
        "blank": measure_blank(classifier, "test", min(test_pictures, BLANK_PICTURES)),
        "test_pictures": TEST_PICTURES,
        "training": {
            "epochs": len(history),
            "pictures_seen": len(history) * (recipe["train_pictures"] // recipe["batch_size"] * recipe["batch_size"]),
            "pictures_seen_before": sum(run["pictures_seen"] for run in config.get("started_from", [])),
            "seconds": round(sum(row.seconds for row in history), 1),
            "seconds_before": round(sum(run["seconds"] for run in config.get("started_from", [])), 1),
            "device": device_name(device),
            "best_validation_accuracy": max(row.validation_accuracy for row in history),
        },
        "versions": versions(),
    }
    for kind, (_, wrong) in measured.items():
        write_mistakes(folder, kind, wrong)
    write_json(folder / METRICS, metrics)
    return metrics


def _earlier_runs(folder: Path) -> list[dict[str, Any]]:
    """What the weights in ``folder`` have been through, oldest run first."""
    config = read_json(folder / CONFIG, "recipe")
    training = read_json(folder / METRICS, "training")["training"]
    kept = {key: training[key] for key in ("pictures_seen", "seconds", "device")}
    return [*config.get("started_from", []), {"recipe": config["recipe"], **kept}]


def device_name(device: torch.device) -> str:
    """What trained, in words."""
    if device.type == "cuda":
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
