"""Textured pictures: backgrounds and digits as in the competition."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from maxdigit.data.backgrounds import FAMILIES, PAINTERS, texture
from maxdigit.data.pictures import generate
from maxdigit.data.splits import TEST


@pytest.fixture(scope="module")
def textured():
    return generate(TEST, 0, 2000)


@pytest.mark.slow
def test_every_picture_spans_black_to_white(textured):
    assert (textured.pixels.amin((1, 2)) == 0).all() and (textured.pixels.amax((1, 2)) == 255).all()


@pytest.mark.slow
def test_grey_levels_match_the_competitions(textured):
    """Mean 98 to 106 and standard deviation 56 to 62 were measured on samples of the real pictures."""
    pixels = textured.pixels.float()
    assert 88 < pixels.mean() < 112
    assert 50 < pixels.std() < 66


@pytest.mark.slow
def test_backgrounds_come_in_the_measured_shares(textured):
    counts = torch.bincount(textured.families, minlength=len(FAMILIES)) / 2000
    for name, share in zip(FAMILIES, counts.tolist(), strict=True):
        assert abs(share - PAINTERS[name][1]) < 0.035, name


# Grey levels below 215 at the 25, 50 and 75 % points, measured on each family of real pictures.
MEASURED = {
    "rings": (46, 97, 146),
    "stars": (14, 21, 35),
    "wall": (113, 137, 159),
    "granite": (107, 134, 160),
    "waves": (31, 48, 73),
    "gravel": (78, 126, 156),
    "marble": (25, 34, 71),
}


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_backgrounds_have_the_measured_grey_levels(textured, family):
    pixels = textured.pixels[textured.families == FAMILIES.index(family)].float()
    found = np.percentile(pixels[pixels < 215].numpy(), (25, 50, 75))
    assert np.abs(found - MEASURED[family]).max() < 32, found


def test_textures_are_the_same_for_a_seed_and_differ_between_seeds():
    for family in FAMILIES:
        painter = PAINTERS[family][0]
        first = painter(torch.Generator().manual_seed(5))
        assert torch.equal(first, painter(torch.Generator().manual_seed(5)))
        assert not torch.equal(texture(family, 1), texture(family, 2))


@pytest.mark.slow
def test_digits_stand_apart_inside_the_picture(textured):
    boxes = textured.boxes[:, :3].float()
    assert boxes.min() >= 0 and boxes.max() <= 128
    sides = torch.maximum(boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1])
    assert sides.max() <= 28 and 18 <= sides.median() <= 26
    centres = (boxes[..., :2] + boxes[..., 2:]) / 2
    gap = (centres - centres.roll(1, 1)).norm(dim=2)
    assert gap.min() > 18  # boxes keep 29 pixels, ink within them may lean together
    assert 50 < gap.median() < 80


@pytest.mark.slow
def test_ink_is_bright_where_the_boxes_say(textured):
    for pixels, boxes in zip(textured.pixels[:200], textured.boxes[:200, :3], strict=True):
        for x0, y0, x1, y1 in boxes.tolist():
            assert pixels[y0:y1, x0:x1].max() == 255


@pytest.mark.slow
def test_labels_are_distributed_like_the_competitions(textured):
    shares = torch.bincount(textured.labels, minlength=10) / len(textured)
    expected = torch.tensor([((k + 1) ** 3 - k**3) / 1000 for k in range(10)])
    assert (shares - expected).abs().max() < 0.04


def test_faint_pictures_are_textured_ones_with_darker_digits_in_the_same_boxes() -> None:
    textured, faint = (generate(TEST, 0, 4, kind=kind) for kind in ("textured", "faint"))
    assert torch.equal(textured.digits, faint.digits) and torch.equal(textured.boxes, faint.boxes)
    for bright, dark, boxes in zip(textured.pixels, faint.pixels, textured.boxes, strict=True):
        x0, y0, x1, y1 = boxes[0]
        assert bright[y0:y1, x0:x1].float().mean() > dark[y0:y1, x0:x1].float().mean()
