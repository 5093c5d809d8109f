"""The ink finder's ``metrics.json``. Only this module reads and writes it. Loads no framework."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from maxdigit.errors import TrainingError
from maxdigit.models.run_folder import METRICS, read_json, write_json


@dataclass(frozen=True, kw_only=True)
class SceneScore:
    """Scores on the scenes of one kind. Shares run 0..1; None where nothing is written, or nothing was found."""

    count: int  # of scenes
    ink_found: float | None  # share of the ink's pixels that is found (recall)
    found_is_ink: float | None  # share of the pixels found that is ink (precision)
    digits_whole: float | None  # share of the digits that are found whole
    scenes_whole: float  # share of the scenes in which all are; where nothing is written: in which nothing is found
    look_told: float  # share of the pictures whose look, the competition's or not, is recognised


@dataclass(frozen=True, kw_only=True)
class InkTraining:
    """Number of scenes and time of a run."""

    scenes_seen: int
    seconds: float
    device: str


@dataclass(frozen=True, kw_only=True)
class InkResults:
    """The measured results of an ink finder."""

    model: str
    parameters: int
    split: str
    seed: int  # the split's
    scenes: int  # number of scenes measured
    threshold: float  # probability from which on a pixel counts as ink, 0..1
    by_kind: dict[str, SceneScore]
    training: InkTraining


def read_ink_results(folder: Path) -> InkResults:
    """The results stored in ``folder``.

    Raises:
        TrainingError: its ``metrics.json`` is missing or damaged.
    """
    values = read_json(folder / METRICS)
    try:
        return InkResults(
            **{
                **values,
                "by_kind": {kind: SceneScore(**score) for kind, score in values["by_kind"].items()},
                "training": InkTraining(**values["training"]),
            }
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise TrainingError(f"{folder / METRICS} is incomplete ({error}). Restore it from the repository.") from error


def write_ink_results(folder: Path, results: InkResults) -> None:
    """Replace ``metrics.json``, atomically."""
    write_json(folder / METRICS, asdict(results))
