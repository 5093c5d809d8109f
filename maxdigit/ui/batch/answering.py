"""Answers on the Batch tab: for many pictures, one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component

from maxdigit.data.kinds import TEST_KINDS
from maxdigit.errors import MaxDigitError
from maxdigit.inference.bulk import Entry, answer_batch, read_batch
from maxdigit.inference.contents import Contents, tell_apart
from maxdigit.inference.predict import Predictor, title
from maxdigit.ui import texts
from maxdigit.ui.batch.layout import BatchPage, Order
from maxdigit.ui.downloads import save_csv
from maxdigit.ui.drop_area import dropped
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.events import CARRYING, LATEST, QUIET, Changes, Values
from maxdigit.ui.html import paragraph, paragraphs
from maxdigit.ui.results_table import results_page
from maxdigit.ui.results_table.batch_results import Results, View, full_csv, submission_csv


@dataclass(frozen=True)
class Batch:
    """The handlers of the tab's events."""

    on: BatchPage
    predictor: Predictor
    evaluation: Evaluation

    def connect(self) -> None:
        """Connect the components with their handlers."""
        on, names = self.on, self.predictor.available()
        look: set[Component] = {on.results}
        view: set[Block] = {on.table, on.place, on.before, on.after}
        starts: set[Block] = {on.start, on.attempt, on.cancel}
        finished = {on.results, on.submission, on.everything, *starts, *on.charts.outputs()}

        def run(order: Callable[[Values, list[str]], Order], values: Values) -> Iterator[Changes]:
            try:
                ordered = order(values, names)
            except MaxDigitError as error:
                yield {on.status: paragraph(texts.told(error))}
                return
            yield from self.run(ordered, values[on.which])

        def finish(values: Values) -> Changes:
            return self.finish(values[on.results])

        def turned(by: int, values: Values) -> Changes:
            results = values[on.results]
            return self.turn(results, replace(results.view, page=results.view.page + by))

        def filtered(values: Values) -> Changes:
            return self.turn(values[on.results], View(values[on.which]))

        def cancelled(values: Values) -> Changes:
            results = values[on.results]
            kept = texts.batch_so_far(len(results.rows), _counts(results)) if results.rows else ""
            return {on.status: paragraphs(texts.BATCH_STOPPED, kept), **turned(0, values)}

        def mend(values: Values, pressed: gr.EventData) -> Changes:
            return self.mend(values[on.results], pressed.row, pressed.digit)

        save_csv(on.submission, lambda v: ("submission.csv", submission_csv(v[on.results])), {on.results})
        save_csv(on.everything, lambda v: ("maxdigit_results.csv", full_csv(v[on.results])), {on.results})
        # Several at once, so that one visitor's large array does not delay others.
        said = {"concurrency_limit": 4, **LATEST}
        gr.on(on.drop.change, lambda v: self.recognise(v[on.drop]), {on.drop}, {on.recognised}, **said)
        running = [
            gr.on(
                button.click,
                partial(run, order),
                {on.drop, on.model, on.others, on.which},
                {on.results, on.status, on.outcome, *on.charts.outputs(), *starts, *view},
                concurrency_limit=1,
                concurrency_id="batch",
                **QUIET,
            )
            for button, order in ((on.start, on.order), (on.attempt, on.trial))
        ]
        for one in running:
            one.then(finish, {on.results}, finished, **QUIET).then(partial(turned, 0), look, view, **QUIET)
        # The results so far are kept, and shown again at the end, because pictures in progress are still added.
        stopped = {on.status, *view}
        gr.on(on.cancel.click, cancelled, look, stopped, cancels=running, **QUIET).then(
            finish, {on.results}, finished, **QUIET
        ).then(cancelled, look, stopped, **QUIET)
        gr.on(on.which.input, filtered, {on.which, *look}, view, **QUIET)
        gr.on(on.before.click, partial(turned, -1), look, view, **QUIET)
        gr.on(on.after.click, partial(turned, 1), look, view, **QUIET)
        gr.on(on.table.select, mend, look, {on.results, *view, *on.charts.corrected()}, **QUIET | CARRYING)

    def recognise(self, value: str) -> Changes:
        """Describe what was dropped: how many pictures, whether they have labels, and what is wrong."""
        try:
            given = dropped(value)
            if given.is_uploading:
                return {self.on.recognised: gr.skip()}
            return {self.on.recognised: _said(tell_apart(given.files)) if given.files else ""}
        except MaxDigitError as error:
            return {self.on.recognised: paragraph(texts.told(error))}

    def run(self, order: Order, which: str) -> Iterator[Changes]:
        """Answer picture after picture, and show the results so far: counts, and the rows that the visitor looks at.

        Args:
            order: what to answer.
            which: the filter to begin with; afterwards ``results.view`` says what the visitor looks at.
        """
        on, results, sent = self.on, Results(list(order.models), view=View(which)), ""

        def shown(sentence: str, *, done: int | None = None, count: int = 1) -> Changes:
            is_running = done is not None
            bar = f'<progress value="{done}" max="{count}" aria-label="{escape(texts.PROGRESS)}"></progress>'
            nonlocal sent
            page = self._page(results, results.view)
            page = {block: value for block, value in page.items() if block != on.table or value != sent}
            sent = page.get(on.table, sent)  # usually the page of the table that is shown does not change
            return {
                on.results: results,  # sent with each update, so that Cancel keeps the results so far
                on.status: f"{paragraph(sentence)}{bar if is_running else ''}",
                on.outcome: gr.Column(visible=bool(results.rows)),
                on.start: gr.Button(interactive=not is_running),
                on.attempt: gr.Button(interactive=not is_running),
                on.cancel: gr.Button(interactive=is_running),
                **page,
            }

        try:
            if order.samples:
                count, entries = order.samples, self._samples(order.samples, results)
            else:
                contents = tell_apart(order.files)
                if contents.troubles and not contents.files:
                    raise contents.troubles[0]
                results.labels = contents.labels
                count, entries = read_batch(self.predictor, contents.files)
            asked = title(order.models[0])
            began = shown(texts.batch_progress(0, count, asked, ""), done=0, count=count)
            yield {**began, **on.charts.changes(results)}  # without the charts of a batch before
            self.predictor.warm(order.models[0])
            for answered in answer_batch(self.predictor, entries, results.models):
                results.add(answered)
                done = len(results.rows)
                yield shown(texts.batch_progress(done, count, asked, _counts(results)), done=done, count=count)
        except Exception as error:
            yield shown(texts.told(error))
            return
        yield shown(texts.batch_done(len(results.rows), _counts(results)))

    def _samples(self, count: int, results: Results) -> Iterator[Entry]:
        """Test pictures, equally many of each kind. Their labels are added to the results."""
        for kind in TEST_KINDS:
            for number, sample in enumerate(self.evaluation.evaluation_pictures(kind, count // len(TEST_KINDS))):
                name = f"{kind}_{number:02d}.png"
                results.labels[name] = sample.max_digit
                yield Entry(name, sample.pixels)

    def finish(self, results: Results) -> Changes:
        """What the current results offer: downloads, and charts where there are labels."""
        on = self.on
        has_any = bool(results.rows)
        results.is_finished = True
        return {
            on.results: results,
            on.submission: gr.Button(interactive=has_any),
            on.everything: gr.Button(interactive=has_any),
            on.start: gr.Button(interactive=True),
            on.attempt: gr.Button(interactive=True),
            on.cancel: gr.Button(interactive=False),
            **on.charts.changes(results),
        }

    def turn(self, results: Results, view: View) -> Changes:
        """Show a page of the table, or the nearest one that exists."""
        results.view = results.nearest(view)
        return self._page(results, results.view)

    def mend(self, results: Results, row: Any, digit: Any) -> Changes:
        """Correct an answer, and update what is shown."""
        results.mend(row, digit)
        charts = self.on.charts.changes(results, is_correction=True) if results.is_finished else {}
        return {self.on.results: results, **self.turn(results, results.view), **charts}

    def _page(self, results: Results, view: View) -> Changes:
        """A page of the table, and the buttons for other pages."""
        on = self.on
        table, page, pages = results_page(results, view)
        return {
            on.table: table,
            on.place: paragraph(texts.page_of(page + 1, pages, results.count(view.which))),
            on.before: gr.Button(interactive=page > 0),
            on.after: gr.Button(interactive=page < pages - 1),
        }


def _said(contents: Contents) -> str:
    """What was recognised, in sentences."""
    troubles = [texts.told(trouble) for trouble in contents.troubles]
    if contents.labels and contents.names and not contents.labelled:
        troubles.append(texts.LABELS_UNUSED)
    labelled = contents.labelled if contents.labels else None
    found = texts.recognised(len(contents.names), labelled, contents.passed_over) if contents.names else ""
    return paragraphs(*filter(None, (found, *troubles)))


def _counts(results: Results) -> str:
    """The counts of a batch so far, in words."""
    return texts.batch_counts(
        unsure=results.count("unsure"),
        disagree=results.count("disagree"),
        unread=results.count("unread"),
        right=results.answered.right,
        labelled=results.answered.count,
    )
