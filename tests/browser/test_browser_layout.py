"""Layout, languages, themes and accessibility in a browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from browser_support import DIGITS, LAPTOP, PHONE, Opener, answered, draw, serious, settled, sides
from playwright.sync_api import expect

from maxdigit.ui import texts
from maxdigit.ui.texts import english, french


def test_one_screen_is_enough_on_a_laptop(opened: Opener) -> None:
    page = opened()
    draw(page)
    expect(answered(page)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollHeight") <= 720


EIGHT = tuple(((0.06 + 0.115 * number, 0.2), (0.06 + 0.115 * number, 0.45)) for number in range(8))


@pytest.mark.parametrize(
    ("width", "language", "lines"),
    [(1280, "en", DIGITS), (1280, "fr", EIGHT), (960, "en", DIGITS), (900, "fr", EIGHT), (390, "fr", EIGHT)],
)
def test_nothing_jumps_when_the_answer_comes(opened: Opener, width: int, language: str, lines: tuple) -> None:
    page = opened({"viewport": {"width": width, "height": 720}, "locale": language})
    expect(page.locator("#model")).to_be_visible()  # each component's script arrives in its own time
    expect(page.locator("#save-answer")).to_be_visible()
    places = """[...document.querySelectorAll('.answer, .answer-saw, .bar, .pad, .row.keep')]
        .map(e => [e.getBoundingClientRect().top + scrollY, e.getBoundingClientRect().bottom + scrollY])"""
    before = page.evaluate(places)
    draw(page, lines)
    expect(page.locator(".finds button")).to_have_count(len(lines))
    settled(page)
    assert page.evaluate(places) == before
    card = sides(page, ".answer")[0]
    assert all(card[0] < find[0] and find[2] < card[2] for find in sides(page, ".finds button"))


# Pixels between each name and its arrow, once ``count`` pickers have an arrow: inactive ones have none.
GAPS = """(count) => {
    const gaps = [...document.querySelectorAll("#sample-choice .secondary-wrap")].flatMap((picker) => {
        const [input, arrow] = [picker.querySelector("input"), picker.querySelector("path")];
        if (!arrow) return [];
        const pen = document.createElement("canvas").getContext("2d");
        pen.font = getComputedStyle(input).font;
        return [arrow.getBoundingClientRect().left
            - input.getBoundingClientRect().left - pen.measureText(input.value).width];
    });
    return gaps.length === count && gaps;
}"""


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_names_in_pickers_end_before_the_arrow(opened: Opener, language: str) -> None:
    said = french if language == "fr" else english
    page = opened({**PHONE, "locale": language})
    page.get_by_role("tab", name=said.SAMPLE, exact=True).click()
    expect(page.locator(".sample-picture")).to_be_visible()
    assert min(page.wait_for_function(GAPS, arg=2).json_value()) >= 0
    fields = page.locator("#sample-choice input")
    fields.first.click()
    page.get_by_role("option", name=said.SAMPLE_KINDS["forms"]).click()
    expect(fields.first).to_have_value(said.SAMPLE_KINDS["forms"])
    expect(fields.nth(1)).to_be_disabled()  # only textured pictures have a background to choose
    assert min(page.wait_for_function(GAPS, arg=1).json_value()) >= 0


@pytest.mark.parametrize("device", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_the_page_speaks_french_to_whoever_reads_french(opened: Opener, tmp_path: Path, device: dict) -> None:
    page = opened({**device, "locale": "fr-CA"})
    draw(page)
    expect(answered(page)).to_contain_text("Le plus grand chiffre est")
    expect(page.locator(".bar-best .bar-share")).to_have_text(re.compile(r"^\d+,\d\s%$"))
    page.get_by_role("tab", name=french.UPLOAD, exact=True).click()
    bad = tmp_path / "mauvaise.png"
    bad.write_text("this is no picture")
    page.locator("#upload input[type=file]").set_input_files(bad)
    expect(page.locator(".answer-words p")).to_contain_text("mauvaise.png n'est pas une image")
    page.get_by_role("tab", name=french.SAMPLE, exact=True).click()
    expect(page.locator("#truth")).to_contain_text("le plus grand est")
    for name, landmark in (
        (french.COMPARE, ".verdict h2 >> text=Tous les modèles disent"),
        (french.BATCH, "#batch-start"),
        (french.TRAINING, f"#results >> text={french.RESULTS_TITLE}"),
        (french.ABOUT, "text=Trois chiffres, une question"),
    ):
        page.get_by_role("tab", name=name, exact=True).click()
        expect(page.locator(landmark).first).to_be_visible()
        assert "i18n" not in page.locator("body").inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= device["viewport"]["width"], name


def test_no_text_is_left_a_marker(opened: Opener) -> None:
    page = opened()
    for name in (texts.COMPARE, texts.BATCH, texts.TRAINING, texts.ABOUT):
        page.get_by_role("tab", name=name, exact=True).click()
        settled(page)
    assert "i18n" not in page.content().split("<body", 1)[1].split("<script", 1)[0]


def test_dark_mode_turns_the_page_and_the_charts(opened: Opener) -> None:
    page = opened(query="?__theme=dark")
    red = "getComputedStyle(document.querySelector('{}')).{}.match(/\\d+/)[0] | 0"
    assert page.evaluate(red.format(".answer", "backgroundColor")) < 60
    assert page.evaluate(red.format(".answer h2", "color")) > 200
    page.get_by_role("tab", name=texts.TRAINING).click()
    expect(page.locator(".charts .xtick text").first).to_be_visible()
    assert page.evaluate(red.format(".charts .xtick text", "fill")) > 200
    assert len(page.screenshot()) > 10_000


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_keeps_a_keyboard_or_a_screen_reader_out(opened: Opener, theme: str) -> None:
    page = opened(query=f"?__theme={theme}")
    draw(page)
    expect(answered(page)).to_be_visible()
    troubles = serious(page, texts.CLASSIFY)
    for name, landmark in (
        (texts.UPLOAD, "#upload"),
        (texts.SAMPLE, "#truth"),
        (texts.EXAMPLES, ".examples button"),
        (texts.COMPARE, "#against .scatterlayer .trace"),
        (texts.BATCH, "#batch-start"),
        (texts.TRAINING, "#chart-accuracy .trace"),
        (texts.ABOUT, "#program"),
    ):
        page.get_by_role("tab", name=name, exact=True).click()
        expect(page.locator(landmark).first).to_be_visible()
        troubles += serious(page, name)
    assert troubles == []
