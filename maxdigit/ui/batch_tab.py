"""The Batch tab: many pictures at once, their answers in a table to filter, to mend and to download."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from maxdigit.errors import MaxDigitError
from maxdigit.inference.batch import answer_batch, read_batch, read_names_and_labels
from maxdigit.inference.predict import Predictor, default_model, title
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.ui import texts
from maxdigit.ui.downloads import write_download
from maxdigit.ui.mistakes import confusion_matrix
from maxdigit.ui.results import PAGE, Results, ResultsTable, full_csv, results_page, submission_csv
from maxdigit.ui.texts import labels
from maxdigit.ui.theme import model_colour

_HOUR = 3600


def build_batch_tab(predictor: Predictor) -> None:
    """Put the tab's components where the caller is."""
    names = predictor.available()
    if not names:
        gr.Markdown(labels.NO_MODELS_HERE)
        return
    results = gr.State(Results(), time_to_live=_HOUR)
    page = gr.State(0)
    with gr.Row(elem_id="batch"):
        with gr.Column(elem_id="batch-input"):
            gr.HTML(f"<p>{labels.BATCH_HINT}</p>", apply_default_css=False, elem_classes="caption")
            files = gr.File(file_count="multiple", label=labels.FILES, height=170, elem_id="batch-files")
            folder = gr.File(file_count="directory", label=labels.FOLDER, height=150, elem_id="batch-folder")
        with gr.Column(elem_id="batch-settings"):
            model = gr.Radio(
                [(title(name), name) for name in names],
                value=default_model(names),
                label=labels.MODEL,
                show_label=False,
                container=False,
                elem_classes="choice",
            )
            others = gr.Checkbox(False, label=labels.ASK_OTHERS, container=False, visible=len(names) > 1)
            truths = gr.File(
                file_count="single", file_types=[".csv"], label=labels.LABELS, height=150, elem_id="batch-labels"
            )
            with gr.Row():
                start = gr.Button(labels.START, variant="primary", elem_id="batch-start")
                cancel = gr.Button(labels.CANCEL, interactive=False, elem_id="batch-cancel")
    status = gr.HTML(apply_default_css=False, elem_id="batch-status", elem_classes="caption")
    with gr.Column(visible=False, elem_id="batch-results") as outcome:
        with gr.Row(elem_classes="headline"):
            which = gr.Radio(
                [(text, name) for name, text in labels.FILTERS.items()],
                value="all",
                label=labels.FILTER,
                show_label=False,
                container=False,
                elem_classes="choice",
            )
        table = ResultsTable("", elem_id="results-table")
        with gr.Row(elem_id="pager"):
            before = gr.Button(labels.BEFORE, elem_id="page-before", scale=0)
            place = gr.HTML(apply_default_css=False, elem_classes="caption", elem_id="page-place")
            after = gr.Button(labels.AFTER, elem_id="page-after", scale=0)
            submission = gr.DownloadButton(labels.SUBMISSION, elem_id="download-submission", scale=0)
            everything = gr.DownloadButton(labels.EVERYTHING, elem_id="download-everything", scale=0)
        scored = gr.HTML(apply_default_css=False, elem_id="batch-scored")

    quiet = {"show_progress": "hidden", "api_visibility": "private"}
    view = [table, place, before, after, page]
    outputs = [results, status, outcome, start, cancel, *view]
    finished = [results, submission, everything, scored, start, cancel]
    run = start.click(
        partial(_run, predictor, names),
        [files, folder, truths, model, others, which],
        outputs,
        concurrency_limit=1,
        concurrency_id="batch",
        **quiet,
    )
    look = [results, which, page]
    run.then(_finish, [results], finished, **quiet).then(_turn, look, view, **quiet)
    # What was done stays, and is told again at the end: pictures that were on their way still come.
    stopped = [status, *view]
    gr.on(cancel.click, _cancelled, look, stopped, cancels=[run], **quiet).then(
        _finish, [results], finished, **quiet
    ).then(_cancelled, look, stopped, **quiet)
    gr.on(which.input, partial(_turn, to=0), look, view, **quiet)
    gr.on(before.click, partial(_turn, by=-1), look, view, **quiet)
    gr.on(after.click, partial(_turn, by=1), look, view, **quiet)

    def fix(results: Results, which: str, page: int, pressed: gr.EventData) -> tuple[Any, ...]:
        _mend(results, pressed.row, pressed.digit)
        return results, *_turn(results, which, page)

    gr.on(table.select, fix, look, [results, *view], **quiet).then(_finish, [results], finished, **quiet)


def _run(
    predictor: Predictor,
    names: list[str],
    files: list[str] | None,
    folder: list[str] | None,
    labels: str | None,
    model: str,
    others: bool,
    which: str,
) -> Iterator[tuple[Any, ...]]:
    """Answer for one picture after another, showing what there is."""
    models = [model, *(name for name in names if name != model)] if others else [model]
    results, in_sight = Results(models), 0

    def shown(sentence: str, *, done: int | None = None, count: int = 1) -> tuple[Any, ...]:
        is_running = done is not None
        bar = f'<progress value="{done}" max="{count}" aria-label="{escape(texts.PROGRESS)}"></progress>'
        # The first page fills before the visitor's eyes. After that, page and filter are theirs.
        nonlocal in_sight
        is_filling, in_sight = in_sight < PAGE, len(results.rows)
        # Whoever presses Cancel must find what was done: so the state goes out with each look.
        return (
            results,
            f"<p>{escape(sentence)}</p>{bar if is_running else ''}",
            gr.Column(visible=bool(results.rows)),
            gr.Button(interactive=not is_running),
            gr.Button(interactive=is_running),
            *(_turn(results, which, 0) if is_filling else (gr.skip(),) * 5),
        )

    try:
        results.labels = read_names_and_labels(Path(labels)) if labels else {}
        count, entries = read_batch(predictor, [Path(path) for path in (*(files or ()), *(folder or ()))])
        yield shown(texts.batch_progress(0, count, title(model)), done=0, count=count)
        predictor.warm(model)
        for answered in answer_batch(predictor, entries, models):
            results.add(answered)
            done = len(results.rows)
            yield shown(texts.batch_progress(done, count, title(model)), done=done, count=count)
    except MaxDigitError as error:
        yield shown(texts.told(error))
        return
    yield shown(_summary(results))


def _mend(results: Results, row: Any, digit: Any) -> None:
    """Take a visitor's answer in place of the model's, if there is such a row and such a digit."""
    if row in range(len(results.rows)) and digit in range(NUM_CLASSES) and results.rows[row].probabilities:
        results.rows[row].fixed = digit


def _cancelled(results: Results, which: str, page: int) -> tuple[Any, ...]:
    return f"<p>{escape(texts.BATCH_STOPPED)}</p>", *_turn(results, which, page)


def _finish(results: Results) -> tuple[Any, ...]:
    """What can be had of the results as they are: downloads, and the score where there are labels."""
    buttons = (gr.Button(interactive=True), gr.Button(interactive=False))
    if not results.rows:
        return results, None, None, "", *buttons
    score = results.scored()
    scored = f'<p class="note">{escape(texts.LABELS_UNUSED)}</p>' if results.labels and not score else ""
    if score:
        matrix = confusion_matrix(score["confusion"], model_colour(results.models[0]), can_press=False)
        low, high = score["interval95"]
        said = texts.batch_score(title(results.models[0]), score["accuracy"], low, high, score["count"])
        scored = f'<p class="note">{escape(said)}</p>{matrix}'
    return (
        results,
        write_download("submission.csv", submission_csv(results)),
        write_download("maxdigit_results.csv", full_csv(results)),
        scored,
        *buttons,
    )


def _summary(results: Results) -> str:
    return texts.batch_done(
        len(results.rows), *(len(results.filtered(which)) for which in ("unsure", "disagree", "unread"))
    )


def _turn(results: Results, which: str, page: int, *, to: int | None = None, by: int = 0) -> tuple[Any, ...]:
    """The table's page, and the buttons that turn it."""
    table, page, pages = results_page(results, which, page + by if to is None else to)
    place = f"<p>{escape(texts.page_of(page + 1, pages, len(results.filtered(which))))}</p>"
    return table, place, gr.Button(interactive=page > 0), gr.Button(interactive=page < pages - 1), page
