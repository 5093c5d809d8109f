"""Generated samples, guessing first, and the examples."""

from __future__ import annotations

import pytest
from ui_support import ClassifyTab, FakePredictor, shares_in

from maxdigit.data.backgrounds import FAMILIES
from maxdigit.data.pictures import TEST_KINDS
from maxdigit.ui import texts
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.examples import EXAMPLES, HARD, example, example_grid
from maxdigit.ui.sampling import Dealt, Score


def test_a_guess_comes_before_the_answer_and_is_scored() -> None:
    predictor = FakePredictor()
    tab, dealt = ClassifyTab(predictor), Dealt(5)
    page = tab.page
    changes = tab.answering.show_sample(dealt, "resnet18", is_hidden=True)
    truth, card = changes[page.sample.truth], changes[page.answer]
    assert texts.GUESS in card and card.count(" disabled") == 0 and shares_in(card) == []
    assert "the largest is" not in truth and not predictor.seen
    largest = dealt.sample(Evaluation()).max_digit
    changes = tab.answering.reveal(dealt, "resnet18", largest, Score())
    score, truth = changes[page.state.score], changes[page.sample.truth]
    assert changes[page.state.is_hidden] is False
    is_right = f"The largest digit is {largest}" in changes[page.answer]
    assert score == Score(1, 1, int(is_right), ("resnet18",)) and "You are right. After 1 sample: you 1" in truth
    changes = tab.answering.reveal(dealt, "resnet18", (largest + 1) % 10, score)
    score, truth = changes[page.state.score], changes[page.sample.truth]
    assert score == Score(2, 1, 2 * is_right, ("resnet18",)) and "You are wrong. After 2 samples" in truth


def test_samples_that_cannot_be_dealt_are_explained_and_nothing_else_changes() -> None:
    tab = ClassifyTab(FakePredictor())
    page = tab.page
    changes = tab.answering.new_sample("textured", "rings", "12", "resnet18", is_hidden=False)
    assert changes[page.state.dealt] is None
    assert texts.THREE_DIGITS in changes[page.sample.truth] and texts.THREE_DIGITS in changes[page.answer]


def test_families_and_kinds_on_the_page_are_those_there_are() -> None:
    assert tuple(texts.FAMILIES) == FAMILIES
    assert tuple(texts.SAMPLE_KINDS) == TEST_KINDS == tuple(texts.KINDS)


def test_there_is_an_example_of_everything() -> None:
    samples = [dealt.sample(Evaluation()) for dealt in EXAMPLES]
    assert {sample.family for sample in samples} == {*texts.FAMILIES, None}
    assert {dealt.kind for dealt in EXAMPLES} == set(texts.SAMPLE_KINDS)
    assert example_grid(Evaluation()).count("<button") == len(EXAMPLES) + len(HARD)


@pytest.mark.parametrize("number", [-1, len(EXAMPLES) + len(HARD), None, "0", 1.0, True])
def test_what_is_no_example_opens_none(number: object) -> None:
    assert example(number) is None
    assert example(0) == EXAMPLES[0]
