"""Keeps a page open while its server cannot be reached: it says so, and continues when the server is back."""

from __future__ import annotations

from pathlib import Path

from maxdigit.ui.texts import in_browser

_SCRIPT = Path(__file__).with_name("script.js")


def script() -> str:
    """The script for the page's head, with its texts in each language."""
    texts = f"{{ away: {in_browser('SERVER_AWAY')}, busy: {in_browser('SERVER_BUSY')} }}"
    return _SCRIPT.read_text(encoding="utf-8").replace("TEXTS", texts)
