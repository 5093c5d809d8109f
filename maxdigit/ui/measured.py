"""What models were measured to do, read from their ``metrics.json`` for tables and charts."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maxdigit.errors import MaxDigitError
from maxdigit.ui import texts

FACTORS = ("size", "rotation", "overlap", "noise", "background")  # what accuracy is told by, beside the digit


class MetricsError(MaxDigitError):
    """A run's ``metrics.json`` is damaged."""


@dataclass(frozen=True)
class Measured:
    """What a model reaches on test pictures of one kind. Shares run 0..1; what an older file lacks is empty."""

    accuracy: float
    interval: tuple[float, float]  # 95 %
    count: int
    calibration_error: float | None = None
    confusion: list[list[int]] = field(default_factory=list)  # 10 x 10, rows: truth, columns: answer
    reliability: list[tuple[int, float, float]] = field(default_factory=list)  # count, confidence, accuracy
    by: dict[str, dict[str, tuple[int, float]]] = field(default_factory=dict)  # factor -> bin -> count, accuracy


@dataclass(frozen=True)
class Metrics:
    """One ``metrics.json``; what it does not hold is None or empty."""

    test: dict[str, Measured] = field(default_factory=dict)  # by kind of picture
    sure_of_nothing: float | None = None  # share of pictures without a digit that got more than 90 %
    parameters: int | None = None
    weight_bytes: int | None = None
    flops: int | None = None
    pictures_seen: int | None = None
    device: str | None = None
    seconds: float | None = None


def read_metrics(path: Path) -> Metrics:
    """The file's contents; empty where there is no file.

    Raises:
        MetricsError: the file is damaged.
    """
    if not path.is_file():
        return Metrics()
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        training = data.get("training", {})
        seen, seconds = training.get("pictures_seen"), training.get("seconds")
        return Metrics(
            test={str(kind): _measured(values) for kind, values in data.get("test", {}).items()},
            sure_of_nothing=_number(data.get("blank", {}).get("confident_share")),
            parameters=_whole(data.get("parameters")),
            weight_bytes=_whole(data.get("weight_bytes")),
            flops=_whole(data.get("flops_per_picture")),
            pictures_seen=None if seen is None else int(seen) + int(training.get("pictures_seen_before", 0)),
            device=str(training["device"]) if training.get("device") else None,
            seconds=None if seconds is None else float(seconds) + float(training.get("seconds_before", 0)),
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise MetricsError(texts.NOT_A_METRICS_FILE.format(path=path)) from None


def _measured(values: dict[str, Any]) -> Measured:
    low, high = (float(edge) for edge in values["interval95"])
    confusion = [[int(cell) for cell in row] for row in values.get("confusion", [])]
    if confusion and {len(confusion), *map(len, confusion)} != {10}:
        raise ValueError("a confusion matrix has ten rows of ten")
    return Measured(
        accuracy=float(values["accuracy"]),
        interval=(low, high),
        count=int(values["count"]),
        calibration_error=_number(values.get("calibration_error")),
        confusion=confusion,
        reliability=[(int(n), float(sure), float(right)) for n, sure, right in values.get("reliability", [])],
        by={
            factor: {
                str(name): (int(cell["count"]), float(cell["accuracy"]))
                for name, cell in values[f"accuracy_by_{factor}"].items()
            }
            for factor in FACTORS
            if f"accuracy_by_{factor}" in values
        },
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
