"""Pieces of HTML that several parts of the page use."""

from __future__ import annotations

from html import escape


def paragraph(text: str) -> str:
    """A sentence as a paragraph; nothing for no sentence."""
    return f"<p>{escape(text)}</p>" if text else ""


def paragraphs(*sentences: str) -> str:
    """Sentences, each a paragraph."""
    return "".join(map(paragraph, sentences))
