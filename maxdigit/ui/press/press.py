"""HTML whose parts can be pressed, which sends their values to the server."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any, Literal

import gradio as gr

_SCRIPT = Path(__file__).with_name("script.js").read_text(encoding="utf-8")


class Pressable(gr.HTML):
    """Shows HTML; a press on an element that :func:`pressed` has marked fires its event.

    Marked elements are buttons, for keyboards and screen readers, and shapes that repeat a button for the pointer.
    """

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        super().__init__(value, apply_default_css=False, js_on_load=_SCRIPT, **kwargs)


def pressed(event: Literal["select", "edit"] = "select", **values: int | str | bool | None) -> str:
    """Attributes that mark an element.

    Args:
        event: what a press on it fires.
        values: the event's values. Text that is valid JSON arrives decoded.
    """
    said = "".join(f' data-{name}="{escape(_as_text(value))}"' for name, value in values.items())
    return f'data-press="{event}"{said}'


def _as_text(value: int | str | bool | None) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
