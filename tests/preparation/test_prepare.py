"""Whatever picture a person gives, the models get its writing: light, on black, its digits of one height."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image
from preparation_support import MODES, in_mode, ink, page, paper, row

from maxdigit.data.pictures import generate
from maxdigit.data.splits import VALIDATION
from maxdigit.errors import EmptyPictureError
from maxdigit.preparation import finder
from maxdigit.preparation.files import to_grey
from maxdigit.preparation.finder import find_pieces
from maxdigit.preparation.framing import DIGIT_HEIGHT, digit_height
from maxdigit.preparation.prepare import prepare
from maxdigit.preparation.rules import read_by_rules


def ink_height(pixels):
    """The median height of the pieces of ink in a model's picture."""
    boxes = [box for _, box in find_pieces(pixels.astype(np.float32) / 255)[1]]
    return digit_height(boxes)


@pytest.mark.parametrize("height", [30, 60, 140])
@pytest.mark.parametrize("at", [(300, 400), (110, 420)])
def test_digits_of_any_size_and_place_become_one_height(height, at):
    prepared = prepare(page(row(height, at=at)))
    assert abs(ink_height(prepared.pixels) - DIGIT_HEIGHT) < 0.2 * DIGIT_HEIGHT
    rows, columns = np.nonzero(prepared.pixels > 127)
    assert abs((rows.min() + rows.max()) / 2 - 64) < 6 and abs((columns.min() + columns.max()) / 2 - 64) < 6
    assert np.median(prepared.pixels) == 0 and prepared.pixels.max() == 255 and prepared.has_writing


def test_many_digits_are_made_as_high_as_fits():
    prepared = prepare(page(row(60, digits=5)))
    columns = np.flatnonzero((prepared.pixels > 127).any(0))
    assert 105 <= columns[-1] - columns[0] + 1 <= 122


@pytest.mark.parametrize("make", [lambda: page(row(80)), lambda: 255 - page(row(80)), paper])
def test_the_frame_leads_back_to_the_ink(make):
    picture = make()
    prepared = prepare(picture)
    assert prepared.inverted == (picture.mean() > 127)
    y, x = np.nonzero(prepared.pixels > 200)
    back = prepared.frame.to_picture(np.column_stack([x, y]) + 0.5)
    assert np.allclose(prepared.frame.to_model(back), np.column_stack([x, y]) + 0.5)
    grey = to_grey(picture)
    values = grey[back[:, 1].astype(int), back[:, 0].astype(int)]
    dark = values if picture.mean() > 127 else 1 - values
    paper_tone = np.median(grey) if picture.mean() > 127 else 1 - np.median(grey)
    assert (dark < paper_tone - 0.1).mean() > 0.85


def test_the_region_found_holds_the_writing():
    coverage = row(60, at=(150, 250))
    left, top, right, bottom = prepare(page(coverage)).region
    y, x = np.nonzero(coverage > 0.5)
    assert left * 800 <= x.min() and right * 800 >= x.max() and top * 600 <= y.min() and bottom * 600 >= y.max()
    assert (right - left) * (bottom - top) < 0.25


def test_only_the_given_region_is_read():
    both = np.maximum(row(60, at=(150, 400)), row(60, digits=1, at=(480, 400)))
    whole = prepare(page(both))
    lower = prepare(page(both), region=(0.0, 0.6, 1.0, 1.0))
    assert len(find_pieces(whole.pixels.astype(np.float32) / 255)[1]) >= 4
    assert len(find_pieces(lower.pixels.astype(np.float32) / 255)[1]) == 1
    y = lower.frame.to_picture(np.array([[64.0, 64.0]]))[0, 1]
    assert 440 < y < 520


def test_the_whole_picture_is_read_by_rules_when_that_is_asked_for():
    picture = page(row(60, at=(150, 250)))
    prepared = prepare(picture, fit_to_writing=False)
    assert (prepared.pixels == read_by_rules(to_grey(picture))[0]).all() and prepared.region is None


def test_without_the_network_rules_do_its_work(monkeypatch):
    picture = page(row(60))
    monkeypatch.setattr(finder, "load_finder", lambda: None)
    assert (prepare(picture).pixels == read_by_rules(to_grey(picture))[0]).all()


@pytest.mark.slow
def test_textured_pictures_of_the_models_size_pass_unchanged():
    for pixels in generate(VALIDATION, 0, 120).pixels.numpy():
        prepared = prepare(pixels)
        assert not prepared.inverted and (prepared.pixels == pixels).all()


@pytest.mark.slow
def test_enlarged_textured_pictures_keep_their_tones():
    for pixels in generate(VALIDATION, 0, 40).pixels.numpy():
        large = Image.fromarray(pixels).resize((300, 300), Image.Resampling.BICUBIC)
        assert np.abs(prepare(large).pixels.astype(float) - pixels).mean() < 16


@pytest.mark.parametrize("colour", [(220, 30, 40), (90, 90, 255), (20, 160, 60)])
def test_coloured_ink_on_a_canvas_of_the_models_size_is_read_like_any_other(colour):
    coverage = row(26, size=(128, 128), at=(64, 64))
    picture = (coverage[..., None] * np.array(colour)).astype(np.uint8)
    assert abs(ink_height(prepare(picture).pixels) - DIGIT_HEIGHT) < 0.25 * DIGIT_HEIGHT


def test_a_digit_in_lighter_ink_is_as_white_as_the_others():
    coverage = row(80)
    strength = np.where(np.arange(800) < 440, 0.9, 0.35)[None]
    pixels = prepare(np.round(240 * (1 - strength * coverage)).astype(np.uint8)).pixels
    columns = np.flatnonzero((pixels > 200).any(0))
    assert columns[-1] - columns[0] > 2.2 * DIGIT_HEIGHT  # from the first digit to the last


@pytest.mark.parametrize("mode", MODES)
def test_pictures_of_every_mode_are_understood(mode):
    expected = prepare(in_mode("L")).pixels.astype(float)
    pixels = prepare(in_mode(mode)).pixels.astype(float)
    assert np.corrcoef(pixels.ravel(), expected.ravel())[0, 1] > 0.8


@pytest.mark.parametrize("tone", [0, 255])
def test_ink_on_nothing_stays_visible(tone):
    """Strokes of one tone on a transparent background, as drawing programs export them."""
    alpha = Image.fromarray((255 * ink()).astype(np.uint8))
    picture = Image.new("RGBA", alpha.size, (tone, tone, tone, 0))
    picture.putalpha(alpha)
    prepared = prepare(picture)
    assert prepared.has_writing and prepared.inverted is (tone == 0)


def test_where_nothing_is_written_that_is_said():
    """A table with a closed laptop on it."""
    rng = np.random.default_rng(0)
    table = np.full((480, 640, 3), (150, 110, 80), np.float32)
    cv2.rectangle(table, (120, 90), (560, 400), (45, 48, 52), -1)
    table *= np.linspace(1, 0.6, 640)[:, None]
    prepared = prepare((table + rng.normal(0, 4, table.shape)).clip(0, 255).astype(np.uint8))
    assert not prepared.has_writing and prepared.region is None and prepared.pixels.shape == (128, 128)


@pytest.mark.parametrize("array", [np.zeros((1, 1)), np.zeros((128, 128)), np.full((300, 200, 3), 255, np.uint8)])
def test_a_picture_of_one_tone_is_empty(array):
    with pytest.raises(EmptyPictureError, match="nothing to see"):
        prepare(array)
