"""The answer card."""

from maxdigit.ui.answer.answer import (
    UNSURE,
    Find,
    answer_card,
    guess_card,
    in_words,
    seems_written,
    trouble_card,
    waiting_card,
)

__all__ = [
    "UNSURE",
    "Find",
    "answer_card",
    "guess_card",
    "in_words",
    "seems_written",
    "trouble_card",
    "waiting_card",
]
