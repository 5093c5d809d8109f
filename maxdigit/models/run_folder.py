"""The folder of a training run, ``checkpoints/MODEL/RECIPE``: the names of its files, read and written atomically."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from maxdigit.errors import TrainingError

RecipeName = Literal["tuned", "paper"]
# In the order in which they are displayed, and in which a model's trained weights are looked for.
RECIPE_NAMES: tuple[RecipeName, ...] = ("tuned", "paper")

CONFIG = "config.json"
HISTORY = "history.csv"
METRICS = "metrics.json"
MISTAKES = "mistakes.csv"
CALIBRATION = "calibration.json"
CARD = "README.md"  # the model card
ENSEMBLE = "ensemble"  # the folder beside the models' own, and the ensemble's name
READER = "reader.safetensors"  # the auxiliary head: the digit in each cell of the feature map
READER_SETTINGS = "reader.json"
NARROW = "narrow.safetensors"  # weights of a run at less than full width, which only training can use
INK_FINDER = "ink_finder"  # the folder of the network that finds ink, beside the models' own
STATE = "state"  # the state for --resume
KEPT = "kept"  # weights kept along the way: a folder of weights for each number of pictures seen
BEFORE = "before"  # CONFIG and HISTORY of the run that a run started from
PREVIOUS_STATE = "state_before"  # the one before, in case it is damaged


def write_aside(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` make a file or folder next to ``path``, then move it into place atomically."""
    # The suffix is preserved, since some writers depend on it.
    aside, old = path.with_name(f".new-{path.name}"), path.with_name(f".old-{path.name}")
    for leftover in (aside, old):
        remove(leftover)
    write(aside)
    let_others_read(aside)
    if path.is_dir():  # a folder cannot be replaced in one step: the old one is renamed, and restored if need be
        os.rename(path, old)
    os.replace(aside, path)
    remove(old)


def kept_weights(folder: Path) -> dict[int, Path]:
    """Folders of the weights that a run kept along the way, by the number of pictures that they had seen, in order."""
    found = (folder / KEPT).iterdir() if (folder / KEPT).is_dir() else ()
    return dict(sorted((int(path.name), path) for path in found if path.name.isdecimal() and path.is_dir()))


def let_others_read(path: Path) -> None:
    """Give a file, or a folder and its contents, the permissions of new files, which safetensors does not."""
    umask = os.umask(0o022)  # it cannot be read without being set
    os.umask(umask)
    for file in (path, *path.rglob("*")) if path.is_dir() else (path,):
        file.chmod((0o777 if file.is_dir() else 0o666) & ~umask)


def recover(path: Path) -> None:
    """Restore a folder if the process was killed between the two renames of :func:`write_aside`."""
    old = path.with_name(f".old-{path.name}")
    if old.exists() and not path.exists():
        os.rename(old, path)


def remove(path: Path) -> None:
    """Delete a file, or a folder with its contents, if it exists."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON, atomically."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    write_aside(path, lambda aside: aside.write_text(text, encoding="utf-8"))


def read_json(path: Path, *keys: str) -> Any:
    """The JSON object in ``path``, which must have at least these ``keys``.

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
