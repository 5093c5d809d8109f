"""Where the models fail: a chart of their accuracy against a property of the pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from maxdigit.inference.predict import Predictor
from maxdigit.training.results import KindResult
from maxdigit.ui import texts
from maxdigit.ui.browser import charts_to_svg
from maxdigit.ui.charts import against_figure, against_table
from maxdigit.ui.choice import choice
from maxdigit.ui.compare.measurements import metrics_of
from maxdigit.ui.downloads import save_csv
from maxdigit.ui.events import LATEST, Changes, Values
from maxdigit.ui.html import html_block, paragraph
from maxdigit.ui.texts import labels


def build_accuracy(predictor: Predictor, *, opened: Callable[..., Any]) -> gr.Radio:
    """Add the chart and its settings to the Blocks being built.

    Args:
        predictor: the trained models.
        opened: the event of the tab being shown.

    Returns:
        The choice of the kind of pictures, which also applies to the mistakes.
    """
    kind = choice(labels.KIND, labels.SAMPLE_KINDS, "textured", elem_id="compare-kind")
    against = choice(labels.AGAINST, labels.AGAINST_CHOICES, "digit", elem_id="compare-against")
    chart = gr.Plot(show_label=False, label=labels.BREAKS_TITLE, container=False, elem_id="against")
    with gr.Row(elem_classes="save"):
        note = html_block(elem_classes="caption")
        save_svg = gr.Button(labels.SAVE_SVG, size="sm", elem_id="against-svg")
        save_table = gr.Button(labels.SAVE_CSV, size="sm", elem_id="against-csv")

    def measured(values: Values) -> dict[str, KindResult]:
        tests = {name: metrics_of(predictor, name).test.get(values[kind]) for name in predictor.available()}
        return {name: found for name, found in tests.items() if found}

    def draw(values: Values) -> Changes:
        factor = values[against]
        figure = against_figure(measured(values), factor)
        if figure is None:
            return {chart: None, note: paragraph(texts.NOTHING_MEASURED), save_table: gr.Button(interactive=False)}
        told = paragraph(texts.AGAINST_NOTES.get(factor, ""))
        return {chart: figure, note: told, save_table: gr.Button(interactive=True)}

    def table(values: Values) -> tuple[str, str]:
        factor = values[against]
        return f"accuracy-{values[kind]}-{factor}.csv", against_table(measured(values), factor)

    gr.on([opened, kind.input, against.input], draw, {kind, against}, {chart, note, save_table}, **LATEST)
    save_csv(save_table, table, {kind, against})
    save_svg.click(None, js=charts_to_svg("#against", "accuracy.svg"), api_visibility="private")
    return kind
