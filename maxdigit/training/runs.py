"""A run's folder: what is written while it trains, and how it is written so that a kill never leaves half a file."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from maxdigit.errors import TrainingError
from maxdigit.training.recipes import Recipe

CONFIG = "config.json"
HISTORY = "history.csv"
METRICS = "metrics.json"
MISTAKES = "mistakes.csv"
CALIBRATION = "calibration.json"
CARD = "README.md"  # for whoever comes to the run's folder first
ENSEMBLE = "ensemble"  # the folder beside the models' own, and what the ensemble is called everywhere
READER = "reader.safetensors"  # the auxiliary head: which digit stands in each cell of the feature map
READER_SETTINGS = "reader.json"
NARROW = "narrow.safetensors"  # weights of a run at less than full width, which only training can use
INK_FINDER = "ink_finder"  # the folder of the network that finds ink, beside the models' own
STATE = "state"  # what --resume needs
PREVIOUS_STATE = "state_before"  # the one before it, should that be damaged

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


def write_aside(path: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` make a file or folder next to ``path``, then put it in place in one step."""
    # The suffix stays, since some writers go by it.
    aside, old = path.with_name(f".new-{path.name}"), path.with_name(f".old-{path.name}")
    for leftover in (aside, old):
        remove(leftover)
    write(aside)
    if path.is_dir():  # a folder cannot be replaced in one step: the old one steps aside and comes back on need
        os.rename(path, old)
    os.replace(aside, path)
    remove(old)


def recover(path: Path) -> None:
    """Bring back a folder that a kill caught between the two renames of :func:`write_aside`."""
    old = path.with_name(f".old-{path.name}")
    if old.exists() and not path.exists():
        os.rename(old, path)


def remove(path: Path) -> None:
    """Delete a file or a folder with all it holds, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as readable JSON, in one step."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    write_aside(path, lambda aside: aside.write_text(text, encoding="utf-8"))


def read_json(path: Path, *keys: str) -> Any:
    """The JSON in ``path``, which has at least these ``keys``.

    Raises:
        TrainingError: the file is missing or damaged.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(value, dict) or not value.keys() >= set(keys):
            raise ValueError(f"it should have the keys {', '.join(keys)}")
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"{path} cannot be read ({error}). Restore it from the repository, or train the model again with train.py."
        ) from error
    return value


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
