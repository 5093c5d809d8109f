"""The Compare tab: every model on the same picture, their measured results, and their mistakes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from maxdigit.inference.predict import Predictor
from maxdigit.ui.classify import ClassifyPage
from maxdigit.ui.compare.accuracy import build_accuracy
from maxdigit.ui.compare.asking import Asking
from maxdigit.ui.compare.error_analysis import Mistakes
from maxdigit.ui.compare.measurements import build_measurements
from maxdigit.ui.compare.stressing import Stressing
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.html import html_block
from maxdigit.ui.stress import StressTest
from maxdigit.ui.texts import labels

__all__ = ["build_compare_tab"]


def build_compare_tab(
    predictor: Predictor, classify: ClassifyPage, *, evaluation: Evaluation, opened: Callable[..., Any]
) -> None:
    """Add the tab's components to the Blocks being built.

    Args:
        predictor: the trained models.
        classify: has the picture that is compared.
        evaluation: makes samples and test pictures.
        opened: the event of the tab being opened; nothing is computed or read before.
    """
    if not predictor.available():
        gr.Markdown(labels.NO_MODELS_HERE)
        return
    with gr.Row(elem_classes="headline"):
        html_block(f"<h2>{labels.COMPARE_TITLE}</h2>")
        another = gr.Button(labels.COMPARE_ANOTHER, elem_id="compare-another", scale=0)
    replies = html_block(elem_id="side-by-side")
    stress = StressTest(elem_id="stress")
    _heading(labels.MEASURED_TITLE)
    table = build_measurements()
    _heading(labels.BREAKS_TITLE)
    kind = build_accuracy(predictor, opened=opened)
    _heading(labels.MISTAKES_TITLE)
    mistakes = Mistakes.laid_out(predictor, evaluation, kind)
    mistakes.connect()
    # Gradio handles the events of opening the tab one after the other. What takes longest comes last: the models, and
    # the generator of pictures, if it has to be started.
    mistakes.connect_matrix(opened)
    asking = Asking(predictor, evaluation, replies, table, gr.State({}), gr.State(None))
    asking.connect(classify, another=another.click, opened=opened)
    mistakes.connect_pictures(opened)
    Stressing(predictor, stress, asking.compared).connect()


def _heading(text: str) -> None:
    html_block(f"<h2>{text}</h2>", elem_classes="section")
