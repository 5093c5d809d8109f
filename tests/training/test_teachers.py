"""Trained models whose answers are targets beside the labels."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from training_support import tiny

from maxdigit import CHECKPOINTS
from maxdigit.errors import TrainingError
from maxdigit.models.reading_classifier import load_trained
from maxdigit.training.batches import GeneratedData, Shard
from maxdigit.training.run import train
from maxdigit.training.teachers import TaughtData

CPU = torch.device("cpu")
TEACHERS = [CHECKPOINTS / "torch_cnn" / "tuned", CHECKPOINTS / "torch_cnn" / "paper"]


def test_batches_have_the_geometric_mean_of_the_teachers_probabilities_in_another_process_too() -> None:
    source = GeneratedData(tiny("resnet18"))
    plain = next(source.train(0, Shard(), CPU))
    pictures = plain.pixels.numpy()
    product = np.prod([load_trained("torch_cnn", folder).predict(pictures) for folder in TEACHERS], 0) ** 0.5
    data = TaughtData(source, TEACHERS)
    for taught in (data, pickle.loads(pickle.dumps(data))):
        batch = next(taught.train(0, Shard(), CPU))
        assert torch.equal(batch.pixels, plain.pixels) and torch.equal(batch.labels, plain.labels)
        assert batch.taught is not None
        np.testing.assert_allclose(batch.taught.numpy(), product / product.sum(1, keepdims=True), atol=1e-3)
    assert [batch.taught for batch in data.validation(8, CPU)] == [None]


def test_a_run_with_teachers_names_them(tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(tiny("torch_cnn", epochs=1), run, teachers=TEACHERS, test_pictures=1)
    teachers = json.loads((run / "config.json").read_text())["teachers"]
    assert [(teacher["model"], teacher["name"]) for teacher in teachers] == [
        ("torch_cnn", "tuned"),
        ("torch_cnn", "paper"),
    ]


def test_what_cannot_teach_is_refused_before_a_run_begins(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(TrainingError):
        train(tiny("torch_cnn"), run, teachers=[tmp_path / "nothing"])
    with pytest.raises(TrainingError, match="leave --teacher out"):
        train(replace(tiny("torch_cnn", "paper")), run, teachers=TEACHERS)
    assert not run.exists()
