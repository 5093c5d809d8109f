"""Uploaded pictures: turned, framed, and outlined where digits were found."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from ui_support import BlankPredictor, ClassifyTab, FakePredictor, answer, shares_in, uploaded, written

from maxdigit.preparation.prepare import PreparedPicture, prepare
from maxdigit.ui import texts
from maxdigit.ui.view_state import WHOLE, Edit, ViewState, preview, upload_input


def test_an_uploaded_picture_is_turned_and_its_ink_overruled(tmp_path: Path) -> None:
    pixels = np.full((200, 200), 230, np.uint8)
    pixels[20:60, 90:96] = 20
    path = tmp_path / "picture.png"
    Image.fromarray(pixels).save(path)
    upright = upload_input(uploaded(path), predictor=FakePredictor())
    turned = upload_input(uploaded(path, edit=Edit(1)), predictor=FakePredictor())
    assert upright is not None and turned is not None and upright.inverted
    assert np.abs(np.rot90(upright.pixels, -1).astype(int) - turned.pixels).mean() < 2
    assert len(upright.boxes) == 1 and upright.boxes[0][1] < 64 < turned.boxes[0][0], "the top goes to the right"
    framed = upload_input(uploaded(path, edit=Edit(region=(0.0, 0.0, 1.0, 0.7))), predictor=FakePredictor())
    assert framed is not None and (framed.pixels != upright.pixels).any()
    light = upload_input(uploaded(path, ink="light"), predictor=FakePredictor())
    assert light is not None and not light.inverted and (light.pixels != upright.pixels).any()


def test_a_picture_is_turned_before_a_part_of_it_is_read(tmp_path: Path) -> None:
    pixels = np.rot90(written(tmp_path / "sheet.png"), -1)  # 200 wide, 300 high
    expected = prepare(pixels[: 300 // 2, 200 // 2 :], fit_to_writing=False).pixels
    edit = Edit(1).framed([0.5, 0.0, 1.0, 0.5])
    shown = upload_input(uploaded(tmp_path / "sheet.png", edit=edit), predictor=FakePredictor())
    assert shown is not None and (shown.pixels == expected).all() and shown.pixels.any()


def test_turning_lets_a_chosen_part_go_and_four_turns_are_none() -> None:
    chosen = Edit(3).framed([0.5, 0.0, 1.0, 0.5])
    assert chosen.part == "chosen" and chosen.turned() == Edit() and Edit().part == "auto"
    whole = Edit().fitted("upload", False)
    assert whole.part == "whole" and whole.fitted("upload", True) == Edit() and whole.fitted("draw", False) != whole
    assert Edit().fitted("draw", False).part == "auto", "how a drawing is read says nothing of an upload"


@pytest.mark.parametrize(
    "frame", [None, 3, [0, 0, 1], [0, 0, 1, "1"], [0, 0, 1, 1.1], [0.5, 0, 0.4, 1], [0, 0, 0.01, 1], [0, 0, True, 1]]
)
def test_a_frame_that_is_none_changes_nothing(frame: object) -> None:
    assert Edit(2, WHOLE).framed(frame) == Edit(2, WHOLE)
    assert Edit(2, WHOLE).framed([0, 0.25, 0.5, 1]) == Edit(2, (0, 0.25, 0.5, 1))


def test_an_uploaded_picture_is_shown_whole_and_not_larger_than_the_page(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    Image.new("RGBA", (3000, 1000), (200, 10, 10, 255)).save(path)
    assert preview(str(path), Edit(0, (0.0, 0.0, 0.1, 0.1))).pixels.shape[:2] == (320, 960)
    turned = preview(str(path), Edit(1))
    assert turned.pixels.shape[:2] == (960, 320) and turned.height > turned.width


class FindingPredictor(FakePredictor):
    """Finds the writing in a part of any picture, as the ink network would."""

    region = (0.1, 0.1, 0.9, 0.7)

    def prepare(self, source: Path | bytes, **options: Any) -> PreparedPicture:
        found = super().prepare(source, **options)
        return replace(found, region=self.region if options["fit_to_writing"] else None, is_doubtful=True)


def test_found_writing_is_framed_until_a_part_is_chosen_by_hand(tmp_path: Path) -> None:
    predictor, shown = FindingPredictor(), uploaded(tmp_path / "sheet.png")
    written(tmp_path / "sheet.png")
    tab = ClassifyTab(predictor)
    editing, cropper, part, edit = tab.editing, tab.page.upload.cropper, tab.page.upload.part, tab.page.state.edit
    changes = editing.begin(shown)
    first = json.loads(changes[cropper])
    assert (
        changes[part] == "auto" and first["frame"] == list(predictor.region) and first["width"] / first["height"] == 1.5
    )
    changes = editing.frame(shown, [0.2, 0.2, 0.6, 0.6])
    assert changes[part] == "chosen" and changes[edit].region == (0.2, 0.2, 0.6, 0.6)
    changes = editing.read_part(replace(shown, edit=changes[edit]), "whole")
    assert changes[part] == "whole" and json.loads(changes[cropper])["frame"] is None and changes[edit].region is None
    changes = editing.read_part(replace(shown, edit=changes[edit]), "chosen")
    assert changes[part] == "chosen" and changes[edit].region == predictor.region, "one begins with what was found"
    value = editing.read_part(replace(shown, edit=changes[edit]), "auto")[cropper]
    assert {**json.loads(value), "number": 0} == {**first, "number": 0} and value != json.dumps(first)
    assert editing.begin(ViewState("upload", edit=changes[edit])) == {edit: Edit(), cropper: "", part: "auto"}


def test_without_a_finding_there_is_no_frame_before_one_is_asked_for(tmp_path: Path) -> None:
    shown = uploaded(tmp_path / "sheet.png")
    written(tmp_path / "sheet.png")
    tab = ClassifyTab(FakePredictor())
    changes = tab.editing.begin(shown)
    assert changes[tab.page.upload.part] == "auto"
    assert json.loads(changes[tab.page.upload.cropper])["frame"] is None
    value = tab.editing.read_part(shown, "chosen")[tab.page.upload.cropper]
    assert json.loads(value)["frame"] == list(WHOLE)


def test_digits_found_are_outlined_where_they_lie_on_the_uploaded_picture(tmp_path: Path) -> None:
    pixels = written(tmp_path / "sheet.png")
    tab = ClassifyTab(FakePredictor())
    for turns in (0, 1):
        marks = tab.marks(uploaded(tmp_path / "sheet.png", edit=Edit(turns)))
        ink = np.rot90(pixels, -turns) < 100
        width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', marks).groups())
        assert (height, width) == ink.shape
        found = [np.array([p.split(",") for p in each.split()], float) for each in re.findall(r'points="(.*?)"', marks)]
        assert len(found) == 2
        covered = np.zeros_like(ink)
        for corners in found:
            x0, y0 = corners.min(0).round().astype(int)
            x1, y1 = corners.max(0).round().astype(int)
            covered[max(y0 - 3, 0) : y1 + 3, max(x0 - 3, 0) : x1 + 3] = True
            assert ink[y0:y1, x0:x1].mean() > 0.4
        assert not (ink & ~covered).any()
    assert tab.marks(ViewState("upload")) == ""


def test_what_was_left_out_makes_the_answer_unsure_and_fitting_can_be_undone(tmp_path: Path) -> None:
    tab, shown = ClassifyTab(FindingPredictor()), uploaded(tmp_path / "sheet.png")
    written(tmp_path / "sheet.png")
    card, marks = tab.answer(shown), tab.marks(shown)
    assert (
        "Not sure: something that may be a digit was left out" in card
        and texts.SAW_FITTED in card
        and marks.count("<polygon") == 2
    )
    assert 'data-fit="false"' in card
    changes = tab.editing.fit(shown, False)
    card = tab.answer(replace(shown, edit=changes[tab.page.state.edit]))
    assert texts.SAW_WHOLE in card and 'data-fit="true">' in card
    plain = answer(FakePredictor(), shown)
    assert 'data-fit="true" hidden' in plain and "Not sure" not in plain


def test_where_no_writing_was_found_there_are_no_digits_however_sure_the_model_is(tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    written(path)
    card = answer(BlankPredictor(), uploaded(path))
    assert texts.NO_DIGITS in card and escape(texts.no_digits(3, 0.86)) in card and max(shares_in(card)) == 86
    card = answer(BlankPredictor(), uploaded(path, edit=Edit().fitted("upload", False)))
    assert texts.headline(3) in card, "whoever asks for the whole picture gets an answer to it"
