"""Sentences as HTML."""

from __future__ import annotations

from html import escape


def paragraph(text: str) -> str:
    """A sentence as a paragraph; empty for an empty sentence."""
    return f"<p>{escape(text)}</p>" if text else ""


def paragraphs(*sentences: str) -> str:
    """Each sentence as a paragraph."""
    return "".join(map(paragraph, sentences))
