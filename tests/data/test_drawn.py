"""Drawn pictures: strokes of MNIST's digits and of other forms, their size, layout and boxes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from data_support import pictures_of

from maxdigit.data.arrange import Hand, Writing, arrange
from maxdigit.data.drawn import draw, plan_drawing, write
from maxdigit.data.forms import FORMS, MAX_POINTS, SEGMENTS, choose_forms, form_fields, form_glyph
from maxdigit.data.picture_batch import SIZE
from maxdigit.data.skeletons import Glyph, distance_fields, glyphs
from maxdigit.data.splits import TEST, TRAIN, VALIDATION
from maxdigit.preparation.framing import DIGIT_HEIGHT, MARGIN, digit_height


def test_drawn_pictures_are_white_strokes_on_black_with_one_to_five_digits():
    pictures = pictures_of("drawn")
    count = (pictures.digits >= 0).sum(1)
    assert set(count.tolist()) == {1, 2, 3, 4, 5} and (count == 3).float().mean() > 0.5
    assert (pictures.families == -1).all()
    assert (pictures.pixels == 0).float().mean() > 0.7
    assert (pictures.pixels.amax((1, 2)) > 200).all()


def _digit_heights(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """The height of each test picture's median digit, and the longer side of all its ink, in pixels."""
    heights, sides = [], []
    for boxes in pictures_of(kind).boxes.float():
        there = boxes[boxes[:, 0] >= 0]
        heights.append(digit_height([tuple(box) for box in there.tolist()]))
        sides.append(float((there[:, 2:].amax(0) - there[:, :2].amin(0)).max()))
    return np.array(heights), np.array(sides)


@pytest.mark.parametrize("kind", ["drawn", "forms"])
def test_digits_come_in_one_size_unless_they_would_not_fit_in(kind: str) -> None:
    heights, sides = _digit_heights(kind)
    fits = sides < SIZE - 2 * MARGIN - 2  # the others fill what there is
    assert fits.mean() > 0.7
    assert abs(np.median(heights[fits]) - DIGIT_HEIGHT) < 1.5
    assert 0.08 < np.log(heights[fits]).std() < 0.16
    assert heights.max() < 1.4 * DIGIT_HEIGHT and sides.max() <= SIZE - 2 * MARGIN + 1
    assert heights[~fits].min() > 10


def test_drawn_digits_differ_in_size_and_stand_in_rows_in_columns_and_scattered() -> None:
    pictures = pictures_of("drawn")
    three = pictures.boxes[(pictures.digits >= 0).sum(1) == 3, :3].float()
    sizes = three[..., 3] - three[..., 1]
    assert (sizes.amax(1) / sizes.amin(1)).median() > 1.15
    spread = ((three[..., :2] + three[..., 2:]) / 2).std(1)  # of the middles, along x and y
    share = (spread[:, 0] / spread[:, 1]).log2()
    assert (share > 2).float().mean() > 0.3 and (share < -2).float().mean() > 0.05
    assert (share.abs() < 1).float().mean() > 0.1


@pytest.mark.parametrize("kind", ["drawn", "forms"])
def test_no_ink_touches_the_border(kind: str) -> None:
    pixels = pictures_of(kind).pixels
    inner = torch.nn.functional.pad(pixels[:, 2:-2, 2:-2], (2, 2, 2, 2))
    assert torch.equal(pixels, inner)


@pytest.mark.parametrize("pen", ["drawn", "forms", "mixed"])
def test_digits_touch_but_do_not_cover_each_other(pen: str) -> None:
    drawing = plan_drawing(TEST, pen, 0, 0.0)[:300]
    touching = 0
    for writing in write(drawing, TEST):
        layers = np.stack([_ink_of(writing, slot) for slot in range(len(writing.boxes))])
        area = layers.sum((1, 2))
        covered = ((layers.sum(0) > 1) & layers).sum((1, 2)) / area
        assert covered.max() < 0.02
        touching += cv2.connectedComponents(layers.any(0).astype(np.uint8))[0] - 1 < len(layers)
    assert 5 < touching < 100  # of 300


def _ink_of(writing: Writing, slot: int) -> np.ndarray:
    lines = [line for line, owner in zip(writing.lines, writing.slots, strict=True) if owner == slot]
    return draw(lines, writing.brush, SIZE) > 127


def test_boxes_are_around_each_digits_ink() -> None:
    for writing in write(plan_drawing(TEST, "mixed", 0, 0.0)[:100], TEST):
        for slot, box in enumerate(writing.boxes):
            rows, columns = np.nonzero(_ink_of(writing, slot))
            assert np.abs(box - (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)).max() < 1.3


def _alone(glyph: Glyph, *, brush: float, size: float = 1.0, angle: float = 0.0, shear: float = 0.0) -> np.ndarray:
    """The ink of a single digit without chance, at a share of the usual height."""

    def one(value: float) -> np.ndarray:
        return np.full(1, value, np.float32)

    place = np.zeros((1, 2), np.float32)
    bend = np.zeros((1, 2, 3, 3), np.float32)
    hand = Hand("row", place, one(1.0), one(angle), one(shear), one(1.0), bend, brush, 1.0, size, place[0])
    writing = arrange([glyph], hand)
    return draw(writing.lines, writing.brush, SIZE) > 127


def _still(form: int, reach: float = 0.5) -> Glyph:
    return form_glyph(form, reach, np.zeros((MAX_POINTS, 2), np.float32))


def _pieces(ink: np.ndarray) -> int:
    return cv2.connectedComponents(ink.astype(np.uint8), connectivity=8)[0] - 1


def _holes(ink: np.ndarray) -> int:
    return cv2.connectedComponents((~ink).astype(np.uint8), connectivity=4)[0] - 2


SINGLE_STROKES = [number for number, form in enumerate(FORMS) if len(form.parts) == 1]


@pytest.mark.parametrize(
    "form", SINGLE_STROKES, ids=[f"{FORMS[form].digit} {FORMS[form].name}" for form in SINGLE_STROKES]
)
def test_a_single_stroke_is_in_one_piece_at_every_size_and_slant(form: int) -> None:
    for size in (0.4, 0.7, 1.0, 1.4, 2.5):
        for angle in (-0.5, 0.0, 0.13, 0.5):
            for shear in (-0.3, 0.3):
                assert _pieces(_alone(_still(form), brush=0.0, size=size, angle=angle, shear=shear)) == 1


def test_mnists_digits_are_drawn_in_as_many_pieces_as_they_were_written_in() -> None:
    count = 600
    for glyph, image in zip(glyphs("test", range(count)), TEST.digits.images[:count], strict=True):
        ink = _alone(glyph, brush=0.0)
        assert 1 <= _pieces(ink) <= max(_pieces(image > 30), 1)


@pytest.mark.parametrize(("digit", "least"), [(0, 1), (6, 1), (8, 2), (9, 1)])
def test_loops_stay_open_at_the_boldest_brush(digit: int, least: int) -> None:
    for number, form in enumerate(FORMS):
        if form.digit == digit:
            for reach in (0.0, 0.5, 1.0):
                assert _holes(_alone(_still(number, reach), brush=1.0)) >= least, form.name
    found = [
        glyph
        for glyph, label in zip(glyphs("test", range(1000)), TEST.digits.labels[:1000], strict=True)
        if label == digit and np.isfinite(glyph.hole)  # some writers leave their loops open at the end
    ]
    assert len(found) > 50
    assert np.mean([_holes(_alone(glyph, brush=1.0)) >= 1 for glyph in found]) > 0.98


def test_skeletons_run_through_the_ink():
    fields, images = distance_fields("test", torch.arange(500)), torch.tensor(TEST.digits.images[:500])
    on_line = fields < 0.5
    assert (images[on_line] > 60).float().mean() > 0.97  # a skeleton lies within its digit
    assert fields[images > 200].quantile(0.99) < 4  # and no ink is far from it
    assert (on_line.flatten(1).sum(1) > 5).all()


def test_every_digit_has_forms_and_every_form_is_as_high_as_mnists_digits():
    assert {form.digit for form in FORMS} == {-1, *range(10)}
    digits = torch.arange(10).repeat(40)
    hands = choose_forms(torch.Generator().manual_seed(1), digits)
    assert [FORMS[form].digit for form in hands.form.tolist()] == digits.tolist()
    assert len(hands.form.unique()) == sum(form.digit >= 0 for form in FORMS) - len(SEGMENTS)
    on_the_way = form_fields(hands) < 0.5
    assert on_the_way.any(2).any(1).all()
    height = on_the_way.any(2).sum(1).float()
    assert 19 < height.mean() < 22 and height.min() > 16


def test_some_training_pictures_show_the_segments_of_a_display_and_no_others_do():
    first = len(FORMS) - len(SEGMENTS)
    assert [form.digit for form in FORMS[first:]] == list(range(10))
    for split, has_some in ((TRAIN, True), (VALIDATION, False), (TEST, False)):
        drawing = plan_drawing(split, "mixed", 0, 0.5)
        drawn = drawing.digits[:, : drawing.form.shape[1]]
        is_shown = (drawing.form >= first) & drawing.there
        assert is_shown.any() == has_some
        assert (drawing.form - first == drawn)[is_shown].all() and drawing.written[is_shown].all()
        assert (is_shown.any(1) == is_shown.sum(1).eq(drawing.there.sum(1))).all()  # a display shows all digits
        if has_some:
            shown = int(is_shown.any(1).nonzero()[0])
            assert draw(write(drawing[shown : shown + 1], split)[0].lines, 3.0, SIZE).any()


def test_a_crossed_seven_differs_from_a_plain_one_by_its_bar():
    names = [form.name for form in FORMS]
    plain, crossed = (names.index(name) for name in ("plain", "crossed"))
    hands = choose_forms(torch.Generator().manual_seed(1), torch.tensor([7, 7]))
    still = type(hands)(torch.tensor([plain, crossed]), torch.zeros(2), torch.zeros_like(hands.offset))
    bare, barred = (form_fields(still) < 0.7)[:, 12:16].any(1).sum(1).tolist()  # columns with ink halfway up
    assert barred > bare + 4
