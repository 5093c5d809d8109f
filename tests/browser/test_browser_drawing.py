"""Drawing in a browser: with mouse, keys and finger."""

from __future__ import annotations

import numpy as np
import pytest
from browser_support import (
    DIGITS,
    PHONE,
    Opener,
    answered,
    draw,
    ink_at,
    settled,
    shares,
    stands_still,
    strokes_on,
    swipe,
)
from playwright.sync_api import expect
from ui_support import FakePredictor

from maxdigit.inference.digits import find_digits
from maxdigit.ui import texts


def test_three_digits_drawn_with_the_mouse_are_answered(opened: Opener, predictor: FakePredictor) -> None:
    page = opened()
    expect(page.locator(".answer h2")).to_have_text(texts.DRAW_SOMETHING)
    draw(page)
    expect(answered(page)).to_contain_text("The largest digit is")
    settled(page)
    assert sum(shares(page)) == pytest.approx(100, abs=0.6) and len(shares(page)) == 10
    best = page.locator(".bar-best .bar-digit").inner_text()
    assert answered(page).inner_text() == texts.headline(int(best))

    # The model got what the pad shows, fitted to it, until the visitor says no.
    fitted = predictor.seen[-1]
    assert (fitted > 128).any(1).sum() < 80, "digits of 32 pixels in two lines"
    caption = page.locator(".answer-saw figcaption")
    expect(caption).to_contain_text(texts.SAW_FITTED)
    caption.get_by_role("button", name=texts.UNFIT).click()
    expect(caption).to_contain_text(texts.SAW_WHOLE)
    settled(page)
    whole = predictor.seen[-1]
    assert all(whole[int(128 * y), int(128 * x)] == 255 for (x, y), *_ in DIGITS)
    assert whole[64, 64] == 0
    caption.get_by_role("button", name=texts.FIT).click()
    expect(caption).to_contain_text(texts.SAW_FITTED)
    settled(page)
    assert (predictor.seen[-1] == fitted).all()


def test_small_digits_in_a_corner_are_read_like_large_ones(opened: Opener, predictor: FakePredictor) -> None:
    page = opened()
    draw(page)
    settled(page)
    large = find_digits(predictor.seen[-1])
    page.get_by_role("button", name=texts.PAD["clear"]).click()
    page.locator(".pad input[type=range]").fill("20")
    draw(page, [[(0.04 + 0.4 * x, 0.55 + 0.4 * y) for x, y in line] for line in DIGITS])
    settled(page)
    small = find_digits(predictor.seen[-1])
    assert len(large) == len(small) == 3
    assert np.abs(np.array(large) - small).max() <= 3, "pixels"


def test_the_evidence_for_a_pressed_bar_follows_the_drawing_until_it_is_pressed_again(opened: Opener) -> None:
    page = opened()
    draw(page, DIGITS[:2])
    expect(answered(page)).to_be_visible()
    caption, top = page.locator(".answer-saw figcaption"), page.locator(".bars").bounding_box()["y"]
    page.locator(".bar").nth(4).click()
    expect(caption).to_contain_text(texts.WHY.format(digit=4))
    assert page.locator(".bar-asked .bar-digit").inner_text() == "4"
    assert page.locator(".bars").bounding_box()["y"] == pytest.approx(top, abs=1), "nothing may jump"
    page.locator(".bar").nth(2).focus()
    page.keyboard.press("Enter")
    expect(caption).to_contain_text(texts.WHY.format(digit=2))
    draw(page, DIGITS[2:])
    expect(page.locator(".finds button")).to_have_count(3)
    settled(page)
    expect(caption).to_contain_text(texts.WHY.format(digit=2))
    expect(page.locator(".marks .heat:visible")).to_have_count(1)
    bar = page.locator(".bar").nth(2)
    expect(bar).to_have_attribute("aria-pressed", "true")
    bar.click()
    expect(caption).to_contain_text(texts.SAW_FITTED)
    expect(page.locator(".heat")).to_have_count(0)
    expect(bar).to_have_attribute("aria-pressed", "false")


def test_a_digit_is_erased_and_put_back(opened: Opener, predictor: FakePredictor) -> None:
    page = opened()
    draw(page)
    finds = page.locator(".finds button")
    expect(finds).to_have_count(3)
    settled(page)  # an answer to the last stroke would put back what is erased
    finds.nth(1).click()
    expect(finds.nth(1)).to_have_attribute("aria-pressed", "true")
    settled(page)
    assert predictor.seen[-1][:64, :40].any() and not predictor.seen[-1][68:].any(), "the 7 below is gone"
    page.locator(".bar").nth(2).click()
    expect(page.locator(".answer-saw figcaption")).to_contain_text(texts.WHY.format(digit=2))
    expect(finds.nth(1)).to_have_attribute("aria-pressed", "true")
    finds.nth(1).click()
    expect(finds.nth(1)).to_have_attribute("aria-pressed", "false")
    # The digits found are boxed in the picture, and a press on a box does the same; without any there is no answer.
    boxes = page.locator(".answer-saw rect")
    expect(boxes).to_have_count(3)
    for number in range(3):
        boxes.nth(number).click()
        expect(boxes.nth(number)).to_have_class("erased")
        expect(finds.nth(number)).to_have_attribute("aria-pressed", "true")
    boxes.nth(0).click()
    expect(finds.first).to_have_attribute("aria-pressed", "false")


def test_the_answer_comes_while_the_line_is_still_drawn(opened: Opener) -> None:
    page = opened()
    box = page.locator(".pad-canvas").bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 60)
    page.mouse.down()
    for step in range(40):
        page.mouse.move(box["x"] + 40 + 8 * step, box["y"] + 60)
    expect(answered(page)).to_be_visible()
    page.mouse.up()


def test_undo_redo_and_clear_by_button_and_key(opened: Opener) -> None:
    page = opened()
    undo, redo, clear = (page.get_by_role("button", name=texts.PAD[name]) for name in ("undo", "redo", "clear"))
    expect(undo).to_be_disabled()
    draw(page)
    assert strokes_on(page) == 3
    undo.click()
    assert strokes_on(page) == 2
    redo.click()
    assert strokes_on(page) == 3
    clear.click()
    assert strokes_on(page) == 0
    expect(page.locator(".answer h2")).to_have_text(texts.DRAW_SOMETHING)
    expect(page.locator(".pad-hint")).to_have_css("opacity", "1")

    undo.click()  # clearing can be taken back too
    assert strokes_on(page) == 3
    expect(answered(page)).to_be_visible()
    page.locator(".pad-canvas").focus()
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert strokes_on(page) == 1
    page.keyboard.press("Control+y")
    page.keyboard.press("Control+Shift+z")
    assert strokes_on(page) == 3
    for _ in range(3):
        page.keyboard.press("Control+z")
    expect(page.locator(".answer h2")).to_have_text(texts.DRAW_SOMETHING)
    page.keyboard.press("Control+y")
    page.keyboard.press("Delete")
    expect(page.locator(".answer h2")).to_have_text(texts.DRAW_SOMETHING)


def test_the_arrow_keys_and_the_space_bar_draw(opened: Opener, predictor: FakePredictor) -> None:
    page = opened()
    page.locator(".pad-canvas").focus()
    page.keyboard.press("ArrowUp")
    assert ink_at(page, [(0.5, 0.476)]) == 0, "the pen is lifted"
    page.keyboard.press("Space")
    expect(page.locator(".pad-note")).to_have_text(texts.PAD["down"])
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    page.keyboard.down("ArrowDown")
    for _ in range(5):
        page.keyboard.press("ArrowLeft")  # with the other held: aslant
    page.keyboard.up("ArrowDown")
    page.keyboard.press("Space")
    expect(page.locator(".pad-note")).to_have_text(texts.PAD["lifted"])
    page.keyboard.press("Shift+ArrowDown")
    settled(page)
    assert ink_at(page, [(0.5, 0.476), (0.74, 0.476), (0.62, 0.62)]) == 3
    assert (predictor.seen[-1] > 128).any() and answered(page).is_visible()
    page.keyboard.press("Control+z")
    assert ink_at(page, [(0.62, 0.476)]) == 0, "one line, from where the pen was put down"


def test_eraser_and_brush_size(opened: Opener, predictor: FakePredictor) -> None:
    page = opened()
    slider = page.locator(".pad input[type=range]")
    draw(page, (((0.3, 0.3), (0.7, 0.3)),))
    page.keyboard.press("]")
    page.keyboard.press("]")
    expect(slider).to_have_value("56")
    page.keyboard.press("e")
    expect(page.get_by_role("button", name=texts.PAD["eraser"])).to_have_attribute("aria-pressed", "true")
    draw(page, (((0.5, 0.1), (0.5, 0.5)),))
    page.locator(".answer-saw [data-fit]").click()  # the whole pad
    settled(page)
    assert predictor.seen[-1][38, 64] == 0 and predictor.seen[-1][38, 50] == 255
    page.locator(".pad-canvas").focus()
    page.keyboard.press("b")
    slider.fill("80")
    draw(page, (((0.2, 0.8), (0.8, 0.8)),))
    settled(page)
    column = predictor.seen[-1][80:, 64]
    assert column.sum() / 255 == pytest.approx(10.2, abs=0.6)


def test_ink_is_under_the_pointer_after_scroll_and_resize(opened: Opener) -> None:
    page = opened()
    page.set_viewport_size({"width": 700, "height": 500})
    stands_still(page)
    page.evaluate("window.scrollTo(0, 60)")
    stands_still(page)
    draw(page)
    assert strokes_on(page) == 3
    assert (
        page.evaluate("(() => { const c = document.querySelector('.pad-canvas'); return c.width - c.clientWidth })()")
        == 0
    )


def test_a_drawing_survives_tabs_models_and_a_reload(opened: Opener) -> None:
    page = opened()
    draw(page)
    expect(answered(page)).to_be_visible()
    page.get_by_label("PyTorch CNN").check()
    expect(page.locator(".answer-foot")).to_contain_text("PyTorch CNN")
    page.get_by_role("tab", name=texts.UPLOAD).click()
    expect(page.locator(".answer h2")).to_have_text(texts.UPLOAD_SOMETHING)
    page.get_by_role("tab", name=texts.TRAINING).click()
    page.get_by_role("tab", name=texts.CLASSIFY).click()
    page.get_by_role("tab", name=texts.DRAW).click()
    expect(answered(page)).to_be_visible()
    assert strokes_on(page) == 3
    page.goto(page.url.split("?")[0] + "?__theme=dark")
    expect(answered(page)).to_be_visible()
    assert strokes_on(page) == 3


def test_a_finger_draws_on_the_pad_and_scrolls_beside_it(opened: Opener) -> None:
    page = opened(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    for choice in page.locator("#model label").all():
        edges = choice.bounding_box()
        assert edges["x"] >= 0 and edges["x"] + edges["width"] <= 390, "every model can be chosen"
    box = page.locator(".pad-canvas").bounding_box()
    assert box["width"] > 300 and abs(box["width"] - box["height"]) < 1
    swipe(page, box["x"] + box["width"] / 2, box["y"] + 30, box["y"] + box["height"] - 30)
    assert page.evaluate("window.scrollY") == 0, "drawing must not scroll the page"
    expect(answered(page)).to_be_visible()
    assert box["x"] >= 24, "no room beside the pad to scroll by"
    swipe(page, box["x"] / 2, box["y"] + 30, box["y"] + box["height"] - 30)
    assert page.evaluate("window.scrollY") > 50, "beside the pad the page must scroll"
