"""The command that classifies any number of pictures."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from maxdigit import CHECKPOINTS
from maxdigit.cli.command import Checkpoints, command
from maxdigit.engine.runtime import available_cores
from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import DEFAULT_MODEL, NAMES
from maxdigit.scaling.cluster import connected


class _WithRay(TyperCommand):
    """A command whose option --ray may be given without a value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        for place in [place for place, arg in enumerate(args) if arg == "--ray"]:
            if place + 1 == len(args) or args[place + 1].startswith("-"):
                args[place] = "--ray="
        return super().parse_args(ctx, args)


@command(cls=_WithRay)
def score(
    path: Annotated[Path, typer.Argument(help="A folder of pictures, ZIP archives or Parquet files, or one of these.")],
    out: Annotated[Path, typer.Option(help="Folder for the answers; an interrupted run is continued there.")],
    model: Annotated[str, typer.Option(help=f"One of: {', '.join(NAMES)}.")] = DEFAULT_MODEL,
    column: Annotated[
        str | None, typer.Option(help="Column of Parquet files with the pictures. Default: the only one of bytes.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes, of one core each. Default: one for each core.")
    ] = None,
    part_size: Annotated[
        int, typer.Option(min=1, help="Pictures in one file. An interrupted run loses at most so many.")
    ] = 1_000,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="[ADDRESS]",
            help="Compute on a cluster of Ray: HOST:PORT, auto (the one here), or local (start one).",
        ),
    ] = None,
    checkpoints: Checkpoints = CHECKPOINTS,
) -> None:
    """Classify any number of pictures, into Parquet files.

    Their columns are id, answer, probability, probabilities (ten numbers), doubtful, readings, and error, a sentence
    if a picture could not be read; the others are still answered.
    """
    if find_spec("pyarrow") is None:
        raise MaxDigitError("score needs a package that is not installed. Install it with: pip install pyarrow")
    from maxdigit.scaling.pictures import Source
    from maxdigit.scaling.score import begin, score_here

    with nullcontext() if ray is None else connected(ray):
        run = begin(Source(path, column), out, model, checkpoints, part_size)
        todo = run.missing()
        if ray is None or not todo:
            parts = score_here(run, todo, workers or available_cores())
        else:
            from maxdigit.scaling.score_cluster import score_on_cluster

            parts = score_on_cluster(run, todo, workers)
        answered = errors = 0
        with typer.progressbar(length=run.pictures, label=f"{run.pictures:,} pictures", file=sys.stderr) as bar:
            bar.update(run.pictures - run.size_of(todo))
            for part in parts:
                answered, errors = answered + part.pictures, errors + part.errors
                bar.update(part.pictures)
        run.clean()
    before = f"; {run.pictures - answered:,} were done before" if run.pictures > answered else ""
    typer.echo(f"{answered:,} pictures classified into {out}, of which {errors:,} could not be read{before}.")
