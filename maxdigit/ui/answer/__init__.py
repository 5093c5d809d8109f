"""The answer card."""

from maxdigit.ui.answer.answer import (
    Find,
    answer_card,
    contradicting,
    in_words,
    seems_written,
    trouble_card,
    waiting_card,
)

__all__ = [
    "Find",
    "answer_card",
    "contradicting",
    "in_words",
    "seems_written",
    "trouble_card",
    "waiting_card",
]
