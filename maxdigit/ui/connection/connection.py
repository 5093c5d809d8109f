"""A page stays open while its server is away, says so, and goes on when the server is back."""

from __future__ import annotations

import json
from pathlib import Path

from maxdigit.ui.texts.language import LANGUAGES

_SCRIPT = Path(__file__).with_name("script.js")


def script() -> str:
    """The script for the page's head, with its text in each language."""
    texts = {code: {"away": module.SERVER_AWAY, "busy": module.SERVER_BUSY} for code, module in LANGUAGES.items()}
    return _SCRIPT.read_text(encoding="utf-8").replace("TEXTS", json.dumps(texts))
