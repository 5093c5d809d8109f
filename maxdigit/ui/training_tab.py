"""The Training tab: curves and results of finished and unfinished runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from maxdigit.inference.predict import Predictor
from maxdigit.training.history import COLUMNS
from maxdigit.ui import texts
from maxdigit.ui.browser import charts_to_svg
from maxdigit.ui.charts import View, run_figures
from maxdigit.ui.choice import choice
from maxdigit.ui.classify import ClassifyPage
from maxdigit.ui.downloads import csv_text, save_csv
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.events import LATEST, Changes, Values
from maxdigit.ui.html import html_block, paragraphs
from maxdigit.ui.replay import Replay
from maxdigit.ui.replaying import Replaying
from maxdigit.ui.run_tables import runs_table, settings_table
from maxdigit.ui.saved_runs import Run, find_runs, fingerprint
from maxdigit.ui.stories import stories
from maxdigit.ui.texts import labels

_EVERY = 2  # seconds between two checks of the folder of runs
_CHARTS = ("accuracy", "loss", "rate", "speed")


@dataclass(frozen=True)
class TrainingPage:
    """The tab's components."""

    known: gr.State  # the folder's fingerprint when it was last read
    timer: gr.Timer
    runs: gr.CheckboxGroup
    axis: gr.Radio
    smoothing: gr.Slider
    log: gr.Checkbox
    save_svg: gr.Button
    history: gr.Button
    note: gr.HTML
    plots: dict[str, gr.Plot]  # by the chart's name
    replay: Replay
    stories: gr.HTML  # of the paper's runs, a sentence each
    settings: gr.HTML
    results: gr.HTML

    @property
    def inputs(self) -> set[Component]:
        """The components whose values :meth:`chosen` and :meth:`view` need."""
        return {self.runs, self.axis, self.smoothing, self.log}

    @property
    def shown(self) -> set[Component]:
        """The components that depend on the chosen runs and on the view."""
        return {self.note, *self.plots.values(), self.stories, self.settings, self.history}

    def view(self, values: Values) -> View:
        """How the curves are shown."""
        return View(values[self.axis], values[self.smoothing], values[self.log])


def build_training_tab(
    root: Path,
    predictor: Predictor,
    classify: ClassifyPage,
    *,
    evaluation: Evaluation,
    opened: Callable[..., Any],
) -> None:
    """Add the tab's components to the Blocks being built.

    Args:
        root: the folder of runs; any folder below it with a ``history.csv`` is one.
        predictor: loads the weights that were kept during a run.
        classify: has the picture that is classified when a run is played back.
        evaluation: makes a picture if there is none.
        opened: the event of the tab being shown; only then are runs read and charts drawn.
    """
    page = lay_out()
    Training(page, root).connect(opened)
    Replaying(page.replay, predictor, evaluation, root).connect(classify)


def lay_out() -> TrainingPage:
    """Add the tab's components, without their events, to the Blocks being built."""
    known = gr.State(None)
    timer = gr.Timer(_EVERY, active=False)
    runs = gr.CheckboxGroup([], show_label=False, label=labels.RUNS, container=False, elem_id="runs")
    with gr.Row(elem_id="chart-settings"):
        axis = choice(labels.AXIS, labels.AXES, "epoch", scale=0, min_width=290)
        smoothing = gr.Slider(0, 0.95, 0, step=0.05, label=labels.SMOOTHING, elem_id="smoothing", min_width=200)
        log = gr.Checkbox(False, label=labels.LOG_LOSS, container=False, scale=0, min_width=150)
        with gr.Row(elem_classes="save"):
            save_svg = gr.Button(labels.SAVE_SVG, size="sm", elem_id="charts-svg")
            history = gr.Button(labels.SAVE_CSV, size="sm", elem_id="download-history", interactive=False)
    note = html_block(elem_id="runs-note", elem_classes="caption")
    replay = Replay(elem_id="replay")
    plots = {}
    for pair in (_CHARTS[:2], _CHARTS[2:]):
        with gr.Row(elem_classes="charts"):
            for name in pair:
                plots[name] = gr.Plot(
                    show_label=False, label=labels.CHARTS[name], container=False, min_width=320, elem_id=f"chart-{name}"
                )
    told = html_block(elem_id="stories")
    with gr.Accordion(labels.FLOOR_TITLE, open=False, elem_classes="reading"):
        gr.Markdown(labels.FLOOR_TEXT)
    settings = html_block(elem_id="settings")
    results = html_block(elem_id="results")
    return TrainingPage(
        known, timer, runs, axis, smoothing, log, save_svg, history, note, plots, replay, told, settings, results
    )


@dataclass(frozen=True)
class Training:
    """The handlers of the tab's events."""

    page: TrainingPage
    root: Path  # the folder of runs

    def connect(self, opened: Callable[..., Any]) -> None:
        """Connect the components with their handlers."""
        page = self.page

        def open_all(values: Values) -> Changes:
            return self.open(values[page.runs], page.view(values))

        def follow(values: Values) -> Changes:
            return self.follow(values[page.known], values[page.runs], page.view(values))

        def show(values: Values) -> Changes:
            return self.show(values[page.runs], page.view(values))

        everything = {page.known, page.runs, *page.shown, page.results}
        save_csv(page.history, lambda values: self.table(values[page.runs]), {page.runs})
        page.save_svg.click(None, js=charts_to_svg(".charts", "training.svg"), api_visibility="private")
        gr.on(opened, open_all, page.inputs, everything, **LATEST)
        gr.on(opened, lambda: gr.Timer(active=True), None, page.timer, **LATEST)
        gr.on(page.timer.tick, follow, {page.known, *page.inputs}, everything, **LATEST)
        changed = [page.runs.input, page.axis.input, page.smoothing.release, page.log.input]
        gr.on(changed, show, page.inputs, page.shown, **LATEST)

    def open(self, chosen: list[str], view: View) -> Changes:
        """Read the folder again. The choice of runs is kept."""
        runs, _ = find_runs(self.root)
        names = [run.name for run in runs]
        # At first the runs from whose folders models are loaded are chosen or, if there are none, all runs of models.
        models = [run for run in runs if not run.is_ink_finder]
        first = [run.name for run in models if run.is_in_place] or [run.name for run in models] or names
        chosen = [name for name in chosen if name in names] or first
        return {
            self.page.known: fingerprint(self.root),
            self.page.runs: gr.CheckboxGroup([(run.title, run.name) for run in runs], value=chosen, visible=bool(runs)),
            **self.show(chosen, view),
            self.page.results: runs_table(runs),
        }

    def follow(self, known: Any, chosen: list[str], view: View) -> Changes:
        """Update everything if a file has changed, and choose new runs as well."""
        if known is None or fingerprint(self.root) == known:
            return gr.skip()
        runs, _ = find_runs(self.root)
        before = {Path(file).parent for file, _ in known}
        begun = [run.name for run in runs if self.root / run.name not in before]
        return self.open([*chosen, *begun], view)

    def show(self, chosen: list[str], view: View) -> Changes:
        """The chosen runs: a note, charts, settings, and a download of all epochs."""
        runs, troubles = find_runs(self.root)
        shown = [run for run in runs if run.name in chosen]
        about = texts.LINES if shown else texts.NO_RUN_CHOSEN if runs else texts.NO_RUNS.format(folder=self.root)
        going = [texts.going_on(run.title, len(run.own_epochs), run.planned) for run in shown if run.is_unfinished]
        ink = [texts.INK_FINDER_ACCURACY] if any(run.is_ink_finder for run in shown) else []
        figures = run_figures(shown, view) if shown else {}
        return {
            self.page.note: paragraphs(about, *ink, *going, *troubles),
            **{plot: figures.get(name) for name, plot in self.page.plots.items()},
            self.page.stories: stories(shown),
            self.page.settings: settings_table(shown),
            self.page.history: gr.Button(interactive=bool(shown)),
        }

    def table(self, chosen: list[str]) -> tuple[str, str]:
        """The name and the text of a CSV file with all epochs of the chosen runs."""
        runs, _ = find_runs(self.root)
        return "history.csv", _csv([run for run in runs if run.name in chosen])


def _csv(runs: list[Run]) -> str:
    """The chosen runs' epochs in one table."""
    rows = [(run.name, *astuple(epoch)) for run in runs for epoch in run.epochs]
    return csv_text([("run", *COLUMNS), *rows])
