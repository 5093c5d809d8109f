"""The Compare tab: every model on the same picture, what each was measured to do, and what it gets wrong."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from maxdigit.errors import MaxDigitError
from maxdigit.inference.digits import is_plain
from maxdigit.inference.predict import Prediction, Predictor, default_model, title
from maxdigit.models.registry import MODELS, NUM_CLASSES
from maxdigit.training.runs import METRICS
from maxdigit.ui import texts
from maxdigit.ui.browser import charts_to_svg
from maxdigit.ui.charts import against_figure, against_table
from maxdigit.ui.classify_tab import ONE_LINE, ClassifyTab
from maxdigit.ui.downloads import write_download
from maxdigit.ui.measured import Measured, Metrics, read_metrics
from maxdigit.ui.mistakes import MatrixCell, MistakesOf, confusion_matrix, mistakes_gallery
from maxdigit.ui.sampling import ANY, Dealt, deal
from maxdigit.ui.shown import Edit, Seen, seen, seen_sample
from maxdigit.ui.sortable import Column, SortableTable, sortable
from maxdigit.ui.texts import labels
from maxdigit.ui.theme import model_colour
from maxdigit.ui.versus import Reply, versus

if TYPE_CHECKING:
    import plotly.graph_objects as go

_PASSES = 5  # of which the median is told as a model's time
_PAGE = 24  # mistakes shown at a time


def build_compare_tab(predictor: Predictor, classify: ClassifyTab, *, opened: Callable[..., Any]) -> None:
    """Put the tab's components where the caller is.

    Args:
        predictor: the trained models.
        classify: whose picture is compared.
        opened: the event that says the tab is shown; nothing is asked or read before.
    """
    names = predictor.available()
    if not names:
        gr.Markdown(labels.NO_MODELS_HERE)
        return
    times = gr.State({})
    with gr.Row(elem_classes="headline"):
        gr.HTML(f"<h2>{labels.COMPARE_TITLE}</h2>", apply_default_css=False)
        another = gr.Button(labels.COMPARE_ANOTHER, elem_id="compare-another", scale=0)
    replies = gr.HTML(apply_default_css=False, elem_id="versus")
    _heading(labels.MEASURED_TITLE)
    table = SortableTable("", elem_id="measured")
    with gr.Accordion(labels.COLUMNS_TITLE, open=False, elem_classes="reading"):
        gr.Markdown(labels.made("columns", _columns))

    _heading(labels.BREAKS_TITLE)
    kind = _choice(labels.KIND, labels.SAMPLE_KINDS, "textured", elem_id="compare-kind")
    against = _choice(labels.AGAINST, labels.AGAINST_CHOICES, "digit", elem_id="compare-against")
    chart = gr.Plot(show_label=False, label=labels.BREAKS_TITLE, container=False, elem_id="against")
    with gr.Row(elem_classes="save"):
        note = gr.HTML(apply_default_css=False, elem_classes="caption")
        save_svg = gr.Button(labels.SAVE_SVG, size="sm", elem_id="against-svg")
        save_csv = gr.DownloadButton(labels.SAVE_CSV, size="sm", elem_id="against-csv")

    _heading(labels.MISTAKES_TITLE)
    whose = _choice(labels.MODEL, {name: title(name) for name in names}, default_model(names), elem_id="mistakes-model")
    cell, shown = gr.State(None), gr.State(_PAGE)
    with gr.Row(elem_id="mistakes"):
        with gr.Column(elem_id="matrix-side"):
            matrix = MatrixCell("", elem_id="matrix")
            family = gr.Dropdown(
                [(labels.ANY_FAMILY, ANY), *((text, name) for name, text in labels.FAMILIES.items())],
                value=ANY,
                label=labels.SAMPLE_FAMILY,
                filterable=False,
                elem_id="mistakes-family",
            )
            everything = gr.Button(labels.MISTAKES_ALL, elem_id="mistakes-all")
        with gr.Column(elem_id="gallery-side"):
            gallery = gr.HTML(apply_default_css=False, elem_id="gallery")
            more = gr.Button(labels.MISTAKES_MORE, elem_id="mistakes-more")

    quiet = {"show_progress": "hidden", "api_visibility": "private", "trigger_mode": "always_last"}
    asked = {**quiet, **ONE_LINE}
    outputs = [replies, table, times]
    gr.on(another.click, partial(_compare_sample, predictor, names), times, outputs, **asked)

    gr.on(
        [opened, kind.input, against.input],
        partial(_chart, predictor, names),
        [kind, against],
        [chart, note, save_csv],
        **quiet,
    )

    save_svg.click(None, js=charts_to_svg("#against", "accuracy.svg"), api_visibility="private")

    pictures = [whose, kind, family, cell, shown]
    found = [matrix, family, gallery, more, cell, shown]
    look = partial(_look, predictor)
    gr.on(
        [opened, whose.input, kind.input, family.input, everything.click],
        partial(look, restart=True),
        pictures,
        found,
        **quiet,
    )

    def press(whose: str, kind: str, family: str, pressed: gr.EventData) -> tuple[Any, ...]:
        return look(whose, kind, family, (pressed.truth, pressed.answer), _PAGE)

    gr.on(matrix.select, press, [whose, kind, family], found, **quiet)
    gr.on(more.click, partial(look, further=True), pictures, found, **quiet)

    # Last of what happens as the page opens: Gradio takes one after the other, and the models need the longest.
    gr.on(opened, partial(_compare, predictor, names), [*classify.shown, times], outputs, **asked)


# ---- The same picture, every model


def _compare(
    predictor: Predictor,
    names: list[str],
    mode: Any,
    value: str | None,
    path: str | None,
    ink: str,
    edit: Edit,
    dealt: Dealt | None,
    times: dict[str, float],
) -> Iterator[tuple[str, str, dict[str, float]]]:
    """Ask one model after the other about what the Classify page shows, or about a sample if it shows nothing."""
    try:
        picture = seen(predictor, mode, value, path, ink, edit, dealt)
    except MaxDigitError as error:
        yield _sentence(texts.told(error)), _table(predictor, names, times), times
        return
    if picture is None:
        yield from _compare_sample(predictor, names, times, about=texts.COMPARE_FRESH)
    else:
        truth = _truth(dealt) if mode == "sample" and dealt else ""
        yield from _ask(predictor, names, times, picture, f"{texts.COMPARE_OURS} {truth}".strip())


def _compare_sample(
    predictor: Predictor, names: list[str], times: dict[str, float], about: str = ""
) -> Iterator[tuple[str, str, dict[str, float]]]:
    dealt = deal("textured", ANY, "")
    yield from _ask(predictor, names, times, seen_sample(dealt), f"{about} {_truth(dealt)}".strip())


def _ask(
    predictor: Predictor, names: list[str], times: dict[str, float], picture: Seen, facts: str
) -> Iterator[tuple[str, str, dict[str, float]]]:
    replies: list[Reply] = []
    show = partial(
        versus,
        names,
        facts=facts,
        sees_digits=bool(picture.boxes) or not is_plain(picture.pixels),
        is_doubtful=picture.is_doubtful,
        has_writing=picture.has_writing,
    )
    yield show(replies, picture.pixels), _table(predictor, names, times), times
    for name in names:
        replies.append(_reply(predictor, name, picture.pixels))
        if replies[-1].prediction:
            times = {**times, name: replies[-1].prediction.milliseconds}
        yield show(replies, picture.pixels), _table(predictor, names, times), times


def _reply(predictor: Predictor, name: str, picture: NDArray[np.uint8]) -> Reply:
    """A model's answer, the time of which is the median of several passes; the first may have to load the model."""
    try:
        predictor.warm(name)
        passes = [predictor.classify(picture, name) for _ in range(_PASSES)]
        median = statistics.median(each.milliseconds for each in passes)
        prediction = Prediction(name, passes[0].probabilities, median)
        return Reply(name, prediction, predictor.explain(picture, name, prediction.max_digit))
    except MaxDigitError as error:
        return Reply(name, trouble=texts.told(error))


def _truth(dealt: Dealt) -> str:
    sample = dealt.sample
    return texts.truth(sample.digits, sample.max_digit, None)


# ---- What each was measured to do


def _metrics(predictor: Predictor, name: str) -> Metrics:
    try:
        return read_metrics(predictor.folder(name) / METRICS)
    except MaxDigitError:  # the Training page says what is wrong with it
        return Metrics()


def _whole(predictor: Predictor, name: str) -> Metrics:
    """A model's metrics; the ensemble has the parameters, weights and work of all that it asks."""
    metrics = _metrics(predictor, name)
    if name in MODELS:
        return metrics
    try:
        members = [_metrics(predictor, member) for member, weight in predictor.weights().items() if weight]
    except MaxDigitError:  # its weights are damaged, which it says when it is asked
        return metrics
    together = {
        field: sum(values) if None not in (values := [getattr(member, field) for member in members]) else None
        for field in ("parameters", "weight_bytes", "flops")
    }
    return replace(metrics, **together)


def _table(predictor: Predictor, names: list[str], times: dict[str, float]) -> str:
    columns = [Column(name, means) for name, means in texts.MEASURED_COLUMNS.items()]
    return sortable(
        columns, [_row(name, _whole(predictor, name), times.get(name)) for name in names], texts.MEASURED_NOTE
    )


def _columns() -> str:
    return "\n".join(f"- **{name}**: {means}" for name, means in texts.MEASURED_COLUMNS.items())


def _row(name: str, metrics: Metrics, milliseconds: float | None) -> list[tuple[str, float | str | None]]:
    """Each cell as it is shown (HTML) and as it is sorted."""
    dot = f'<span class="dot" style="background: {model_colour(name)}"></span>'
    textured = metrics.test.get("textured")
    calibration = textured.calibration_error if textured else None
    spec = MODELS.get(name)
    paper = (
        (texts.percent(spec.paper_validation), texts.percent(spec.paper_test) if spec.paper_test else "-")
        if spec
        else ()
    )
    return [
        (f"{dot}{escape(title(name))}", title(name)),
        _cell(metrics.parameters, texts.number),
        _cell(metrics.weight_bytes and metrics.weight_bytes / 2**20, texts.megabytes),
        _cell(metrics.flops and metrics.flops / 1e9, partial(texts.number, decimals=2)),
        *(_accuracy(metrics.test.get(kind)) for kind in texts.KINDS),
        _cell(calibration, texts.percent),
        _cell(metrics.sure_of_nothing, texts.percent),
        _cell(milliseconds, texts.milliseconds),
        (
            f"{texts.number(metrics.pictures_seen)}<br><small>{escape(_how(metrics))}</small>"
            if metrics.pictures_seen
            else "",
            metrics.pictures_seen,
        ),
        (" / ".join(paper), spec.paper_validation if spec else None),
    ]


def _how(metrics: Metrics) -> str:
    """How long a model trained, and on what."""
    return ", ".join(filter(None, (metrics.seconds and texts.minutes(metrics.seconds), metrics.device)))


def _cell(value: float | None, say: Callable[[float], str]) -> tuple[str, float | None]:
    return ("" if value is None else say(value), value)


def _accuracy(measured: Measured | None) -> tuple[str, float | None]:
    if measured is None:
        return "", None
    low, high = measured.interval
    interval = f"<small>{texts.interval(low, high)}, n = {texts.number(measured.count)}</small>"
    return f"<b>{texts.percent(measured.accuracy)}</b><br>{interval}", measured.accuracy


# ---- Where they break


def _chart(predictor: Predictor, names: list[str], kind: str, against: str) -> tuple[go.Figure | None, str, str | None]:
    """The chart, a note on it, and its numbers as a file."""
    measured = {name: found for name in names if (found := _metrics(predictor, name).test.get(kind))}
    figure = against_figure(measured, against)
    if figure is None:
        return None, _sentence(texts.NOTHING_MEASURED), None
    table = write_download(f"accuracy-{kind}-{against}.csv", against_table(measured, against))
    return figure, _sentence(texts.AGAINST_NOTES.get(against, "")), table


def _look(
    predictor: Predictor,
    whose: str,
    kind: str,
    family: str,
    cell: MistakesOf | None,
    shown: int,
    *,
    restart: bool = False,
    further: bool = False,
) -> tuple[Any, ...]:
    """The confusion matrix, and the mistakes in the chosen cell, or all of them after a ``restart``."""
    if restart:
        cell, shown = None, _PAGE
    if further:
        shown += _PAGE
    if cell == (None, None) or not all(digit is None or digit in range(NUM_CLASSES) for digit in cell or ()):
        cell = None
    family = family if kind == "textured" else ANY
    measured = _metrics(predictor, whose).test.get(kind)
    matrix = confusion_matrix(measured.confusion if measured else [], model_colour(whose), cell)
    try:
        gallery, is_more = mistakes_gallery(
            predictor.folder(whose), kind, None if family == ANY else family, cell, shown
        )
    except MaxDigitError as error:
        gallery, is_more = _sentence(texts.told(error)), False
    picker = gr.update(value=family, interactive=kind == "textured")
    return matrix, picker, gallery, gr.Button(visible=is_more), cell, shown


def _choice(label: str, choices: dict[str, str], value: str, elem_id: str) -> gr.Radio:
    return gr.Radio(
        [(text, name) for name, text in choices.items()],
        value=value,
        label=label,
        container=False,
        show_label=False,
        elem_id=elem_id,
        elem_classes="choice",
    )


def _heading(text: str) -> None:
    gr.HTML(f"<h2>{text}</h2>", apply_default_css=False, elem_classes="section")


def _sentence(text: str) -> str:
    return f"<p>{escape(text)}</p>" if text else ""
