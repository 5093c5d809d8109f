"""Pages on bad connections: the scripts for it, with their texts in each language."""

from __future__ import annotations

from pathlib import Path

from maxdigit.ui.texts import in_browser

_FOLDER = Path(__file__).parent


def script() -> str:
    """Keeps a page open while its server cannot be reached: says so, and continues when the server is back."""
    return _script("script.js", away="SERVER_AWAY", busy="SERVER_BUSY")


def loading_head() -> str:
    """HTML for the head: reloads a page that could not load one of its files once, or says that it is incomplete.

    It must come before the first of these files.
    """
    # With its style, as the style sheet of the page may be what is missing.
    style = (_FOLDER / "style.css").read_text(encoding="utf-8")
    loading = _script("loading.js", away="SERVER_AWAY", incomplete="PAGE_INCOMPLETE")
    return f"<style>{style}</style><script>{loading}</script>"


def _script(name: str, **texts: str) -> str:
    written = ", ".join(f"{key}: {in_browser(text)}" for key, text in texts.items())
    return (_FOLDER / name).read_text(encoding="utf-8").replace("TEXTS", f"{{ {written} }}")
