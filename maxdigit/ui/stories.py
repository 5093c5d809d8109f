"""What the curves of the paper's recipes show: a few sentences for each run."""

from __future__ import annotations

from html import escape
from itertools import pairwise

from maxdigit.ui import texts
from maxdigit.ui.charts import SOFTMAX_FLOOR
from maxdigit.ui.saved_runs import Run
from maxdigit.ui.theme import model_colour

_ALWAYS_NINE = 1 - 0.9**3  # the accuracy of always answering 9
_NO_BETTER = 0.03  # an accuracy that is higher by less counts as no better
_LEAST = 0.03  # the smallest fall or gap that is mentioned


def stories(runs: list[Run]) -> str:
    """A list with an item for each run of the paper's recipe; empty if there is none."""
    papers = [run for run in runs if run.recipe == "paper" and not run.is_ink_finder]
    if not papers:
        return ""
    items = "".join(
        f'<li style="--model: {model_colour(run.spec.name)}"><b>{escape(run.spec.title)}.</b> '
        f"{escape(' '.join(_story(run, _tuned(run, runs))))}</li>"
        for run in papers
    )
    return f"<h2>{escape(texts.STORIES_TITLE)}</h2><ul>{items}</ul>"


def _story(run: Run, tuned: Run | None) -> list[str]:
    """What is remarkable in a run's curves, and a comparison with the tuned recipe if both were tested."""
    said = []
    last, validated = run.epochs[-1], [epoch.validation_accuracy for epoch in run.epochs]
    if run.settings.get("softmax_before_loss"):
        said.append(texts.story_floor(SOFTMAX_FLOOR, min(epoch.validation_loss for epoch in run.epochs)))
    flat = next((number for number, share in enumerate(validated) if share > _ALWAYS_NINE + _NO_BETTER), len(validated))
    if flat > 1:
        said.append(texts.story_flat(flat, _ALWAYS_NINE))
    falls = [(before - after, number) for number, (before, after) in enumerate(pairwise(validated), start=1)]
    fall, number = max(falls, default=(0.0, 0))
    if fall >= _LEAST:
        said.append(texts.story_fall(run.epochs[number].epoch, validated[number - 1], validated[number]))
    if last.train_accuracy - last.validation_accuracy >= _LEAST:
        said.append(texts.story_gap(last.train_accuracy, last.validation_accuracy))
    measured = [each.metrics.test.get("textured") if each else None for each in (run, tuned)]
    if measured[0] and measured[1]:
        said.append(texts.story_tests(measured[0].accuracy, measured[1].accuracy))
    return said or [texts.story_end(last.validation_accuracy)]


def _tuned(run: Run, runs: list[Run]) -> Run | None:
    """The run of the same model with the tuned recipe."""
    tuned = [each for each in runs if each.spec is run.spec and each.recipe == "tuned"]
    return next((each for each in tuned if each.is_in_place), tuned[0] if tuned else None)
