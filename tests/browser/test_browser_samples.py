"""Samples and examples in a browser."""

from __future__ import annotations

from browser_support import Opener, answered, settled
from playwright.sync_api import expect
from ui_support import FakePredictor

from maxdigit.ui import texts
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.examples import EXAMPLES, HARD


def test_samples_are_answered_and_then_told(opened: Opener) -> None:
    page = opened()
    page.get_by_role("tab", name=texts.SAMPLE).click()
    expect(page.locator("#truth")).to_contain_text("the largest is")
    expect(answered(page)).to_be_visible()
    first = page.locator(".sample-picture").get_attribute("src")
    assert first == page.locator(".answer-picture").get_attribute("src"), "the model sees the sample as it is"
    page.locator("#new-sample").click()
    expect(page.locator(".sample-picture")).not_to_have_attribute("src", first)
    settled(page)
    said = int(answered(page).inner_text()[-1])
    truth = page.locator("#truth").inner_text()
    assert ("is right" in truth) == (f"the largest is {said}:" in truth)
    second = page.locator(".sample-picture").get_attribute("src")
    page.get_by_label("Keras CNN").check()
    expect(page.locator(".answer-foot")).to_contain_text("Keras CNN")
    assert page.locator(".sample-picture").get_attribute("src") == second, "another model gets the same sample"


def test_a_sample_is_made_as_requested(opened: Opener, predictor: FakePredictor) -> None:
    page = opened()
    page.get_by_role("tab", name=texts.SAMPLE).click()
    expect(page.locator("#truth")).to_contain_text("the largest is")
    page.locator("#sample-digits input, #sample-digits textarea").fill("3 1 7")
    page.locator("#sample-digits input, #sample-digits textarea").press("Enter")
    expect(page.locator("#truth")).to_contain_text("the largest is 7")
    page.get_by_label(texts.SAMPLE_KIND).click()
    page.get_by_role("option", name=texts.SAMPLE_KINDS["drawn"]).click()
    settled(page)
    assert sorted(int(digit) for digit in page.locator("#truth").inner_text()[:20] if digit.isdigit())[:3] == [1, 3, 7]
    assert (predictor.seen[-1][:3] == 0).all(), "a drawing has a black ground"
    page.locator("#sample-digits input, #sample-digits textarea").fill("31")
    page.locator("#new-sample").click()
    expect(page.locator(".answer-words p")).to_have_text(texts.THREE_DIGITS)


def test_an_example_opens_as_a_sample_with_its_boxes(opened: Opener, predictor: FakePredictor) -> None:
    page = opened()
    page.get_by_role("tab", name=texts.EXAMPLES, exact=True).click()
    buttons = page.locator(".examples button")
    expect(buttons).to_have_count(len(EXAMPLES) + len(HARD))
    assert buttons.first.inner_text() == texts.FAMILIES["rings"] and buttons.last.inner_text() == texts.HARD
    sample = EXAMPLES[8].sample(Evaluation())
    buttons.nth(8).click()
    expect(page.locator("#truth")).to_contain_text(f"the largest is {sample.max_digit}")
    assert (predictor.seen[-1] == sample.pixels).all()
    expect(page.locator("#modes [role=tab][aria-selected=true]")).to_have_text(texts.SAMPLE)
    boxes = page.locator("#classify .boxed rect")
    expect(boxes.first).to_be_hidden()
    page.get_by_label(texts.SHOW_BOXES).check()
    expect(boxes).to_have_count(2 * len(sample.digits))
    for box in boxes.all():
        expect(box).to_be_visible()
