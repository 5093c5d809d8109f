"""Commands that answer pictures or make some."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from maxdigit import CHECKPOINTS
from maxdigit.cli.command import Checkpoints, DarkInk, Whole, answering, command
from maxdigit.data.kinds import TEST_KINDS
from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import DEFAULT_MODEL, NAMES, Prediction, Predictor, title
from maxdigit.scaling import PARQUET, ZIP

_SCORED = "To classify all pictures in it: python -m maxdigit score PATH --out DIR"


@command()
def classify(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Picture files.")],
    model: Annotated[str, typer.Option(help=f"One of: {', '.join(NAMES)}.")] = DEFAULT_MODEL,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line, for programs.")] = False,
    dark_ink: DarkInk = None,
    whole: Whole = False,
    checkpoints: Checkpoints = CHECKPOINTS,
) -> None:
    """Say which digit is the largest in each picture.

    With --json each line holds path, model, max_digit, probabilities (ten numbers that sum to 1), milliseconds and
    digits (what was read from left to right: digit, probability, and x and y of its centre in the 128 x 128 pixels that
    the model sees; null without a reader), or path and error if a file is not a picture; the others are still answered.
    The exit status is 1 if any file failed. For folders, ZIP archives and Parquet files there is the command score.
    """
    predictor = Predictor(checkpoints)
    predictor.warm(model)  # so that the first picture's time does not include loading the model
    failed = False
    for path in paths:
        try:
            pixels = predictor.prepare(path, dark_ink_on_light=dark_ink, fit_to_writing=not whole).pixels
            prediction = predictor.classify(pixels, model)
        except MaxDigitError as error:
            failed = True
            told = f"{error} {_SCORED}" if path.is_dir() or path.suffix.lower() in (ZIP, PARQUET) else str(error)
            if as_json:
                typer.echo(json.dumps({"path": str(path), "error": told}, ensure_ascii=False))
            else:
                typer.echo(f"{path}: {told}", err=True)
            continue
        _show(path, prediction, as_json, str(path))
    if failed:
        raise typer.Exit(1)


@command()
def compare(
    path: Annotated[Path, typer.Argument(help="A picture file.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line, for programs.")] = False,
    dark_ink: DarkInk = None,
    whole: Whole = False,
    checkpoints: Checkpoints = CHECKPOINTS,
) -> None:
    """Ask every trained model, and the ensemble of them, about the same picture."""
    predictor, names = answering(checkpoints)
    pixels = predictor.prepare(path, dark_ink_on_light=dark_ink, fit_to_writing=not whole).pixels
    for name in names:
        predictor.warm(name)
        _show(path, predictor.classify(pixels, name), as_json, title(name))


@command()
def sample(
    out: Annotated[Path, typer.Argument(help="Folder to write to; made if it is not there.")],
    count: Annotated[int, typer.Option(min=1, max=100_000, help="How many pictures.")] = 16,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same pictures.")] = 7,
    kind: Annotated[str, typer.Option(help=f"One of: {', '.join(TEST_KINDS)}.")] = "textured",
    split: Annotated[
        str, typer.Option(help="Split that the digits and backgrounds come from: train, validation or test.")
    ] = "test",
) -> None:
    """Generate pictures as PNG files, with their labels in labels.csv."""
    from maxdigit.data.sample import write_samples
    from maxdigit.data.splits import SPLITS

    if kind not in TEST_KINDS:
        raise MaxDigitError(f"There is no kind {kind!r}. Choose one of: {', '.join(TEST_KINDS)}.")
    if split not in SPLITS:
        raise MaxDigitError(f"There is no split {split!r}. Choose one of: {', '.join(SPLITS)}.")
    try:
        table = write_samples(out, count, seed, split, kind)
    except OSError as error:
        raise MaxDigitError(f"Cannot write to {out} ({error.strerror}). Choose another folder.") from error
    typer.echo(f"Wrote {count} pictures and {table}.")


def _show(path: Path, prediction: Prediction, as_json: bool, heading: str) -> None:
    """One answer, as JSON or as text."""
    if not as_json:
        sure = prediction.probabilities[prediction.max_digit]
        typer.echo(f"{heading}: {prediction.max_digit} ({sure:.1%})")
        return
    typer.echo(json.dumps({"path": str(path), **prediction.to_json()}, ensure_ascii=False))
