"""The game of fooling the networks: tasks, and verdicts on the drawing."""

from maxdigit.ui.challenge.challenge import Challenge
from maxdigit.ui.challenge.rules import Task, Verdict, judge, parse_task

__all__ = ["Challenge", "Task", "Verdict", "judge", "parse_task"]
