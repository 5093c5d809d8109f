"""``mistakes.csv``: the numbers of the test pictures that a model got wrong, so that they can be made again."""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maxdigit.errors import MaxDigitError
from maxdigit.models.run_folder import MISTAKES, write_aside


@dataclass(frozen=True)
class Mistake:
    """One wrong answer. The picture is number ``index`` of the test split's pictures of its kind."""

    index: int
    truth: int
    answer: int
    confidence: float  # in the wrong answer, 0..1


_COLUMNS = ("kind", *(field.name for field in fields(Mistake)))


class MistakesError(MaxDigitError):
    """A ``mistakes.csv`` cannot be read."""


def find_mistakes(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> list[Mistake]:
    """The wrong answers among ``(N, 10)``, most confident first. With a label ``(N,)`` of -1 no answer is wrong."""
    answers, confidence = probabilities.argmax(1), probabilities.max(1)
    wrong = np.flatnonzero((answers != labels) & (labels >= 0))
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
    return [Mistake(int(i), int(labels[i]), int(answers[i]), round(float(confidence[i]), 4)) for i in wrong]


def write_mistakes(folder: Path, kind: str, mistakes: list[Mistake]) -> None:
    """Replace the wrong answers on pictures of ``kind`` in the folder's file.

    Raises:
        MistakesError: the existing file cannot be read.
    """
    everything = read_mistakes(folder) | {kind: mistakes}

    def write(path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, _COLUMNS)
            writer.writeheader()
            for name, rows in sorted(everything.items()):
                writer.writerows({"kind": name, **asdict(row)} for row in rows)

    write_aside(folder / MISTAKES, write)


def read_mistakes(folder: Path) -> dict[str, list[Mistake]]:
    """The wrong answers by kind of picture, most confident first; empty if none were written.

    Raises:
        MistakesError: the file is damaged.
    """
    path = folder / MISTAKES
    found: dict[str, list[Mistake]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                mistake = Mistake(int(row["index"]), int(row["truth"]), int(row["answer"]), float(row["confidence"]))
                if mistake.index < 0 or not {mistake.truth, mistake.answer} <= set(range(10)):
                    raise ValueError("numbers out of range")
                found.setdefault(row["kind"], []).append(mistake)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, csv.Error, TypeError, ValueError, KeyError) as error:
        raise MistakesError(
            "{path} is damaged ({error}). Delete it and run: python -m maxdigit evaluate --write",
            path=path,
            error=error,
        ) from error
    return found
