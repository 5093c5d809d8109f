"""Standard error belongs to our own messages: TensorFlow's start-up lines stay away from it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from support import REPOSITORY

from maxdigit.data.sample import draw_sample
from maxdigit.quiet import be_verbose, quiet_start

SAID = b"I0000 00:00:1795680581.115996   29419 port.cc:153] oneDNN custom operations are on.\n"
OURS = b"A line of somebody else's.\n"


@pytest.fixture(autouse=True)
def not_verbose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAXDIGIT_VERBOSE", "")


def test_only_the_loggers_lines_are_left_out(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_start():
        os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n")
        os.write(2, SAID + OURS)
    os.write(2, SAID)
    assert capfd.readouterr().err == (OURS + SAID).decode()


def test_when_it_fails_all_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ImportError), quiet_start():
        os.write(2, SAID)
        raise ImportError
    assert capfd.readouterr().err == SAID.decode()


def test_on_demand_all_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    be_verbose()
    with quiet_start():
        os.write(2, SAID)
    assert capfd.readouterr().err == SAID.decode()


@pytest.mark.slow
def test_keras_cnn_answers_without_another_word(tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    Image.fromarray(draw_sample(3).pixels).save(picture)
    command = [sys.executable, "-m", "maxdigit", "--engine", "native", "classify", str(picture), "--model", "keras_cnn"]
    said = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert said.stdout.startswith(str(picture)) and said.stderr == ""
