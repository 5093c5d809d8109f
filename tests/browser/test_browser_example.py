"""The example that a hand draws on a first visit, and the browser's tab, which tells of what is shown."""

from __future__ import annotations

import os
from urllib.parse import urlencode

import pytest
from browser_support import DIGITS, LAPTOP, PHONE, Opener, answered, draw, flaws, ink_at, settled, strokes_on
from playwright.sync_api import Page, expect
from ui_support import FakePredictor, drawing, stroke

from maxdigit.ui import texts
from maxdigit.ui.links import make_query
from maxdigit.ui.pad import parse_strokes
from maxdigit.ui.pad.example import LINES, example_drawing
from maxdigit.ui.pad.strokes import render
from maxdigit.ui.texts import english, french
from maxdigit.ui.view_state import ViewState

# Runs as the page is opened for the first time: notes that the hand was there; then, while it draws, DOES.
WATCHING = """new MutationObserver((_, watch) => {
    if (!document.querySelector(".pad-hand-on")) return;
    watch.disconnect();
    window.sawHand = true;
    DOES
}).observe(document, { subtree: true, childList: true, attributes: true });"""
TOUCHES = {
    "pointer": 'document.body.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }))',
    "key": 'document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Tab", bubbles: true }))',
}

FRENCH = {**PHONE, "locale": "fr", "color_scheme": "dark"}


def ink_of_example(page: Page) -> int:
    """How many of the example's strokes end on the canvas in ink."""
    return ink_at(page, [line[-1] for line in LINES])


@pytest.mark.parametrize("device", [LAPTOP, FRENCH], ids=["laptop", "phone, dark, french"])
def test_on_a_first_visit_a_hand_draws_an_example_once(opened: Opener, predictor: FakePredictor, device: dict) -> None:
    said = french if "locale" in device else english
    page = opened(device, first_visit=WATCHING.replace("DOES", ""))
    expect(page.locator(".pad-note")).to_have_text(said.PAD["example"])
    expect(page.locator(".pad-hand-on")).to_have_count(0)  # it has come to the end
    assert page.evaluate("window.sawHand")
    settled(page)
    assert ink_of_example(page) == len(LINES)
    assert (predictor.seen[-1] == render(parse_strokes(example_drawing()))).all(), "the answer followed to the end"
    expect(answered(page)).to_be_visible()
    assert flaws(page, "example") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= device["viewport"]["width"]
    if shots := os.environ.get("SHOTS"):
        page.screenshot(path=f"{shots}/example-{device['viewport']['width']}.png")
    page.locator(".bar").nth(2).click()  # it can be looked into
    expect(page.locator(".bar-asked .bar-digit")).to_have_text("2")
    assert ink_of_example(page) == len(LINES)

    # The pad is the visitor's as soon as they touch it: nothing of the example is mixed with their drawing.
    draw(page)
    settled(page)
    assert strokes_on(page) == len(DIGITS)
    expect(page.locator(".pad-example")).to_have_count(0)
    for _ in DIGITS:
        page.get_by_role("button", name=said.PAD["undo"]).click()
    expect(page.get_by_role("button", name=said.PAD["undo"])).to_be_disabled()
    settled(page)
    expect(page.locator(".answer h2")).to_have_text(said.DRAW_SOMETHING)

    page.reload()
    expect(page.locator(".pad-live")).to_be_visible()
    settled(page)
    assert ink_of_example(page) == 0, "only once"


@pytest.mark.parametrize("touch", TOUCHES)
def test_any_touch_or_key_while_the_hand_draws_makes_it_go_with_what_it_drew(opened: Opener, touch: str) -> None:
    page = opened(first_visit=WATCHING.replace("DOES", f"setTimeout(() => {TOUCHES[touch]}, 500);"))
    page.wait_for_function("window.sawHand")
    expect(page.locator(".pad-hand-on, .pad-example, .pad-drawn")).to_have_count(0)
    settled(page)
    assert ink_of_example(page) == 0
    expect(page.locator(".answer h2")).to_have_text(texts.DRAW_SOMETHING)


@pytest.mark.parametrize("reason", ["reduced motion", "link to a drawing", "link to a sample", "link to a model"])
def test_no_hand_draws_for_who_wants_no_motion_or_follows_a_link(opened: Opener, reason: str) -> None:
    query, device = "", LAPTOP
    if reason == "reduced motion":
        device = {**LAPTOP, "reduced_motion": "reduce"}
    elif reason == "link to a drawing":
        query = make_query(ViewState("draw", drawing(stroke(points=[[300, 300], [300, 700]]))), "resnet18")
    else:
        query = urlencode(
            {"sample": "7.textured..", "model": "resnet18"} if "sample" in reason else {"model": "resnet18"}
        )
    page = opened(device, query=f"?{query}" if query else "", first_visit=WATCHING.replace("DOES", ""))
    settled(page)
    assert page.evaluate("window.sawHand") is None
    expect(page.locator(".pad-example")).to_have_count(0)
    assert page.evaluate("localStorage.getItem('maxdigit-visited')") is None, "it may still be shown another time"


def test_the_browsers_tab_shows_the_drawing_and_the_answer(opened: Opener) -> None:
    page = opened()
    assert page.title() == texts.TITLE
    draw(page)
    settled(page)
    answer = page.locator(".answer-answered .answer-digit").inner_text()
    assert page.title() == f"{answer} · {texts.TITLE}"
    icon = page.locator("link#answer-icon")
    assert icon.get_attribute("href") == page.locator(".answer-picture").get_attribute("src")
    page.get_by_role("button", name=texts.PAD["clear"]).click()
    expect(page.locator(".answer h2")).to_have_text(texts.DRAW_SOMETHING)
    expect(icon).to_have_count(0)
    assert page.title() == texts.TITLE
