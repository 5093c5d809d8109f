"""The engine's answers are held to those of the frameworks, by one command and at the end of each training."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from maxdigit.cli import app
from maxdigit.training import engine_check
from maxdigit.training.engine_check import check_ink_finder, compare


def answers(*best: tuple[float, float]) -> np.ndarray:
    """Probabilities of a 3 and of a 5; the rest is the others'."""
    rows = np.empty((len(best), 10), np.float32)
    for row, (three, five) in zip(rows, best, strict=True):
        row[:] = (1 - three - five) / 8
        row[[3, 5]] = three, five
    return rows


def test_only_answers_that_were_no_ties_count_as_changed():
    expected = answers((0.9, 0.05), (0.505, 0.49), (0.6, 0.3), (0.7, 0.2))
    found = answers((0.895, 0.055), (0.495, 0.5), (0.4, 0.5), (0.7, 0.2))
    check = compare("torch_cnn", expected, found, 1, "test")
    assert (check.differ, check.ties, check.ties_turned, check.answers_changed) == (1, 1, 1, 1)
    assert check.largest_difference == pytest.approx(0.2, abs=1e-5) and not check.holds
    assert compare("torch_cnn", expected, expected, 1, "test").holds
    assert compare("torch_cnn", expected[1:2], found[1:2], 1, "test").holds, "a tie may turn"


@pytest.mark.slow
def test_one_command_holds_saved_weights_to_the_frameworks_answers(monkeypatch):
    monkeypatch.setenv("MAXDIGIT_ENGINE", "fastest")
    command = ["check-engine", "--model", "torch_cnn", "--count", "2"]
    done = CliRunner().invoke(app, command)
    line = json.loads(done.stdout)
    assert done.exit_code == 0 and line["model"] == "torch_cnn" and line["count"] == 2
    assert 0 < line["largest_difference"] < engine_check.ALLOWED
    monkeypatch.setattr(engine_check, "ALLOWED", 1e-9)
    assert CliRunner().invoke(app, command).exit_code == 1


def test_what_cannot_be_checked_is_said(monkeypatch):
    monkeypatch.setenv("MAXDIGIT_ENGINE", "fastest")
    for command, reason in (
        (["--engine", "native", "check-engine", "--model", "torch_cnn"], "OpenVINO is not installed, is switched off"),
        (["--engine", "quickest", "check-engine"], "no engine 'quickest'"),
        (["check-engine", "--model", "resnet19"], "no model called 'resnet19'"),
        (["check-engine", "--model", "ink_finder", "--checkpoints", "nowhere"], "missing, damaged"),
    ):
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 1 and reason in done.stderr


@pytest.mark.slow
def test_the_ink_finder_is_held_to_pytorch_too():
    from maxdigit import CHECKPOINTS

    assert 0 < check_ink_finder(CHECKPOINTS / "ink_finder", 1) < 1e-4
