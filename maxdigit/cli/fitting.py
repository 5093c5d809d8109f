"""Commands that fit calibrations, readers and the like to trained models, and one that makes training pictures."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from maxdigit import CHECKPOINTS
from maxdigit.cli.command import Checkpoints, command, print_json, trained
from maxdigit.data.kinds import TEST_KINDS
from maxdigit.inference.ensemble import write_weights
from maxdigit.inference.predict import DEFAULT_MODEL, title
from maxdigit.models.registry import MODELS
from maxdigit.models.run_folder import ENSEMBLE, RECIPE_NAMES


@command()
def calibrate(
    model: Annotated[str, typer.Option(help=f"One of: {', '.join(MODELS)}, or all.")] = "all",
    count: Annotated[int, typer.Option(min=1, help="Validation pictures of each kind.")] = 1_000,
    checkpoints: Checkpoints = CHECKPOINTS,
) -> None:
    """Calibrate models: fit each one's temperatures and offsets on validation pictures.

    The reader's settings are chosen on the same pictures. With --model all, and two trained models or more, the
    ensemble's weights are chosen too. Prints one JSON object per line.
    """
    from maxdigit.training.calibrate import calibrate as calibrate_run

    predictor, names = trained(checkpoints, model)
    folders = {name: predictor.folder(name) for name in names}
    found = {}
    for name, folder in folders.items():
        found[name] = calibrate_run(name, folder, count)
        for written in (found[name].calibration, found[name].settings):
            if written is not None:
                print_json({"model": name, **asdict(written)})
    if len(names) > 1:
        calibrations = {name: one.calibration for name, one in found.items()}
        probabilities = {name: one.probabilities for name, one in found.items()}
        weights = write_weights(checkpoints / ENSEMBLE, calibrations, probabilities, found[names[0]].labels)
        print_json({"model": ENSEMBLE, **asdict(weights)})
    typer.echo("Now measure again: python -m maxdigit evaluate --write", err=True)


@command()
def fit_reader(
    model: Annotated[str, typer.Option(help=f"One of: {', '.join(MODELS)}, or all.")] = "all",
    pictures: Annotated[int, typer.Option(min=1, help="Training pictures to fit it on.")] = 3_000,
    count: Annotated[
        int, typer.Option(min=1, help="Validation pictures of each kind to choose its settings on.")
    ] = 500,
    checkpoints: Checkpoints = CHECKPOINTS,
) -> None:
    """Refit the readers of trained models, which recognise single digits in a feature map.

    The networks and their answers do not change. Needed after training: in networks without padding, the
    reader that training leaves misses digits near the picture's edge. Prints one JSON object per line.
    """
    from maxdigit.training.choose_readings import choose_settings
    from maxdigit.training.fit_reader import write_reader

    predictor, names = trained(checkpoints, model)
    for name in names:
        folder = predictor.folder(name)
        write_reader(name, folder, pictures)
        if (settings := choose_settings(name, folder, count)) is not None:
            print_json({"model": name, **asdict(settings)})
    typer.echo("Now measure again: python -m maxdigit evaluate --write, and heat --write", err=True)


@command()
def average(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    start: Annotated[Path, typer.Argument(help="Folder of the run that it started from.")],
    out: Annotated[Path, typer.Argument(help="New folder, for the run with the mean of both runs' weights.")],
) -> None:
    """Average the weights of a run and of the run that it started from.

    The mean keeps what the later run learnt, and much of what it forgot. Run afterwards: fit-reader, calibrate and
    evaluate --write.
    """
    from maxdigit.training.average import average_runs

    typer.echo(f"{title(average_runs(run, start, out))}: the mean of the weights is in {out}.")


@command()
def inside(checkpoints: Checkpoints = CHECKPOINTS) -> None:
    """Find the test pictures that excite each feature map of the trained models most, for the page's view inside them.

    Stores the pictures in test_pictures.webp, and each model's responses to them beside its weights.
    """
    from maxdigit.data.pictures import generate
    from maxdigit.data.splits import TEST
    from maxdigit.inference.exciting import PER_KIND, find_exciting, write_exciting, write_pictures
    from maxdigit.models.sections import SECTIONS, SectionOutputs

    predictor, names = trained(checkpoints)
    names = [name for name in names if name in SECTIONS]
    pictures = np.concatenate([generate(TEST, 0, PER_KIND, kind=kind).pixels.numpy() for kind in TEST_KINDS])
    write_pictures(checkpoints, pictures)
    for name in names:
        folder = predictor.folder(name)
        write_exciting(folder, find_exciting(SectionOutputs(name, folder), pictures))
        typer.echo(f"{title(name)}: measured its responses to {len(pictures)} test pictures.")


@command()
def pool(
    out: Annotated[Path, typer.Argument(help="Folder to write to; an unfinished pool is continued.")],
    pictures: Annotated[int, typer.Option(min=1, help="How many: 16 KiB each.")] = 1_000_000,
    recipe: Annotated[
        str, typer.Option(help=f"Recipe whose mix of kinds is used: {' or '.join(RECIPE_NAMES)}.")
    ] = "tuned",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same pictures.")] = 1,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes. Default: one for each core.")] = None,
) -> None:
    """Make training pictures that several runs can draw from: train.py MODEL --pool FOLDER.

    Runs can start before the pool is complete.
    """
    from maxdigit.training.pool import make_pool
    from maxdigit.training.recipes import get_recipe

    make_pool(get_recipe(DEFAULT_MODEL, recipe, seed=seed), out, pictures, workers)
