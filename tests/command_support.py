"""Runs the commands of ``maxdigit`` in the process of the test."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner, Result

from maxdigit.cli import app


def run(*arguments: object, checkpoints: Path | None = None) -> Result:
    """What a command writes and returns."""
    options = ["--checkpoints", str(checkpoints)] if checkpoints else []
    return CliRunner().invoke(app, [str(argument) for argument in (*arguments, *options)])
