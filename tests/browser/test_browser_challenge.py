"""The game of fooling the networks, in a browser."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from browser_support import DIGITS, LAPTOP, PHONE, Opener, draw, flaws, settled
from playwright.sync_api import Page, expect
from ui_support import FakePredictor, served

from maxdigit.inference.predict import Prediction
from maxdigit.ui.challenge import challenge as component
from maxdigit.ui.texts import english, french
from maxdigit.ui.widget import script_of

FOLDER = Path(component.__file__).parent
FRENCH = {**PHONE, "locale": "fr", "color_scheme": "dark"}


@dataclass
class FoolablePredictor(FakePredictor):
    """Says what it is told to say."""

    said: dict[str, int] = field(default_factory=dict)

    def classify(self, picture: np.ndarray, model: str) -> Prediction:
        found = super().classify(picture, model)
        shares = np.where(np.arange(10) == self.said.get(model, 5), 0.91, 0.01).astype(np.float32)
        return replace(found, probabilities=shares)


@pytest.fixture(scope="module")
def foolable() -> FoolablePredictor:
    return FoolablePredictor()


@pytest.fixture(scope="module")
def corrections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("corrections")


@pytest.fixture(scope="module")
def address(foolable: FoolablePredictor, runs: Path, corrections: Path) -> Iterator[str]:
    with served(foolable, runs, corrections) as url:
        yield url


def task_of_misreading(page: Page, said: dict[str, str]) -> tuple[int, int]:
    """Pass over tasks until one is to be misread; the digit to draw, and that for which it shall be taken."""
    pattern = re.escape(said["misread"]).replace(r"\{drawn\}", r"(\d)").replace(r"\{read\}", r"(\d)")
    for _ in range(60):
        if found := re.fullmatch(pattern, page.locator(".challenge-task").inner_text()):
            return int(found[1]), int(found[2])
        page.locator(".challenge-next").click()
    raise AssertionError("no such task")


@pytest.mark.parametrize("device", [LAPTOP, FRENCH], ids=["laptop, keyboard", "phone, finger, dark, french"])
def test_a_task_is_chosen_judged_counted_and_its_drawing_kept(
    opened: Opener, address: str, foolable: FoolablePredictor, corrections: Path, device: dict
) -> None:
    said = (french if "locale" in device else english).CHALLENGE
    foolable.said.clear()
    page = opened(device, address=address)
    asked = len(foolable.seen)
    draw(page, DIGITS[:1])
    settled(page)
    models = len(foolable.seen) - asked
    press = page.tap if "has_touch" in device else lambda selector: (page.focus(selector), page.keyboard.press("Enter"))
    press(".challenge-toggle")
    expect(page.locator(".challenge-task")).to_be_focused()
    drawn, read = task_of_misreading(page, said)
    assert models, "folded, only the chosen model is asked"

    foolable.said.update({"keras_cnn": drawn, "resnet18": drawn, "torch_cnn": drawn})
    draw(page, DIGITS[:2])
    verdict = page.locator(".challenge-said")
    expect(verdict).to_contain_text(said["misread_not_yet"].format(drawn=drawn, read=read))
    expect(verdict).to_contain_text(f"ResNet18: {drawn}")
    expect(page.locator(".challenge-keep")).to_be_hidden()
    foolable.said["resnet18"] = read
    draw(page, DIGITS[2:])
    expect(verdict).to_contain_text(said["misread_done"].format(model="ResNet18"))
    expect(page.locator(".challenge-score")).to_contain_text(said["streak"].format(streak=1, best=1))
    settled(page)
    assert flaws(page, "challenge") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= device["viewport"]["width"]
    if shots := os.environ.get("SHOTS"):
        page.screenshot(path=f"{shots}/challenge-{device['viewport']['width']}.png", full_page=True)

    kept = len(list(corrections.iterdir()))
    press(".challenge-keep")
    expect(verdict).to_have_text((french if "locale" in device else english).KEPT)
    assert len(list(corrections.iterdir())) == kept + 1
    expect(page.locator(".challenge-keep")).to_be_hidden()

    press(".challenge-next")
    expect(page.locator(".pad-drawn")).to_have_count(0)
    expect(page.locator(".challenge-score")).to_contain_text(said["streak"].format(streak=1, best=1))
    press(".challenge-next")
    expect(page.locator(".challenge-score")).to_contain_text(said["streak"].format(streak=0, best=1))
    page.reload()
    press(".challenge-toggle")
    expect(page.locator(".challenge-score")).to_contain_text(said["streak"].format(streak=0, best=1))
    press(".challenge-close")
    expect(page.locator(".challenge-body")).to_be_hidden()
    expect(page.locator(".challenge-toggle")).to_be_focused()


def test_a_verdict_on_the_task_before_is_not_heard(opened: Opener, address: str) -> None:
    """The script by itself, with a server that answers late."""
    page = opened(address=address)
    heard = page.evaluate(
        """([script, words]) => {
            const element = document.querySelector("#challenge .challenge").parentElement.cloneNode(true);
            document.body.append(element);
            const find = (selector) => element.querySelector(selector);
            const [props, heard] = [{ value: "", texts: { en: { CHALLENGE: words } }, small: 0.08 }, []];
            let changed;
            new Function("element", "props", "trigger", "watch", script)(
                element, props, () => {}, (_, call) => (changed = call));
            const answer = (number, said) => {
                props.value = JSON.stringify({ number, about: "judge", said, done: true, height: null, keeps: false });
                changed();
                heard.push(find(".challenge-said").textContent, find(".challenge-score").textContent);
            };
            find(".challenge-toggle").click();
            answer(1, "of this task");
            find(".challenge-next").click();
            answer(1, "of the task before");
            element.remove();
            return heard;
        }""",
        [script_of(FOLDER), english.CHALLENGE],
    )
    streak = english.CHALLENGE["streak"].format(streak=1, best=1)
    assert heard[0] == "of this task" and heard[1].startswith(streak)
    assert heard[2] == english.CHALLENGE["draw"] and heard[3].startswith(streak), "nor counted"
