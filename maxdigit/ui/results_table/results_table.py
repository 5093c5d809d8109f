"""The results of a batch as a table in pages, with answers that can be corrected.

Not ``gr.Dataframe``: :mod:`maxdigit.ui.table` says why.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from maxdigit.inference.predict import title
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.ui import texts
from maxdigit.ui.bars import small_bars
from maxdigit.ui.picture import picture_tag
from maxdigit.ui.results_table.batch_results import PAGE, Result, Results, View
from maxdigit.ui.table import Cell, Row, table
from maxdigit.ui.widget import scripted


class ResultsTable(gr.HTML):
    """Shows a page of results. ``select`` fires with the row and the digit that the visitor has chosen."""

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        super().__init__(value, **scripted(Path(__file__).parent), **kwargs)


def results_page(results: Results, view: View) -> tuple[str, int, int]:
    """A page of the rows that match a filter, as HTML; its number, from 0; and the number of pages."""
    which, page, pages = view.which, results.nearest(view).page, results.pages(view.which)
    numbers = results.filtered(which, page * PAGE, PAGE)
    if not numbers:
        return f'<p class="note">{escape(texts.NO_ROWS)}</p>', 0, 1
    columns = [texts.PICTURE, texts.FILE, texts.ANSWER, texts.SURE]
    columns += [*([texts.DIGITS_READ] if results.reads else []), texts.PROBABILITIES]
    columns += [title(model) for model in results.models[1:]] + ([texts.TRUTH] if results.labels else [])
    rows = [result_row(results, number) for number in numbers]
    return table([Cell(escape(column), is_head=True) for column in columns], rows, is_wide=True), page, pages


def result_row(results: Results, number: int) -> Row:
    """Row ``number`` of a batch's results: picture, name, answer, and what the models say about it."""
    row, others = results.rows[number], results.models[1:]
    name = Cell(escape(row.name), is_head=True)
    if row.thumb is None:
        trouble = escape(texts.told(row.error)) if row.error else ""
        span = 3 + results.reads + len(others) + bool(results.labels)
        return Row([Cell(), name, Cell(trouble, attributes={"colspan": span})], "unread")
    answer, truth, shares = results.answer(row), row.truth, row.probabilities
    cells = [
        Cell(picture_tag(row.thumb, row.name, "thumb")),
        name,
        Cell(_picker(row, number, answer)),
        Cell(texts.percent(results.confidence(row))),
    ]
    if results.reads:
        read = escape(" · ".join(map(str, row.digits.get(results.models[0], ()))))
        cells.append(_differing(read, results.is_contradicted(row)))
    cells.append(Cell(small_bars(list(map(float, shares[results.models[0]])), results.models[0])))
    for model in others:
        said, sure = int(shares[model].argmax()), float(shares[model].max())
        cells.append(_differing(f"{said} <small>{texts.percent(sure, 0)}</small>", said != answer))
    if results.labels:
        cells.append(_differing("" if truth is None else str(truth), truth not in (None, answer)))
    return Row(cells)


def _picker(row: Result, number: int, answer: int | None) -> str:
    """The answer, with the other digits to choose from."""
    options = "".join(
        f'<option value="{digit}"{" selected" if digit == answer else ""}>{digit}</option>'
        for digit in range(NUM_CLASSES)
    )
    mended = f" <small>{escape(texts.FIXED)}</small>" if row.fixed is not None else ""
    return f'<select data-row="{number}" aria-label="{escape(texts.fix(row.name))}">{options}</select>{mended}'


def _differing(content: str, differs: bool) -> Cell:
    return Cell(content, attributes={"class": "differs" if differs else ""})
