"""The measured results of each model, as a sortable table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from html import escape

import gradio as gr

from maxdigit.data.kinds import BLANK, TEST_KINDS
from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import Predictor, title
from maxdigit.models.registry import MODELS
from maxdigit.training.results import KindResult, RunResults, TrainingFacts, read_results
from maxdigit.ui import texts
from maxdigit.ui.sortable_table import Column, SortableTable, sortable
from maxdigit.ui.texts import labels
from maxdigit.ui.theme import model_colour


def build_measurements() -> SortableTable:
    """Add the table, still empty, and the meaning of its columns to the Blocks being built."""
    table = SortableTable("", elem_id="measurements")
    with gr.Accordion(labels.COLUMNS_TITLE, open=False, elem_classes="reading"):
        gr.Markdown(labels.made("columns", _columns))
    return table


def metrics_of(predictor: Predictor, name: str) -> RunResults:
    """A model's measured results; empty if there are none, or if the file is damaged."""
    try:
        return read_results(predictor.folder(name))
    except MaxDigitError:  # the Training page shows the error
        return RunResults()


def with_members(predictor: Predictor, name: str) -> RunResults:
    """A model's results; the ensemble's parameters, file size and work are the sums over its members."""
    metrics = metrics_of(predictor, name)
    if name in MODELS:
        return metrics
    try:
        members = [metrics_of(predictor, member) for member, weight in predictor.weights().items() if weight]
    except MaxDigitError:  # its answer shows the error
        return metrics

    def total(field: str) -> int | None:
        values = [getattr(member, field) for member in members]
        return None if None in values else sum(values)

    return replace(
        metrics,
        parameters=total("parameters"),
        weight_bytes=total("weight_bytes"),
        flops_per_picture=total("flops_per_picture"),
    )


def measured_table(predictor: Predictor, times: Mapping[str, float]) -> str:
    """The table of all models.

    Args:
        predictor: the trained models.
        times: milliseconds of a forward pass here, by model, as far as measured.
    """
    names = predictor.available()
    rows = [model_row(name, with_members(predictor, name), times.get(name)) for name in names]
    return sortable(
        [Column(heading, means) for heading, means in texts.MEASURED_COLUMNS.values()],
        [[row[column] for column in texts.MEASURED_COLUMNS] for row in rows],
        texts.MEASURED_NOTE,
    )


def _columns() -> str:
    return "\n".join(f"- **{heading}**: {means}" for heading, means in texts.MEASURED_COLUMNS.values())


def model_row(name: str, metrics: RunResults, milliseconds: float | None) -> dict[str, tuple[str, float | str | None]]:
    """By column: the cell's HTML and its value for sorting."""
    dot = f'<span class="dot" style="background: {model_colour(name)}"></span>'
    textured = metrics.test.get("textured")
    calibration = textured.calibration_error if textured else None
    spec, pictures = MODELS.get(name), metrics.training.all_pictures
    paper = [] if spec is None else [spec.paper_validation, spec.paper_test]
    return {
        "model": (f"{dot}{escape(title(name))}", title(name)),
        "parameters": _cell(metrics.parameters, texts.number),
        "file": _cell(metrics.weight_bytes and metrics.weight_bytes / 2**20, texts.megabytes),
        "work": _cell(metrics.flops_per_picture and metrics.flops_per_picture / 1e9, partial(texts.number, decimals=2)),
        **{kind: _accuracy(metrics.test.get(kind)) for kind in TEST_KINDS},
        "calibration_error": _cell(calibration, texts.percent),
        BLANK: _cell(metrics.blank.confident_share if metrics.blank else None, texts.percent),
        "time": _cell(milliseconds, texts.milliseconds),
        "training": (
            f"{texts.number(pictures)}<br><small>{escape(_how(metrics.training))}</small>" if pictures else "",
            pictures,
        ),
        "paper": (
            " / ".join("-" if share is None else texts.percent(share) for share in paper),
            spec.paper_validation if spec else None,
        ),
    }


def _how(training: TrainingFacts) -> str:
    """How long a model was trained, and on which device."""
    time = texts.minutes(training.all_seconds) if training.all_seconds else ""
    return ", ".join(filter(None, (time, training.device)))


def _cell(value: float | None, say: Callable[[float], str]) -> tuple[str, float | None]:
    return ("" if value is None else say(value), value)


def _accuracy(measured: KindResult | None) -> tuple[str, float | None]:
    if measured is None:
        return "", None
    low, high = measured.interval95
    interval = f"<small>{texts.interval(low, high)}, n = {texts.number(measured.count)}</small>"
    return f"<b>{texts.percent(measured.accuracy)}</b><br>{interval}", measured.accuracy
