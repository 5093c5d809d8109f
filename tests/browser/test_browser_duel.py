"""The game against the network, in a browser: by keyboard at a laptop's width, by finger at a phone's."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pytest
from browser_support import LAPTOP, PHONE, Opener, flaws
from PIL import Image
from playwright.sync_api import Page, Route, expect
from ui_support import FakePredictor, served

from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import Prediction
from maxdigit.ui.duel import ROUNDS, SECONDS, STAGES
from maxdigit.ui.duel import duel as component
from maxdigit.ui.texts import english, french
from maxdigit.ui.widget import script_of

# What a phone's browser has and this one lacks.
SHARING = """() => {
    navigator.canShare = ({ files }) => files.length === 1 && files[0].type === "image/png";
    navigator.share = async ({ files }) => (window.shared = files[0].name);
}"""

FOLDER = Path(component.__file__).parent

FRENCH = {**PHONE, "locale": "fr", "color_scheme": "dark"}


@dataclass
class Opponent(FakePredictor):
    """Fails while it is broken."""

    is_broken: bool = False

    def classify(self, picture: np.ndarray, model: str) -> Prediction:
        if self.is_broken:
            raise MaxDigitError("The weights are damaged.")
        return super().classify(picture, model)


@pytest.fixture(scope="module")
def opponent() -> Opponent:
    return Opponent()


@pytest.fixture(scope="module")
def address(opponent: Opponent, runs: Path) -> Iterator[str]:
    with served(opponent, runs) as url:
        yield url


def shot(page: Page, name: str) -> None:
    if shots := os.environ.get("SHOTS"):
        page.screenshot(path=f"{shots}/duel-{name}-{page.viewport_size['width']}.png")


def pattern(sentence: str) -> re.Pattern[str]:
    """What a text of the page looks like once its fields are filled in."""
    return re.compile(re.sub(r"\\\{\w+\\\}", ".+", re.escape(sentence)))


def shown(page: Page) -> None:
    """Wait until a picture is shown and the clock runs."""
    expect(page.locator(".duel-pause")).to_be_visible()
    expect(page.locator(".duel-picture")).to_be_visible()


def told(page: Page) -> None:
    expect(page.locator(".duel-next")).to_be_focused()


@pytest.mark.parametrize("device", [LAPTOP, FRENCH], ids=["laptop, keyboard", "phone, finger, dark, french"])
def test_a_whole_game_is_played_and_its_result_saved(
    opened: Opener, address: str, device: dict, tmp_path: Path
) -> None:
    is_phone = "locale" in device
    said = (french if is_phone else english).DUEL
    page = opened(device, address=address)
    if is_phone:
        page.evaluate(SHARING)
    press = page.tap if is_phone else lambda selector: (page.focus(selector), page.keyboard.press("Enter"))
    press(".duel-toggle")
    expect(page.locator(".duel-go")).to_be_focused()
    expect(page.locator(".duel-rules")).to_contain_text(pattern(said["scoring"]))
    assert flaws(page, "rules") == []
    shot(page, "rules")
    press(".duel-go")
    for number in range(ROUNDS):
        shown(page)
        expect(page.locator(".duel-said")).to_contain_text(f"{number + 1}")
        if number in (0, 12):
            assert flaws(page, "picture") == []
            shot(page, f"picture-{number}")
        if is_phone:
            page.tap(f".duel-digits button >> nth={number % 10}")
        else:
            page.keyboard.press(str(number % 10))
        told(page)
        expect(page.locator(".duel-said")).to_contain_text(pattern(said["shows"]))
        expect(page.locator(".duel-score")).to_contain_text("ResNet18")
        if number == 0:
            assert flaws(page, "verdict") == []
            shot(page, "verdict")
        press(".duel-next")
    expect(page.locator(".duel-totals")).to_contain_text(pattern(said["total"]))
    expect(page.locator("#duel-title")).to_be_focused()
    totals = page.locator(".duel-totals dd").all_inner_texts()
    wrong = [page.locator(f".duel-wrong section >> nth={who} >> img").count() for who in (0, 1)]
    right = [int(re.findall(r"\d+", total)[1]) for total in totals]
    assert [right[who] + wrong[who] for who in (0, 1)] == [ROUNDS, ROUNDS]
    assert flaws(page, "end") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= device["viewport"]["width"]
    shot(page, "end")
    if is_phone:
        page.tap(".duel-share")
        assert page.evaluate("shared") == "maxdigit.png"
    with page.expect_download() as saved:
        press(".duel-save")
    saved.value.save_as(tmp_path / "result.png")
    picture = Image.open(tmp_path / "result.png")
    assert picture.width == 1200 and picture.height > 400 and len(set(picture.convert("L").getdata())) > 50
    if shots := os.environ.get("SHOTS"):
        picture.save(f"{shots}/duel-shared-{device['viewport']['width']}.png")
    press(".duel-again")
    expect(page.locator(".duel-go")).to_be_focused()


def test_the_clock_gives_a_picture_up_stands_in_a_pause_and_can_be_left_out(opened: Opener, address: str) -> None:
    page = opened(address=address)
    page.clock.install()
    page.locator(".duel-toggle").click()
    page.locator(".duel-go").click()
    shown(page)
    page.clock.run_for(2000)
    page.locator(".duel-pause").click()
    expect(page.locator(".duel-resume")).to_be_focused()
    expect(page.locator(".duel-picture")).to_be_hidden()
    seconds = page.locator(".duel-clock b").inner_text()
    page.clock.run_for(1000 * SECONDS)
    assert page.locator(".duel-clock b").inner_text() == seconds
    page.keyboard.press("5")
    expect(page.locator(".duel-said")).to_have_text(english.DUEL["paused"])
    page.keyboard.press("Enter")
    shown(page)
    page.clock.run_for(1000 * SECONDS)
    told(page)
    expect(page.locator(".duel-said")).to_contain_text(english.DUEL["you_late"])
    page.keyboard.press("Enter")
    shown(page)

    page.keyboard.press("Escape")
    expect(page.locator(".duel-dialog")).to_be_hidden()
    expect(page.locator(".duel-toggle")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".duel-said")).to_have_text(english.DUEL["paused"])
    page.locator(".duel-restart").click()
    page.locator(".duel-unhurried input").check()
    page.locator(".duel-go").click()
    shown(page)
    expect(page.locator(".duel-clock")).to_be_hidden()
    page.clock.run_for(2000 * SECONDS)
    page.keyboard.press("5")
    told(page)
    expect(page.locator(".duel-score")).to_have_text(re.compile(r"You (0|10) · ResNet18 (0|10)"))


def test_a_network_that_fails_costs_nobody_anything_and_another_picture_comes(
    opened: Opener, address: str, opponent: Opponent
) -> None:
    page = opened(address=address)
    page.locator(".duel-toggle").click()
    page.locator(".duel-go").click()
    shown(page)
    opponent.is_broken = True
    page.keyboard.press("5")
    told(page)
    for sentence in ("The weights are damaged.", english.DUEL["void"]):
        expect(page.locator(".duel-said")).to_contain_text(sentence)
    opponent.is_broken = False
    page.keyboard.press("Enter")
    shown(page)
    expect(page.locator(".duel-said")).to_contain_text(pattern("Picture 1 of {rounds}"))


def test_while_the_server_is_silent_the_page_says_so_and_the_game_goes_on_when_it_answers(
    opened: Opener, address: str
) -> None:
    page = opened(address=address)
    held: list[Route] = []
    is_free = threading.Event()
    page.route("**/queue/join*", lambda route: route.continue_() if is_free.is_set() else held.append(route))
    page.locator(".duel-toggle").click()
    page.locator(".duel-go").click()
    expect(page.locator(".duel-said")).to_have_text(english.DUEL["waiting"])
    expect(page.locator(".duel-digits")).to_be_hidden()
    page.locator(".duel-retry").click()
    is_free.set()
    for route in held:
        route.continue_()
    shown(page)
    page.keyboard.press("5")
    told(page)


def test_what_comes_late_is_not_heard(opened: Opener, address: str) -> None:
    """The scripts by themselves, with a page and a server that answer in whatever order."""
    page = opened(address=address)
    heard = page.evaluate(
        """([script, words, stages]) => {
            const element = document.querySelector("#duel .duel").parentElement.cloneNode(true);
            element.querySelector(".duel-digits").replaceChildren();
            element.querySelector("#duel-title").id = "another-title";
            document.body.append(element);
            const find = (selector) => element.querySelector(selector);
            const rules = { rounds: 20, seconds: 10, points: 10, stages };
            const [props, asked, heard] = [{ value: "", texts: { en: { DUEL: words } }, rules }, [], []];
            let changed;
            const looksFor = { querySelector: (selector) => find(selector.replace("duel-title", "another-title")) };
            new Function("element", "props", "trigger", "watch", script)(
                looksFor, props, (name, data) => asked.push([name, data.number]), (_, call) => (changed = call));
            const answer = (value) => {
                props.value = JSON.stringify(value);
                changed();
                heard.push(find(".duel-said").innerText);
            };
            find(".duel-toggle").click();
            find(".duel-go").click();
            find(".duel-retry").click(); // asks again
            answer({ number: 1, about: "choose", said: "late" });
            answer({ number: 2, about: "guess", said: "another matter" });
            answer({ number: 2, about: "choose", said: "No picture." });
            element.remove();
            return [asked, heard];
        }""",
        [
            script_of(FOLDER),
            english.DUEL,
            [asdict(stage) for stage in STAGES],
        ],
    )
    on_its_way = english.DUEL["choosing"]
    assert heard == [[["choose", 1], ["choose", 2]], [on_its_way, on_its_way, "No picture."]]
