"""The digits that a model reads, in a line of text."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from maxdigit.models.reader import Reading
from maxdigit.ui import texts


def readings_line(readings: Sequence[Reading] | None) -> str:
    """The digits read, from left to right, with their probabilities, as HTML; empty for a model without a reader."""
    if readings is None:
        return ""
    if not readings:
        return escape(texts.READS_NOTHING)
    return f"{escape(texts.READS)} {' · '.join(map(_read, readings))}"


def _read(reading: Reading) -> str:
    said = escape(texts.reads(reading.digit, reading.probability))
    return f'<span class="read" title="{said}"><b>{reading.digit}</b> {texts.percent(reading.probability, 0)}</span>'
