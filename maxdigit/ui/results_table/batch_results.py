"""The results of a batch: stored compactly, filtered, corrected by hand, and exported."""

from __future__ import annotations

import bisect
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maxdigit.errors import MaxDigitError
from maxdigit.inference.bulk import Answered, label_of, picture_ids
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.training.running_score import RunningScore
from maxdigit.ui.downloads import csv_text
from maxdigit.ui.sureness import UNSURE


@dataclass(frozen=True)
class View:
    """Which results are shown."""

    which: str = "all"  # one of :data:`FILTERS`
    page: int = 0  # of PAGE rows


PAGE = 25  # rows shown at a time


@dataclass
class Result:
    """One picture of a batch."""

    name: str
    thumb: NDArray[np.uint8] | None  # (64, 64); None where the file could not be read
    error: MaxDigitError | None
    probabilities: dict[str, NDArray[np.float32]]  # by model, (10,)
    truth: int | None = None  # its label
    fixed: int | None = None  # the answer that a visitor gave instead
    is_doubtful: bool = False  # unsure however sure the model is; see :class:`Entry`
    # By model, the digits that it reads, from left to right; those without a reader are left out.
    digits: dict[str, tuple[int, ...]] = field(default_factory=dict)


FILTERS = ("all", "doubtful", "unsure", "disagree", "wrong", "fixed", "unread")  # their names are in the texts

# One thread adds results while others read and correct them.
_lock = threading.Lock()


@dataclass
class Results:
    """The results of a batch so far. Counts and lists are updated with each picture and each correction."""

    models: list[str] = field(default_factory=list)  # the first one's answers count
    labels: dict[str, int] = field(default_factory=dict)  # right answers, by the picture's name
    rows: list[Result] = field(default_factory=list)
    view: View = View()  # what is shown now
    is_finished: bool = False
    answered: RunningScore = field(default_factory=RunningScore)  # the first model's own answers
    counting: RunningScore = field(default_factory=RunningScore)  # those that count: with corrections
    _found: dict[str, list[int]] = field(default_factory=lambda: {which: [] for which in FILTERS})
    _reading: int = 0  # rows with readings of the first model

    def add(self, answered: Sequence[Answered]) -> None:
        """Add pictures. Only a small copy of each is stored."""
        for one in answered:
            pixels = one.entry.pixels
            thumb = None if pixels is None else pixels.reshape(64, 2, 64, 2).mean((1, 3)).round().astype(np.uint8)
            row = Result(
                one.entry.name,
                thumb,
                one.entry.error,
                one.probabilities,
                label_of(self.labels, one.entry.name),
                is_doubtful=one.entry.is_doubtful,
                digits={model: tuple(each.digit for each in read) for model, read in one.readings.items()},
            )
            with _lock:
                self.rows.append(row)
                self._reading += bool(self.models) and self.models[0] in row.digits
                self._list(len(self.rows) - 1, self.passed_filters(row), ())
                for score in (self.answered, self.counting):
                    self._count(score, row, 1)

    def mend(self, number: Any, digit: Any) -> None:
        """Replace the model's answer by the visitor's, if there is such a row and such a digit."""
        if number not in range(len(self.rows)) or digit not in range(NUM_CLASSES):
            return
        row = self.rows[number]
        if not row.probabilities:
            return
        with _lock:
            before = self.passed_filters(row)
            self._count(self.counting, row, -1)
            row.fixed = digit
            self._count(self.counting, row, 1)
            after = self.passed_filters(row)
            self._list(number, after - before, before - after)

    def answer(self, row: Result) -> int | None:
        """The answer that counts: the visitor's, else the first model's."""
        if row.fixed is not None:
            return row.fixed
        return int(row.probabilities[self.models[0]].argmax()) if row.probabilities else None

    def confidence(self, row: Result) -> float:
        """How sure the first model is, 0..1."""
        return float(row.probabilities[self.models[0]].max()) if row.probabilities else 0.0

    def disagree(self, row: Result) -> bool:
        """Whether the models give different answers."""
        return len({int(p.argmax()) for p in row.probabilities.values()}) > 1

    def is_unsure(self, row: Result) -> bool:
        """Whether the first model's answer is unsure, as by :func:`maxdigit.ui.sureness.is_unsure`."""
        return bool(row.probabilities) and (
            row.is_doubtful or self.is_contradicted(row) or self.confidence(row) < UNSURE
        )

    def is_contradicted(self, row: Result) -> bool:
        """Whether the first model's answer is not the largest of the digits that it reads."""
        read = row.digits.get(self.models[0])
        return read is not None and len(read) > 0 and max(read) != int(row.probabilities[self.models[0]].argmax())

    @property
    def reads(self) -> bool:
        """Whether the first model has readings."""
        return self._reading > 0

    def count(self, which: str) -> int:
        """The number of rows that pass a filter."""
        return len(self._found[which])

    def filtered(self, which: str, first: int = 0, most: int | None = None) -> list[int]:
        """The numbers of rows that pass one of :data:`FILTERS`.

        In the order of the batch; those to check first begin with the least sure.

        Args:
            which: the filter.
            first: the position, from 0, of the first.
            most: the largest number of rows; None for all.
        """
        return self._found[which][first : None if most is None else first + most]

    def pages(self, which: str) -> int:
        """The number of pages of the rows that pass a filter; 1 if there are none."""
        return max(1, -(-self.count(which) // PAGE))

    def nearest(self, view: View) -> View:
        """The view, with a page that exists."""
        return View(view.which, min(max(view.page, 0), self.pages(view.which) - 1))

    def passed_filters(self, row: Result) -> frozenset[str]:
        """The filters that a row passes."""
        is_unsure, is_disputed = self.is_unsure(row), self.disagree(row)
        passed = {
            "all": True,
            "doubtful": row.fixed is None and (is_unsure or is_disputed),
            "unsure": is_unsure,
            "disagree": is_disputed,
            "wrong": row.truth not in (None, self.answer(row)),
            "fixed": row.fixed is not None,
            "unread": row.error is not None,
        }
        return frozenset(which for which, passes in passed.items() if passes)

    def _list(self, number: int, more: Iterable[str], less: Iterable[str]) -> None:
        """Insert a row into the lists of some filters, and remove it from those of others."""
        for which in more:
            bisect.insort(self._found[which], number, key=self._order(which))
        for which in less:
            found, order = self._found[which], self._order(which)
            del found[bisect.bisect_left(found, order(number), key=order)]

    def _order(self, which: str) -> Callable[[int], tuple[float, int]]:
        if which == "doubtful":
            return lambda number: (self.confidence(self.rows[number]), number)
        return lambda number: (0.0, number)

    def _count(self, score: RunningScore, row: Result, times: int) -> None:
        answer = self.answer(row)
        if row.truth is not None and answer is not None:
            score.add(row.truth, answer, self.confidence(row), times)


def submission_csv(results: Results) -> str:
    """Answers in the competition's format, Id,Label, sorted by Id; pictures without an answer are left out."""
    ids = picture_ids([row.name for row in results.rows])
    answers = zip(ids, map(results.answer, results.rows), strict=True)
    return csv_text([("Id", "Label"), *sorted(row for row in answers if row[1] is not None)])


def full_csv(results: Results) -> str:
    """Everything: name, answer, whether corrected, truth, error; each model's answer, readings and ten shares."""
    head = ["name", "answer", "fixed_by_hand", "label"]
    for model in results.models:
        head += [f"{model}_answer", f"{model}_digits", *(f"{model}_p{digit}" for digit in range(NUM_CLASSES))]
    return csv_text([[*head, "error"], *(csv_line(results, row) for row in results.rows)])


def csv_line(results: Results, row: Result) -> Sequence[Any]:
    """The cells of a row in the file for download."""
    line: list[Any] = [_harmless(row.name), results.answer(row), int(row.fixed is not None), row.truth]
    for model in results.models:
        shares = row.probabilities.get(model)
        read = " ".join(map(str, row.digits.get(model, ())))
        line += [""] * 12 if shares is None else [int(shares.argmax()), read, *(f"{share:.6f}" for share in shares)]
    return [*line, row.error or ""]


def _harmless(name: str) -> str:
    """A name that no spreadsheet interprets as a formula."""
    return f"'{name}" if name[:1] in "=+-@\t\r" else name
