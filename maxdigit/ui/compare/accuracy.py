"""Where the models break: their accuracy against a property of the pictures, as a chart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from maxdigit.inference.predict import Predictor
from maxdigit.ui import texts
from maxdigit.ui.browser import charts_to_svg
from maxdigit.ui.charts import against_figure, against_table
from maxdigit.ui.choice import choice
from maxdigit.ui.compare.measurements import metrics_of
from maxdigit.ui.downloads import write_download
from maxdigit.ui.events import LATEST, Changes, Values
from maxdigit.ui.html import paragraph
from maxdigit.ui.texts import labels


def build_accuracy(predictor: Predictor, *, opened: Callable[..., Any]) -> gr.Radio:
    """Put the chart and its settings where the caller is.

    Args:
        predictor: the trained models.
        opened: the event that says the tab is shown.

    Returns:
        The choice among the kinds of pictures, on which the mistakes depend too.
    """
    kind = choice(labels.KIND, labels.SAMPLE_KINDS, "textured", elem_id="compare-kind")
    against = choice(labels.AGAINST, labels.AGAINST_CHOICES, "digit", elem_id="compare-against")
    chart = gr.Plot(show_label=False, label=labels.BREAKS_TITLE, container=False, elem_id="against")
    with gr.Row(elem_classes="save"):
        note = gr.HTML(apply_default_css=False, elem_classes="caption")
        save_svg = gr.Button(labels.SAVE_SVG, size="sm", elem_id="against-svg")
        save_csv = gr.DownloadButton(labels.SAVE_CSV, size="sm", elem_id="against-csv")

    def draw(values: Values) -> Changes:
        of_kind, factor = values[kind], values[against]
        tests = {name: metrics_of(predictor, name).test.get(of_kind) for name in predictor.available()}
        measured = {name: found for name, found in tests.items() if found}
        figure = against_figure(measured, factor)
        if figure is None:
            return {chart: None, note: paragraph(texts.NOTHING_MEASURED), save_csv: None}
        table = write_download(f"accuracy-{of_kind}-{factor}.csv", against_table(measured, factor))
        return {chart: figure, note: paragraph(texts.AGAINST_NOTES.get(factor, "")), save_csv: table}

    gr.on([opened, kind.input, against.input], draw, {kind, against}, {chart, note, save_csv}, **LATEST)
    save_svg.click(None, js=charts_to_svg("#against", "accuracy.svg"), api_visibility="private")
    return kind
