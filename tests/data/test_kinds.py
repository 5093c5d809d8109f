"""What holds for every kind of picture."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from support import REPOSITORY

from maxdigit.data.kinds import MEASURED_KINDS
from maxdigit.data.pictures import CHUNK, KINDS, MAX_DIGITS, TEST_KINDS, contents, generate
from maxdigit.data.splits import TEST, VALIDATION


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.slow
def test_pictures_do_not_depend_on_what_is_asked_for_around_them(kind):
    start = CHUNK - 12
    whole = generate(TEST, start, 24, kind=kind)
    again = generate(TEST, start, 24, kind=kind)
    assert torch.equal(whole.pixels, again.pixels)
    alone = generate(TEST, start + 10, 3, kind=kind)
    assert torch.equal(alone.pixels, whole.pixels[10:13])
    assert torch.equal(alone.digits, whole.digits[10:13]) and torch.equal(alone.boxes, whole.boxes[10:13])


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_row_of_the_table_of_kinds_says_what_is_made(kind):
    pictures = generate(TEST, 0, 6, kind=kind.name)
    assert (pictures.labels >= 0).all() == kind.has_digits and (pictures.labels >= 0).any() == kind.has_digits
    assert (pictures.families >= 0).all() or not kind.has_backgrounds
    assert (kind.name in TEST_KINDS) == kind.is_tested and (kind.name in MEASURED_KINDS) >= kind.is_tested
    if kind.is_tested:
        digits, families = contents(TEST, 0, kind.name)
        assert torch.equal(digits[:6], pictures.digits) and torch.equal(families[:6], pictures.families)
    else:
        with pytest.raises(ValueError, match="not planned"):
            contents(TEST, 0, kind.name)


def test_the_table_of_kinds_loads_no_framework():
    code = "import sys, maxdigit.data.kinds; sys.exit(bool({'torch', 'cv2', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False).returncode == 0


def test_other_splits_seeds_and_balances_give_other_pictures():
    base = generate(VALIDATION, 0, 4).pixels
    assert not torch.equal(base, generate(TEST, 0, 4).pixels)
    assert not torch.equal(base, generate(VALIDATION, 4, 4).pixels)
    assert not torch.equal(base, generate(VALIDATION, 0, 4, balance=0.5).pixels)


def test_impossible_requests_are_refused():
    with pytest.raises(ValueError, match="kind"):
        generate(TEST, 0, 1, kind="printed")
    with pytest.raises(ValueError, match="negative"):
        generate(TEST, -1, 1)
    with pytest.raises(ValueError, match="positive"):
        generate(TEST, 0, 0)


def test_pictures_have_the_form_that_models_take():
    pictures = generate(TEST, 0, 8)
    assert pictures.pixels.shape == (8, 128, 128) and pictures.pixels.dtype == torch.uint8
    assert pictures.digits.shape == (8, MAX_DIGITS) and pictures.boxes.shape == (8, MAX_DIGITS, 4)
    assert ((pictures.digits >= 0).sum(1) == 3).all()
    assert torch.equal(pictures.labels, pictures.digits.max(1).values)


@pytest.mark.slow
def test_balance_makes_every_largest_digit_as_likely():
    labels = generate(TEST, 0, 2000, balance=1.0).labels
    assert (torch.bincount(labels, minlength=10) / 2000 - 0.1).abs().max() < 0.035


@pytest.mark.slow
def test_blank_pictures_hold_no_digit_and_are_not_all_empty():
    pictures = generate(TEST, 0, 200, kind="blank")
    assert (pictures.labels == -1).all() and (pictures.boxes == -1).all()
    spread = pictures.pixels.float().std((1, 2))
    assert (spread > 20).float().mean() > 0.5  # textures, marks
    assert len({picture.numpy().tobytes() for picture in pictures.pixels}) == 200
