"""Training runs on disk, read for the charts. A damaged run is left out, with a sentence; the others stay."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maxdigit.errors import MaxDigitError
from maxdigit.models.registry import MODELS, ModelSpec
from maxdigit.training.history import Epoch, read_history
from maxdigit.ui import texts


class MetricsError(MaxDigitError):
    """A run's ``metrics.json`` is damaged."""


@dataclass(frozen=True)
class Measured:
    """An accuracy, on so many pictures, with its 95 % interval."""

    accuracy: float
    interval: tuple[float, float]
    count: int


@dataclass(frozen=True)
class Run:
    """One training run, as its folder ``MODEL/RECIPE`` tells it."""

    spec: ModelSpec
    recipe: str
    epochs: list[Epoch]
    test: dict[str, Measured]  # by kind of picture; empty before the run is evaluated
    device: str | None  # what it was trained on, in words

    @property
    def name(self) -> str:
        """Unique among the runs under one folder."""
        return f"{self.spec.name}/{self.recipe}"

    @property
    def title(self) -> str:
        """For people."""
        return f"{self.spec.title}, {texts.RECIPES.get(self.recipe, self.recipe)}"


def find_runs(root: Path) -> tuple[list[Run], list[str]]:
    """All runs under ``root``, in the registry's order, and a sentence for each that is damaged."""
    runs, troubles = [], []
    for spec in MODELS.values():
        for path in sorted(root.glob(f"{spec.name}/*/history.csv"), reverse=True):  # tuned before paper
            recipe = path.parent.name
            try:
                epochs = read_history(path)
            except MaxDigitError as error:
                troubles.append(texts.RUN_SKIPPED.format(run=f"{spec.name}/{recipe}", reason=error))
                continue
            if not epochs:
                continue  # just begun: the first epoch is not over
            try:
                test, device = _read_metrics(path.with_name("metrics.json"))
            except MaxDigitError as error:
                troubles.append(str(error))
                test, device = {}, None
            runs.append(Run(spec, recipe, epochs, test, device))
    return runs, troubles


def _read_metrics(path: Path) -> tuple[dict[str, Measured], str | None]:
    if not path.is_file():
        return {}, None
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        test = {str(kind): _measured(values) for kind, values in data.get("test", {}).items()}
        device = data.get("training", {}).get("device")
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise MetricsError(texts.NOT_A_METRICS_FILE.format(path=path)) from None
    return test, str(device) if device else None


def _measured(values: dict[str, Any]) -> Measured:
    low, high = (float(edge) for edge in values["interval95"])
    return Measured(float(values["accuracy"]), (low, high), int(values["count"]))
