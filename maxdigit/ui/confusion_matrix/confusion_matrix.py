"""The confusion matrix, with cells that can be pressed.

Not a Plotly heat map in ``gr.Plot``: its cells cannot be reached by keyboards and screen readers.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from maxdigit.models.registry import NUM_CLASSES
from maxdigit.ui import texts
from maxdigit.ui.press import pressed
from maxdigit.ui.table import Cell, Row, table

MistakesOf = tuple[int | None, int | None]  # truth and answer; None for any


def confusion_matrix(
    confusion: Sequence[Sequence[int]], colour: str, chosen: MistakesOf | None = None, *, can_press: bool = True
) -> str:
    """The matrix as HTML, each row shaded by the share of its pictures; empty where nothing was measured.

    A press on a cell sends its ``truth`` and ``answer``; the header of a row or a column sends None for the other.
    """
    if not confusion:
        return f"<p>{escape(texts.NOTHING_MEASURED)}</p>"
    digits = range(NUM_CLASSES)
    head = [Cell(), *(Cell(_head(None, answer, chosen, can_press), is_head=True) for answer in digits)]
    rows = [
        Row(
            [
                Cell(_head(truth, None, chosen, can_press), is_head=True),
                *(Cell(_cell(truth, answer, row, chosen, can_press)) for answer in digits),
            ]
        )
        for truth, row in enumerate(confusion)
    ]
    caption = f"{texts.MATRIX_HINT} {texts.MATRIX_PRESS if can_press else ''}"
    return table(head, rows, caption=caption, css_class="matrix", style=f"--model: {colour}")


def _head(truth: int | None, answer: int | None, chosen: MistakesOf | None, can_press: bool) -> str:
    """The header of a row or a column, which can be pressed to see all its mistakes."""
    digit = answer if truth is None else truth
    if not can_press:
        return str(digit)
    says = escape(texts.matrix_head(truth, answer))
    look = "chosen" if (truth, answer) == chosen else ""
    mark = pressed(truth=truth, answer=answer)
    return f'<button type="button" class="{look}" {mark} title="{says}" aria-label="{says}">{digit}</button>'


def _cell(truth: int, answer: int, row: Sequence[int], chosen: MistakesOf | None, can_press: bool) -> str:
    count = row[answer]
    look = f"{'right' if truth == answer else 'wrong'}{' chosen' if (truth, answer) == chosen else ''}"
    # The square root makes the few mistakes of a good model visible.
    shade = (count / max(sum(row), 1)) ** 0.5
    says = escape(texts.matrix_cell(truth, answer, count))
    return (
        f'<button type="button" class="{look}" style="--shade: {shade:.3f}" {pressed(truth=truth, answer=answer)} '
        f'title="{says}" aria-label="{says}"{"" if can_press else " disabled"}>{count or ""}</button>'
    )
