"""``history.csv``: one row per epoch, written during a run, read by the charts."""

from __future__ import annotations

import csv
import math
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from maxdigit.errors import MaxDigitError
from maxdigit.models.run_folder import BEFORE, HISTORY


@dataclass(frozen=True)
class Epoch:
    """One row. Losses are the mean cross-entropy in nats, accuracies run 0..1."""

    epoch: int  # from 1
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float  # at the epoch's last step
    seconds: float  # training only, without validation
    pictures_per_second: float  # training only, including the generation of pictures

    @property
    def pictures(self) -> int:
        """Number of pictures seen in the epoch, by the ink finder: of scenes."""
        return round(self.seconds * self.pictures_per_second)


COLUMNS = tuple(field.name for field in fields(Epoch))


class HistoryError(MaxDigitError):
    """A ``history.csv`` cannot be read."""


def read_history(path: Path) -> list[Epoch]:
    """All epochs in the file, in order.

    Raises:
        HistoryError: the file is missing, has other columns, or has a row with anything but numbers.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise HistoryError(
                    "{path} should have the columns {names}; run train.py again.", path=path, names=", ".join(COLUMNS)
                )
            return [_parse(row, path, number) for number, row in enumerate(reader, start=2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise HistoryError("{path} cannot be read ({error}).", path=path, error=error) from error


def read_whole_history(folder: Path) -> tuple[list[Epoch], int]:
    """All epochs of the run in ``folder`` and of those that it started from, oldest first and numbered from 1.

    Returns:
        The epochs, and how many of them are of earlier runs.

    Raises:
        HistoryError: one of the files is missing, has other columns, or has a row with anything but numbers.
    """
    own = read_history(folder / HISTORY)
    earlier: list[Epoch] = []
    while (folder := folder / BEFORE).is_dir():
        earlier = read_history(folder / HISTORY) + earlier
    return [replace(epoch, epoch=number) for number, epoch in enumerate(earlier + own, start=1)], len(earlier)


def append_epoch(path: Path, epoch: Epoch) -> None:
    """Append one row, after the header if the file is new."""
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if is_new:
            writer.writeheader()
        writer.writerow({key: _round(value) for key, value in asdict(epoch).items()})


def write_history(path: Path, epochs: list[Epoch]) -> None:
    """Replace the file by one with these rows."""
    path.unlink(missing_ok=True)
    for epoch in epochs:
        append_epoch(path, epoch)


def _parse(row: dict[str, str], path: Path, number: int) -> Epoch:
    try:
        values = {name: float(row[name]) for name in COLUMNS}
        if any(math.isinf(value) for value in values.values()):
            raise ValueError
        return Epoch(**{**values, "epoch": int(values["epoch"])})  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise HistoryError(
            "{path}, line {line}: not a full row of numbers. Delete that line.", path=path, line=number
        ) from None


def _round(value: float) -> float | int:
    return value if isinstance(value, int) else float(f"{value:.6g}")
