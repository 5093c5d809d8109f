"""Tables as HTML.

Not ``gr.Dataframe``: it has a fixed height, sorts cells by their displayed text, has no row headers for screen readers,
and its cells cannot contain a choice, a button, a picture, or an interval below a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape


@dataclass(frozen=True)
class Cell:
    """One cell."""

    content: str = ""  # HTML
    is_head: bool = False  # whether it is the header of its column or row
    attributes: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """Cells from left to right."""

    cells: Sequence[Cell]
    css_class: str = ""


def table(
    head: Sequence[Cell],
    rows: Sequence[Row],
    *,
    caption: str = "",
    is_wide: bool = False,
    css_class: str = "",
    style: str = "",
) -> str:
    """A table.

    Args:
        head: its first row.
        rows: the others.
        caption: text above it.
        is_wide: whether it can be scrolled sideways if it is wider than the page.
        css_class: of the table.
        style: of the table, in CSS.
    """
    top = f"<caption>{escape(caption)}</caption>" if caption else ""
    body = "".join(_row(row, "row") for row in rows)
    look = _written({"class": css_class, "style": style})
    made = f"<table{look}>{top}<thead>{_row(Row(head), 'col')}</thead><tbody>{body}</tbody></table>"
    return f'<div class="wide" tabindex="0">{made}</div>' if is_wide else made


def _row(row: Row, scope: str) -> str:
    return f"<tr{_written({'class': row.css_class})}>{''.join(_cell(cell, scope) for cell in row.cells)}</tr>"


def _cell(cell: Cell, scope: str) -> str:
    tag, attributes = ("th", {"scope": scope, **cell.attributes}) if cell.is_head else ("td", cell.attributes)
    return f"<{tag}{_written(attributes)}>{cell.content}</{tag}>"


def _written(attributes: Mapping[str, str | int]) -> str:
    """Attributes as HTML; without an empty class or style."""
    given = {name: value for name, value in attributes.items() if value != "" or name not in ("class", "style")}
    return "".join(f' {name}="{escape(str(value))}"' for name, value in given.items())
