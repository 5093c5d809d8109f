"""The confusion matrix, whose cells can be pressed, and the test pictures behind them."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from maxdigit.data.labelled import Sample
from maxdigit.inference.backstage import backstage
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.training.mistakes import Mistake, read_mistakes
from maxdigit.training.runs import MISTAKES
from maxdigit.ui import texts
from maxdigit.ui.answer import picture_tag

MistakesOf = tuple[int | None, int | None]  # truth and answer; None for any

_PRESSED = """
element.addEventListener("click", (event) => {
  const cell = event.target.closest("button[data-truth]");
  const digit = (name) => (cell.dataset[name] === "" ? null : Number(cell.dataset[name]));
  if (cell) trigger("select", { truth: digit("truth"), answer: digit("answer") });
});
"""


class MatrixCell(gr.HTML):
    """Shows a confusion matrix; ``select`` fires with the truth and the answer of the cell that was pressed.

    One of the two is None where a row's or a column's head was pressed.
    """

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        super().__init__(value, apply_default_css=False, js_on_load=_PRESSED, **kwargs)


def confusion_matrix(
    confusion: list[list[int]], colour: str, chosen: MistakesOf | None = None, *, can_press: bool = True
) -> str:
    """The matrix as HTML, each row shaded by the share of its pictures; empty where nothing was measured."""
    if not confusion:
        return f"<p>{escape(texts.NOTHING_MEASURED)}</p>"
    head = "".join(f'<th scope="col">{_head(None, answer, chosen, can_press)}</th>' for answer in range(NUM_CLASSES))
    rows = "".join(
        f'<tr><th scope="row">{_head(truth, None, chosen, can_press)}</th>'
        + "".join(_cell(truth, answer, count, max(sum(row), 1), chosen, can_press) for answer, count in enumerate(row))
        + "</tr>"
        for truth, row in enumerate(confusion)
    )
    return f"""
<table class="matrix" style="--model: {colour}">
  <caption>{escape(texts.MATRIX_HINT)} {escape(texts.MATRIX_PRESS) if can_press else ""}</caption>
  <thead><tr><td></td>{head}</tr></thead>
  <tbody>{rows}</tbody>
</table>"""


def mistakes_gallery(
    folder: Path, kind: str, family: str | None, cell: MistakesOf | None, shown: int
) -> tuple[str, bool]:
    """Pictures that the model in ``folder`` got wrong, as HTML, and whether there are more than the ``shown``.

    Raises:
        MistakesError: the list of mistakes is damaged.
    """
    if not (folder / MISTAKES).is_file():
        return f"<p>{escape(texts.NOT_LISTED)}</p>", False
    if cell is not None and cell[0] == cell[1]:
        return f"<p>{escape(texts.RIGHT_NOT_KEPT)}</p>", False
    truth, answer = cell or (None, None)
    found = [m for m in read_mistakes(folder).get(kind, []) if truth in (None, m.truth) and answer in (None, m.answer)]
    if family is not None:
        families = backstage.call("maxdigit.data.sample:measured_families", kind, [m.index for m in found])
        found = [m for m, other in zip(found, families, strict=True) if other == family]
    if not found:
        return f"<p>{escape(texts.MISTAKES_NONE)}</p>", False
    figures = "".join(_figure(kind, mistake) for mistake in found[:shown])
    count = texts.mistakes_shown(min(shown, len(found)), len(found), truth, answer)
    return f'<p>{escape(count)}</p><div class="gallery">{figures}</div>', len(found) > shown


def _head(truth: int | None, answer: int | None, chosen: MistakesOf | None, can_press: bool) -> str:
    """A row's or a column's digit, which can be pressed to see all mistakes there."""
    digit = answer if truth is None else truth
    if not can_press:
        return str(digit)
    says = escape(texts.matrix_head(truth, answer))
    look = "chosen" if (truth, answer) == chosen else ""
    return (
        f'<button type="button" class="{look}" data-truth="{"" if truth is None else truth}" '
        f'data-answer="{"" if answer is None else answer}" title="{says}" aria-label="{says}">{digit}</button>'
    )


def _cell(truth: int, answer: int, count: int, total: int, chosen: MistakesOf | None, can_press: bool) -> str:
    look = f"{'right' if truth == answer else 'wrong'}{' chosen' if (truth, answer) == chosen else ''}"
    # The square root lifts the few mistakes of a good model into sight.
    shade = (count / total) ** 0.5
    says = escape(texts.matrix_cell(truth, answer, count))
    return (
        f'<td><button type="button" class="{look}" style="--shade: {shade:.3f}" data-truth="{truth}" '
        f'data-answer="{answer}" title="{says}" aria-label="{says}"{"" if can_press else " disabled"}>{count or ""}'
        "</button></td>"
    )


def _figure(kind: str, mistake: Mistake) -> str:
    sample = _picture(kind, mistake.index)
    says = texts.mistake(mistake.truth, mistake.answer, mistake.confidence)
    digits = ", ".join(map(str, sample.digits))
    return (
        f"<figure>{picture_tag(sample.pixels, texts.MISTAKE_ALT.format(digits=digits), 'mistake')}"
        f"<figcaption>{escape(says)}</figcaption></figure>"
    )


@lru_cache(maxsize=512)
def _picture(kind: str, index: int) -> Sample:
    return backstage.call("maxdigit.data.sample:measured_picture", kind, index)
