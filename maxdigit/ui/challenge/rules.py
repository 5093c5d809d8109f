"""What the tasks of the game ask for, and when they are done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from maxdigit.inference.predict import Prediction
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.ui.sureness import is_unsure

Kind = Literal["misread", "disagree", "smallest"]

SMALL = 0.08  # of the pad's height: a digit that is found although it is no higher than that wins
_HALF = 0.5  # the least probability with which an answer counts as one that is given


@dataclass(frozen=True)
class Task:
    """One task."""

    kind: Kind
    drawn: int = 0  # the digit to draw; means nothing where the networks shall disagree
    read: int = 0  # the digit for which it shall be taken, where it shall be misread


@dataclass(frozen=True)
class Verdict:
    """How far a drawing does what the task asks for."""

    is_done: bool
    height: float | None = None  # of the drawing, 0..1 of the pad, where it counts


def parse_task(kind: Any, drawn: Any, read: Any) -> Task | None:
    """The task that the browser names; None if it is none."""
    if kind not in ("misread", "disagree", "smallest"):
        return None
    if not all(type(digit) is int and 0 <= digit < NUM_CLASSES for digit in (drawn, read)):
        return None
    return Task(kind, drawn, read)


def judge(task: Task, model: str, answers: Mapping[str, Prediction], height: float) -> Verdict:
    """Whether a drawing does what the task asks for.

    Args:
        task: what is asked for.
        model: the one that shall be fooled.
        answers: by model, its own among them.
        height: of the drawing, 0..1 of the pad.
    """
    said = {name: answer.max_digit for name, answer in answers.items()}
    if task.kind == "misread":
        # The networks judge each other: the drawing is that digit where another one still sees it.
        is_seen = any(digit == task.drawn for name, digit in said.items() if name != model)
        return Verdict(said[model] == task.read and is_seen)
    if task.kind == "disagree":
        given = {answer.max_digit for answer in answers.values() if answer.probabilities.max() >= _HALF}
        return Verdict(len(given) > 1)
    is_found = said[model] == task.drawn and not is_unsure(answers[model])
    return Verdict(is_found and height <= SMALL, height if is_found else None)
