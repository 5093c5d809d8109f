"""Reads training runs for the charts. Damaged ones are left out, and reported in a sentence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maxdigit.errors import MaxDigitError, without_paths
from maxdigit.models.registry import MODELS, FeatureMap, ModelSpec
from maxdigit.models.run_folder import BEFORE, CONFIG, HISTORY, INK_FINDER, METRICS, RECIPE_NAMES, STATE
from maxdigit.training.history import Epoch, read_whole_history
from maxdigit.training.results import RunResults, is_measured, read_results
from maxdigit.training.run_config import read_config
from maxdigit.ui import texts

_DEEPEST = 4  # levels of folders below the root in which runs are found
_MOST = 100  # runs to read at most

_NO_MAP = FeatureMap(channels=0, cells=0, first=0, step=1)  # it has no readings and heat maps

# Not one of the models that answer, but its training is shown with theirs.
_INK_FINDER = ModelSpec(
    name=INK_FINDER,
    title="",
    framework="torch",
    module="maxdigit.preparation.ink_network",
    layers="",
    parameters=431_133,
    sections=0,
    features=_NO_MAP,
    traced=_NO_MAP,
    paper_validation=None,
    paper_test=None,
)


@dataclass(frozen=True)
class Run:
    """One training run, read from its folder."""

    name: str  # the folder's path below the root, so unique
    spec: ModelSpec
    recipe: str
    epochs: list[Epoch]  # of this run, after those of the runs that it started from
    metrics: RunResults  # empty before the run is evaluated
    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)  # the recipe's; empty if they are not stored
    is_unfinished: bool = False  # it is in progress, or was stopped
    earlier: int = 0  # number of epochs of the runs that it started from

    @property
    def title(self) -> str:
        """The run's name on the page."""
        if self.is_ink_finder:
            return texts.INK_FINDER
        elsewhere = "" if self.is_in_place else f" ({self.name})"
        return f"{self.spec.title}, {texts.RECIPES.get(self.recipe, self.recipe)}{elsewhere}"

    @property
    def is_in_place(self) -> bool:
        """Whether its folder is the one from which the model's weights are loaded."""
        return self.name == f"{self.spec.name}/{self.recipe}"

    @property
    def own_epochs(self) -> list[Epoch]:
        """The epochs of this run alone."""
        return self.epochs[self.earlier :]

    @property
    def pictures(self) -> int:
        """Number of pictures seen in this run."""
        return sum(epoch.pictures for epoch in self.own_epochs)

    @property
    def is_ink_finder(self) -> bool:
        """Whether it trained the ink finder, whose accuracy is a Dice coefficient."""
        return self.spec is _INK_FINDER

    @property
    def planned(self) -> int | None:
        """Number of epochs in the run's plan."""
        epochs = self.settings.get("epochs")
        return epochs if isinstance(epochs, int) else None


def find_runs(root: Path) -> tuple[list[Run], list[str]]:
    """All runs under ``root``, in the registry's order, and a sentence for each that is damaged."""
    runs, troubles = [], []
    for path in _histories(root):
        folder = path.parent
        name = root.name if folder == root else folder.relative_to(root).as_posix()
        settings, trouble = _settings(folder)
        known = MODELS | {INK_FINDER: _INK_FINDER}
        model = settings.get("model", INK_FINDER if folder.name == INK_FINDER else folder.parent.name)
        if model not in known:
            troubles.append(texts.RUN_OF_ANOTHER.format(run=name, model=model, names=", ".join(MODELS)))
            continue
        try:
            epochs, earlier = read_whole_history(folder)
        except MaxDigitError as error:
            troubles.append(texts.RUN_SKIPPED.format(run=name, reason=texts.told(error)))
            continue
        if len(epochs) == earlier:
            troubles.append(texts.RUN_WITHOUT_HISTORY.format(run=name))
            continue
        troubles += [trouble] if trouble else []
        try:
            metrics = read_results(folder) if is_measured(folder) else RunResults()
        except MaxDigitError as error:
            troubles.append(texts.told(error))
            metrics = RunResults()
        recipe = str(settings.get("name", folder.name))
        is_unfinished = (folder / STATE).is_dir()
        runs.append(Run(name, known[model], recipe, epochs, metrics, folder, settings, is_unfinished, earlier))
    return sorted(runs, key=_order), troubles


def fingerprint(root: Path) -> tuple[tuple[str, int], ...]:
    """A value that changes when a run under ``root`` starts, progresses, or is measured; cheap to compute."""
    return tuple(
        (str(file), file.stat().st_mtime_ns)
        for path in _histories(root)
        for file in (path, path.with_name(METRICS))
        if file.exists()
    )


def _histories(root: Path) -> list[Path]:
    found: list[Path] = []
    for path in _walk(root):
        found.append(path)
        if len(found) == _MOST:
            break
    return found


def _walk(root: Path) -> Iterator[Path]:
    for folder, below, files in os.walk(root):
        depth = len(Path(folder).relative_to(root).parts)
        shown = (name for name in below if name != BEFORE and not name.startswith("."))
        below[:] = sorted(shown) if depth < _DEEPEST else []
        if HISTORY in files:
            yield Path(folder) / HISTORY


def _settings(folder: Path) -> tuple[dict[str, Any], str]:
    """The recipe in ``config.json``, empty if there is none; and a sentence if it is damaged."""
    if not (folder / CONFIG).is_file():
        return {}, ""
    try:
        return read_config(folder).recipe, ""
    except MaxDigitError:
        return {}, without_paths(texts.NOT_A_CONFIG_FILE.format(path=folder / CONFIG))


def _order(run: Run) -> tuple[int, int, str]:
    model = len(MODELS) if run.is_ink_finder else list(MODELS).index(run.spec.name)
    names: tuple[str, ...] = RECIPE_NAMES
    return model, names.index(run.recipe) if run.recipe in names else len(names), run.name
