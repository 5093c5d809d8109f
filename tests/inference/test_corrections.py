"""What visitors say is wrong: kept with their consent, listed, taken along, deleted, and measured on."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ui_support import ClassifyTab, FakePredictor

from maxdigit.inference import corrections
from maxdigit.inference.corrections import CorrectionError, delete, export, keep, kept, load
from maxdigit.ui import texts
from maxdigit.ui.app import build_app
from maxdigit.ui.corrections_tab import clear_corrections, show_corrections
from maxdigit.ui.view_state import ViewState

DRAWING = json.dumps({"version": 1, "strokes": [{"tool": "pen", "size": 40, "points": [[100, 200], [600, 400]]}]})
PICTURE = np.random.default_rng(0).integers(0, 256, (128, 128), np.uint8)


def some(folder: Path, count: int = 3) -> list[str]:
    return [keep(folder, PICTURE, digit, "resnet18", 9, "draw") for digit in range(count)]


def test_what_is_kept_comes_back_as_it_was(tmp_path: Path) -> None:
    name = keep(tmp_path / "new", PICTURE, 7, "resnet18", 1, "draw", DRAWING)
    (found,), troubles = kept(tmp_path / "new")
    assert (found.name, found.digit, found.model, found.answer, found.source) == (name, 7, "resnet18", 1, "draw")
    assert found.strokes == DRAWING and (found.pixels == PICTURE).all() and troubles == []
    pictures, labels = load(tmp_path / "new")
    assert (pictures == PICTURE).all() and labels.tolist() == [7]


def test_damaged_ones_are_left_out_by_name(tmp_path: Path) -> None:
    good, bad, worse = some(tmp_path)
    (tmp_path / f"{bad}.json").write_text("{")
    data = json.loads((tmp_path / f"{worse}.json").read_text())
    (tmp_path / f"{worse}.json").write_text(json.dumps({**data, "png": data["png"][:100]}))
    found, troubles = kept(tmp_path)
    assert [one.name for one in found] == [good]
    assert len(troubles) == 2 and any(bad in trouble for trouble in troubles)


def test_deleting_touches_nothing_else(tmp_path: Path) -> None:
    first, second, _ = some(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    outside = tmp_path.parent / "outside.json"
    outside.write_text("{}")
    assert delete(tmp_path, [first, "../outside", "notes"]) == 1
    assert outside.exists() and (tmp_path / "notes.txt").exists()
    assert second in show_corrections(tmp_path)
    assert "2 pictures stored" in clear_corrections(tmp_path, False)
    assert "0 pictures stored" in clear_corrections(tmp_path, True)


def corrected(folder: Path, drawing: str, digit: object) -> tuple[Any, str]:
    """What the page does when a digit is said to be the right one for a drawing."""
    tab = ClassifyTab(FakePredictor(), folder)
    changes = tab.keeping.correct(ViewState("draw", drawing), "resnet18", digit)
    return changes[tab.page.keep.correction], changes[tab.page.keep.said]


def test_all_can_be_taken_along(tmp_path: Path) -> None:
    some(tmp_path)
    archive = zipfile.ZipFile(io.BytesIO(export(tmp_path)))
    assert sum(name.endswith(".png") for name in archive.namelist()) == 3
    assert archive.read("labels.csv").decode().startswith("name,label,model,answer,source")


@pytest.mark.parametrize("digit", [None, 10, -1, "seven"])
def test_what_is_no_digit_is_not_kept(tmp_path: Path, digit: object) -> None:
    group, said = corrected(tmp_path, DRAWING, digit)
    assert group.visible and "0 to 9" in said and not list(tmp_path.iterdir())


def test_a_full_folder_and_none_at_all_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CorrectionError, match="no corrections"):
        load(tmp_path)
    monkeypatch.setattr(corrections, "MAX_KEPT", 2)
    with pytest.raises(CorrectionError, match="No more"):
        some(tmp_path)
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(CorrectionError, match="cannot be kept"):
        keep(file, PICTURE, 1, "resnet18", 2, "draw")


def test_the_page_keeps_a_drawing_with_its_strokes(tmp_path: Path) -> None:
    group, said = corrected(tmp_path, DRAWING, 3)
    assert not group.visible and texts.KEPT in said
    (found,), _ = kept(tmp_path)
    assert found.strokes == DRAWING and found.digit == 3
    _, said = corrected(tmp_path, "", 3)
    assert texts.NOTHING_TO_CORRECT in said


def test_nobody_is_asked_where_nothing_is_kept(tmp_path: Path) -> None:
    def buttons(demo: object) -> list[bool]:
        components = demo.get_config_file()["components"]  # type: ignore[attr-defined]
        return [c["props"]["visible"] for c in components if c["props"].get("elem_id") == "wrong"]

    assert buttons(build_app(FakePredictor(), tmp_path)) == [False]
    assert buttons(build_app(FakePredictor(), tmp_path, tmp_path)) == [True]
