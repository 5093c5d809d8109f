"""The Compare, Batch and Training tabs in a browser."""

from __future__ import annotations

import io
import re
import shutil
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from browser_support import LAPTOP, PHONE, Opener, answered, download, draw, serious, settled
from PIL import Image
from playwright.sync_api import Page, expect
from ui_support import FakePredictor, served, write_run

from maxdigit.data.labelled_picture import Sample
from maxdigit.inference.predict import Prediction
from maxdigit.training.history import append_epoch, read_history
from maxdigit.ui import texts
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.texts import english, french


@pytest.mark.parametrize("device", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_models_are_compared_sorted_and_caught_at_their_mistakes(opened: Opener, device: dict) -> None:
    page = opened(device)
    draw(page)
    expect(answered(page)).to_be_visible()
    settled(page)
    said = answered(page).inner_text()[-1]
    page.get_by_role("tab", name=texts.COMPARE).click()
    expect(page.locator(".verdict h2")).to_have_text(f"All models say {said}.")
    expect(page.locator(".side-by-side-card .bar-best")).to_have_count(4)
    width = device["viewport"]["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    rows = page.locator("#measurements tbody th")
    expect(rows).to_have_count(4)
    button = page.get_by_role("button", name="Model", exact=True)
    button.click()
    assert [row.strip() for row in rows.all_inner_texts()] == ["Ensemble", "Keras CNN", "PyTorch CNN", "ResNet18"]
    button.click()
    assert rows.first.inner_text().strip() == "ResNet18"
    expect(page.locator("#against .scatterlayer .trace")).to_have_count(1)
    page.get_by_label(texts.AGAINST_CHOICES["confidence"]).check()
    expect(page.locator("#against .shapelayer path")).to_have_count(1)
    saved = download(page, "#against-csv").splitlines()
    assert saved == ["model,confidence,count,accuracy", "resnet18,0.6,20,0.50000", "resnet18,0.97,83,0.99000"]
    assert download(page, "#against-svg").startswith("<svg") and "scatterlayer" in download(page, "#against-svg")

    expect(page.locator("#gallery figure")).to_have_count(3)
    page.get_by_role("button", name="Truth 9, answer 4").click()
    expect(page.locator("#gallery figure")).to_have_count(2)
    page.locator("#mistakes-all").click()
    expect(page.locator("#gallery figure")).to_have_count(3)
    page.locator("#compare-another").click()
    expect(page.locator(".verdict p")).to_contain_text("the largest is")


@pytest.mark.parametrize("device", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_a_batch_of_200_is_answered_filtered_corrected_and_downloaded(
    opened: Opener, tmp_path: Path, device: dict
) -> None:
    packed, labels = tmp_path / "pictures.zip", tmp_path / "labels.csv"
    with zipfile.ZipFile(packed, "w") as file:
        for number in range(199):
            pixels = np.random.default_rng(number).integers(0, 60, (60, 60), np.uint8)
            pixels[20:40, 4 : 5 + number % 50 : 2] = 255
            buffer = io.BytesIO()
            Image.fromarray(pixels).save(buffer, "PNG")
            file.writestr(f"{number:03d}.png", buffer.getvalue())
        file.writestr("notes.txt", "passed over")
        file.writestr("broken.png", "no picture")
    labels.write_text("Id,Label\n" + "".join(f"{number:03d},{number % 10}\n" for number in range(199)))
    page = opened(device)
    page.get_by_role("tab", name=texts.BATCH).click()
    page.locator("#batch-start").click()
    expect(page.locator("#batch-status")).to_contain_text("There are no pictures")
    page.locator("#batch-drop .drop-files").set_input_files([packed, labels])
    expect(page.locator("#batch-recognised")).to_have_text(
        "200 pictures, labels for 199 of them, 1 file ignored: pictures.zip/notes.txt."
    )
    page.locator("#batch-start").click()
    expect(page.locator("#batch-status")).to_contain_text("Done: 200 pictures", timeout=180_000)
    expect(page.locator("#page-place")).to_contain_text("Page 1 of 8")
    page.locator("#page-after").click()
    expect(page.locator("#page-place")).to_contain_text("Page 2 of 8")
    page.get_by_label(texts.FILTERS["unread"]).check()
    expect(page.locator("#results-table")).to_contain_text("broken.png")
    page.get_by_label(texts.FILTERS["all"], exact=True).check()
    page.locator("#results-table select").first.select_option("9")
    expect(page.locator("#results-table td small").first).to_have_text(texts.FIXED)
    expect(page.locator("#batch-scored")).to_contain_text("199 pictures with a label")
    expect(page.locator("#batch-scored")).to_contain_text("With your 1 correction")
    for chart in ("#batch-by-digit", "#batch-by-confidence"):
        expect(page.locator(f"{chart} .scatterlayer .trace")).to_have_count(1)
        page.locator(f"{chart}-numbers summary").click()
        expect(page.locator(f"{chart}-numbers tbody tr").first).to_contain_text("%")
    settled(page)
    lines = download(page, "#download-submission").splitlines()
    assert lines[:2] == ["Id,Label", "0,9"] and len(lines) == 200
    assert page.evaluate("document.documentElement.scrollWidth") <= device["viewport"]["width"]


@pytest.fixture(scope="module")
def unsure(runs: Path) -> Iterator[str]:
    """The address of a page whose models are never sure, and whose test pictures are quickly made."""

    def pictures(_: Evaluation, kind: str, count: int) -> list[Sample]:
        made = np.zeros((count, 128, 128), np.uint8)
        for number, picture in enumerate(made):
            picture[40:80, 20 : 30 + 4 * number] = 255
        return [Sample(picture, (1, len(kind) % 10), (), None) for picture in made]

    with pytest.MonkeyPatch.context() as patch, served(UnsurePredictor(), runs) as address:
        patch.setattr(Evaluation, "evaluation_pictures", pictures)
        yield address


class UnsurePredictor(FakePredictor):
    def classify(self, picture: np.ndarray, model: str) -> Prediction:
        found = super().classify(picture, model)
        return replace(found, probabilities=0.5 * found.probabilities + 0.05)


@pytest.mark.parametrize("device", [LAPTOP, {**PHONE, "locale": "fr"}], ids=["laptop", "phone, french"])
def test_test_pictures_are_tried_and_corrected_by_keyboard(opened: Opener, unsure: str, device: dict) -> None:
    said = french if "locale" in device else english
    page = opened(device, address=unsure)
    page.get_by_role("tab", name=said.BATCH).click()
    page.get_by_role("button", name=said.TRY_BATCH).click()
    expect(page.locator("#batch-status")).to_contain_text(said.BATCH_CORRECTING)
    expect(page.locator("#batch-scored")).to_contain_text("60")
    page.get_by_label(said.FILTERS["doubtful"]).check()
    expect(page.locator("#page-place")).to_contain_text("60")
    pickers = page.locator("#results-table select")
    first, second = pickers.nth(0), pickers.nth(1)
    rows = [picker.get_attribute("data-row") for picker in (first, second)]
    first.focus()
    page.keyboard.press("ArrowDown")
    expect(second).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(first).to_be_focused()
    page.keyboard.press("9")
    # It is not doubtful any longer: the next one takes its place, and the keyboard.
    expect(pickers.first).to_have_attribute("data-row", rows[1])
    expect(page.locator("#results-table select:focus")).to_have_attribute("data-row", rows[1])
    expect(page.locator("#page-place")).to_contain_text("59")
    page.get_by_label(said.FILTERS["fixed"]).check()
    expect(pickers).to_have_count(1)
    expect(pickers.first).to_have_value("9")
    assert page.evaluate("document.documentElement.scrollWidth") <= device["viewport"]["width"]
    assert serious(page, said.BATCH) == []


class HeldPredictor(FakePredictor):
    """Answers a group of pictures each time that it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Semaphore(0)

    def read(self, pictures: np.ndarray, model: str) -> tuple:
        assert self.gate.acquire(timeout=120)
        return super().read(pictures, model)


@pytest.fixture
def held(runs: Path) -> Iterator[tuple[HeldPredictor, str]]:
    predictor = HeldPredictor()
    with served(predictor, runs) as address:
        yield predictor, address
        predictor.gate.release(100)  # a batch that was stopped may have begun with another group


def drop(page: Page, *paths: Path) -> None:
    """Let files and folders fall on the page's middle, as a mouse would that brings them from another window."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": list(map(str, paths)), "dragOperationsMask": 1}
    for event in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": event, "x": 600, "y": 500, "data": data})


@pytest.mark.parametrize("device", [LAPTOP, {**PHONE, "locale": "fr"}], ids=["laptop", "phone, french"])
def test_folders_are_dropped_and_results_come_one_by_one_until_they_are_stopped(
    held: tuple[HeldPredictor, str], opened: Opener, tmp_path: Path, device: dict
) -> None:
    # ``held`` comes first: what was set up first ends last, and a page whose server has gone complains.
    said, (predictor, address) = french if "locale" in device else english, held
    folder = tmp_path / "digits"
    (folder / "inside").mkdir(parents=True)
    for number in range(70):
        pixels = np.zeros((128, 128), np.uint8)
        pixels[40:80, 4 : 10 + number] = 255
        Image.fromarray(pixels).save(folder / ("inside" if number % 2 else ".") / f"{number:02}.png")
    (folder / "07.png").write_text("no picture")
    (folder / ".DS_Store").write_text("x")
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("".join(f"{number},1\n" for number in range(70)))
    page = opened(device, address=address)
    page.get_by_role("tab", name=said.BATCH).click()
    recognised, rows = page.locator("#batch-recognised"), page.locator(".drop-list li")
    if "locale" in device:
        page.locator(".drop-folder").set_input_files(folder)
        expect(rows).to_have_count(1)
        page.locator(".drop-files").set_input_files([tmp_path / "a.csv", tmp_path / "b.csv"])
    else:
        drop(page, folder, tmp_path / "a.csv", tmp_path / "b.csv")
    expect(rows).to_have_count(3)
    expect(recognised).to_contain_text("a.csv, b.csv")  # are two tables of labels
    remove = page.get_by_role("button", name=said.DROP["remove"].format(name="b.csv"))
    remove.focus()
    page.keyboard.press("Enter")
    expect(rows).to_have_count(2)
    expect(recognised).to_have_text(said.recognised(71, 71, []))
    assert serious(page, said.BATCH) == []

    page.locator("#batch-start").click()
    status, place = page.locator("#batch-status"), page.locator("#page-place")
    expect(status).to_contain_text("71")
    expect(page.locator("#batch-cancel")).to_be_enabled()
    predictor.gate.release()
    expect(place).to_contain_text("32")
    expect(page.locator("#results-table select")).to_have_count(24)  # of 25 rows, one of which cannot be read
    expect(status).to_contain_text("32")
    page.get_by_label(said.FILTERS["unread"]).check()
    expect(page.locator("#results-table tbody tr")).to_have_count(1)
    expect(page.locator("#results-table")).to_contain_text("digits/07.png")
    page.get_by_label(said.FILTERS["wrong"]).check()
    expect(place).to_contain_text(re.compile(r"2\d|3\d"))
    page.locator("#batch-cancel").click()
    predictor.gate.release()  # the group that is being answered
    expect(status).to_contain_text(said.BATCH_STOPPED)
    expect(status).to_contain_text(said.batch_counts(0, 0, 1, 0, 0).split(", ")[1])  # one cannot be read
    expect(page.locator("#download-submission")).to_be_enabled()
    expect(page.locator("#batch-by-digit .scatterlayer .trace")).to_have_count(1)
    page.get_by_label(said.FILTERS["all"], exact=True).check()
    expect(place).to_contain_text(re.compile("32|64"))
    assert page.evaluate("document.documentElement.scrollWidth") <= device["viewport"]["width"]


@pytest.mark.parametrize("device", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_training_curves_are_drawn_and_runs_chosen(opened: Opener, device: dict) -> None:
    page = opened(device)
    page.get_by_role("tab", name=texts.TRAINING).click()
    expect(page.locator("#chart-accuracy .scatterlayer .trace")).to_have_count(
        6
    )  # two runs, and what the paper reports of both
    page.get_by_label("PyTorch CNN, tuned").uncheck()
    expect(page.locator("#chart-accuracy .scatterlayer .trace")).to_have_count(3)
    expect(page.locator("#results tbody tr")).to_have_count(2)
    width = device["viewport"]["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for chart in page.locator(".charts .js-plotly-plot").all():
        box = chart.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width and box["width"] > 300


def test_charts_follow_a_run_while_it_is_written(opened: Opener, runs: Path) -> None:
    page = opened()
    page.get_by_role("tab", name=texts.TRAINING).click()
    expect(page.locator("#runs input")).to_have_count(2)
    folder = write_run(runs, "keras_cnn", "tuned", epochs=1)
    (folder / "state").mkdir()
    try:
        expect(page.locator("#runs input:checked")).to_have_count(3)
        expect(page.locator("#runs-note")).to_contain_text("Keras CNN, tuned is not finished: epoch 1")
        append_epoch(folder / "history.csv", replace(read_history(folder / "history.csv")[0], epoch=2))
        expect(page.locator("#runs-note")).to_contain_text("epoch 2")
        page.get_by_label("ResNet18, tuned").uncheck()
        page.get_by_label(texts.AXES["minutes"]).check()
        expect(page.locator("#chart-loss .xtitle")).to_have_text(texts.AXIS_TITLES["minutes"])
        lines = download(page, "#download-history").splitlines()
        assert lines[0].startswith("run,epoch,train_loss") and len(lines) == 1 + 12 + 2
        drawing = ElementTree.fromstring(download(page, "#charts-svg"))
        assert len(drawing.findall("{http://www.w3.org/2000/svg}svg")) >= 4  # a layer or more of each of four charts
    finally:
        shutil.rmtree(folder.parent)
