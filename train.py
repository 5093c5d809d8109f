"""Train one of the three CNNs: ``python train.py resnet18 --recipe tuned``. See ``--help``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maxdigit.errors import MaxDigitError
from maxdigit.models.registry import MODELS
from maxdigit.training.recipes import RECIPE_NAMES, get_recipe

CHECKPOINTS = Path(__file__).parent / "checkpoints"


def main(
    model: Annotated[str, typer.Argument(help=f"One of: {', '.join(MODELS)}.")],
    recipe: Annotated[str, typer.Option(help=f"One of: {', '.join(RECIPE_NAMES)}.")] = "tuned",
    epochs: Annotated[int | None, typer.Option(help="Instead of the recipe's number.")] = None,
    pictures: Annotated[int | None, typer.Option(help="Training pictures an epoch, instead of the recipe's.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Over all processes, instead of the recipe's.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Instead of the recipe's.")] = None,
    frozen: Annotated[int | None, typer.Option(help="First sections of MODEL to leave as they are.")] = None,
    validation_pictures: Annotated[int | None, typer.Option(help="Held out, instead of the recipe's.")] = None,
    test_pictures: Annotated[int, typer.Option(min=1, help="Of each kind, for metrics.json.")] = 10_000,
    seed: Annotated[int | None, typer.Option(help="Of weights, pictures and their order.")] = None,
    data: Annotated[str, typer.Option(help="generated, or kaggle for the competition's own files.")] = "generated",
    kaggle_dir: Annotated[Path | None, typer.Option(help="Folder with train_max_x and train_max_y.csv.")] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder. Default: checkpoints/MODEL/RECIPE.")] = None,
    start_from: Annotated[Path | None, typer.Option(help="Run folder whose weights to begin with.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last finished epoch.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run that is there.")] = False,
) -> None:
    """Train MODEL and leave weights, history.csv, config.json and metrics.json in the run folder.

    Uses a GPU if there is one. For several, or several machines: accelerate launch train.py MODEL ...
    """
    try:
        if data not in ("generated", "kaggle"):
            raise MaxDigitError(f"--data must be generated or kaggle, not {data!r}.")
        if (data == "kaggle") != (kaggle_dir is not None):
            raise MaxDigitError("--data kaggle and --kaggle-dir DIR belong together: give both or neither.")
        settings = get_recipe(
            model,
            recipe,
            epochs=epochs,
            train_pictures=pictures,
            batch_size=batch_size,
            learning_rate=learning_rate,
            frozen=frozen,
            validation_pictures=validation_pictures,
            seed=seed,
        )
        from maxdigit.training.run import train  # torch takes seconds to load: not for a mistyped option

        train(
            settings,
            out or CHECKPOINTS / model / recipe,
            kaggle_folder=kaggle_dir,
            test_pictures=test_pictures,
            start_from=start_from,
            resume=resume,
            overwrite=overwrite,
        )
    except MaxDigitError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("Stopped. The last finished epoch is kept: go on with --resume.", err=True)
        raise typer.Exit(130) from None


if __name__ == "__main__":
    typer.run(main)
