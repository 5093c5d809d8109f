"""A choice of one among a few, as a row of buttons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr


def choice(label: str, choices: Mapping[str, str], value: str | None, **kwargs: Any) -> gr.Radio:
    """A choice among ``choices`` (name -> text) as a row of buttons that may wrap; the label is for screen readers."""
    return gr.Radio(
        [(text, name) for name, text in choices.items()],
        value=value,
        label=label,
        container=False,
        show_label=False,
        elem_classes="choice",
        **kwargs,
    )
