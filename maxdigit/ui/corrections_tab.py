"""The Corrections tab: pictures that visitors reported as answered wrong, to look at, download and delete."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from maxdigit.inference.corrections import Correction, delete, export, kept
from maxdigit.inference.predict import title
from maxdigit.ui import texts
from maxdigit.ui.downloads import browser_file, save_file
from maxdigit.ui.events import CARRYING, QUIET
from maxdigit.ui.gallery import Figure, gallery
from maxdigit.ui.html import paragraphs
from maxdigit.ui.press import Pressable, pressed
from maxdigit.ui.texts import labels

_MOST = 200  # shown at a time


def build_corrections_tab(folder: Path, *, opened: Callable[..., Any]) -> None:
    """Add the tab's components to the Blocks being built.

    Args:
        folder: where corrections are stored.
        opened: the event of the tab being shown.
    """
    gr.Markdown(
        labels.made("corrections", lambda: texts.CORRECTIONS_TEXT.format(folder=folder)), elem_classes="reading"
    )
    with gr.Row(elem_classes="keep"):
        save = gr.Button(labels.CORRECTIONS_EXPORT, size="sm", elem_id="corrections-export")
        clear = gr.Button(labels.CORRECTIONS_CLEAR, size="sm", elem_id="corrections-clear")
    pictures = Pressable(elem_id="gallery")

    gr.on(opened, partial(show_corrections, folder), None, pictures, **QUIET)

    def remove(pressed: gr.EventData) -> str:
        delete(folder, [str(pressed.name)])
        return show_corrections(folder)

    gr.on(pictures.select, remove, None, pictures, **QUIET | CARRYING)
    save_file(save, partial(_export, folder), None)
    is_sure = gr.Checkbox(visible="hidden", label="sure")
    ask = f"() => confirm({texts.in_browser('CORRECTIONS_SURE')})"
    gr.on(clear.click, partial(clear_corrections, folder), is_sure, pictures, js=ask, **QUIET)


def show_corrections(folder: Path) -> str:
    """The corrections as HTML, with their number."""
    found, troubles = kept(folder)
    told = [texts.corrections_kept(len(found)), *troubles]
    return paragraphs(*told) + gallery(map(_figure, found[:_MOST]))


def _figure(one: Correction) -> Figure:
    says = texts.correction(one.digit, title(one.model) if one.model else "", one.answer, one.day)
    delete = f'<button type="button" {pressed(name=one.name)}>{escape(texts.DELETE)}</button>'
    return Figure(one.pixels, says, says, delete)


def _export(folder: Path) -> str:
    return browser_file("corrections.zip", "application/zip", export(folder))


def clear_corrections(folder: Path, is_sure: bool) -> str:
    """Delete all corrections if the visitor ``is_sure``. Returns the rest as HTML."""
    if is_sure:
        delete(folder, [one.name for one in kept(folder)[0]])
    return show_corrections(folder)
