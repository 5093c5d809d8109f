"""The results of a batch: kept small, filtered, mended by hand, shown a page at a time, and written out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import PurePosixPath
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from maxdigit.errors import MaxDigitError
from maxdigit.inference.backstage import backstage
from maxdigit.inference.batch import Answered
from maxdigit.inference.predict import title
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.ui import texts
from maxdigit.ui.answer import picture_tag
from maxdigit.ui.downloads import csv_text
from maxdigit.ui.theme import model_colour

PAGE = 25  # rows shown at a time
_UNSURE = 0.7

_FIXED = """
element.addEventListener("change", (event) => {
  const picker = event.target.closest("select[data-row]");
  if (picker) trigger("select", { row: Number(picker.dataset.row), digit: Number(picker.value) });
});
"""


class ResultsTable(gr.HTML):
    """Shows a page of results; ``select`` fires with the row and the digit that a visitor chose instead."""

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        super().__init__(value, apply_default_css=False, js_on_load=_FIXED, **kwargs)


@dataclass
class Result:
    """One picture of a batch."""

    name: str
    thumb: NDArray[np.uint8] | None  # (64, 64); None where the file could not be read
    error: MaxDigitError | None
    probabilities: dict[str, NDArray[np.float32]]  # by model, (10,)
    fixed: int | None = None  # the answer that a visitor gave instead
    is_doubtful: bool = False  # unsure however sure the model is, as :class:`Entry` tells


@dataclass
class Results:
    """All of a batch so far."""

    models: list[str] = field(default_factory=list)  # the first one's answers count
    rows: list[Result] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)  # right answers, by the picture's name

    def add(self, answered: Sequence[Answered]) -> None:
        """Take in some more pictures, of which only a small copy is kept."""
        for one in answered:
            pixels = one.entry.pixels
            thumb = None if pixels is None else pixels.reshape(64, 2, 64, 2).mean((1, 3)).round().astype(np.uint8)
            result = Result(
                one.entry.name, thumb, one.entry.error, one.probabilities, is_doubtful=one.entry.is_doubtful
            )
            self.rows.append(result)

    def mend(self, number: Any, digit: Any) -> None:
        """Take a visitor's answer in place of the model's, if there is such a row and such a digit."""
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
        """The right answer, if labels tell it: by the whole name, the file's name, or that without its ending."""
        path = PurePosixPath(row.name)
        found = (self.labels.get(name) for name in (row.name, path.name, path.stem))
        return next((label for label in found if label is not None), None)

    def disagree(self, row: Result) -> bool:
        """Whether the models give different answers."""
        return len({int(p.argmax()) for p in row.probabilities.values()}) > 1

    def filtered(self, which: str) -> list[int]:
        """The numbers of the rows that belong to one of :data:`maxdigit.ui.texts.FILTERS`."""
        tests = {
            "all": lambda _: True,
            "unsure": lambda row: bool(row.probabilities) and (row.is_doubtful or self.confidence(row) < _UNSURE),
            "disagree": self.disagree,
            "wrong": lambda row: self.truth(row) not in (None, self.answer(row)),
            "fixed": lambda row: row.fixed is not None,
            "unread": lambda row: bool(row.error),
        }
        return [number for number, row in enumerate(self.rows) if tests[which](row)]

    def scored(self) -> dict[str, Any] | None:
        """Accuracy and its kin on the pictures with a label, as :func:`maxdigit.training.metrics.score` gives them."""
        labelled = [(row, truth) for row in self.rows if row.probabilities and (truth := self.truth(row)) is not None]
        if not labelled:
            return None
        truths = np.array([truth for _, truth in labelled])
        probabilities = np.stack([row.probabilities[self.models[0]] for row, _ in labelled])
        return backstage.call("maxdigit.training.metrics:score", probabilities, truths)


def submission_csv(results: Results) -> str:
    """Answers in the competition's form, Id,Label: the Id is the picture's number, in the order given."""
    rows = ((number, results.answer(row)) for number, row in enumerate(results.rows))
    return csv_text([("Id", "Label"), *(row for row in rows if row[1] is not None)])


def full_csv(results: Results) -> str:
    """Everything: name, answer, whether it was mended, each model's answer and ten probabilities, truth, error."""
    head = ["name", "answer", "fixed_by_hand", "label"]
    for model in results.models:
        head += [f"{model}_answer", *(f"{model}_p{digit}" for digit in range(NUM_CLASSES))]
    lines: list[Sequence[Any]] = [[*head, "error"]]
    for row in results.rows:
        line: list[Any] = [_harmless(row.name), results.answer(row), int(row.fixed is not None), results.truth(row)]
        for model in results.models:
            shares = row.probabilities.get(model)
            line += [""] * 11 if shares is None else [int(shares.argmax()), *(f"{share:.6f}" for share in shares)]
        lines.append([*line, row.error or ""])
    return csv_text(lines)


def results_page(results: Results, which: str, page: int) -> tuple[str, int, int]:
    """A page of the rows that pass a filter, as HTML; that page's number, from 0, and how many pages there are."""
    numbers = results.filtered(which)
    pages = max(1, -(-len(numbers) // PAGE))
    page = min(max(page, 0), pages - 1)
    if not numbers:
        return f'<p class="note">{escape(texts.NO_ROWS)}</p>', 0, 1
    others = results.models[1:]
    columns = [texts.PICTURE, texts.FILE, texts.ANSWER, texts.SURE, texts.PROBABILITIES]
    columns += [title(model) for model in others] + ([texts.TRUTH] if results.labels else [])
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(_row(results, number, others) for number in numbers[page * PAGE : (page + 1) * PAGE])
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide" tabindex="0">{table}</div>', page, pages


def _row(results: Results, number: int, others: list[str]) -> str:
    row = results.rows[number]
    name = f'<th scope="row">{escape(row.name)}</th>'
    if row.thumb is None:
        span = 3 + len(others) + bool(results.labels)
        trouble = escape(texts.told(row.error)) if row.error else ""
        return f'<tr class="unread"><td></td>{name}<td colspan="{span}">{trouble}</td></tr>'
    answer, truth = results.answer(row), results.truth(row)
    options = "".join(
        f'<option value="{digit}"{" selected" if digit == answer else ""}>{digit}</option>'
        for digit in range(NUM_CLASSES)
    )
    mended = f" <small>{escape(texts.FIXED)}</small>" if row.fixed is not None else ""
    picker = f'<select data-row="{number}" aria-label="{escape(texts.fix(row.name))}">{options}</select>{mended}'
    cells = [
        f"<td>{picture_tag(row.thumb, row.name, 'thumb')}</td>",
        name,
        f"<td>{picker}</td>",
        f"<td>{texts.percent(results.confidence(row))}</td>",
        f"<td>{_spark(row.probabilities[results.models[0]], results.models[0])}</td>",
    ]
    for model in others:
        shares = row.probabilities[model]
        look = ' class="differs"' if int(shares.argmax()) != answer else ""
        cells.append(f"<td{look}>{int(shares.argmax())} <small>{texts.percent(float(shares.max()), 0)}</small></td>")
    if results.labels:
        look = ' class="differs"' if truth not in (None, answer) else ""
        cells.append(f"<td{look}>{'' if truth is None else truth}</td>")
    return f"<tr>{''.join(cells)}</tr>"


def _spark(shares: NDArray[np.float32], model: str) -> str:
    """Ten small columns, one for each digit."""
    says = ", ".join(f"{digit}: {texts.percent(float(share))}" for digit, share in enumerate(shares))
    columns = "".join(f'<i style="height: {max(4, round(100 * float(share)))}%"></i>' for share in shares)
    return f'<span class="spark" style="--model: {model_colour(model)}" title="{says}">{columns}</span>'


def _harmless(name: str) -> str:
    """A name that a spreadsheet does not take for a formula."""
    return f"'{name}" if name[:1] in "=+-@\t\r" else name
