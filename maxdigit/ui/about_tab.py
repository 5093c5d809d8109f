"""The About tab: what this is, the models' cards, and how to use it from a program."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import gradio as gr

from maxdigit.inference.predict import DEFAULT_MODEL, Predictor, default_model, title
from maxdigit.models.run_folder import CARD
from maxdigit.ui import texts
from maxdigit.ui.texts import labels


def build_about_tab(predictor: Predictor) -> None:
    """Add the tab's text to the Blocks being built."""
    names = predictor.available()
    gr.Markdown(labels.ABOUT_TEXT, elem_classes="reading")
    for name in names:
        if card := card_text(predictor.folder(name)):
            heading = labels.made(f"card of {name}", partial(_card_title, name))
            with gr.Accordion(heading, open=False, elem_classes="reading card"):
                gr.Markdown(card)
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


def _card_title(name: str) -> str:
    return texts.CARD_TITLE.format(title=title(name))


def card_text(folder: Path) -> str:
    """A run's model card without its metadata and its title; empty if there is none."""
    try:
        text = (folder / CARD).read_text(encoding="utf-8")
    except OSError:  # the ensemble and runs in progress have none
        return ""
    _, _, titled = text.partition("\n# ")
    _, _, body = titled.partition("\n")
    return body.replace("\n## ", "\n#### ")  # below the page's own headings
