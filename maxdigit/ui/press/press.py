"""HTML with parts that can be pressed.

Not ``gr.Button``: the number, the place and the look of these buttons depend on the HTML that the server sends.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any, Literal

import gradio as gr

from maxdigit.ui.widget import scripted


class Pressable(gr.HTML):
    """Shows HTML. A press on an element with the attributes of :func:`pressed` fires an event.

    Such elements are buttons, or shapes that duplicate a button for the pointer.
    """

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        super().__init__(value, **scripted(Path(__file__).parent), **kwargs)


def pressed(event: Literal["select", "edit"] = "select", **values: int | str | bool | None) -> str:
    """The attributes of an element that fires an event when it is pressed.

    Args:
        event: its name.
        values: its values. Text that is valid JSON arrives decoded.
    """
    said = "".join(f' data-{name}="{escape(_as_text(value))}"' for name, value in values.items())
    return f'data-press="{event}"{said}'


def _as_text(value: int | str | bool | None) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
