"""Rules on brightness: what pictures are read by where there is no ink network, or nothing was found by it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image
from preparation_support import MODES, in_mode, ink, paper

from maxdigit.data.pictures import generate
from maxdigit.data.splits import VALIDATION
from maxdigit.errors import EmptyPictureError
from maxdigit.preparation.files import to_grey
from maxdigit.preparation.rules import keep_tones, read_by_rules


@dataclass
class Read:
    pixels: np.ndarray
    inverted: bool


def read(picture, dark_ink_on_light=None):
    return Read(*read_by_rules(to_grey(picture), dark_ink_on_light))


def shrunk_ink(seed=0):
    picture = Image.fromarray((ink(seed=seed) * 255).astype(np.uint8)).resize((128, 96), Image.Resampling.BOX)
    result = np.zeros((128, 128))
    result[16:112] = np.asarray(picture, float) / 255
    return result


def likeness(pixels, seed=0):
    """Correlation with the ink that was put in."""
    return np.corrcoef(pixels.astype(float).ravel(), shrunk_ink(seed).ravel())[0, 1]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("strength", [0.45, 0.85])
def test_pen_on_paper_becomes_light_on_dark(seed, strength):
    prepared = read(paper(seed, strength=strength))
    assert prepared.inverted and prepared.pixels.shape == (128, 128) and prepared.pixels.dtype == np.uint8
    assert likeness(prepared.pixels, seed) > 0.8
    assert np.median(prepared.pixels) < 10 and prepared.pixels.max() > 240  # paper went, ink stayed


@pytest.mark.parametrize("seed", range(3))
def test_chalk_on_a_board_keeps_its_polarity(seed):
    prepared = read(255 - paper(seed))
    assert not prepared.inverted and likeness(prepared.pixels, seed) > 0.8


@pytest.mark.parametrize("background", [0, 40, 90])
def test_a_canvas_with_light_ink_loses_its_background(background):
    prepared = read((background + (255 - background) * ink()).astype(np.uint8))
    assert not prepared.inverted and likeness(prepared.pixels) > 0.85 and np.median(prepared.pixels) < 5


@pytest.mark.parametrize("background", [255, 220, 170])
def test_a_canvas_with_dark_ink_is_inverted(background):
    prepared = read((background * (1 - ink())).astype(np.uint8))
    assert prepared.inverted and likeness(prepared.pixels) > 0.85


@pytest.mark.slow
def test_textured_pictures_of_the_models_size_pass_unchanged():
    for pixels in generate(VALIDATION, 0, 150).pixels.numpy():
        prepared = read(pixels)
        assert not prepared.inverted and (prepared.pixels == pixels).all()


@pytest.mark.slow
def test_enlarged_textured_pictures_keep_their_tones():
    for pixels in generate(VALIDATION, 0, 60).pixels.numpy():
        large = Image.fromarray(pixels).resize((300, 300), Image.Resampling.BICUBIC)
        assert not read(large).inverted


def test_polarity_can_be_overruled():
    assert not read(paper(), dark_ink_on_light=False).inverted
    assert read((255 * ink()).astype(np.uint8), dark_ink_on_light=True).inverted


def test_a_thin_pen_on_a_large_photograph_survives():
    page = np.full((3000, 4000), 235, np.uint8)
    page[800:2200, 1000:1008] = 30  # eight pixels wide: a quarter of one of the models' pixels
    pixels = read(page).pixels
    assert pixels[:, 25:40].max() > 200


@pytest.mark.parametrize("size", [(50, 20), (20, 50), (1000, 300), (64, 64), (500, 500)])
def test_any_shape_is_fitted_whole_and_padded(size):
    picture = Image.new("L", size, 0)
    picture.paste(255, (size[0] // 3, size[1] // 3, 2 * size[0] // 3, 2 * size[1] // 3))
    pixels = read(picture).pixels
    assert pixels.shape == (128, 128) and pixels[64, 64] > 200
    assert pixels[0, 0] < 30 and pixels[-1, -1] < 30


@pytest.mark.parametrize("mode", MODES)
def test_pictures_of_every_mode_are_understood(mode):
    prepared = read(in_mode(mode))
    assert prepared.inverted
    expected = read(in_mode("L")).pixels.astype(float)
    assert np.corrcoef(prepared.pixels.astype(float).ravel(), expected.ravel())[0, 1] > 0.85


@pytest.mark.parametrize("tone", [0, 255])
def test_strokes_on_a_transparent_background_stay_visible(tone):
    """As drawing programs export them."""
    alpha = Image.fromarray((255 * ink()).astype(np.uint8))
    picture = Image.new("RGBA", alpha.size, (tone, tone, tone, 0))
    picture.putalpha(alpha)
    prepared = read(picture)
    assert likeness(prepared.pixels) > 0.85 and prepared.inverted is (tone == 0)


@pytest.mark.parametrize("seed", range(3))
def test_a_blank_sheet_is_empty_however_it_is_lit(seed):
    rng = np.random.default_rng(seed)
    light = np.linspace(0.9, 0.5 + 0.1 * seed, 400)[None, :] * np.ones((300, 1))
    sheet = (light + rng.normal(0, 0.015, light.shape)).clip(0, 1)
    with pytest.raises(EmptyPictureError, match="blank"):
        read((sheet * 255).astype(np.uint8))


def test_a_hair_line_on_a_large_page_is_not_taken_for_an_empty_one():
    page = np.full((3000, 4000), 255, np.uint8)
    page[1200:1800, 2000:2003] = 0  # 0.015 % of the page
    pixels = read(page).pixels
    assert pixels[:, 60:68].max() > 200 and not pixels[:, :55].any()


@pytest.mark.parametrize("array", [np.zeros((1, 1)), np.zeros((128, 128)), np.full((300, 200, 3), 255, np.uint8)])
def test_a_picture_of_one_tone_is_empty(array):
    with pytest.raises(EmptyPictureError, match="nothing to see"):
        read(array)


# ---- Kept from mutants: see "Mutation tests" in CONTRIBUTING.md


def sheet(tone=0.5, ink_tone=0.9, noise=0.0, size=200):
    """A background of one tone with a vertical stroke six pixels wide: brightness 0..1."""
    grey = np.full((size, size), tone, np.float32)
    grey[60:140, 97:103] = ink_tone
    return (grey + np.random.default_rng(1).normal(0, noise, grey.shape)).clip(0, 1).astype(np.float32)


@pytest.mark.parametrize("noise, is_plain", [(0.005, True), (0.12, False)])
def test_a_noisy_background_keeps_its_tones_and_a_plain_one_becomes_black(noise, is_plain):
    pixels, inverted = read_by_rules(sheet(noise=noise), False)
    assert not inverted
    assert (np.median(pixels) == 0) if is_plain else (110 < np.median(pixels) < 145)


def test_a_stroke_becomes_white_and_the_grain_around_it_black():
    pixels, _ = read_by_rules(sheet(noise=0.01), False)
    assert pixels.max() == 255 and pixels.dtype == np.uint8
    assert (pixels[:20] == 0).mean() > 0.99, "grain is below the least tone of ink"
    assert np.median(pixels[50:80, 63]) == 255, "the stroke's core"


@pytest.mark.parametrize("is_tall", [False, True])
def test_a_picture_is_extended_by_the_median_tone_of_all_four_borders(is_tall):
    """Both long sides are needed for the median to be theirs."""
    grey = np.zeros((60, 120), np.float32)
    grey[:, [0, -1]] = 0.2
    grey[[0, -1]] = 0.8
    pixels = keep_tones(grey.T if is_tall else grey)
    beside = pixels[:, :20] if is_tall else pixels[:20]
    assert (beside == round(0.8 * 255)).all()


@pytest.mark.parametrize("width, bright", [(1, 127), (4, 250)])
def test_thin_strokes_are_thickened_before_a_picture_is_made_smaller(width, bright):
    """A quarter of a pixel and a whole one at the models' size: two pixels are at least so bright."""
    grey = np.full((512, 512), 0.2, np.float32)
    grey[100:400, 255 : 255 + width] = 0.9
    pixels, _ = read_by_rules(grey, False)
    assert (pixels[40:90] > bright).sum(1).min() >= 2


def test_a_stroke_of_two_thirds_of_the_contrast_of_another_stays():
    grey = sheet()
    grey[60:140, 47:53] = 0.5 + 0.65 * 0.4
    pixels, _ = read_by_rules(grey, False)
    assert pixels[50:80, 32].min() > 40


def test_the_boldest_part_of_a_thin_stroke_is_white_too():
    """Most of it sets the tone that becomes white; a brighter part must not pass the end of the range and turn dark."""
    grey = np.full((512, 512), 0.2, np.float32)
    grey[100:400, 255:257] = 0.6
    grey[100:180, 255:257] = 0.75
    pixels, _ = read_by_rules(grey, False)
    assert pixels[28:42].max(1).min() > 240 and pixels[55:90].max(1).min() > 240


def test_a_stroke_hardly_stronger_than_the_papers_grain_is_not_lost():
    pixels, _ = read_by_rules(sheet(tone=0.9, ink_tone=0.7, noise=0.08), True)
    assert np.median(pixels[45:83, 63]) > 200, "the stroke"
    assert (pixels[:30] == 0).mean() > 0.6, "the paper"


def test_a_fainter_stroke_stays_on_grainy_paper():
    grey = sheet(tone=0.9, ink_tone=0.5, noise=0.06)
    grey[60:140, 47:53] -= 0.6 * 0.4
    pixels, _ = read_by_rules(grey, True)
    assert np.median(pixels[45:83, 31:33]) > 60, "three fifths of the other's contrast"
    assert (pixels[:30] == 0).mean() > 0.99, "the paper"
