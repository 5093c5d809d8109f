"""Generated samples, and the examples."""

from __future__ import annotations

import pytest
from ui_support import ClassifyTab, FakePredictor

from maxdigit.data.backgrounds import FAMILIES
from maxdigit.data.pictures import TEST_KINDS
from maxdigit.ui import texts
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.examples import EXAMPLES, HARD, example, example_grid


def test_samples_that_cannot_be_chosen_are_explained_and_nothing_else_changes() -> None:
    tab = ClassifyTab(FakePredictor())
    page = tab.page
    changes = tab.answering.new_sample("textured", "rings", "12", "resnet18")
    assert changes[page.state.choice] is None
    assert texts.THREE_DIGITS in changes[page.sample.truth] and texts.THREE_DIGITS in changes[page.answer]


def test_families_and_kinds_on_the_page_are_those_there_are() -> None:
    assert tuple(texts.FAMILIES) == FAMILIES
    assert tuple(texts.SAMPLE_KINDS) == TEST_KINDS == tuple(texts.KINDS)


def test_there_is_an_example_of_everything() -> None:
    samples = [choice.sample(Evaluation()) for choice in EXAMPLES]
    assert {sample.family for sample in samples} == {*texts.FAMILIES, None}
    assert {choice.kind for choice in EXAMPLES} == set(texts.SAMPLE_KINDS)
    assert example_grid(Evaluation()).count("<button") == len(EXAMPLES) + len(HARD)


@pytest.mark.parametrize("number", [-1, len(EXAMPLES) + len(HARD), None, "0", 1.0, True])
def test_what_is_no_example_opens_none(number: object) -> None:
    assert example(number) is None
    assert example(0) == EXAMPLES[0]
