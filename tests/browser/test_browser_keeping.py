"""Links, downloads and corrections in a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path

from browser_support import Opener, answered, download, draw, settled, strokes_on
from PIL import Image
from playwright.sync_api import expect
from ui_support import FakePredictor, served

from maxdigit.ui import texts


def test_there_is_nothing_to_save_on_an_empty_pad(opened: Opener) -> None:
    page = opened()
    page.locator("#save-picture").click()
    expect(page.get_by_text(texts.NOTHING_TO_SAVE)).to_be_visible()


def test_a_link_reopens_the_drawing_and_the_sample_with_the_model(opened: Opener) -> None:
    page = opened()
    page.get_by_label("PyTorch CNN").check()
    draw(page)
    expect(answered(page)).to_be_visible()
    settled(page)
    page.locator("#link").click()
    field = page.locator("#address input, #address textarea")
    expect(field).to_have_value(re.compile("drawing="))
    assert page.url == field.input_value(), "the address bar holds it too"
    other = opened(address=field.input_value())
    expect(answered(other)).to_be_visible()
    expect(other.locator(".answer-foot")).to_contain_text("PyTorch CNN")
    assert strokes_on(other) == 3

    page.get_by_role("tab", name=texts.SAMPLE).click()
    expect(page.locator("#truth")).to_contain_text("the largest is")
    page.locator("#link").click()
    expect(field).to_have_value(re.compile("sample="))
    other = opened(address=field.input_value())
    expect(other.locator("#truth")).to_contain_text(page.locator("#truth").inner_text())
    assert other.locator(".sample-picture").get_attribute("src") == page.locator(".sample-picture").get_attribute("src")
    nonsense = opened(query="?drawing=nonsense")
    expect(nonsense.locator(".answer-words p")).to_have_text(texts.LINK_UNREADABLE)


def test_the_picture_and_the_answer_are_saved(opened: Opener) -> None:
    page = opened()
    draw(page)
    expect(answered(page)).to_be_visible()
    settled(page)
    with page.expect_download() as saved:
        page.locator("#save-picture").click()
    assert Image.open(saved.value.path()).size == (128, 128)
    assert json.loads(download(page, "#save-answer"))["model"] == "resnet18"


def test_a_wrong_answer_is_kept_with_consent_and_deleted_again(
    opened: Opener, predictor: FakePredictor, runs: Path, tmp_path: Path
) -> None:
    with served(predictor, runs, tmp_path) as address:
        page = opened(address=address)
        draw(page)
        expect(answered(page)).to_be_visible()
        page.locator("#wrong").click()
        expect(page.locator("#correction")).to_contain_text("stored")
        assert not list(tmp_path.iterdir()), "nothing is stored before the digit is pressed"
        page.locator("#right-digit").get_by_label("7", exact=True).check()
        expect(page.locator("#correction-said")).to_contain_text(texts.KEPT)
        (file,) = tmp_path.iterdir()
        assert json.loads(file.read_text())["digit"] == 7
        page.get_by_role("tab", name=texts.CORRECTIONS).click()
        expect(page.locator("#gallery figure")).to_have_count(1)
        page.locator("#gallery figure button").click()
        expect(page.locator("#gallery figure")).to_have_count(0)
        assert not list(tmp_path.iterdir())
        page.context.close()
