"""The Training tab: how each run went, epoch by epoch, and where it ended."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from maxdigit.ui import texts
from maxdigit.ui.charts import accuracy_figure, loss_figure
from maxdigit.ui.measured import Measured
from maxdigit.ui.runs import Run, find_runs
from maxdigit.ui.theme import model_colour

if TYPE_CHECKING:
    import plotly.graph_objects as go


def build_training_tab(root: Path, *, opened: Callable[..., Any]) -> None:
    """Put the tab's components where the caller is.

    Args:
        root: the folder of runs, as ``MODEL/RECIPE/history.csv``.
        opened: the event that says the tab is shown; only then are runs read and charts drawn.
    """
    choice = gr.CheckboxGroup([], show_label=False, label=texts.RUNS, container=False, elem_id="runs")
    note = gr.HTML(apply_default_css=False, elem_id="runs-note", elem_classes="caption")
    with gr.Row(elem_id="charts"):
        accuracy = gr.Plot(show_label=False, label=texts.ACCURACY, container=False, min_width=320)
        loss = gr.Plot(show_label=False, label=texts.LOSS, container=False, min_width=320)
    results = gr.HTML(apply_default_css=False, elem_id="results")

    quiet = {"show_progress": "hidden", "api_visibility": "private", "trigger_mode": "always_last"}
    outputs = [note, accuracy, loss]
    gr.on(opened, partial(_open, root), choice, [choice, *outputs, results], **quiet)
    gr.on(choice.input, partial(_show, root), choice, outputs, **quiet)


def _open(root: Path, chosen: list[str]) -> tuple[Any, str, go.Figure | None, go.Figure | None, str]:
    """Read the folder anew; what was chosen stays chosen, and at first everything is."""
    runs, _ = find_runs(root)
    names = [run.name for run in runs]
    chosen = [name for name in chosen if name in names] or names
    group = gr.CheckboxGroup([(run.title, run.name) for run in runs], value=chosen, visible=bool(runs))
    return group, *_show(root, chosen), _results(runs)


def _show(root: Path, chosen: list[str]) -> tuple[str, go.Figure | None, go.Figure | None]:
    runs, troubles = find_runs(root)
    shown = [run for run in runs if run.name in chosen]
    about = texts.LINES if shown else texts.NO_RUN_CHOSEN if runs else texts.NO_RUNS.format(folder=root)
    note = "".join(f"<p>{escape(line)}</p>" for line in (about, *troubles))
    if not shown:
        return note, None, None
    return note, accuracy_figure(shown), loss_figure(shown)


def _results(runs: list[Run]) -> str:
    if not runs:
        return ""
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in texts.RESULTS_COLUMNS)
    rows = "".join(_result(run) for run in runs)
    return (
        f"<h2>{escape(texts.RESULTS_TITLE)}</h2>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"<p>{escape(texts.RESULTS_NOTE)}</p>"
    )


def _result(run: Run) -> str:
    here = "<br>".join(_measurement(kind, value) for kind, value in run.metrics.test.items()) or escape(
        texts.NOT_MEASURED
    )
    if run.metrics.device and run.metrics.test:
        here += f"<br><small>{escape(texts.TRAINED_ON.format(device=run.metrics.device))}</small>"
    values = (here, _paper(run.spec.paper_validation), _paper(run.spec.paper_test))
    cells = "".join(  # with the column's name, for phones, where a row becomes a block
        f'<td data-column="{escape(column)}">{value}</td>'
        for column, value in zip(texts.RESULTS_COLUMNS[1:], values, strict=True)
    )
    dot = f'<span class="dot" style="background: {model_colour(run.spec.name)}"></span>'
    return f'<tr><th scope="row">{dot}{escape(run.title)}</th>{cells}</tr>'


def _measurement(kind: str, value: Measured) -> str:
    low, high = value.interval
    interval = f"{100 * low:.2f} to {texts.percent(high, 2)}"
    return (
        f"<b>{texts.percent(value.accuracy, 2)}</b> <small>({interval}), "
        f"{value.count:,} {escape(texts.KINDS.get(kind, kind))}</small>"
    )


def _paper(accuracy: float | None) -> str:
    return escape(texts.NOT_GIVEN) if accuracy is None else texts.percent(accuracy)
