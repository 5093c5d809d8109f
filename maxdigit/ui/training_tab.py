"""The Training tab: how each run went, epoch by epoch, while it goes on and after; and where it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from maxdigit.training.history import COLUMNS
from maxdigit.ui import texts
from maxdigit.ui.browser import charts_to_svg
from maxdigit.ui.charts import View, run_figures
from maxdigit.ui.downloads import csv_text, write_download
from maxdigit.ui.measured import Measured
from maxdigit.ui.runs import Run, find_runs, fingerprint
from maxdigit.ui.texts import labels
from maxdigit.ui.theme import model_colour

_EVERY = 2  # seconds between two looks at the folder of runs
_CHARTS = ("accuracy", "loss", "rate", "speed")


def build_training_tab(root: Path, *, opened: Callable[..., Any]) -> None:
    """Put the tab's components where the caller is.

    Args:
        root: the folder of runs; any folder below it with a ``history.csv`` is one.
        opened: the event that says the tab is shown; only then are runs read and charts drawn.
    """
    known = gr.State(None)  # the folder's fingerprint when it was last read
    timer = gr.Timer(_EVERY, active=False)
    choice = gr.CheckboxGroup([], show_label=False, label=labels.RUNS, container=False, elem_id="runs")
    with gr.Row(elem_id="chart-settings"):
        axis = gr.Radio(
            [(text, name) for name, text in labels.AXES.items()],
            value="epoch",
            label=labels.AXIS,
            show_label=False,
            container=False,
            elem_classes="choice",
            scale=0,
            min_width=290,
        )
        smoothing = gr.Slider(0, 0.95, 0, step=0.05, label=labels.SMOOTHING, elem_id="smoothing", min_width=200)
        log = gr.Checkbox(False, label=labels.LOG_LOSS, container=False, scale=0, min_width=150)
        with gr.Row(elem_classes="save"):
            save_svg = gr.Button(labels.SAVE_SVG, size="sm", elem_id="charts-svg")
            history = gr.DownloadButton(labels.SAVE_CSV, size="sm", elem_id="download-history")
    note = gr.HTML(apply_default_css=False, elem_id="runs-note", elem_classes="caption")
    plots = []
    for pair in (_CHARTS[:2], _CHARTS[2:]):
        with gr.Row(elem_classes="charts"):
            plots += [
                gr.Plot(
                    show_label=False, label=labels.CHARTS[name], container=False, min_width=320, elem_id=f"chart-{name}"
                )
                for name in pair
            ]
    with gr.Accordion(labels.FLOOR_TITLE, open=False, elem_classes="reading"):
        gr.Markdown(labels.FLOOR_TEXT)
    settings = gr.HTML(apply_default_css=False, elem_id="settings")
    results = gr.HTML(apply_default_css=False, elem_id="results")

    quiet = {"show_progress": "hidden", "api_visibility": "private", "trigger_mode": "always_last"}
    inputs = [choice, axis, smoothing, log]
    shown = [note, *plots, settings, history]
    everything = [known, choice, *shown, results]
    save_svg.click(None, js=charts_to_svg(".charts", "training.svg"), api_visibility="private")
    gr.on(opened, partial(_open, root), inputs, everything, **quiet)
    gr.on(opened, lambda: gr.Timer(active=True), None, timer, **quiet)
    gr.on(timer.tick, partial(_follow, root), [known, *inputs], everything, **quiet)
    gr.on([choice.input, axis.input, smoothing.release, log.input], partial(_show, root), inputs, shown, **quiet)


def _open(root: Path, chosen: list[str], axis: str, smoothing: float, log: bool) -> tuple[Any, ...]:
    """Read the folder anew; what was chosen stays chosen, and at first everything is."""
    runs, _ = find_runs(root)
    names = [run.name for run in runs]
    # At first what is shown is the models, whose accuracies mean the same.
    chosen = [name for name in chosen if name in names] or [run.name for run in runs if not run.is_ink_finder] or names
    group = gr.CheckboxGroup([(run.title, run.name) for run in runs], value=chosen, visible=bool(runs))
    return fingerprint(root), group, *_show(root, chosen, axis, smoothing, log), _results(runs)


def _follow(
    root: Path, known: Any, chosen: list[str], axis: str, smoothing: float, log: bool
) -> tuple[Any, ...] | dict[str, Any]:
    """Nothing while no file has changed; else all of it anew, and runs that have just begun with it."""
    if known is None or fingerprint(root) == known:
        return gr.skip()
    runs, _ = find_runs(root)
    before = {Path(file).parent for file, _ in known}
    begun = [run.name for run in runs if root / run.name not in before]
    return _open(root, [*chosen, *begun], axis, smoothing, log)


def _show(root: Path, chosen: list[str], axis: str, smoothing: float, log: bool) -> tuple[Any, ...]:
    runs, troubles = find_runs(root)
    shown = [run for run in runs if run.name in chosen]
    about = texts.LINES if shown else texts.NO_RUN_CHOSEN if runs else texts.NO_RUNS.format(folder=root)
    going = [texts.going_on(run.title, len(run.epochs), run.planned) for run in shown if run.is_unfinished]
    ink = [texts.INK_FINDER_ACCURACY] if any(run.is_ink_finder for run in shown) else []
    note = "".join(f"<p>{escape(line)}</p>" for line in (about, *ink, *going, *troubles))
    if not shown:
        return note, *[None] * len(_CHARTS), "", None
    figures = run_figures(shown, View(axis, smoothing, log))  # type: ignore[arg-type]
    return note, *(figures[name] for name in _CHARTS), _settings(shown), write_download("history.csv", _csv(shown))


def _csv(runs: list[Run]) -> str:
    """The chosen runs' epochs in one table."""
    rows = [(run.name, *astuple(epoch)) for run in runs for epoch in run.epochs]
    return csv_text([("run", *COLUMNS), *rows])


def _settings(runs: list[Run]) -> str:
    """The chosen runs' settings side by side; what differs is marked."""
    told = [run for run in runs if run.settings]
    if not told:
        return ""
    names = list(dict.fromkeys(name for run in told for name in run.settings))
    head = "".join(f'<th scope="col">{_dot(run)}{escape(run.title)}</th>' for run in told)
    rows = ""
    for name in names:
        values = [_value(run.settings.get(name)) for run in told]
        look = ' class="differs"' if len(set(values)) > 1 else ""
        cells = "".join(f"<td>{escape(value)}</td>" for value in values)
        rows += f'<tr{look}><th scope="row">{escape(name.replace("_", " "))}</th>{cells}</tr>'
    return (
        f"<details><summary>{escape(texts.SETTINGS_TITLE)}</summary>"
        f'<div class="wide" tabindex="0"><table><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></details>"
    )


def _value(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict):
        return ", ".join(
            f"{key} {share:g}" if isinstance(share, float) else f"{key} {share}" for key, share in value.items()
        )
    return texts.number(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _results(runs: list[Run]) -> str:
    if not runs:
        return ""
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in texts.RESULTS_COLUMNS)
    rows = "".join(_result(run) for run in runs if not run.is_ink_finder)  # its own measures are in its card
    return (
        f"<h2>{escape(texts.RESULTS_TITLE)}</h2>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"<p>{escape(texts.RESULTS_NOTE)}</p>"
    )


def _result(run: Run) -> str:
    measured = [_measurement(kind, value) for kind, value in run.metrics.test.items()]
    here = "<br>".join(measured) or escape(texts.NOT_MEASURED)
    if run.metrics.device and run.metrics.test:
        here += f"<br><small>{escape(texts.TRAINED_ON.format(device=run.metrics.device))}</small>"
    values = (here, _paper(run.spec.paper_validation), _paper(run.spec.paper_test))
    cells = "".join(  # with the column's name, for phones, where a row becomes a block
        f'<td data-column="{escape(column)}">{value}</td>'
        for column, value in zip(texts.RESULTS_COLUMNS[1:], values, strict=True)
    )
    return f'<tr><th scope="row">{_dot(run)}{escape(run.title)}</th>{cells}</tr>'


def _dot(run: Run) -> str:
    return f'<span class="dot" style="background: {model_colour(run.spec.name)}"></span>'


def _measurement(kind: str, value: Measured) -> str:
    low, high = value.interval
    interval = texts.interval(low, high, 2)
    return (
        f"<b>{texts.percent(value.accuracy, 2)}</b> <small>({interval}), "
        f"{texts.number(value.count)} {escape(texts.KINDS.get(kind, kind))}</small>"
    )


def _paper(accuracy: float | None) -> str:
    return escape(texts.NOT_GIVEN) if accuracy is None else texts.percent(accuracy)
