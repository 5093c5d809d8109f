"""The results of a batch: stored compactly, filtered, corrected by hand, and exported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maxdigit.errors import MaxDigitError
from maxdigit.inference.bulk import Answered, picture_ids, plain_name
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.training.results import Score
from maxdigit.ui.downloads import csv_text
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.sureness import UNSURE


@dataclass
class Result:
    """One picture of a batch."""

    name: str
    thumb: NDArray[np.uint8] | None  # (64, 64); None where the file could not be read
    error: MaxDigitError | None
    probabilities: dict[str, NDArray[np.float32]]  # by model, (10,)
    fixed: int | None = None  # the answer that a visitor gave instead
    is_doubtful: bool = False  # unsure however sure the model is; see :class:`Entry`
    # By model, the digits that it reads, from left to right; those without a reader are left out.
    digits: dict[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass
class Results:
    """All of a batch so far."""

    models: list[str] = field(default_factory=list)  # the first one's answers count
    rows: list[Result] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)  # right answers, by the picture's name

    def add(self, answered: Sequence[Answered]) -> None:
        """Add pictures, of which only a small copy is stored."""
        for one in answered:
            pixels = one.entry.pixels
            thumb = None if pixels is None else pixels.reshape(64, 2, 64, 2).mean((1, 3)).round().astype(np.uint8)
            self.rows.append(
                Result(
                    one.entry.name,
                    thumb,
                    one.entry.error,
                    one.probabilities,
                    is_doubtful=one.entry.is_doubtful,
                    digits={model: tuple(each.digit for each in read) for model, read in one.readings.items()},
                )
            )

    def mend(self, number: Any, digit: Any) -> None:
        """Replace the model's answer by the visitor's, if there is such a row and such a digit."""
        if number in range(len(self.rows)) and digit in range(NUM_CLASSES) and self.rows[number].probabilities:
            self.rows[number].fixed = digit

    def answer(self, row: Result) -> int | None:
        """The answer that counts: the visitor's, else the first model's."""
        if row.fixed is not None:
            return row.fixed
        return int(row.probabilities[self.models[0]].argmax()) if row.probabilities else None

    def confidence(self, row: Result) -> float:
        """How sure the first model is, 0..1."""
        return float(row.probabilities[self.models[0]].max()) if row.probabilities else 0.0

    def truth(self, row: Result) -> int | None:
        """The right answer, if there is a label: by the whole name, the file's name, or that without its extension."""
        path = PurePosixPath(plain_name(row.name))
        found = (self.labels.get(name) for name in (str(path), path.name, plain_name(path.stem)))
        return next((label for label in found if label is not None), None)

    def disagree(self, row: Result) -> bool:
        """Whether the models give different answers."""
        return len({int(p.argmax()) for p in row.probabilities.values()}) > 1

    def is_unsure(self, row: Result) -> bool:
        """Whether the first model's answer is to be called unsure, as :func:`maxdigit.ui.sureness.is_unsure` does."""
        return bool(row.probabilities) and (
            row.is_doubtful or self.is_contradicted(row) or self.confidence(row) < UNSURE
        )

    def is_contradicted(self, row: Result) -> bool:
        """Whether the first model's answer is not the largest of the digits that it reads."""
        read = row.digits.get(self.models[0])
        return read is not None and len(read) > 0 and max(read) != int(row.probabilities[self.models[0]].argmax())

    @property
    def reads(self) -> bool:
        """Whether the first model says what it reads."""
        return any(self.models[0] in row.digits for row in self.rows)

    def filtered(self, which: str) -> list[int]:
        """The numbers of the rows that belong to one of :data:`maxdigit.ui.texts.FILTERS`.

        In the order of the batch, except those to check first: of these, the least sure is first.
        """
        tests = {
            "all": lambda _: True,
            "doubtful": lambda row: row.fixed is None and (self.is_unsure(row) or self.disagree(row)),
            "unsure": self.is_unsure,
            "disagree": self.disagree,
            "wrong": lambda row: self.truth(row) not in (None, self.answer(row)),
            "fixed": lambda row: row.fixed is not None,
            "unread": lambda row: bool(row.error),
        }
        found = [number for number, row in enumerate(self.rows) if tests[which](row)]
        if which == "doubtful":
            found.sort(key=lambda number: self.confidence(self.rows[number]))
        return found

    def scored(self, evaluation: Evaluation) -> Score | None:
        """The score of the first model's answers to the pictures with a label; None where there is no label."""
        labelled = [(row, truth) for row in self.rows if row.probabilities and (truth := self.truth(row)) is not None]
        if not labelled:
            return None
        truths = np.array([truth for _, truth in labelled])
        probabilities = np.stack([row.probabilities[self.models[0]] for row, _ in labelled])
        return evaluation.score(probabilities, truths)


def submission_csv(results: Results) -> str:
    """Answers in the competition's form, Id,Label, in the order of the Ids; pictures without an answer are left out."""
    ids = picture_ids([row.name for row in results.rows])
    answers = zip(ids, map(results.answer, results.rows), strict=True)
    return csv_text([("Id", "Label"), *sorted(row for row in answers if row[1] is not None)])


def full_csv(results: Results) -> str:
    """Everything: name, answer, whether corrected, truth, error; each model's answer, readings and ten shares."""
    head = ["name", "answer", "fixed_by_hand", "label"]
    for model in results.models:
        head += [f"{model}_answer", f"{model}_digits", *(f"{model}_p{digit}" for digit in range(NUM_CLASSES))]
    lines: list[Sequence[Any]] = [[*head, "error"]]
    for row in results.rows:
        line: list[Any] = [_harmless(row.name), results.answer(row), int(row.fixed is not None), results.truth(row)]
        for model in results.models:
            shares = row.probabilities.get(model)
            read = " ".join(map(str, row.digits.get(model, ())))
            line += [""] * 12 if shares is None else [int(shares.argmax()), read, *(f"{share:.6f}" for share in shares)]
        lines.append([*line, row.error or ""])
    return csv_text(lines)


def _harmless(name: str) -> str:
    """A name that a spreadsheet does not interpret as a formula."""
    return f"'{name}" if name[:1] in "=+-@\t\r" else name
