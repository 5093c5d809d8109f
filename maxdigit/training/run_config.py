"""``config.json``: what a run was started with. Only this module reads and writes it. Loads no framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from maxdigit.errors import TrainingError
from maxdigit.models.run_folder import CONFIG, read_json, write_json


@dataclass(frozen=True, kw_only=True)
class EarlierRun:
    """A run whose weights another run started from."""

    recipe: dict[str, Any]  # its settings
    pictures_seen: int  # of the ink finder's runs: scenes
    seconds: float  # of training
    device: str


@dataclass(frozen=True, kw_only=True)
class PoolSettings:
    """The pool of pictures that a run draws from."""

    pictures: int
    kinds: dict[str, float]  # share of each kind of picture
    balance: float  # as in the recipe
    seed: int
    version: int  # of the generator of pictures


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """One ``config.json``."""

    # The settings by name: a dict, as the ink finder's differ from the others' and older runs lack some.
    recipe: dict[str, Any]
    data: str | None = None  # generated, kaggle or scenes; None in old files
    pool: PoolSettings | None = None
    started_from: tuple[EarlierRun, ...] = ()  # oldest first
    averaged: bool = False  # the weights are the mean of this run's and those that it started from


def read_config(folder: Path) -> RunConfig:
    """The config of the run in ``folder``.

    Raises:
        TrainingError: its ``config.json`` is missing or damaged.
    """
    values = read_json(folder / CONFIG, "recipe")
    try:
        pool = values.get("pool")
        return RunConfig(
            recipe=dict(values["recipe"]),
            data=values.get("data"),
            pool=None if pool is None else PoolSettings(**pool),
            started_from=tuple(_earlier_run(run) for run in values.get("started_from", ())),
            averaged=bool(values.get("averaged", False)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TrainingError(
            f"{folder / CONFIG} is damaged ({error}). Restore it from the repository, or train the model again with "
            "train.py."
        ) from error


def write_config(folder: Path, config: RunConfig) -> None:
    """Replace ``config.json``, atomically."""
    values = {name: value for name, value in asdict(config).items() if value is not None}
    if not config.averaged:
        del values["averaged"]
    write_json(folder / CONFIG, values)


def _earlier_run(values: Mapping[str, Any]) -> EarlierRun:
    seen = values["scenes_seen"] if "scenes_seen" in values else values["pictures_seen"]  # the former in old files
    return EarlierRun(
        recipe=dict(values["recipe"]),
        pictures_seen=int(seen),
        seconds=float(values["seconds"]),
        device=str(values["device"]),
    )
