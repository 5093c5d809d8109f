"""Downloads: files that are made when a button is pressed, and saved by the browser.

The server writes no file and needs no URL for it, which proxies might change.
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
    """Rows as CSV; the first has the names of the columns."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def browser_file(name: str, kind: str, content: bytes) -> str:
    """A file as :data:`maxdigit.ui.browser.TO_FILE` takes it.

    Args:
        name: the name of the file.
        kind: its MIME type.
        content: its content.
    """
    return json.dumps({"name": name, "type": kind, "base64": base64.b64encode(content).decode("ascii")})


def save_csv(button: gr.Button, make: Callable[[Values], tuple[str, str] | None], inputs: set[Component]) -> None:
    """Make a button save a CSV file.

    Args:
        button: in the Blocks being built.
        make: returns the file's name and text for the values of ``inputs``; None if there is nothing to save.
        inputs: the components whose values ``make`` needs.
    """

    def hand(values: Values) -> str:
        made = make(values)
        return browser_file(made[0], "text/csv", made[1].encode()) if made else ""

    save_file(button, hand, inputs)


def save_file(button: gr.Button, make: Callable[..., str], inputs: set[Component] | None) -> None:
    """Make a button save a file.

    Args:
        button: in the Blocks being built.
        make: returns the file, as by :func:`browser_file`, for the values of ``inputs``; empty to save nothing.
        inputs: the components whose values ``make`` needs; None if it takes no argument.
    """
    handed = gr.Textbox(visible="hidden", label="handed to the browser")
    gr.on(button.click, make, inputs, handed, **QUIET).then(None, handed, None, js=TO_FILE, **QUIET)
