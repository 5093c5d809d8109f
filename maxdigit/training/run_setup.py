"""A run's folder is made ready: for a new run, or to resume one with the settings it was started with."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from maxdigit.errors import TrainingError
from maxdigit.models.run_folder import (
    CALIBRATION,
    CARD,
    CONFIG,
    HISTORY,
    METRICS,
    MISTAKES,
    NARROW,
    PREVIOUS_STATE,
    READER,
    READER_SETTINGS,
    STATE,
    read_json,
    recover,
    remove,
    write_json,
)
from maxdigit.training.recipes import Recipe

_MADE_BY_A_RUN = (
    CONFIG,
    HISTORY,
    METRICS,
    MISTAKES,
    CALIBRATION,
    CARD,
    READER,
    READER_SETTINGS,
    NARROW,
    STATE,
    PREVIOUS_STATE,
)


def prepare_folder(
    folder: Path,
    recipe: Recipe,
    data: str,
    earlier: list[dict[str, Any]],
    resume: bool,
    overwrite: bool,
    pool: dict[str, Any] | None = None,
) -> None:
    """Make a run's folder ready for a new run, or check that it can be resumed.

    ``earlier`` tells of the runs whose weights this one begins with, ``pool`` of the pool that it draws from, if any.

    Raises:
        TrainingError: it holds a run already and neither ``resume`` nor ``overwrite`` was asked for, or there is
            nothing to resume, or the run there has other settings.
    """
    config = folder / CONFIG
    if resume:
        recover(folder / STATE)
        if not (folder / STATE).is_dir() and not (folder / PREVIOUS_STATE).is_dir():
            raise TrainingError(f"There is no unfinished run in {folder} to resume. Start one without --resume.")
        found = read_json(config, "recipe")
        settings = asdict(recipe)
        longer = {"epochs"} if recipe.is_planned else set()
        # Runs that began before it was written down had the loop that their recipe has.
        before = {"loop": recipe.loop, **found["recipe"]}
        changed = {key: value for key, value in settings.items() if before.get(key) != value}
        if changed.keys() - longer:
            others = ", ".join(
                f"{key} {found['recipe'].get(key)} there, {value} here" for key, value in changed.items()
            )
            raise TrainingError(
                f"The run in {folder} has other settings ({others}). Resume it with the options it was started with."
            )
        if changed:
            write_json(config, {**found, "recipe": settings})
        return
    if folder.exists() and not folder.is_dir():
        raise TrainingError(f"{folder} is a file. Name a folder for the run: --out FOLDER.")
    if folder.exists() and any(folder.iterdir()):
        if not overwrite:
            raise TrainingError(f"{folder} holds a run already. Add --resume, --overwrite, or --out OTHER_FOLDER.")
        for name in _MADE_BY_A_RUN:
            remove(folder / name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"The folder {folder} cannot be made ({error.strerror}). Choose another: --out.") from error
    about_pool = {} if pool is None else {"pool": pool}
    write_json(config, {"recipe": asdict(recipe), "data": data, **about_pool, "started_from": earlier})
