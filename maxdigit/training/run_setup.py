"""Prepares a run's folder: for a new run, or to resume one with its own settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from maxdigit.errors import TrainingError
from maxdigit.models.run_folder import (
    BEFORE,
    CALIBRATION,
    CARD,
    CONFIG,
    HISTORY,
    KEPT,
    METRICS,
    MISTAKES,
    NARROW,
    PREVIOUS_STATE,
    READER,
    READER_SETTINGS,
    STATE,
    recover,
    remove,
)
from maxdigit.training.recipes import Recipe
from maxdigit.training.run_config import EarlierRun, PoolSettings, RunConfig, read_config, write_config

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
    KEPT,
    BEFORE,
)

_OF_BEFORE = (CONFIG, HISTORY)  # files of a run that are copied when another starts from it

_UNFINISHED = (".new-", ".old-", ".state")  # name of unfinished files


@dataclass(frozen=True)
class Start:
    """What a run starts from, and what happens to a run that is in its folder already.

    Attributes:
        weights_from: folder of an earlier run whose weights to start from; pictures that it has seen are left out.
        resume: continue from the last finished epoch of an interrupted run.
        overwrite: replace a run that is there already.
    """

    weights_from: Path | None = None
    resume: bool = False
    overwrite: bool = False


NEW_RUN = Start()  # with new weights, in an empty folder


def can_resume(folder: Path) -> bool:
    """Whether a run's folder holds the state of a finished epoch, from which it can be resumed."""
    recover(folder / STATE)
    return (folder / STATE).is_dir() or (folder / PREVIOUS_STATE).is_dir()


def is_unbegun(folder: Path) -> bool:
    """Whether a run was stopped before its first epoch ended, so that it can be replaced without loss."""
    others = {path.name for path in folder.iterdir() if not path.name.startswith(_UNFINISHED)}
    return others - {KEPT} == {CONFIG} and bool(run_settings(folder))


def what_is_kept(folder: Path) -> str:
    """A sentence on what a stopped run has left, and how to resume it."""
    if can_resume(folder):
        return "The state after the last finished epoch is kept: continue with --resume."
    return "No epoch was finished, so there is nothing to resume: start it again."


def nothing_to_resume(folder: Path) -> TrainingError:
    """The error if there is no state to resume from."""
    return TrainingError(f"There is no unfinished run in {folder} to resume. Start one without --resume.")


def diverged(folder: Path, epoch: int | None = None) -> TrainingError:
    """The error of a run whose loss is no longer a number."""
    begin = "The loss" if epoch is None else f"The loss of epoch {epoch}"
    lower = "Start again with a lower --learning-rate"
    if can_resume(folder):  # from that state it would diverge again
        lower += " and with --overwrite, or --out another folder"
    return TrainingError(f"{begin} is no longer a number: the run has diverged. {lower}.")


def run_settings(folder: Path) -> dict[str, Any]:
    """The settings of the run in a folder, with which it is resumed; empty if they cannot be read."""
    try:
        return read_config(folder).recipe
    except TrainingError:
        return {}  # preparing the folder raises the error


def earlier_runs(
    folder: Path, start: Start, facts: Callable[[Path, dict[str, Any]], EarlierRun]
) -> tuple[EarlierRun, ...]:
    """The runs whose weights a run starts from, oldest first.

    Args:
        folder: of the run.
        start: of the run; if it is resumed, its config says what it started from.
        facts: given the folder and the settings of a run, reads how it was trained.

    Raises:
        TrainingError: a file of one of the runs cannot be read.
    """
    if start.resume and (folder / CONFIG).exists():
        return read_config(folder).started_from
    if start.weights_from is None:
        return ()
    config = read_config(start.weights_from)
    return (*config.started_from, facts(start.weights_from, config.recipe))


def read_before(start_from: Path | None) -> list[dict[str, bytes]]:
    """The config and history of the run that another starts from, and of those before it, by file name.

    Raises:
        TrainingError: one of the files cannot be read.
    """
    runs = []
    while start_from is not None and all((start_from / name).is_file() for name in _OF_BEFORE):
        try:
            runs.append({name: (start_from / name).read_bytes() for name in _OF_BEFORE})
        except OSError as error:
            raise TrainingError(f"The run in {start_from} cannot be read ({error.strerror}).") from error
        start_from = start_from / BEFORE
    return runs


def write_before(folder: Path, runs: list[dict[str, bytes]]) -> None:
    """Write them into ``BEFORE`` of a run's folder, each one level deeper.

    So the complete training can still be displayed when a run replaces the one that it started from.

    Raises:
        TrainingError: the files cannot be written.
    """
    try:
        for run in runs:
            folder = folder / BEFORE
            folder.mkdir()
            for name, content in run.items():
                (folder / name).write_bytes(content)
    except OSError as error:
        raise TrainingError(f"The folder {folder} cannot be written ({error.strerror}).") from error


def prepare_folder(
    folder: Path,
    recipe: Recipe,
    data: str,
    earlier: Sequence[EarlierRun],
    start: Start,
    pool: PoolSettings | None = None,
) -> None:
    """Make a run's folder ready for a new run, or check that it can be resumed.

    ``earlier`` describes the runs whose weights this one starts from, ``pool`` the pool that it draws from, if any.

    Raises:
        TrainingError: it already holds a run, which is neither resumed nor overwritten, or there is nothing to resume,
            or the run there has other settings.
    """
    if start.resume:
        if not can_resume(folder):
            raise nothing_to_resume(folder)
        found = read_config(folder)
        settings = asdict(recipe)
        if found.data not in (None, data):
            raise TrainingError(
                f"The run in {folder} is on {found.data} pictures, not on {data} ones. Resume it with the --data "
                "and --kaggle-dir that it was started with."
            )
        changeable = {"epochs", "keep_weights"} if recipe.is_planned else set()
        # Older runs did not record settings that were added later. Their loop is that of their recipe.
        defaults = {each.name: each.default for each in fields(Recipe) if each.default is not MISSING}
        before = {**defaults, "loop": recipe.loop, **found.recipe}
        changed = {key: value for key, value in settings.items() if before.get(key) != value}
        if changed.keys() - changeable:
            others = ", ".join(f"{key} {found.recipe.get(key)} there, {value} here" for key, value in changed.items())
            raise TrainingError(
                f"The run in {folder} has other settings ({others}). Resume it with the options it was started with."
            )
        if changed:
            write_config(folder, replace(found, recipe=settings))
        remove(folder / CALIBRATION)  # of the weights so far
        return
    config = RunConfig(recipe=asdict(recipe), data=data, pool=pool, started_from=tuple(earlier))
    begin_run(folder, config, _MADE_BY_A_RUN, start.overwrite)


def begin_run(folder: Path, config: RunConfig, made: Iterable[str], overwrite: bool) -> None:
    """Make the folder of a new run, with its settings.

    Args:
        folder: of the run; files of other names than ``made`` stay in it.
        config: its settings.
        made: names of the files of a run, which are removed.
        overwrite: whether an existing run may be replaced. One without a finished epoch always may.

    Raises:
        TrainingError: it holds a run that may not be replaced, or cannot be created.
    """
    if folder.exists() and not folder.is_dir():
        raise TrainingError(f"{folder} is a file. Name a folder for the run: --out FOLDER.")
    if folder.exists() and any(folder.iterdir()):
        if not (overwrite or is_unbegun(folder)):
            raise TrainingError(f"{folder} holds a run already. Add --resume, --overwrite, or --out OTHER_FOLDER.")
        for name in made:
            remove(folder / name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"The folder {folder} cannot be made ({error.strerror}). Choose another: --out.") from error
    write_config(folder, config)
