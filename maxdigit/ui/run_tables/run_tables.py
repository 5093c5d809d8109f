"""The settings of training runs side by side, and their results beside the paper's.

Not ``gr.Dataframe``: :mod:`maxdigit.ui.table` says why.
"""

from __future__ import annotations

from html import escape
from typing import Any

from maxdigit.training.results import KindResult
from maxdigit.ui import texts
from maxdigit.ui.html import paragraph
from maxdigit.ui.saved_runs import Run
from maxdigit.ui.table import Cell, Row, table
from maxdigit.ui.theme import model_colour


def settings_table(runs: list[Run]) -> str:
    """The runs' settings side by side, with differences marked; empty if no run has settings."""
    told = [run for run in runs if run.settings]
    if not told:
        return ""
    names = list(dict.fromkeys(name for run in told for name in run.settings))
    head = [Cell(), *(Cell(f"{_dot(run)}{escape(run.title)}", is_head=True) for run in told)]
    rows = []
    for name in names:
        values = [_value(run.settings.get(name)) for run in told]
        cells = [Cell(escape(name.replace("_", " ")), is_head=True), *(Cell(escape(value)) for value in values)]
        rows.append(Row(cells, "differs" if len(set(values)) > 1 else ""))
    made = table(head, rows, is_wide=True)
    return f"<details><summary>{escape(texts.SETTINGS_TITLE)}</summary>{made}</details>"


def runs_table(runs: list[Run]) -> str:
    """The results of each run on the test pictures; empty if there is no run."""
    if not runs:
        return ""
    head = [Cell(escape(column), is_head=True) for column in texts.RESULTS_COLUMNS]
    rows = [_result(run) for run in runs if not run.is_ink_finder]  # its own measures are in its card
    return f"<h2>{escape(texts.RESULTS_TITLE)}</h2>{table(head, rows)}{paragraph(texts.RESULTS_NOTE)}"


def _result(run: Run) -> Row:
    measured = [_measurement(result) for result in run.metrics.test.values()]
    here = "<br>".join(measured) or escape(texts.NOT_MEASURED)
    device = run.metrics.training.device
    if device and run.metrics.test:
        here += f"<br><small>{escape(texts.TRAINED_ON.format(device=device))}</small>"
    values = (here, _paper(run.spec.paper_validation), _paper(run.spec.paper_test))
    cells = [  # with the name of the column, because on phones a row becomes a block
        Cell(value, attributes={"data-column": column})
        for column, value in zip(texts.RESULTS_COLUMNS[1:], values, strict=True)
    ]
    return Row([Cell(f"{_dot(run)}{escape(run.title)}", is_head=True), *cells])


def _value(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict):
        return ", ".join(
            f"{key} {share:g}" if isinstance(share, float) else f"{key} {share}" for key, share in value.items()
        )
    return texts.number(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _dot(run: Run) -> str:
    return f'<span class="dot" style="background: {model_colour(run.spec.name)}"></span>'


def _measurement(result: KindResult) -> str:
    low, high = result.interval95
    interval = texts.interval(low, high, 2)
    return (
        f"<b>{texts.percent(result.accuracy, 2)}</b> <small>({interval}), "
        f"{texts.number(result.count)} {escape(texts.KINDS.get(result.kind, result.kind))}</small>"
    )


def _paper(accuracy: float | None) -> str:
    return escape(texts.NOT_GIVEN) if accuracy is None else texts.percent(accuracy)
