"""The view inside the network, in a browser: by pointer, by finger, by keys."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from browser_support import DIGITS, LAPTOP, PHONE, Opener, answered, draw, flaws, settled, wait_for
from playwright.sync_api import Locator, Page, expect
from ui_support import FakePredictor

from maxdigit.ui import inside as component
from maxdigit.ui import texts
from maxdigit.ui.texts import english, french
from maxdigit.ui.widget import script_of

FRENCH = {**PHONE, "locale": "fr", "color_scheme": "dark"}
FOLDER = Path(component.__file__).parent


def unfold(page: Page) -> None:
    page.locator(".inside-toggle").click()
    expect(page.locator(".inside-view")).to_be_visible()


def pixels(canvas: Locator) -> str:
    return canvas.evaluate("(canvas) => canvas.toDataURL()")


def test_nothing_is_computed_while_it_is_folded_and_unfolded_it_follows_the_pen(
    opened: Opener, predictor: FakePredictor
) -> None:
    page = opened()
    looked = len(predictor.looked)
    draw(page, DIGITS[:1])
    expect(answered(page)).to_be_visible()
    settled(page)
    assert len(predictor.looked) == looked
    unfold(page)
    expect(page.locator(".inside-sections > li")).to_have_count(3)
    expect(page.locator(".inside-maps button")).to_have_count(24)
    first = pixels(page.locator(".inside-maps canvas").first)
    draw(page, DIGITS[1:])
    settled(page)
    assert (predictor.looked[-1][0] == predictor.seen[-1]).all(), "the last answer's picture"
    assert pixels(page.locator(".inside-maps canvas").first) != first
    page.locator(".inside-toggle").click()
    expect(page.locator(".inside-view")).to_be_hidden()
    looked = len(predictor.looked)
    page.get_by_role("button", name=texts.PAD["undo"]).click()
    settled(page)
    assert len(predictor.looked) == looked


def test_a_map_is_pressed_a_place_is_pointed_at_and_all_of_it_by_keys(opened: Opener, predictor: FakePredictor) -> None:
    page = opened()
    draw(page)
    settled(page)
    page.locator(".inside-toggle").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".inside-view")).to_be_visible()
    picture, place = page.locator(".inside-picture"), page.locator(".inside-place")
    settled(page)
    plain = pixels(picture.locator("canvas"))

    button = page.locator(".inside-maps button").nth(2)
    button.focus()
    page.keyboard.press("Space")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".inside-chosen h4")).to_have_text("Map 3 of Section 1")
    expect(page.locator(".inside-kernel")).to_be_visible()
    expect(page.locator(".inside-exciting img")).to_have_js_property("naturalWidth", 150)
    assert predictor.looked[-1][1] == (0, 2)
    wait_for(lambda: pixels(picture.locator("canvas")) != plain)
    expect(button).to_be_focused()
    page.locator(".inside-maps button").nth(20).click()
    expect(page.locator(".inside-kernel")).to_be_hidden()
    page.locator(".inside-maps button").nth(20).click()
    expect(page.locator(".inside-chosen")).to_be_hidden()
    wait_for(lambda: pixels(picture.locator("canvas")) == plain)

    expect(place).to_have_text(texts.INSIDE["point"])
    settled(page)  # what was pressed has come into sight
    side = picture.bounding_box()["width"]
    picture.hover(position={"x": side / 2, "y": side * 0.55})
    expect(place).to_have_text("The reader reads 7 here (93%).")
    squares = picture.locator("rect")
    expect(squares).to_have_count(3)
    widths = [float(square.get_attribute("width")) for square in squares.all()]
    assert widths == [6, 16, 40], "what a cell of each section sees"
    for square in squares.all():  # the cell's own middle is near the place
        middle = float(square.get_attribute("x")) + float(square.get_attribute("width")) / 2
        assert middle == pytest.approx(64, abs=5)
    picture.hover(position={"x": side / 2, "y": 8})
    expect(place).to_have_text("The reader reads no digit here (93%).")
    page.mouse.move(5, 5)
    expect(squares).to_have_count(0)
    picture.focus()
    page.keyboard.press("ArrowDown")
    expect(place).to_have_text("The reader reads 7 here (93%).")

    expect(page.locator(".inside-flows path.inside-adds")).to_have_count(2)
    expect(page.locator(".inside-flows path.inside-takes")).to_have_count(1)
    expect(page.locator(".inside-sums")).to_contain_text("7 raises the bar of 7 by 6.3.")
    page.keyboard.press("Escape")
    expect(page.locator(".inside-body")).to_be_hidden()
    expect(page.locator(".inside-toggle")).to_be_focused()


def test_sentences_stand_in_place_of_the_view(opened: Opener) -> None:
    page = opened()
    page.locator(".inside-toggle").click()
    expect(page.locator(".inside-said")).to_have_text(texts.INSIDE["nothing"])
    expect(page.locator(".inside-view")).to_be_hidden()
    draw(page)
    expect(page.locator(".inside-view")).to_be_visible()
    expect(page.locator(".inside-said")).to_have_text("")
    page.get_by_label("PyTorch CNN").check()
    expect(page.locator(".inside-head h3")).to_contain_text("PyTorch CNN")
    expect(page.locator(".inside-flows .inside-rest")).to_have_text(texts.INSIDE["rest"])
    page.get_by_role("button", name=texts.PAD["clear"]).click()
    expect(page.locator(".inside-said")).to_have_text(texts.INSIDE["nothing"])
    expect(page.locator(".inside-view")).to_be_hidden()


@pytest.mark.parametrize(
    "device", [LAPTOP, {**LAPTOP, "color_scheme": "dark"}, PHONE, FRENCH], ids=["laptop", "dark", "phone", "french"]
)
def test_it_is_clean_in_light_and_dark_and_a_sheet_on_a_phone(opened: Opener, device: dict) -> None:
    said = french if "locale" in device else english
    page = opened(device)
    draw(page)
    settled(page)
    page.get_by_role("button", name=said.INSIDE["open"]).click()
    expect(page.locator(".inside-view")).to_be_visible()
    page.locator(".inside-maps button").first.click()
    expect(page.locator(".inside-chosen")).to_be_visible()
    settled(page)
    assert flaws(page, "inside") == []
    width, height = device["viewport"]["width"], device["viewport"]["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if shots := os.environ.get("SHOTS"):
        name = f"{shots}/inside-{width}-{device.get('color_scheme', 'light')}"
        page.screenshot(path=f"{name}.png", full_page=width > 500)
        page.locator(".inside-body").evaluate("(body) => { body.style.maxHeight = 'none'; }")
        page.locator(".inside-body").screenshot(path=f"{name}-whole.png")
        page.locator(".inside-body").evaluate("(body) => { body.style.maxHeight = ''; }")
    if width < 500:
        sheet, pad = page.locator(".inside-body").bounding_box(), page.locator(".pad-canvas")
        assert sheet["y"] >= 0.4 * height and sheet["y"] + sheet["height"] == pytest.approx(height, abs=1)
        pad.evaluate("(pad) => pad.scrollIntoView({ block: 'start' })")
        assert pad.bounding_box()["y"] + 0.8 * pad.bounding_box()["height"] < sheet["y"], "it can still be drawn on"
        page.get_by_role("button", name=said.INSIDE["close"]).tap()
        expect(page.locator(".inside-body")).to_be_hidden()


def test_what_comes_late_never_takes_the_place_of_what_is_newer(opened: Opener) -> None:
    """The script by itself, with a page and a server that answer in whatever order."""
    page = opened()
    page.locator(".inside-toggle").click()
    expect(page.locator(".inside-said")).to_have_text(texts.INSIDE["nothing"])
    heard = page.evaluate(
        """(script) => {
            const element = document.querySelector("#inside .inside").parentElement.cloneNode(true);
            element.querySelector(".inside-body").hidden = true;
            document.body.append(element);
            const texts = { en: { INSIDE: { label: "" } } };
            const [props, asked, heard] = [{ value: "", texts }, [], []];
            let changed;
            new Function("element", "props", "trigger", "watch", script)(
                element, props, (_, data) => asked.push(data.number), (_, call) => (changed = call));
            element.querySelector(".inside-toggle").click();
            for (const number of [1, 3, 2, 3, 4]) {
                props.value = JSON.stringify({ number, said: `answer ${number}` });
                changed();
                heard.push(element.querySelector(".inside-said").textContent);
            }
            element.querySelector(".inside-toggle").click();
            props.value = JSON.stringify({ number: 5, said: "answer 5" });
            changed();
            heard.push(element.querySelector(".inside-said").textContent);
            element.remove();
            return [asked, heard];
        }""",
        script_of(FOLDER),
    )
    assert heard == [[1], ["answer 1", "answer 3", "answer 3", "answer 3", "answer 4", "answer 4"]]
