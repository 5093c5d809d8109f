"""How far a picture can be changed before each model's answer changes."""

from maxdigit.ui.stress.stress import Row, StressTest, stress_message, stress_value

__all__ = ["Row", "StressTest", "stress_message", "stress_value"]
