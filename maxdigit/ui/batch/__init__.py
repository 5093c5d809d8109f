"""The Batch tab: many pictures at once, a table to correct the answers, and charts where there are labels."""

from __future__ import annotations

import gradio as gr

from maxdigit.inference.predict import Predictor
from maxdigit.ui.batch.answering import Batch
from maxdigit.ui.batch.layout import lay_out
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.texts import labels

__all__ = ["build_batch_tab"]


def build_batch_tab(predictor: Predictor, *, evaluation: Evaluation) -> None:
    """Add the tab's components to the Blocks being built.

    Args:
        predictor: the trained models.
        evaluation: makes test pictures.
    """
    if predictor.available():
        Batch(lay_out(predictor.available()), predictor, evaluation).connect()
    else:
        gr.Markdown(labels.NO_MODELS_HERE)
