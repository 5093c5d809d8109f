"""Where digits are found, and what is left without them."""

from __future__ import annotations

import numpy as np
import pytest

from maxdigit.data.pictures import generate
from maxdigit.data.sample import draw_sample
from maxdigit.data.splits import TEST
from maxdigit.inference.digits import MAX_FOUND, find_digits, without


def overlap(a, b) -> float:
    """The shared area of two boxes as a share of both together."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    area = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return shared / (area - shared)


def test_digits_that_stand_apart_are_found_where_they_are():
    pictures = generate(TEST, 0, 200, kind="drawn")
    apart = 0
    for pixels, boxes in zip(pictures.pixels.numpy(), pictures.boxes.tolist(), strict=True):
        there = sorted(tuple(box) for box in boxes if box[0] >= 0)
        found = find_digits(pixels)
        if len(found) == len(there):
            apart += all(overlap(a, b) > 0.8 for a, b in zip(found, there, strict=True))
    assert apart > 90, "in every second drawing the digits do not touch"


def test_nothing_is_found_on_textures_and_on_nothing():
    assert find_digits(draw_sample(5).pixels) == []
    assert find_digits(np.zeros((128, 128), np.uint8)) == []
    assert len(find_digits((np.indices((128, 128)).sum(0) % 24 < 3).astype(np.uint8) * 255)) <= MAX_FOUND


def test_a_broken_stroke_is_one_digit_and_strokes_apart_are_two():
    picture = np.zeros((128, 128), np.uint8)
    picture[20:60, 30:33] = 255
    picture[34:38] = 0
    assert find_digits(picture) == [(30, 20, 33, 60)]
    picture[34:42] = 0
    assert find_digits(picture) == [(30, 20, 33, 34), (30, 42, 33, 60)]


def test_specks_are_no_digits():
    picture = np.zeros((128, 128), np.uint8)
    picture[10, 10] = 255
    picture[40:80, 60:64] = 255
    assert find_digits(picture) == [(60, 40, 64, 80)]


@pytest.mark.parametrize("seed", range(6))
def test_an_erased_digit_leaves_ground_and_the_others_alone(seed):
    sample = draw_sample(seed)
    first, *others = sample.boxes
    left = without(sample.pixels, [first], others)
    changed = np.argwhere(left != sample.pixels)
    assert len(changed)
    x0, y0, x1, y1 = first
    assert (changed.min(0) >= (y0 - 2, x0 - 2)).all() and (changed.max(0) < (y1 + 2, x1 + 2)).all()
    assert (left[y0:y1, x0:x1] >= 250).mean() < (sample.pixels[y0:y1, x0:x1] >= 250).mean()
    assert (without(sample.pixels, []) == sample.pixels).all()
