"""What a model reads, as a browser shows it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browser_support import DIGITS, LAPTOP, PHONE, Opener, draw, serious, settled, sides
from PIL import Image
from playwright.sync_api import expect
from ui_support import ReadingPredictor, served

from maxdigit.inference.predict import Prediction
from maxdigit.ui import texts
from maxdigit.ui.texts import english, french


class SlowReader(ReadingPredictor):
    """Takes long over four pieces of ink or more."""

    def classify(self, picture: np.ndarray, model: str) -> Prediction:
        found = super().classify(picture, model)
        return replace(found, milliseconds=60.0 if len(found.digits or ()) > 3 else 12.3)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("device", [LAPTOP, PHONE, {**PHONE, "locale": "fr"}], ids=["laptop", "phone", "french"])
def test_what_is_read_stands_over_each_digit_and_can_be_hidden(
    opened: Opener, runs: Path, tmp_path: Path, device: dict, theme: str
) -> None:
    said = french if "locale" in device else english
    pixels = np.full((300, 400), 230, np.uint8)
    for left in (100, 230):
        pixels[60:130, left : left + 12] = 20
    Image.fromarray(pixels).save(tmp_path / "sheet.png")
    predictor = SlowReader()
    with served(predictor, runs) as address:
        page = opened(device, address=address, query=f"?__theme={theme}")
        tops = "[...document.querySelectorAll('.bar, .row.keep')].map(e => e.getBoundingClientRect().top + scrollY)"
        before = page.evaluate(tops)
        draw(page)
        labels = page.locator(".readings text:visible")
        settled(page)
        expect(labels).to_have_count(3)
        expect(page.locator(".answer-reads .read b")).to_have_text(labels.all_text_contents())
        expect(page.locator("#parts p")).to_contain_text(said.without([], 8)[:4])
        assert page.evaluate(tops) == before, "nothing may jump"
        # Beside the ink, which is found where the lines were drawn, and on the pad.
        pad = page.locator(".pad-canvas").bounding_box()
        found = sides(page, ".readings rect")
        for line in DIGITS:
            xs, ys = [pad["x"] + x * pad["width"] for x, _ in line], [pad["y"] + y * pad["height"] for _, y in line]
            above = [box for box in found if abs((box[0] + box[2]) / 2 - (min(xs) + max(xs)) / 2) < 12]
            assert any(0 < min(ys) - box[3] < 40 for box in above)
        assert all(box[0] >= pad["x"] - 1 and box[3] - box[1] >= 15 for box in found), "large enough to read"

        toggle = page.get_by_label(said.SHOW_READINGS)
        toggle.uncheck()
        expect(labels).to_have_count(0)
        predictor.unlike = 0
        page.locator(".pad-canvas").focus()
        page.keyboard.press("Control+z")
        expect(page.locator(".answer-reads .read")).to_have_count(2)
        expect(page.locator(".answer-words p")).to_contain_text(said.contradicted((1, 2), 0, 0.5).split(":")[0].strip())
        expect(labels).to_have_count(0)
        toggle.check()
        expect(labels).to_have_count(2)

        page.get_by_role("tab", name=said.UPLOAD, exact=True).click()
        page.locator("#upload input[type=file]").set_input_files(tmp_path / "sheet.png")
        expect(page.locator("#marks .readings text")).to_have_count(2)
        settled(page)
        picture = page.locator(".cropper-picture").bounding_box()
        for box, left in zip(sorted(sides(page, "#marks .readings rect")), (100, 230), strict=True):
            middle = ((box[0] + box[2]) / 2 - picture["x"]) / picture["width"]
            assert middle == pytest.approx((left + 6) / 400, abs=0.02)
            assert box[3] < picture["y"] + 60 / 300 * picture["height"] + 1
        assert page.evaluate("document.documentElement.scrollWidth") <= device["viewport"]["width"]
        assert serious(page, said.UPLOAD) == []
        page.context.close()


def test_what_takes_long_to_find_out_is_asked_for_by_a_press(opened: Opener, runs: Path) -> None:
    with served(SlowReader(), runs) as address:
        page = opened(address=address)
        draw(page, [((x, 0.3), (x, 0.3 + height)) for x, height in ((0.2, 0.3), (0.4, 0.25), (0.6, 0.2), (0.8, 0.12))])
        settled(page)
        button = page.get_by_role("button", name=texts.ASK_PARTS)
        # Of each model the fastest pass counts: this one's were over few digits too, the other's is not.
        page.get_by_role("radio", name="PyTorch CNN").check()
        expect(button).to_be_visible()
        button.click()
        expect(page.locator("#parts p")).to_contain_text("Without")
        page.context.close()
