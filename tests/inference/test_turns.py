"""Photographs that lie on their side: the trained model, and the turns that let it read them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from ui_support import ClassifyTab

from benchmarks.everyday import KINDS, picture
from maxdigit.inference.predict import DEFAULT_MODEL, Predictor
from maxdigit.inference.turns import better_turns
from maxdigit.preparation.finder import CHECKPOINT
from maxdigit.ui import texts
from maxdigit.ui.sureness import UNSURE
from maxdigit.ui.view_state import Edit, ViewState

pytestmark = [
    pytest.mark.skipif(not CHECKPOINT.is_file(), reason="the ink finder is not trained"),
    pytest.mark.skipif(DEFAULT_MODEL not in Predictor().available(), reason="ResNet18 is not trained"),
]


def photograph(number: int, turns: int) -> bytes:
    """Blue ink on paper, turned clockwise by some quarters, with no EXIF data to tell it."""
    content, _ = picture(KINDS["blue-ink"], number)
    buffer = io.BytesIO()
    Image.open(io.BytesIO(content)).rotate(-90 * turns, expand=True).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


@pytest.mark.parametrize("turns", [1, 3])
def test_most_unsure_photographs_on_their_side_are_offered_their_turn(turns: int) -> None:
    predictor, unsure, right = Predictor(), 0, 0
    for number in range(8):
        prepared = predictor.prepare(photograph(number, turns))
        if predictor.classify(prepared.pixels, DEFAULT_MODEL).probabilities.max() < UNSURE:
            unsure += 1
            right += 4 - turns in better_turns(predictor, prepared.pixels, DEFAULT_MODEL)
    assert unsure >= 3 and right >= 0.75 * unsure


def test_the_page_offers_the_turn_of_a_photograph_and_reads_it_then(tmp_path: Path) -> None:
    tab, path = ClassifyTab(Predictor()), tmp_path / "side.jpg"
    for number in range(8):  # the first that is not taken for something else
        path.write_bytes(photograph(number, 1))
        card = tab.answer(ViewState("upload", upload=str(path)), DEFAULT_MODEL)
        if 'data-turn="3">' in card:
            break
    else:
        pytest.fail("no photograph was offered its turn")
    assert 'class="answer-turn" hidden' not in card
    _, digits = picture(KINDS["blue-ink"], number)
    card = tab.answer(ViewState("upload", upload=str(path), edit=Edit().turned(3)), DEFAULT_MODEL)
    assert texts.headline(max(digits)) in card and 'class="answer-turn" hidden' in card


def test_a_blank_picture_is_read_after_no_turn() -> None:
    assert better_turns(Predictor(), np.zeros((128, 128), np.uint8), DEFAULT_MODEL) == ()
