"""The tasks of the game, and when they are done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from maxdigit.inference.predict import Prediction
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.ui.sureness import is_unsure

Kind = Literal["misread", "disagree", "smallest"]

SMALL = 0.08  # of the pad's height: the largest height of a winning digit in the task "smallest"
_HALF = 0.5  # the lowest probability of an answer that counts in the task "disagree"


@dataclass(frozen=True)
class Task:
    """One task."""

    kind: Kind
    drawn: int = 0  # the digit to draw; unused in "disagree"
    read: int = 0  # the wrong answer to provoke, in "misread"


@dataclass(frozen=True)
class Verdict:
    """The judgement of a drawing."""

    is_done: bool
    height: float | None = None  # of the drawing, 0..1 of the pad, if it counts as a record


def parse_task(kind: Any, drawn: Any, read: Any) -> Task | None:
    """The task that the browser names; None if it is not valid."""
    if kind not in ("misread", "disagree", "smallest"):
        return None
    if not all(type(digit) is int and 0 <= digit < NUM_CLASSES for digit in (drawn, read)):
        return None
    return Task(kind, drawn, read)


def judge(task: Task, model: str, answers: Mapping[str, Prediction], height: float) -> Verdict:
    """Whether a drawing does what the task asks for.

    Args:
        task: what is asked for.
        model: the one to fool.
        answers: by model, including its own.
        height: of the drawing, 0..1 of the pad.
    """
    said = {name: answer.max_digit for name, answer in answers.items()}
    if task.kind == "misread":
        # The drawing counts as the digit if another network still recognises it.
        is_seen = any(digit == task.drawn for name, digit in said.items() if name != model)
        return Verdict(said[model] == task.read and is_seen)
    if task.kind == "disagree":
        given = {answer.max_digit for answer in answers.values() if answer.probabilities.max() >= _HALF}
        return Verdict(len(given) > 1)
    is_found = said[model] == task.drawn and not is_unsure(answers[model])
    return Verdict(is_found and height <= SMALL, height if is_found else None)
