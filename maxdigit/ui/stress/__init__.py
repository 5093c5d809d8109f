"""A picture changed more and more, and how long each model's answer to it stays the same."""

from maxdigit.ui.stress.stress import Row, StressTest, shown_change, told_change

__all__ = ["Row", "StressTest", "shown_change", "told_change"]
