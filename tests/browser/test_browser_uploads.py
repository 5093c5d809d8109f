"""Uploads in a browser: files, the clipboard, dropping, cropping and turning."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser_support import LAPTOP, PHONE, Opener, answered, choose, next_frame, serious, settled, touch, wait_for
from PIL import Image
from playwright.sync_api import expect
from ui_support import FakePredictor, served

from maxdigit.inference.predict import Prediction
from maxdigit.preparation.prepare import PreparedPicture
from maxdigit.ui import texts
from maxdigit.ui.texts import english, french


def test_an_upload_is_turned_and_its_ink_overruled(opened: Opener, predictor: FakePredictor, tmp_path: Path) -> None:
    pixels = np.full((200, 200), 230, np.uint8)
    pixels[20:60, 90:96] = 20
    Image.fromarray(pixels).save(tmp_path / "picture.png")
    page = opened()
    page.get_by_role("tab", name=texts.UPLOAD).click()
    page.locator("#upload input[type=file]").set_input_files(tmp_path / "picture.png")
    expect(page.locator(".answer-saw figcaption")).to_contain_text(texts.SAW_INVERTED)
    assert predictor.seen[-1][:64].any()
    page.locator("#turn").click()
    settled(page)
    assert not predictor.seen[-1][:, :64].any() and predictor.seen[-1][:, 64:].any()
    page.get_by_label(texts.INK, exact=True).click()
    page.get_by_role("option", name=texts.INKS["light"]).click()
    expect(page.locator(".answer-saw figcaption")).to_contain_text(texts.SAW)


def test_an_uploaded_picture_is_answered_and_a_bad_one_explained(opened: Opener, tmp_path: Path) -> None:
    page = opened()
    page.get_by_role("tab", name=texts.UPLOAD).click()
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    pixels = np.random.default_rng(1).integers(0, 60, (200, 300), np.uint8)
    pixels[60:140, 100:120] = 255
    Image.fromarray(pixels).save(good)
    bad.write_text("this is no picture")
    page.locator("#upload input[type=file]").set_input_files(good)
    expect(answered(page)).to_be_visible()
    expect(page.locator(".answer-saw figcaption")).to_contain_text(texts.SAW)
    page.locator("#remove").click()
    expect(page.locator(".answer h2")).to_have_text(texts.UPLOAD_SOMETHING)
    page.locator("#upload input[type=file]").set_input_files(bad)
    expect(page.locator(".answer h2")).to_have_text(texts.CANNOT_ANSWER)
    expect(page.locator(".answer-words p")).to_contain_text("bad.png")
    expect(page.locator(".toast-body")).to_have_count(0)


def test_a_picture_is_pasted(opened: Opener, predictor: FakePredictor) -> None:
    page = opened()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("tab", name=texts.UPLOAD, exact=True).click()
    page.evaluate(
        """async () => {
            const canvas = Object.assign(document.createElement("canvas"), { width: 128, height: 128 });
            const pen = canvas.getContext("2d");
            pen.fillRect(0, 0, 128, 128);
            pen.fillStyle = "white";
            pen.fillRect(20, 30, 40, 60);
            const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
            await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }"""
    )
    page.locator("#upload").get_by_label("clipboard").click()
    expect(answered(page)).to_be_visible()
    assert predictor.seen[-1][60, 40] > 200 and predictor.seen[-1][10, 100] < 50


def test_ctrl_v_on_the_page_uploads_what_was_copied_and_then_the_next(opened: Opener, predictor: FakePredictor) -> None:
    page = opened()
    paste = """async (left) => {
        const canvas = Object.assign(document.createElement("canvas"), { width: 128, height: 128 });
        const pen = canvas.getContext("2d");
        pen.fillRect(0, 0, 128, 128);
        pen.fillStyle = "white";
        pen.fillRect(left, 30, 30, 60);
        const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
        const clipboardData = new DataTransfer();
        clipboardData.items.add(new File([blob], "copied.png", { type: "image/png" }));
        document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    }"""
    page.evaluate(paste, 10)
    expect(answered(page)).to_be_visible()
    assert predictor.seen[-1][60, 25] > 200 and predictor.seen[-1][60, 100] < 50
    page.evaluate(paste, 85)
    wait_for(lambda: predictor.seen[-1][60, 100] > 200 and predictor.seen[-1][60, 25] < 50)


@pytest.mark.parametrize("device", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_an_uploaded_picture_is_cropped_by_pointer_and_by_keys(
    opened: Opener, predictor: FakePredictor, tmp_path: Path, device: dict
) -> None:
    path = tmp_path / "wide.png"
    pixels = np.random.default_rng(1).integers(0, 60, (200, 400), np.uint8)
    pixels[40:160, 300:380] = 255
    Image.fromarray(pixels).save(path)
    page = opened(device)
    page.get_by_role("tab", name=texts.UPLOAD, exact=True).click()
    page.locator("#upload input[type=file]").set_input_files(path)
    expect(answered(page)).to_be_visible()
    frame, picture = page.locator(".cropper-frame"), page.locator(".cropper-picture")
    expect(picture).to_be_visible()
    expect(frame).to_be_hidden()  # nothing was looked for
    choose(page, texts.PART, texts.PARTS["chosen"])
    expect(frame).to_be_visible()
    expect(page.locator("#upload")).to_be_hidden()
    seen = len(predictor.seen)
    place = picture.bounding_box()
    corner = page.get_by_label(texts.CROP_CORNERS["nw"]).bounding_box()
    x, y = corner["x"] + corner["width"] / 2, corner["y"] + corner["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + place["width"] / 2, y + place["height"] / 4, steps=8)
    page.mouse.up()
    assert frame.bounding_box()["width"] == pytest.approx(place["width"] / 2, abs=6)
    assert frame.bounding_box()["height"] == pytest.approx(place["height"] * 3 / 4, abs=6)
    wait_for(lambda: len(predictor.seen) > seen)
    frame.focus()
    page.keyboard.press("ArrowLeft")
    assert frame.bounding_box()["x"] == pytest.approx(place["x"] + 0.48 * place["width"], abs=6)
    settled(page)
    ink = (predictor.seen[-1] > 128).any(axis=0).mean()
    assert ink > 0.3, "the crop shows the blot larger"
    page.locator("#turn").click()
    expect(page.get_by_label(texts.PART, exact=True)).to_have_value(texts.PARTS["auto"])
    expect(frame).to_be_hidden()
    wait_for(lambda: picture.bounding_box()["height"] > picture.bounding_box()["width"])
    page.locator("#remove").click()
    expect(page.locator("#upload")).to_be_visible()
    expect(picture).to_be_hidden()


class FindingPredictor(FakePredictor):
    """Finds the writing in a part of any picture, as the ink network would."""

    region = (0.5, 0.1, 0.9, 0.9)

    def prepare(self, source: Path | bytes, **options: Any) -> PreparedPicture:
        wish = options.get("region") or self.region
        found = super().prepare(source, **{**options, "region": wish if options["fit_to_writing"] else None})
        return replace(found, region=wish if options["fit_to_writing"] else None)


@pytest.mark.parametrize("device", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_found_writing_is_framed_and_the_frame_can_be_moved(
    opened: Opener, runs: Path, tmp_path: Path, device: dict
) -> None:
    path, predictor = tmp_path / "sheet.png", FindingPredictor()
    pixels = np.full((200, 400), 230, np.uint8)
    for left in (60, 230, 300):
        pixels[60:130, left : left + 12] = 20
    Image.fromarray(pixels).save(path)
    with served(predictor, runs) as address:
        page = opened(device, address=address)
        page.get_by_role("tab", name=texts.UPLOAD, exact=True).click()
        page.locator("#upload input[type=file]").set_input_files(path)
        frame, picture = page.locator(".cropper-frame"), page.locator(".cropper-picture")
        expect(frame).to_be_visible()
        expect(page.locator("#marks polygon")).to_have_count(2)
        settled(page)
        place, first = picture.bounding_box(), frame.bounding_box()
        assert first["x"] == pytest.approx(place["x"] + 0.5 * place["width"], abs=2)
        assert first["width"] == pytest.approx(0.4 * place["width"], abs=3)
        for mark, left in zip(page.locator("#marks polygon").all(), (230, 300), strict=True):
            box = mark.bounding_box()
            middle = (box["x"] + box["width"] / 2 - place["x"]) / place["width"]
            assert middle == pytest.approx((left + 6) / 400, abs=0.01), "the outline is around the stroke"
        asked = len(predictor.seen)
        settled(page)
        assert len(predictor.seen) == asked, "a frame that nobody moved asks for nothing"
        part = page.get_by_label(texts.PART, exact=True)
        expect(part).to_have_value(texts.PARTS["auto"])
        expect(page.locator(".answer-saw figcaption")).to_contain_text(texts.SAW_FITTED)

        x, y = first["x"] + first["width"] / 2, first["y"] + first["height"] / 2
        if device is PHONE:
            page.touch_session = page.context.new_cdp_session(page)  # type: ignore[attr-defined]
            touch(page, "touchStart", x, y)
            for step in range(1, 9):
                touch(page, "touchMove", x - 0.45 * place["width"] * step / 8, y)
                next_frame(page)
            touch(page, "touchEnd")
        else:
            page.mouse.move(x, y)
            page.mouse.down()
            page.mouse.move(x - 0.45 * place["width"], y, steps=8)
            page.mouse.up()
        expect(part).to_have_value(texts.PARTS["chosen"])
        expect(page.locator("#marks polygon")).to_have_count(1)
        assert frame.bounding_box()["x"] == pytest.approx(place["x"] + 0.05 * place["width"], abs=4)

        choose(page, texts.PART, texts.PARTS["whole"])
        expect(frame).to_be_hidden()
        expect(page.locator("#marks polygon")).to_have_count(3)
        expect(page.locator(".answer-saw figcaption")).to_contain_text(texts.SAW_WHOLE)
        page.locator(".answer-saw [data-fit]").click()
        expect(frame).to_be_visible()
        expect(part).to_have_value(texts.PARTS["auto"])
        wait_for(lambda: abs(frame.bounding_box()["x"] - first["x"]) < 2)
        assert page.evaluate("document.documentElement.scrollWidth") <= device["viewport"]["width"]
        assert serious(page, texts.UPLOAD) == []
        page.context.close()


class LyingPredictor(FakePredictor):
    """Sure only of pictures whose ink is higher than it is wide."""

    def classify(self, picture: np.ndarray, model: str) -> Prediction:
        found = super().classify(picture, model)
        rows, columns = (np.flatnonzero((picture > 128).any(axis)) for axis in (1, 0))
        is_high = len(rows) > 0 and np.ptp(rows) > np.ptp(columns)
        best, share = (7, 0.955) if is_high else (2, 0.46)
        shares = np.where(np.arange(10) == best, share, (1 - share) / 9)
        return replace(found, probabilities=shares.astype(np.float32))


@pytest.mark.parametrize("device", [LAPTOP, PHONE, {**PHONE, "locale": "fr"}], ids=["laptop", "phone", "french"])
def test_a_picture_on_its_side_is_turned_by_the_button_on_the_card(
    opened: Opener, runs: Path, tmp_path: Path, device: dict
) -> None:
    said = french if "locale" in device else english
    pixels = np.full((200, 400), 230, np.uint8)
    pixels[60:130, 40:360] = 20
    Image.fromarray(pixels).save(tmp_path / "side.png")
    with served(LyingPredictor(), runs) as address:
        page = opened(device, address=address)
        page.get_by_role("tab", name=said.UPLOAD, exact=True).click()
        page.locator("#upload input[type=file]").set_input_files(tmp_path / "side.png")
        offer = page.locator(".answer-turn")
        expect(offer).to_contain_text(said.OFFER_TURN)
        left = page.get_by_role("button", name=said.OFFERED_TURNS[3], exact=True)
        expect(left).to_be_visible()
        expect(page.get_by_role("button", name=said.OFFERED_TURNS[2], exact=True)).to_have_count(0)
        settled(page)
        assert left.bounding_box()["height"] >= 24, "a finger finds it"
        assert page.evaluate("document.documentElement.scrollWidth") <= device["viewport"]["width"]
        assert serious(page, said.UPLOAD) == []
        if shots := os.environ.get("SHOTS"):
            page.screenshot(path=f"{shots}/turn-{device['viewport']['width']}-{'locale' in device}.png", full_page=True)
        if device is LAPTOP:
            left.focus()
            page.keyboard.press("Enter")
        else:
            left.tap()
        expect(page.locator(".answer h2")).to_have_text(said.headline(7))
        expect(offer).to_be_hidden()
        picture = page.locator(".cropper-picture")
        wait_for(lambda: picture.bounding_box()["height"] > picture.bounding_box()["width"])
        page.context.close()


def test_another_picture_is_dropped_on_the_one_that_is_there(
    opened: Opener, predictor: FakePredictor, tmp_path: Path
) -> None:
    page = opened()
    page.get_by_role("tab", name=texts.UPLOAD, exact=True).click()
    pixels = np.random.default_rng(1).integers(0, 60, (128, 128), np.uint8)
    pixels[30:90, 10:40] = 255
    Image.fromarray(pixels).save(tmp_path / "first.png")
    page.locator("#upload input[type=file]").set_input_files(tmp_path / "first.png")
    expect(page.locator(".cropper-picture")).to_be_visible()
    expect(answered(page)).to_be_visible()
    page.evaluate(
        """async () => {
            const canvas = Object.assign(document.createElement("canvas"), { width: 128, height: 128 });
            const pen = canvas.getContext("2d");
            pen.fillRect(0, 0, 128, 128);
            pen.fillStyle = "white";
            pen.fillRect(85, 30, 30, 60);
            const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([blob], "dropped.png", { type: "image/png" }));
            document.querySelector(".cropper-picture")
                .dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
        }"""
    )
    wait_for(lambda: predictor.seen[-1][60, 100] > 200 and predictor.seen[-1][60, 25] < 50)
