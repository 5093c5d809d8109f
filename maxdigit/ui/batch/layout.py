"""The layout of the Batch tab: files and settings above, results below."""

from __future__ import annotations

from dataclasses import dataclass, replace

import gradio as gr

from maxdigit.errors import MaxDigitError
from maxdigit.inference.bulk import GivenFile
from maxdigit.inference.predict import default_model, title
from maxdigit.ui import texts
from maxdigit.ui.batch.charts import BatchCharts
from maxdigit.ui.choice import choice
from maxdigit.ui.drop_area import DropArea, dropped
from maxdigit.ui.events import Values
from maxdigit.ui.html import html_block
from maxdigit.ui.results_table import ResultsTable
from maxdigit.ui.results_table.batch_results import Results
from maxdigit.ui.texts import labels

_HOUR = 3600  # seconds that results are kept
_SAMPLES = 60  # test pictures in a trial


@dataclass(frozen=True)
class Order:
    """The input and settings of a batch."""

    files: tuple[GivenFile, ...]  # whatever was dropped
    models: tuple[str, ...]  # the first one's answers count
    samples: int = 0  # number of test pictures to use instead of files


@dataclass(frozen=True)
class BatchPage:
    """The tab's components."""

    results: gr.State
    drop: DropArea
    recognised: gr.HTML
    model: gr.Radio
    others: gr.Checkbox
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
    charts: BatchCharts

    def order(self, values: Values, names: list[str]) -> Order:
        """The input and settings of a batch, with the models of these ``names``.

        Raises:
            MaxDigitError: files are still being uploaded, or were not uploaded.
        """
        given = dropped(values[self.drop])
        if given.is_uploading:
            raise MaxDigitError(texts.STILL_UPLOADING)
        return replace(self.trial(values, names), files=given.files, samples=0)

    def trial(self, values: Values, names: list[str]) -> Order:
        """A batch of test pictures, with the same settings."""
        model = values[self.model]
        others = [name for name in names if name != model] if values[self.others] else []
        return Order((), (model, *others), _SAMPLES)


def lay_out(names: list[str]) -> BatchPage:
    """Add the tab's components, without their events, to the Blocks being built."""
    results = gr.State(Results(), time_to_live=_HOUR)
    with gr.Row(elem_id="batch"):
        with gr.Column(elem_id="batch-input"):
            drop = DropArea(elem_id="batch-drop")
            recognised = html_block(elem_id="batch-recognised", elem_classes="caption")
        with gr.Column(elem_id="batch-settings"):
            model = choice(labels.MODEL, {name: title(name) for name in names}, default_model(names))
            others = gr.Checkbox(False, label=labels.ASK_OTHERS, container=False, visible=len(names) > 1)
            with gr.Row():
                start = gr.Button(labels.START, variant="primary", elem_id="batch-start")
                attempt = gr.Button(labels.TRY_BATCH, elem_id="batch-try")
                cancel = gr.Button(labels.CANCEL, interactive=False, elem_id="batch-cancel")
            status = html_block(elem_id="batch-status", elem_classes="caption")
    with gr.Column(visible=False, elem_id="batch-results") as outcome:
        with gr.Row(elem_classes="headline"):
            which = choice(labels.FILTER, labels.FILTERS, "all")
        table = ResultsTable("", elem_id="results-table")
        with gr.Row(elem_id="pager"):
            before = gr.Button(labels.BEFORE, elem_id="page-before", scale=0)
            place = html_block(elem_classes="caption", elem_id="page-place")
            after = gr.Button(labels.AFTER, elem_id="page-after", scale=0)
            submission = gr.Button(labels.SUBMISSION, elem_id="download-submission", scale=0, interactive=False)
            everything = gr.Button(labels.EVERYTHING, elem_id="download-everything", scale=0, interactive=False)
        charts = BatchCharts.laid_out()
    return BatchPage(
        results=results,
        drop=drop,
        recognised=recognised,
        model=model,
        others=others,
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
        charts=charts,
    )
