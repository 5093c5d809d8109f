"""The Corrections tab: what visitors have said is wrong, to look at, to take along and to delete."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from maxdigit.inference.corrections import Correction, delete, export, kept
from maxdigit.inference.predict import title
from maxdigit.ui import texts
from maxdigit.ui.answer import picture_tag
from maxdigit.ui.browser import TO_FILE
from maxdigit.ui.texts import labels

_MOST = 200  # shown at a time

_PRESSED = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-name]");
  if (button) trigger("select", { name: button.dataset.name });
});
"""


class _Gallery(gr.HTML):
    """Shows corrections; ``select`` fires with the name of the one to delete."""

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        super().__init__(value, apply_default_css=False, js_on_load=_PRESSED, **kwargs)


def build_corrections_tab(folder: Path, *, opened: Callable[..., Any]) -> None:
    """Put the tab's components where the caller is.

    Args:
        folder: where corrections are kept.
        opened: the event that says the tab is shown.
    """
    gr.Markdown(
        labels.made("corrections", lambda: texts.CORRECTIONS_TEXT.format(folder=folder)), elem_classes="reading"
    )
    with gr.Row(elem_classes="keep"):
        save = gr.Button(labels.CORRECTIONS_EXPORT, size="sm", elem_id="corrections-export")
        clear = gr.Button(labels.CORRECTIONS_CLEAR, size="sm", elem_id="corrections-clear")
    gallery = _Gallery(elem_id="gallery")
    handed = gr.Textbox(visible="hidden", label="handed to the browser")

    quiet = {"show_progress": "hidden", "api_visibility": "private"}
    gr.on(opened, partial(_show, folder), None, gallery, **quiet)

    def remove(pressed: gr.EventData) -> str:
        delete(folder, [str(pressed.name)])
        return _show(folder)

    gr.on(gallery.select, remove, None, gallery, **quiet)
    gr.on(save.click, partial(_export, folder), None, handed, **quiet).then(
        None, handed, None, js=TO_FILE, api_visibility="private"
    )
    is_sure = gr.Checkbox(visible="hidden", label="sure")
    ask = f"() => confirm({texts.in_browser('CORRECTIONS_SURE')})"
    gr.on(clear.click, partial(_clear, folder), is_sure, gallery, js=ask, **quiet)


def _show(folder: Path) -> str:
    found, troubles = kept(folder)
    told = [texts.corrections_kept(len(found)), *troubles]
    lines = "".join(f"<p>{escape(line)}</p>" for line in told)
    return f'{lines}<div class="gallery">{"".join(map(_figure, found[:_MOST]))}</div>'


def _figure(one: Correction) -> str:
    says = texts.correction(one.digit, title(one.model) if one.model else "", one.answer, one.day)
    return (
        f"<figure>{picture_tag(one.pixels, says, 'mistake')}<figcaption>{escape(says)} "
        f'<button type="button" data-name="{escape(one.name)}">{escape(texts.DELETE)}</button></figcaption></figure>'
    )


def _export(folder: Path) -> str:
    content = base64.b64encode(export(folder)).decode("ascii")
    return json.dumps({"name": "corrections.zip", "type": "application/zip", "base64": content})


def _clear(folder: Path, is_sure: bool) -> str:
    if is_sure:
        delete(folder, [one.name for one in kept(folder)[0]])
    return _show(folder)
