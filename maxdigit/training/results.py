"""``metrics.json``: the measured results of a model. Only this module reads and writes it. Loads no framework.

The ink finder's file has other contents; see :mod:`maxdigit.training.ink_results`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from maxdigit.data.kinds import BLANK
from maxdigit.errors import TrainingError
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.models.run_folder import METRICS, write_json

_T = TypeVar("_T")

FACTORS = (
    "size",
    "rotation",
    "overlap",
    "noise",
    "background",
)  # accuracy is given by these too
HEAT_KINDS = ("textured", "drawn")  # kinds of pictures on which heat maps are measured
TEST_PICTURES = "our own synthesis from MNIST's test digits; not the competition's"
_BY = "accuracy_by_"  # prefix of their names in the file


class ResultsError(TrainingError):
    """A run's ``metrics.json`` is missing or damaged."""


@dataclass(frozen=True)
class Bin:
    """A group of pictures, and the accuracy on them."""

    count: int
    accuracy: float  # 0..1


@dataclass(frozen=True, kw_only=True)
class Score:
    """The score of answers to labelled pictures. Shares run 0..1; what an older file lacks is None or empty."""

    count: int  # of pictures
    accuracy: float
    interval95: tuple[float, float]  # of the accuracy, by E. B. Wilson (1927)
    balanced_accuracy: float | None = None  # mean recall of the digits that occur
    loss: float | None = None  # mean cross-entropy in nats
    calibration_error: float | None = None  # expected, over 15 bins
    # Of each bin that is not empty, by rising confidence: number of pictures, mean confidence and accuracy.
    reliability: tuple[tuple[int, float, float], ...] = ()
    recall: tuple[float | None, ...] = ()  # of each digit, None where it does not occur
    confusion: tuple[tuple[int, ...], ...] = ()  # 10 x 10, rows: truth, columns: answer

    def to_json(self) -> dict[str, Any]:
        """As the file and the command line have it; what is not known is left out."""
        return _known({part.name: getattr(self, part.name) for part in fields(Score)})


@dataclass(frozen=True, kw_only=True)
class ReadingScore:
    """The scores of readings. Shares of the digits present, 0..1, unless stated otherwise."""

    digits: int  # digits present
    right: float
    right_interval95: tuple[float, float]  # Wilson, treating the digits of a picture as independent
    misread: float  # as another digit
    missed: float
    readings: int
    invented: float  # share of the readings
    contradicted: float  # share of the pictures whose largest reading is not the answer,
    accuracy_contradicted: float | None  # the accuracy of those,
    accuracy_not_contradicted: float | None  # and of the others; None where there are none


@dataclass(frozen=True, kw_only=True)
class HeatScore:
    """Where a model's heat maps for its own answer point, on pictures of one kind that it answers right."""

    kind: str
    split: str
    seed: int  # the split's
    count: int  # pictures measured: the first of the split that are answered right
    in_box: float  # share of them whose hottest point lies in the box of a largest digit, 0..1
    in_box_interval95: tuple[float, float]  # Wilson
    heat_in_box: float  # mean share of the heat that lies there, 0..1


@dataclass(frozen=True, kw_only=True)
class KindResult(Score):
    """The results of a model on pictures of one kind."""

    kind: str
    split: str | None = None
    seed: int | None = None  # the split's
    by: dict[str, dict[str, Bin]] = field(default_factory=dict)  # factor -> name of a bin -> the bin
    readings: ReadingScore | None = None  # None where the model has no reader
    seconds: float | None = None  # duration of the measurement

    def to_json(self) -> dict[str, Any]:
        """As the file and the command line have it; what is not known is left out."""
        by = {
            f"{_BY}{factor}": {name: asdict(found) for name, found in bins.items()} for factor, bins in self.by.items()
        }
        head = {"split": self.split, "kind": self.kind, "seed": self.seed}
        readings = None if self.readings is None else asdict(self.readings)
        return _known({**head, **super().to_json(), **by, "readings": readings, "seconds": self.seconds})


@dataclass(frozen=True, kw_only=True)
class BlankResult:
    """The confidence of a model on pictures without a digit, where it should be low."""

    kind: str
    confident_share: float  # share of the pictures, 0..1, whose best answer has more than 90 %
    split: str | None = None
    seed: int | None = None  # the split's
    count: int | None = None
    mean_confidence: float | None = None  # of the best answers, 0..1
    invented_per_picture: float | None = None  # digits that are read in one; None where the model has no reader
    seconds: float | None = None  # duration of the measurement

    def to_json(self) -> dict[str, Any]:
        """As the file and the command line have it; what is not known is left out."""
        names = ("split", "kind", "seed", "count", "confident_share", "mean_confidence", "invented_per_picture")
        return _known({name: getattr(self, name) for name in (*names, "seconds")})


@dataclass(frozen=True, kw_only=True)
class TrainingFacts:
    """Number of pictures and time of a run, and of the earlier runs whose weights it started from."""

    epochs: int | None = None
    pictures_seen: int | None = None
    pictures_seen_before: int = 0
    seconds: float | None = None
    seconds_before: float = 0
    device: str | None = None
    best_validation_accuracy: float | None = None  # 0..1

    @property
    def all_pictures(self) -> int | None:
        """Pictures seen by this run and by those before it."""
        return None if self.pictures_seen is None else self.pictures_seen + self.pictures_seen_before

    @property
    def all_seconds(self) -> float | None:
        """Training time of this run and of those before it."""
        return None if self.seconds is None else self.seconds + self.seconds_before


@dataclass(frozen=True, kw_only=True)
class RunResults:
    """One ``metrics.json``; missing values are None or empty."""

    model: str | None = None
    width: float | None = None  # of a run that is narrower than the published network and was not measured
    weights: dict[str, float] | None = None  # the ensemble's, by model
    parameters: int | None = None
    flops_per_picture: int | None = None
    weight_bytes: int | None = None
    test: dict[str, KindResult] = field(default_factory=dict)  # by kind of picture
    blank: BlankResult | None = None
    heat: dict[str, HeatScore] = field(default_factory=dict)  # by kind of picture
    test_pictures: str | None = None  # the pictures' source
    training: TrainingFacts = field(default_factory=TrainingFacts)
    versions: dict[str, str] | None = None  # of Python and of packages, when it was measured

    def updated(self, result: KindResult | BlankResult | HeatScore) -> RunResults:
        """A copy with ``result`` in place of the earlier result on pictures of its kind."""
        if isinstance(result, BlankResult):
            return replace(self, blank=result)
        if isinstance(result, HeatScore):
            return replace(self, heat={**self.heat, result.kind: result})
        return replace(self, test={**self.test, result.kind: result})

    def to_json(self) -> dict[str, Any]:
        """As the file has it; what is not known is left out."""
        values = {part.name: getattr(self, part.name) for part in fields(self)}
        values["test"] = {kind: result.to_json() for kind, result in self.test.items()}
        values["blank"] = None if self.blank is None else self.blank.to_json()
        values["heat"] = {kind: asdict(score) for kind, score in self.heat.items()}
        # The values of earlier runs default to 0, which would be wrong for a model that was never trained.
        values["training"] = {} if self.training == TrainingFacts() else _known(asdict(self.training))
        return _known(values)


def is_measured(folder: Path) -> bool:
    """Whether there is a ``metrics.json`` in ``folder``."""
    return (folder / METRICS).is_file()


def known(value: _T | None, name: str) -> _T:
    """A required value of a record.

    Raises:
        ResultsError: it is None; ``name`` is its name in the file.
    """
    if value is None:
        raise ResultsError(
            "A metrics.json lacks {name}. Restore it from the repository, or train the model again.", name=name
        )
    return value


def read_results(folder: Path) -> RunResults:
    """The results stored in ``folder``.

    Raises:
        ResultsError: its ``metrics.json`` is missing or damaged.
    """
    path = folder / METRICS
    try:
        return _run_results(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ResultsError(
            "{path} is missing or damaged ({error}). Restore it from the repository, or train the model again.",
            path=path,
            error=error,
        ) from error


def write_results(folder: Path, results: RunResults) -> None:
    """Replace ``metrics.json``, atomically."""
    write_json(folder / METRICS, results.to_json())


def _run_results(data: dict[str, Any]) -> RunResults:
    training = data.get("training", {})
    blank = data.get("blank")
    return RunResults(
        model=_as(str, data.get("model")),
        width=_as(float, data.get("width")),
        weights=_table(float, data.get("weights")),
        parameters=_as(int, data.get("parameters")),
        flops_per_picture=_as(int, data.get("flops_per_picture")),
        weight_bytes=_as(int, data.get("weight_bytes")),
        test={str(kind): _kind_result(str(kind), values) for kind, values in data.get("test", {}).items()},
        blank=None if blank is None else _blank_result(blank),
        heat={str(kind): _heat_score(str(kind), values) for kind, values in data.get("heat", {}).items()},
        test_pictures=_as(str, data.get("test_pictures")),
        training=TrainingFacts(
            epochs=_as(int, training.get("epochs")),
            pictures_seen=_as(int, training.get("pictures_seen")),
            pictures_seen_before=int(training.get("pictures_seen_before", 0)),
            seconds=_as(float, training.get("seconds")),
            seconds_before=float(training.get("seconds_before", 0)),
            device=_as(str, training.get("device")),
            best_validation_accuracy=_as(float, training.get("best_validation_accuracy")),
        ),
        versions=_table(str, data.get("versions")),
    )


def _kind_result(kind: str, values: dict[str, Any]) -> KindResult:
    confusion = tuple(tuple(int(cell) for cell in row) for row in values.get("confusion", ()))
    if confusion and {len(confusion), *map(len, confusion)} != {NUM_CLASSES}:
        raise ValueError(f"a confusion matrix has {NUM_CLASSES} rows of {NUM_CLASSES}")
    readings = values.get("readings")
    return KindResult(
        kind=kind,
        split=_as(str, values.get("split")),
        seed=_as(int, values.get("seed")),
        count=int(values["count"]),
        accuracy=float(values["accuracy"]),
        interval95=_interval(values["interval95"]),
        balanced_accuracy=_as(float, values.get("balanced_accuracy")),
        loss=_as(float, values.get("loss")),
        calibration_error=_as(float, values.get("calibration_error")),
        reliability=tuple((int(n), float(sure), float(right)) for n, sure, right in values.get("reliability", ())),
        recall=tuple(_as(float, share) for share in values.get("recall", ())),
        confusion=confusion,
        by={
            factor: {
                str(name): Bin(int(found["count"]), float(found["accuracy"]))
                for name, found in values[_BY + factor].items()
            }
            for factor in FACTORS
            if _BY + factor in values
        },
        readings=None if readings is None else _reading_score(readings),
        seconds=_as(float, values.get("seconds")),
    )


def _reading_score(values: dict[str, Any]) -> ReadingScore:
    return ReadingScore(
        digits=int(values["digits"]),
        right=float(values["right"]),
        right_interval95=_interval(values["right_interval95"]),
        misread=float(values["misread"]),
        missed=float(values["missed"]),
        readings=int(values["readings"]),
        invented=float(values["invented"]),
        contradicted=float(values["contradicted"]),
        accuracy_contradicted=_as(float, values["accuracy_contradicted"]),
        accuracy_not_contradicted=_as(float, values["accuracy_not_contradicted"]),
    )


def _heat_score(kind: str, values: dict[str, Any]) -> HeatScore:
    return HeatScore(
        kind=kind,
        split=str(values["split"]),
        seed=int(values["seed"]),
        count=int(values["count"]),
        in_box=float(values["in_box"]),
        in_box_interval95=_interval(values["in_box_interval95"]),
        heat_in_box=float(values["heat_in_box"]),
    )


def _blank_result(values: dict[str, Any]) -> BlankResult:
    return BlankResult(
        kind=str(values.get("kind", BLANK)),
        split=_as(str, values.get("split")),
        seed=_as(int, values.get("seed")),
        count=_as(int, values.get("count")),
        confident_share=float(values["confident_share"]),
        mean_confidence=_as(float, values.get("mean_confidence")),
        invented_per_picture=_as(float, values.get("invented_per_picture")),
        seconds=_as(float, values.get("seconds")),
    )


def _interval(values: Any) -> tuple[float, float]:
    low, high = (float(edge) for edge in values)
    return low, high


def _table(kind: Callable[[Any], _T], values: dict[str, Any] | None) -> dict[str, _T] | None:
    return None if values is None else {str(name): kind(value) for name, value in values.items()}


def _as(kind: Callable[[Any], _T], value: Any) -> _T | None:
    return None if value is None else kind(value)


def _known(values: dict[str, Any]) -> dict[str, Any]:
    """The values that are neither None nor empty."""
    return {name: value for name, value in values.items() if value is not None and value not in ({}, ())}
