"""A table that sorts by the column whose name is pressed, each name telling what it means."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

_SORT = """
const by = { column: null, up: false };

function sort() {
  if (by.column === null) return;
  const body = element.querySelector("tbody");
  if (!body) return;
  const value = (row) => row.children[by.column].dataset.sort;
  const sign = by.up ? 1 : -1;
  const rows = [...body.rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === "" || y === "") return (x === "") - (y === ""); // what is not known comes last
    return sign * (isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y);
  });
  rows.forEach((row) => body.append(row));
  element.querySelectorAll("th button").forEach((button, column) => {
    const order = column === by.column ? (by.up ? "ascending" : "descending") : "none";
    button.closest("th").setAttribute("aria-sort", order);
  });
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("th button");
  if (!button) return;
  const column = [...element.querySelectorAll("th button")].indexOf(button);
  by.up = by.column === column ? !by.up : column === 0;
  by.column = column;
  sort();
});

watch("value", () => requestAnimationFrame(sort));
"""


@dataclass(frozen=True)
class Column:
    """A column's name, and what it means."""

    name: str
    means: str


class SortableTable(gr.HTML):
    """Shows what :func:`sortable` makes; the order that was asked for stays when the value changes."""

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        super().__init__(value, apply_default_css=False, js_on_load=_SORT, **kwargs)


def sortable(columns: list[Column], rows: list[list[tuple[str, float | str | None]]], note: str = "") -> str:
    """The table as HTML.

    Args:
        columns: from left to right.
        rows: for each cell its HTML, and what to sort it by; None comes last.
        note: a sentence for under the table.
    """
    head = "".join(
        f'<th scope="col"><button type="button" title="{escape(column.means)}">{escape(column.name)}</button></th>'
        for column in columns
    )
    body = "".join(f"<tr>{''.join(_cell(number, *cell) for number, cell in enumerate(row))}</tr>" for row in rows)
    foot = f'<p class="note">{escape(note)}</p>' if note else ""
    return (
        f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{foot}'
    )


def _cell(number: int, shown: str, value: float | str | None) -> str:
    tag, scope = ("th", ' scope="row"') if number == 0 else ("td", "")
    sort = "" if value is None else escape(str(value))
    return f'<{tag}{scope} data-sort="{sort}">{shown}</{tag}>'
