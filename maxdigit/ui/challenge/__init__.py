"""The game of fooling the networks: a task, judged while it is drawn."""

from maxdigit.ui.challenge.challenge import Challenge
from maxdigit.ui.challenge.rules import Task, Verdict, judge, parse_task

__all__ = ["Challenge", "Task", "Verdict", "judge", "parse_task"]
