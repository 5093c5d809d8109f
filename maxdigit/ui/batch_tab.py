"""The Batch tab: many pictures at once, with their answers in a table to filter, correct and download."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from pathlib import Path

import gradio as gr
from gradio.components import Component

from maxdigit.data.clutter import is_clutter
from maxdigit.data.kinds import TEST_KINDS
from maxdigit.inference.bulk import Entry, answer_batch, natural_order, read_batch, read_names_and_labels
from maxdigit.inference.predict import Predictor, default_model, title
from maxdigit.ui import texts
from maxdigit.ui.batch_results import Results, full_csv, submission_csv
from maxdigit.ui.choice import choice
from maxdigit.ui.confusion_matrix import confusion_matrix
from maxdigit.ui.downloads import save_csv
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.events import QUIET, Changes, Values
from maxdigit.ui.html import paragraph
from maxdigit.ui.results_table import PAGE, ResultsTable, results_page
from maxdigit.ui.texts import labels
from maxdigit.ui.theme import model_colour

_HOUR = 3600
_SAMPLES = 60  # test pictures in a trial


@dataclass(frozen=True)
class Order:
    """The input and settings of a batch."""

    paths: tuple[Path, ...]  # pictures, archives, and what else :func:`read_batch` takes
    labels: Path | None  # the right answers
    models: tuple[str, ...]  # the first one's answers count
    samples: int = 0  # so many test pictures, with their labels, in place of all that


@dataclass(frozen=True)
class View:
    """Which results are shown."""

    which: str = "all"  # one of :data:`maxdigit.ui.texts.FILTERS`
    page: int = 0


@dataclass(frozen=True)
class BatchPage:
    """The tab's components."""

    results: gr.State
    page: gr.State  # the number of the shown page, from 0
    files: gr.File
    folder: gr.File
    model: gr.Radio
    others: gr.Checkbox
    truths: gr.File
    start: gr.Button
    attempt: gr.Button  # starts a batch of test pictures
    cancel: gr.Button
    status: gr.HTML
    outcome: gr.Column
    which: gr.Radio
    table: ResultsTable
    before: gr.Button
    place: gr.HTML
    after: gr.Button
    submission: gr.Button
    everything: gr.Button
    scored: gr.HTML

    def order(self, values: Values, names: list[str]) -> Order:
        """The input and settings of a batch, with the models of these ``names``."""
        model, given = (
            values[self.model],
            [Path(path) for path in (*(values[self.files] or ()), *(values[self.folder] or ()))],
        )
        pictures = [path for path in given if not is_clutter(path.name)]
        pictures.sort(key=lambda path: natural_order(path.name))  # a folder's files come in the disk's order
        others = [name for name in names if name != model] if values[self.others] else []
        truths = values[self.truths]
        return Order(
            tuple(pictures),
            Path(truths) if truths else None,
            (model, *others),
        )

    def trial(self, values: Values, names: list[str]) -> Order:
        """A batch of test pictures, with the same settings."""
        return replace(self.order(values, names), paths=(), labels=None, samples=_SAMPLES)

    def view(self, values: Values) -> View:
        """Which results are shown."""
        return View(values[self.which], values[self.page])


def build_batch_tab(predictor: Predictor, *, evaluation: Evaluation) -> None:
    """Add the tab's components to the Blocks being built.

    Args:
        predictor: the trained models.
        evaluation: scores answers.
    """
    if predictor.available():
        Batch(lay_out(predictor.available()), predictor, evaluation).connect()
    else:
        gr.Markdown(labels.NO_MODELS_HERE)


def lay_out(names: list[str]) -> BatchPage:
    """Add the tab's components, without their events, to the Blocks being built."""
    results = gr.State(Results(), time_to_live=_HOUR)
    page = gr.State(0)
    with gr.Row(elem_id="batch"):
        with gr.Column(elem_id="batch-input"):
            gr.HTML(f"<p>{labels.BATCH_HINT}</p>", apply_default_css=False, elem_classes="caption")
            files = gr.File(file_count="multiple", label=labels.FILES, height=170, elem_id="batch-files")
            folder = gr.File(file_count="directory", label=labels.FOLDER, height=150, elem_id="batch-folder")
        with gr.Column(elem_id="batch-settings"):
            model = choice(labels.MODEL, {name: title(name) for name in names}, default_model(names))
            others = gr.Checkbox(False, label=labels.ASK_OTHERS, container=False, visible=len(names) > 1)
            truths = gr.File(
                file_count="single",
                file_types=[".csv", ".tsv", ".txt"],
                label=labels.LABELS,
                height=150,
                elem_id="batch-labels",
            )
            with gr.Row():
                start = gr.Button(labels.START, variant="primary", elem_id="batch-start")
                attempt = gr.Button(labels.TRY_BATCH, elem_id="batch-try")
                cancel = gr.Button(labels.CANCEL, interactive=False, elem_id="batch-cancel")
    status = gr.HTML(apply_default_css=False, elem_id="batch-status", elem_classes="caption")
    with gr.Column(visible=False, elem_id="batch-results") as outcome:
        with gr.Row(elem_classes="headline"):
            which = choice(labels.FILTER, labels.FILTERS, "all")
        table = ResultsTable("", elem_id="results-table")
        with gr.Row(elem_id="pager"):
            before = gr.Button(labels.BEFORE, elem_id="page-before", scale=0)
            place = gr.HTML(apply_default_css=False, elem_classes="caption", elem_id="page-place")
            after = gr.Button(labels.AFTER, elem_id="page-after", scale=0)
            submission = gr.Button(labels.SUBMISSION, elem_id="download-submission", scale=0, interactive=False)
            everything = gr.Button(labels.EVERYTHING, elem_id="download-everything", scale=0, interactive=False)
        scored = gr.HTML(apply_default_css=False, elem_id="batch-scored")
    return BatchPage(
        results=results,
        page=page,
        files=files,
        folder=folder,
        model=model,
        others=others,
        truths=truths,
        start=start,
        attempt=attempt,
        cancel=cancel,
        status=status,
        outcome=outcome,
        which=which,
        table=table,
        before=before,
        place=place,
        after=after,
        submission=submission,
        everything=everything,
        scored=scored,
    )


@dataclass(frozen=True)
class Batch:
    """The handlers of the tab's events."""

    on: BatchPage
    predictor: Predictor
    evaluation: Evaluation

    def connect(self) -> None:
        """Connect the components with their handlers."""
        on, names = self.on, self.predictor.available()
        look: set[Component] = {on.results, on.which, on.page}
        view: set[Component] = {on.table, on.place, on.before, on.after, on.page}
        starts: set[Component] = {on.start, on.attempt, on.cancel}
        finished: set[Component] = {on.results, on.submission, on.everything, on.scored, *starts}

        def run(order: Callable[[Values, list[str]], Order], values: Values) -> Iterator[Changes]:
            yield from self.run(order(values, names), values[on.which])

        def finish(values: Values) -> Changes:
            return self.finish(values[on.results])

        def turned(by: int, values: Values) -> Changes:
            return self.turn(values[on.results], View(values[on.which], values[on.page] + by))

        def filtered(values: Values) -> Changes:
            return self.turn(values[on.results], View(values[on.which]))

        def cancelled(values: Values) -> Changes:
            return {on.status: paragraph(texts.BATCH_STOPPED), **self.turn(values[on.results], on.view(values))}

        def mend(values: Values, pressed: gr.EventData) -> Changes:
            results = values[on.results]
            results.mend(pressed.row, pressed.digit)
            return {on.results: results, **self.turn(results, on.view(values))}

        save_csv(on.submission, lambda v: ("submission.csv", submission_csv(v[on.results])), {on.results})
        save_csv(on.everything, lambda v: ("maxdigit_results.csv", full_csv(v[on.results])), {on.results})
        running = [
            gr.on(
                button.click,
                partial(run, order),
                {on.files, on.folder, on.truths, on.model, on.others, on.which},
                {on.results, on.status, on.outcome, *starts, *view},
                concurrency_limit=1,
                concurrency_id="batch",
                **QUIET,
            )
            for button, order in ((on.start, on.order), (on.attempt, on.trial))
        ]
        for one in running:
            one.then(finish, {on.results}, finished, **QUIET).then(lambda v: turned(0, v), look, view, **QUIET)
        # Results so far are kept; they are shown again at the end, since pictures in progress are still added.
        stopped = {on.status, *view}
        gr.on(on.cancel.click, cancelled, look, stopped, cancels=running, **QUIET).then(
            finish, {on.results}, finished, **QUIET
        ).then(cancelled, look, stopped, **QUIET)
        gr.on(on.which.input, filtered, look, view, **QUIET)
        gr.on(on.before.click, lambda v: turned(-1, v), look, view, **QUIET)
        gr.on(on.after.click, lambda v: turned(1, v), look, view, **QUIET)
        gr.on(on.table.select, mend, look, {on.results, *view}, **QUIET)

    def run(self, order: Order, which: str) -> Iterator[Changes]:
        """Answer picture after picture, showing the results so far that pass the filter ``which``."""
        on, results, in_sight = self.on, Results(list(order.models)), 0

        def shown(sentence: str, *, done: int | None = None, count: int = 1) -> Changes:
            is_running = done is not None
            bar = f'<progress value="{done}" max="{count}" aria-label="{escape(texts.PROGRESS)}"></progress>'
            # The first page fills while the visitor watches. After that, the visitor chooses page and filter.
            nonlocal in_sight
            is_filling, in_sight = in_sight < PAGE, len(results.rows)
            return {
                on.results: results,  # sent with each update, so that Cancel keeps the results so far
                on.status: f"{paragraph(sentence)}{bar if is_running else ''}",
                on.outcome: gr.Column(visible=bool(results.rows)),
                on.start: gr.Button(interactive=not is_running),
                on.attempt: gr.Button(interactive=not is_running),
                on.cancel: gr.Button(interactive=is_running),
                **(self.turn(results, View(which)) if is_filling else {}),
            }

        try:
            if order.samples:
                count, entries = order.samples, self._samples(order.samples, results)
            else:
                results.labels = read_names_and_labels(order.labels) if order.labels else {}
                count, entries = read_batch(self.predictor, list(order.paths))
            asked = title(order.models[0])
            yield shown(texts.batch_progress(0, count, asked), done=0, count=count)
            self.predictor.warm(order.models[0])
            for answered in answer_batch(self.predictor, entries, results.models):
                results.add(answered)
                done = len(results.rows)
                yield shown(texts.batch_progress(done, count, asked), done=done, count=count)
        except Exception as error:
            yield shown(texts.told(error))
            return
        yield shown(_summary(results))

    def _samples(self, count: int, results: Results) -> Iterator[Entry]:
        """Test pictures, as many of each kind, whose labels are entered in the results."""
        for kind in TEST_KINDS:
            for number, sample in enumerate(self.evaluation.evaluation_pictures(kind, count // len(TEST_KINDS))):
                name = f"{kind}_{number:02d}.png"
                results.labels[name] = sample.max_digit
                yield Entry(name, sample.pixels)

    def finish(self, results: Results) -> Changes:
        """What the current results offer: downloads, and the score where there are labels."""
        on = self.on
        has_any = bool(results.rows)
        return {
            on.results: results,
            on.submission: gr.Button(interactive=has_any),
            on.everything: gr.Button(interactive=has_any),
            on.scored: self._score(results) if has_any else "",
            on.start: gr.Button(interactive=True),
            on.attempt: gr.Button(interactive=True),
            on.cancel: gr.Button(interactive=False),
        }

    def turn(self, results: Results, view: View) -> Changes:
        """The table's page, and the buttons for other pages."""
        on = self.on
        table, page, pages = results_page(results, view.which, view.page)
        return {
            on.table: table,
            on.place: paragraph(texts.page_of(page + 1, pages, len(results.filtered(view.which)))),
            on.before: gr.Button(interactive=page > 0),
            on.after: gr.Button(interactive=page < pages - 1),
            on.page: page,
        }

    def _score(self, results: Results) -> str:
        """The score and the confusion matrix; empty where there are no labels."""
        score = results.scored(self.evaluation)
        if not score:
            return f'<p class="note">{escape(texts.LABELS_UNUSED)}</p>' if results.labels else ""
        matrix = confusion_matrix(score.confusion, model_colour(results.models[0]), can_press=False)
        low, high = score.interval95
        said = texts.batch_score(title(results.models[0]), score.accuracy, low, high, score.count)
        return f'<p class="note">{escape(said)}</p>{matrix}'


def _summary(results: Results) -> str:
    return texts.batch_done(
        len(results.rows), *(len(results.filtered(which)) for which in ("unsure", "disagree", "unread"))
    )
