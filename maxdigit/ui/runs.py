"""Training runs on disk, read for the charts. A damaged run is left out, with a sentence; the others stay."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from maxdigit.errors import MaxDigitError
from maxdigit.models.registry import MODELS, ModelSpec
from maxdigit.training.history import Epoch, read_history
from maxdigit.training.runs import METRICS
from maxdigit.ui import texts
from maxdigit.ui.measured import Metrics, read_metrics


@dataclass(frozen=True)
class Run:
    """One training run, as its folder ``MODEL/RECIPE`` tells it."""

    spec: ModelSpec
    recipe: str
    epochs: list[Epoch]
    metrics: Metrics  # empty before the run is evaluated

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
                metrics = read_metrics(path.with_name(METRICS))
            except MaxDigitError as error:
                troubles.append(str(error))
                metrics = Metrics()
            runs.append(Run(spec, recipe, epochs, metrics))
    return runs, troubles
