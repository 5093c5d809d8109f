"""A picture that is changed more and more, and a training run played back, in a browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browser_support import LAPTOP, PHONE, Opener, answered, draw, serious, settled, wait_for
from playwright.sync_api import Page, expect
from ui_support import FakePredictor, served, write_run

from maxdigit.inference.changes import CHANGES
from maxdigit.inference.predict import NAMES, title
from maxdigit.ui import replay as playback
from maxdigit.ui import stress as component
from maxdigit.ui import texts
from maxdigit.ui.texts import english, french
from maxdigit.ui.widget import script_of

STRENGTHS = {len(change.strengths) for change in CHANGES.values()}
FRENCH = {**PHONE, "locale": "fr", "color_scheme": "dark"}


def compare(page: Page) -> str:
    """Draw, and see all models' answers, which are the same digit."""
    draw(page)
    expect(answered(page)).to_be_visible()
    settled(page)
    page.get_by_role("tab").nth(1).click()
    expect(page.locator(".side-by-side-card .bar-best")).to_have_count(4)
    return page.locator(".side-by-side-digit").first.inner_text()


def shown(page: Page) -> None:
    """Wait for all four kinds of change."""
    expect(page.locator(".stress-change")).to_have_count(4)
    expect(page.locator(".stress-body[aria-busy]")).to_have_count(0)


@pytest.mark.parametrize("device", [LAPTOP, FRENCH], ids=["laptop", "phone, dark, french"])
def test_a_picture_is_changed_more_and_more_until_answers_break(
    opened: Opener, predictor: FakePredictor, device: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = french if "locale" in device else english
    asked: list[str] = []  # the models that were asked about all strengths of a change

    def predict(pictures: np.ndarray, model: str) -> np.ndarray:
        asked.extend([model] if len(pictures) in STRENGTHS else [])
        return FakePredictor.predict(predictor, pictures, model)

    monkeypatch.setattr(predictor, "predict", predict)
    page = opened(device)
    digit = compare(page)
    assert asked == [], "nothing is computed while it is folded"
    toggle = page.get_by_role("button", name=said.STRESS["open"])
    toggle.focus()
    page.keyboard.press("Enter")
    shown(page)
    panel = page.locator('[data-change="turn"]')
    slider, picture = panel.get_by_role("slider"), panel.locator("canvas")
    answers = ", ".join(f"{title(name)} {digit}" for name in NAMES)
    expect(slider).to_have_attribute("aria-valuetext", f"0°. {answers}")
    expect(panel.locator("tbody tr")).to_have_count(4)
    assert len(asked) == 4 * 3, "each change in one batch a model, the ensemble's answers mixed from theirs"
    straight = picture.evaluate("(canvas) => canvas.toDataURL()")
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    wait_for(lambda: picture.evaluate("(canvas) => canvas.toDataURL()") != straight)
    expect(panel.locator("thead .stress-here")).to_have_text("60°")
    digits = panel.locator(".stress-now li b").all_inner_texts()
    assert digits == panel.locator("tbody .stress-here").all_inner_texts() and len(digits) == 4
    broken = panel.locator("tbody .stress-other").first
    broken.click()
    expect(panel.locator(".stress-now .stress-fell b").first).to_have_text(broken.inner_text())
    assert len(asked) == 4 * 3, "a slider asks for nothing"
    assert serious(page, "stress") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= device["viewport"]["width"]
    if shots := os.environ.get("SHOTS"):
        page.locator(".stress").screenshot(path=f"{shots}/stress-{device['viewport']['width']}.png")
    page.locator("#compare-another").click()
    wait_for(lambda: len(asked) == 2 * 4 * 3)  # another picture, changed anew
    shown(page)


def test_what_comes_late_never_takes_the_place_of_what_is_newer(opened: Opener) -> None:
    """The scripts by themselves, with a page and a server that answer in whatever order."""
    page = opened()
    page.get_by_role("tab", name=texts.COMPARE).click()
    expect(page.locator(".stress-toggle")).to_be_visible()
    heard = page.evaluate(
        """([script, texts]) => {
            const element = document.querySelector("#stress .stress").parentElement.cloneNode(true);
            element.querySelector(".stress-body").hidden = true;
            document.body.append(element);
            const [props, asked, heard] = [{ value: "", texts: { en: { STRESS: texts } } }, [], []];
            let changed;
            new Function("element", "props", "trigger", "watch", script)(
                element, props, (_, { number, change }) => asked.push(`${number} ${change}`),
                (_, call) => (changed = call));
            const press = () => element.querySelector(".stress-toggle").click();
            const answer = (number, change) => {
                props.value = JSON.stringify({ number, change, said: "", strengths: [0, 1], unchanged: 0, pictures: "",
                    rows: [{ model: `of picture ${number}`, digits: [1, 2], percents: [90, 80], holds: [0, 0] }] });
                changed();
                heard.push(element.querySelector("tbody th")?.firstChild.textContent ?? "");
            };
            press();
            answer(1, "turn");
            press();
            answer(1, "shrink");
            press();
            answer(1, "shrink");
            answer(2, "turn");
            answer(2, "turn");
            element.remove();
            return [asked, heard];
        }""",
        [script_of(Path(component.__file__).parent), texts.STRESS],
    )
    assert heard[0] == ["1 turn", "1 shrink", "2 turn", "2 shrink"]
    assert heard[1] == ["of picture 1"] * 3 + ["of picture 2"] * 2

    page.get_by_role("tab", name=texts.TRAINING).click()
    expect(page.locator(".replay-toggle")).to_be_visible()
    heard = page.evaluate(
        """([script, texts]) => {
            const element = document.querySelector("#replay .replay").parentElement.cloneNode(true);
            document.body.append(element);
            const [props, asked, heard] = [{ value: "", texts: { en: { REPLAY: texts } } }, [], []];
            let changed;
            new Function("element", "props", "trigger", "watch", script)(
                element, props, (_, { number, run }) => asked.push(`${number} ${run}`), (_, call) => (changed = call));
            const choice = element.querySelector("select");
            const answer = (number, run) => {
                const epochs = [{ seen: 10, epoch: 1, training: 0.5, validation: 0.5, loss: 1 }];
                const runs = [["a", "A"], ["b", "B"]];
                props.value = JSON.stringify(
                    { number, run, runs, colour: "#123456", said: [run], epochs, answers: null });
                changed();
                heard.push(element.querySelector(".replay-said").textContent + choice.value);
            };
            element.querySelector(".replay-toggle").click();
            answer(1, "a");
            for (const run of ["b", "a", "b"]) {
                choice.value = run;
                choice.dispatchEvent(new Event("change"));
            }
            for (const [number, run] of [[2, "b"], [3, "a"]]) answer(number, run);
            answer(4, "b");
            answer(3, "a");
            element.remove();
            return [asked, heard];
        }""",
        [script_of(Path(playback.__file__).parent), texts.REPLAY],
    )
    assert heard[0] == ["1 ", "2 b", "3 a", "4 b"]
    assert heard[1] == ["aa", "ab", "ab", "bb", "bb"], "what is chosen stands there while its run is on its way"


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a page with a run that kept weights along the way, and one that did not."""
    folder = tmp_path_factory.mktemp("replayed")
    write_run(folder, "resnet18", "tuned")
    run = write_run(folder, "torch_cnn", "watched", epochs=4)
    for seen in (45_000, 90_000, 135_000, 180_000):
        (run / "kept" / str(seen)).mkdir(parents=True)
    with served(FakePredictor(checkpoints=folder), folder) as address:
        yield address


@pytest.mark.parametrize(
    "device", [{**LAPTOP, "reduced_motion": "reduce"}, FRENCH], ids=["laptop", "phone, dark, french"]
)
def test_a_run_is_played_paused_and_moved_through_by_keys(opened: Opener, replayed: str, device: dict) -> None:
    said = french if "locale" in device else english
    page = opened(device, replayed)
    draw(page)
    expect(answered(page)).to_be_visible()
    settled(page)
    digit = answered(page).inner_text()[-1]
    page.get_by_role("tab", name=said.TRAINING).click()
    page.get_by_role("button", name=said.REPLAY["open"]).click()
    expect(page.locator(".replay-said")).to_contain_text("180,000" if said is english else "180")
    slider, best = page.get_by_role("slider", name=said.REPLAY["slider"]), page.locator(".replay .bar-best")
    expect(slider).to_have_value("3")
    expect(best.locator(".bar-digit")).to_have_text(digit)
    at_the_end = best.locator(".bar-share").inner_text()

    slider.focus()
    page.keyboard.press("Home")
    expect(best.locator(".bar-share")).not_to_have_text(at_the_end)
    mark = page.locator(".replay-mark")
    place = mark.get_attribute("x1")
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_value("1")
    assert float(mark.get_attribute("x1")) > float(place)
    play = page.locator(".replay-play")
    play.focus()
    page.keyboard.press("Enter")
    expect(play).to_have_text(said.REPLAY["pause"])
    expect(slider).to_have_value("3")
    expect(play).to_have_text(said.REPLAY["play"])
    expect(best.locator(".bar-share")).to_have_text(at_the_end)

    assert serious(page, "replay") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= device["viewport"]["width"]
    page.get_by_role("combobox", name=said.REPLAY["run"], exact=True).select_option("resnet18/tuned")
    expect(page.locator(".replay-answer")).to_be_hidden()
    expect(slider).to_have_attribute("max", "11")
    expect(page.locator(".replay-said")).to_contain_text(said.REPLAY["curves"])
