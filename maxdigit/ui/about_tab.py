"""The About tab: what this is, and how to use it from a program."""

from __future__ import annotations

import gradio as gr

from maxdigit.inference.predict import Predictor
from maxdigit.ui import texts
from maxdigit.ui.classify_tab import DEFAULT_MODEL, default_model
from maxdigit.ui.texts import labels


def build_about_tab(predictor: Predictor) -> None:
    """Put the tab's text where the caller is."""
    names = predictor.available()
    gr.Markdown(labels.ABOUT_TEXT, elem_classes="reading")
    with gr.Accordion(labels.API_TITLE, open=False, elem_id="program", elem_classes="reading"):
        gr.Markdown(
            labels.made(
                "endpoints",
                lambda: texts.API_TEXT.format(
                    model=default_model(names) or DEFAULT_MODEL,
                    models=", ".join(f"`{name}`" for name in names) or texts.NO_MODELS_FOR_API,
                ),
            )
        )
