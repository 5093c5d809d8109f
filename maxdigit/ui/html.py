"""Pieces of HTML."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr


def paragraph(text: str) -> str:
    """A sentence as a paragraph; empty for an empty sentence."""
    return f"<p>{escape(text)}</p>" if text else ""


def paragraphs(*sentences: str) -> str:
    """Each sentence as a paragraph."""
    return "".join(map(paragraph, sentences))


def html_block(value: str | None = None, **kwargs: Any) -> gr.HTML:
    """A component that shows HTML without Gradio's own styles for it."""
    return gr.HTML(value, apply_default_css=False, **kwargs)
