"""How far a picture can be changed before each model's answer changes."""

from maxdigit.ui.stress.stress import Row, StressTest, shown_change, told_change

__all__ = ["Row", "StressTest", "shown_change", "told_change"]
