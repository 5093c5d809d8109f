"""What all commands share: how they are registered, their common options, errors and output."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec

import typer
from typer.core import TyperCommand

from maxdigit.engine.runtime import ENGINES, choose_engine
from maxdigit.errors import CheckpointError, MaxDigitError
from maxdigit.inference.predict import Predictor
from maxdigit.models.registry import get_model
from maxdigit.quiet import be_verbose

_P = ParamSpec("_P")

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
)

Checkpoints = Annotated[Path, typer.Option(help="Folder with the trained models.")]
DarkInk = Annotated[bool | None, typer.Option("--dark-ink/--light-ink", help="The ink's tone. Default: detected.")]
Whole = Annotated[
    bool, typer.Option("--whole", help="Read the whole picture as it is, instead of finding the writing in it.")
]


def command(*, cls: type[TyperCommand] | None = None) -> Callable[[Callable[_P, None]], Callable[_P, None]]:
    """Register a command, parsed by ``cls``. A MaxDigitError ends it with the error's sentence and exit status 1."""

    def register(function: Callable[_P, None]) -> Callable[_P, None]:
        @wraps(function)
        def run(*args: _P.args, **kwargs: _P.kwargs) -> None:
            try:
                function(*args, **kwargs)
            except MaxDigitError as error:
                raise _failed(error) from None

        return app.command(cls=cls)(run)

    return register


@app.callback()
def choose(
    engine: Annotated[
        str, typer.Option(help="Engine: fastest (OpenVINO, where it is installed), or native (PyTorch, Keras).")
    ] = ENGINES[0],
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also show TensorFlow's messages at its start.")
    ] = False,
) -> None:
    """Which of three handwritten digits is the largest? Ask a trained CNN, make pictures, measure models."""
    if engine not in ENGINES:
        raise _failed(MaxDigitError(f"There is no engine {engine!r}. Choose one of: {', '.join(ENGINES)}."))
    choose_engine(engine)
    if verbose:
        be_verbose()
    else:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # its later messages


def trained(checkpoints: Path, model: str = "all") -> tuple[Predictor, list[str]]:
    """The predictor for a folder, and the networks a command is for: one, or all that are trained.

    Raises:
        UnknownModelError: there is no such network.
        CheckpointError: none is trained.
    """
    predictor = Predictor(checkpoints)
    return predictor, _some(predictor.trained() if model == "all" else [get_model(model).name], checkpoints)


def answering(checkpoints: Path, model: str = "all") -> tuple[Predictor, list[str]]:
    """The predictor for a folder, and the models a command is for: one, or all that can answer, the ensemble included.

    Raises:
        CheckpointError: none is trained.
    """
    predictor = Predictor(checkpoints)
    return predictor, _some(predictor.available() if model == "all" else [model], checkpoints)


def print_json(value: dict[str, Any]) -> None:
    """Write one line for programs."""
    typer.echo(json.dumps(value))


def _some(names: list[str], checkpoints: Path) -> list[str]:
    if not names:
        raise CheckpointError(f"There are no trained models in {checkpoints}. Train one with train.py.")
    return names


def _failed(error: MaxDigitError) -> typer.Exit:
    typer.echo(f"Error: {error}", err=True)
    return typer.Exit(1)
