"""Files that the page offers for download: made when a button is pressed, and saved by the browser itself.

Nothing is written on the server, and no address of a file is needed, which proxies might change.
"""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from maxdigit.ui.browser import TO_FILE
from maxdigit.ui.events import QUIET, Values


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """Rows, the column names first, as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def browser_file(name: str, kind: str, content: bytes) -> str:
    """A file as :data:`maxdigit.ui.browser.TO_FILE` takes it.

    Args:
        name: under which it is saved.
        kind: its MIME type.
        content: what is in it.
    """
    return json.dumps({"name": name, "type": kind, "base64": base64.b64encode(content).decode("ascii")})


def save_csv(button: gr.Button, make: Callable[[Values], tuple[str, str] | None], inputs: set[Component]) -> None:
    """Have a button save a CSV file.

    Args:
        button: in the Blocks being built.
        make: the file's name and text, by the values of ``inputs``; None where there is nothing to save.
        inputs: the components that decide what is saved.
    """
    handed = gr.Textbox(visible="hidden", label="handed to the browser")

    def hand(values: Values) -> str:
        made = make(values)
        return browser_file(made[0], "text/csv", made[1].encode()) if made else ""

    gr.on(button.click, hand, inputs, handed, **QUIET).then(None, handed, None, js=TO_FILE, **QUIET)
