"""The training command: ``python train.py resnet18``, and ``maxdigit-train`` where the package is installed."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from maxdigit import CHECKPOINTS
from maxdigit.errors import MaxDigitError
from maxdigit.models.registry import MODELS
from maxdigit.models.run_folder import INK_FINDER, RECIPE_NAMES
from maxdigit.training.recipes import get_recipe
from maxdigit.training.run_setup import Start, run_settings, what_is_kept

# Waiting threads release their core; spinning, they would take it from the process that makes the pictures.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


app = typer.Typer(add_completion=False)


@app.command()
def main(
    model: Annotated[str, typer.Argument(help=f"One of: {', '.join([*MODELS, INK_FINDER])}.")],
    recipe: Annotated[
        str | None,
        typer.Option(help=f"One of: {', '.join(RECIPE_NAMES)}. Default: tuned, or the resumed run's."),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Instead of the recipe's number.")] = None,
    pictures: Annotated[int | None, typer.Option(help="Training pictures an epoch, instead of the recipe's.")] = None,
    total_pictures: Annotated[int | None, typer.Option(help="Pictures of the whole run, instead of --epochs.")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="End within this time, tests included; --resume continues.")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="Over all processes, instead of the recipe's.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Instead of the recipe's.")] = None,
    width: Annotated[float | None, typer.Option(help="0.5: half of the channels, to be widened later.")] = None,
    head: Annotated[str | None, typer.Option(help="torch_cnn's last layer in training: plain or largest.")] = None,
    frozen: Annotated[int | None, typer.Option(help="Number of MODEL's first sections that are not trained.")] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND=SHARE", help="A kind's share of the pictures, instead of the recipe's. Repeatable."),
    ] = None,
    validation_pictures: Annotated[int | None, typer.Option(help="Held out, instead of the recipe's.")] = None,
    test_pictures: Annotated[int, typer.Option(min=1, help="Of each kind, for metrics.json.")] = 10_000,
    keep_weights: Annotated[
        int | None,
        typer.Option(help="Times to keep the weights on the way, in RUN_FOLDER/kept: 10 for a replay."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, pictures and their order.")] = None,
    data: Annotated[str, typer.Option(help="generated, or kaggle for the competition's own files.")] = "generated",
    kaggle_dir: Annotated[Path | None, typer.Option(help="Folder with train_max_x and train_max_y.csv.")] = None,
    pool: Annotated[Path | None, typer.Option(help="Folder made by python -m maxdigit pool: draw from it.")] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder. Default: checkpoints/MODEL/RECIPE.")] = None,
    start_from: Annotated[Path | None, typer.Option(help="Run folder whose weights to start from.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last finished epoch, with the run's settings.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run that is there.")] = False,
) -> None:
    """Train MODEL and leave weights, history.csv, config.json and metrics.json in the run folder.

    The ink finder, which prepares pictures for the others, is trained on generated scenes: for it, pictures are scenes.

    Uses a GPU if there is one. For several, or several machines: accelerate launch train.py MODEL ...
    """
    began = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C
    folder = out or CHECKPOINTS / (model if model == INK_FINDER else f"{model}/{recipe or 'tuned'}")
    start = Start(start_from, resume, overwrite)
    own = run_settings(folder) if resume else {}
    changes: dict[str, Any]
    try:
        if model == INK_FINDER:
            others = (recipe not in (None, "tuned"), width, head, frozen, kind, kaggle_dir, pool, keep_weights)
            if any(others) or data != "generated":
                raise MaxDigitError(
                    "The ink finder has a recipe of its own: leave out --recipe, --width, --head, --frozen, --kind, "
                    "--data, --kaggle-dir, --pool and --keep-weights."
                )
            from maxdigit.training.ink_loop import get_ink_recipe, train_ink_finder

            changes = {
                "scenes": total_pictures or (epochs and pictures and epochs * pictures),
                "epoch_scenes": pictures,
                "batch_size": batch_size,
                "learning_rate": learning_rate,
                "validation_scenes": validation_pictures,
                "seed": seed,
            }
            train_ink_finder(get_ink_recipe(**_changed(own, changes)), folder, start=start, minutes=minutes)
            return
        if data not in ("generated", "kaggle"):
            raise MaxDigitError(f"--data must be generated or kaggle, not {data!r}.")
        if (data == "kaggle") != (kaggle_dir is not None):
            raise MaxDigitError("--data kaggle and --kaggle-dir DIR belong together: give both or neither.")
        if pool is not None and data != "generated":
            raise MaxDigitError("--pool holds generated pictures: leave it out, or --data kaggle.")
        changes = {
            "epochs": epochs,
            "train_pictures": pictures,
            "batch_size": batch_size,
            "learning_rate": learning_rate,
            "width": width,
            "head": head,
            "frozen": frozen,
            "validation_pictures": validation_pictures,
            "seed": seed,
            "keep_weights": keep_weights,
        }
        name = recipe or own.get("name", "tuned")
        if own.get("model") == model and own.get("name") == name:
            own = {key: value for key, value in own.items() if key not in ("model", "name")}
            changes = _changed(own, changes)
        if kind:
            changes["kinds"] = {**get_recipe(model, name, **changes).kinds, **_shares(kind)}
        settings = get_recipe(model, name, total_pictures=total_pictures, **changes)
        if settings.width != 1 and out is None:
            raise MaxDigitError("A run of half width cannot be stored in checkpoints: name its folder with --out.")
        from maxdigit.training.run import train  # torch takes seconds to load, so only after the options are checked

        train(
            settings,
            folder,
            start=start,
            kaggle_folder=kaggle_dir,
            pool_folder=pool,
            test_pictures=test_pictures,
            deadline=None if minutes is None else began + 60 * minutes,
        )
    except MaxDigitError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo(f"Stopped. {what_is_kept(folder)}", err=True)
        raise typer.Exit(130) from None


def _shares(given: list[str]) -> dict[str, float]:
    """The share of each kind that ``KIND=SHARE`` names."""
    shares = {}
    for text in given:
        kind, _, share = text.partition("=")
        try:
            shares[kind] = float(share)
        except ValueError:
            raise MaxDigitError(f"--kind takes KIND=SHARE, such as drawn=0.2, not {text!r}.") from None
    return shares


def _changed(own: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A run's own settings, without those given as options."""
    return {**own, **{key: value for key, value in changes.items() if value is not None}}
