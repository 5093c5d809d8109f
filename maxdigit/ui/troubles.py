"""Models that cannot answer: greyed out in every choice of models, with the reason above the tabs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import NAMES, Predictor, title
from maxdigit.ui import texts
from maxdigit.ui.events import QUIET
from maxdigit.ui.html import html_block


def build_troubles(predictor: Predictor, *, loaded: Callable[..., Any]) -> None:
    """Add the reasons to the Blocks being built.

    Args:
        predictor: the trained models.
        loaded: the event of a page being opened.
    """
    told = html_block(elem_id="troubles")
    loaded(lambda: troubles_html(predictor.troubles()), None, told, **QUIET)


def troubles_html(troubles: Mapping[str, MaxDigitError]) -> str:
    """A sentence for each model that cannot answer, and the style that greys it out; empty if all can."""
    names = [name for name in NAMES if name in troubles]
    if not names:
        return ""
    greyed = ", ".join(f'label:has(input[type="radio"][value="{name}"])' for name in names)
    style = f"<style>{greyed} {{ opacity: 0.4; pointer-events: none; }}</style>"
    told = (texts.MODEL_CANNOT_ANSWER.format(model=title(name), reason=texts.told(troubles[name])) for name in names)
    return style + "".join(f'<p class="note">{escape(sentence)}</p>' for sentence in told)
