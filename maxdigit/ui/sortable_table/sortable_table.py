"""A table that is sorted by pressing the name of a column.

Not ``gr.Dataframe``: :mod:`maxdigit.ui.table` says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from maxdigit.ui.table import Cell, Row, table
from maxdigit.ui.widget import scripted


@dataclass(frozen=True)
class Column:
    """A column's name and meaning."""

    name: str
    means: str


class SortableTable(gr.HTML):
    """Shows the result of :func:`sortable`. The order is kept when the value changes."""

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        super().__init__(value, **scripted(Path(__file__).parent), **kwargs)


def sortable(columns: list[Column], rows: list[list[tuple[str, float | str | None]]], note: str = "") -> str:
    """The table as HTML.

    Args:
        columns: from left to right.
        rows: for each cell its HTML and its sort key; None comes last.
        note: a sentence below the table.
    """
    names = (f'<button type="button" title="{escape(each.means)}">{escape(each.name)}</button>' for each in columns)
    body = [Row([_cell(number, *cell) for number, cell in enumerate(row)]) for row in rows]
    foot = f'<p class="note">{escape(note)}</p>' if note else ""
    return table([Cell(name, is_head=True) for name in names], body, is_wide=True) + foot


def _cell(number: int, shown: str, value: float | str | None) -> Cell:
    return Cell(shown, is_head=number == 0, attributes={"data-sort": "" if value is None else str(value)})
