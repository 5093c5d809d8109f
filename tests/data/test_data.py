"""The pictures: the same each time, from digits and backgrounds that no two splits share, and like the real ones."""

from __future__ import annotations

import csv
import gzip
import subprocess
import sys
from functools import lru_cache

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from support import REPOSITORY

from maxdigit.data import photo
from maxdigit.data.arrange import Hand, Writing, arrange
from maxdigit.data.backgrounds import FAMILIES, PAINTERS, texture
from maxdigit.data.drawn import draw, plan_drawing, write
from maxdigit.data.forms import FORMS, MAX_POINTS, SEGMENTS, choose_forms, form_fields, form_glyph
from maxdigit.data.kinds import MEASURED_KINDS
from maxdigit.data.labelled_picture import SampleError
from maxdigit.data.mnist import FOLDER, MnistError, load_mnist
from maxdigit.data.picture_batch import SIZE, Pictures
from maxdigit.data.pictures import CHUNK, KINDS, MAX_DIGITS, TEST_KINDS, contents, generate
from maxdigit.data.sample import draw_balanced, draw_sample, evaluation_picture, write_samples
from maxdigit.data.skeletons import Glyph, distance_fields, glyphs
from maxdigit.data.splits import SPLITS, TEST, TRAIN, VALIDATION
from maxdigit.preparation.framing import DIGIT_HEIGHT, MARGIN, Frame, digit_height
from maxdigit.preparation.prepare import prepare


@pytest.fixture(scope="module")
def textured():
    return generate(TEST, 0, 2000)


@lru_cache
def pictures_of(kind: str) -> Pictures:
    """The first 500 test pictures of a kind."""
    return generate(TEST, 0, 500, kind=kind)


def test_mnist_is_the_original():
    train, test = load_mnist("train"), load_mnist("t10k")
    assert train.images.shape == (60_000, 28, 28) and test.images.shape == (10_000, 28, 28)
    assert np.bincount(train.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]


@pytest.mark.slow
def test_a_changed_mnist_file_is_refused_by_name(tmp_path):
    for path in FOLDER.glob("t10k*.gz"):
        content = bytearray(gzip.decompress(path.read_bytes()))
        content[-1] ^= 1
        (tmp_path / path.name).write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(MnistError, match=r"t10k-images.*not the original"):
        load_mnist("t10k", tmp_path)


def test_a_missing_or_cut_mnist_file_is_refused_by_name(tmp_path):
    with pytest.raises(MnistError, match="t10k-images"):
        load_mnist("t10k", tmp_path)
    name = "t10k-images-idx3-ubyte.gz"
    (tmp_path / name).write_bytes((FOLDER / name).read_bytes()[:1000])
    with pytest.raises(MnistError, match="cannot be read"):
        load_mnist("t10k", tmp_path)


def test_splits_share_no_digit_picture():
    seen: dict[bytes, str] = {}
    counts = {}
    for name, split in SPLITS.items():
        counts[name] = len(split.digits.labels)
        for image in split.digits.images:
            assert seen.setdefault(image.tobytes(), name) == name
    assert counts == {"train": 54_000, "validation": 6_000, "test": 10_000}


def test_splits_share_no_background_seed():
    last = [split.texture_seed(99_999_999) for split in SPLITS.values()]
    first = [split.texture_seed(0) for split in SPLITS.values()]
    assert first[0] <= last[0] < first[1] <= last[1] < first[2] <= last[2]
    with pytest.raises(ValueError, match="texture number"):
        TRAIN.texture_seed(100_000_000)


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


@pytest.mark.slow
def test_balance_makes_every_largest_digit_as_likely():
    labels = generate(TEST, 0, 2000, balance=1.0).labels
    assert (torch.bincount(labels, minlength=10) / 2000 - 0.1).abs().max() < 0.035


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


def test_samples_are_test_pictures_outside_the_measured_set():
    sample = draw_sample(11)
    assert (sample.pixels == draw_sample(11).pixels).all()
    assert (sample.pixels != draw_sample(12).pixels).any()
    assert sample.max_digit == max(sample.digits) and len(sample.digits) == 3
    assert sample.family in FAMILIES
    assert draw_sample(11, "drawn").family is None


@pytest.mark.parametrize(
    ("kind", "family", "digits"),
    [
        ("textured", "rings", (7, 3, 7)),
        ("textured", None, (0, 0, 0)),
        ("textured", "marble", None),
        ("drawn", None, (1, 4, 2)),
        ("forms", None, (1, 7, 9)),
        ("photo", None, (8, 8, 5)),
    ],
)
def test_samples_show_what_is_wished_for(kind: str, family: str | None, digits: tuple[int, ...] | None) -> None:
    sample = draw_sample(5, kind, family=family, digits=digits)
    assert digits is None or sorted(sample.digits) == sorted(digits)
    assert family is None or sample.family == family
    other = draw_sample(6, kind, family=family, digits=digits)
    assert other.pixels.shape == sample.pixels.shape and (other.pixels != sample.pixels).any()


@pytest.mark.parametrize(
    "wish",
    [
        {"kind": "crowded"},
        {"family": "tartan"},
        {"kind": "photo", "family": "rings"},
        {"digits": (1, 2)},
        {"digits": (1, 2, 11)},
    ],
)
def test_samples_that_cannot_be_made_are_refused_with_a_sentence(wish: dict) -> None:
    with pytest.raises(SampleError, match=r"\.$"):
        draw_sample(5, **wish)


@pytest.mark.slow
def test_each_digit_is_as_often_the_largest_in_a_balanced_sample_of_any_kind() -> None:
    largest = [draw_balanced(seed, "crowded").max_digit for seed in range(60)]
    assert sum(digit < 5 for digit in largest) > 15, "of eight digits drawn alike none is below 5 in 1 of 256 pictures"
    assert (draw_balanced(3, "faint").pixels == draw_balanced(3, "faint").pixels).all()


def test_faint_pictures_are_textured_ones_with_darker_digits_in_the_same_boxes() -> None:
    textured, faint = (generate(TEST, 0, 4, kind=kind) for kind in ("textured", "faint"))
    assert torch.equal(textured.digits, faint.digits) and torch.equal(textured.boxes, faint.boxes)
    for bright, dark, boxes in zip(textured.pixels, faint.pixels, textured.boxes, strict=True):
        x0, y0, x1, y1 = boxes[0]
        assert bright[y0:y1, x0:x1].float().mean() > dark[y0:y1, x0:x1].float().mean()


def test_a_measured_picture_is_found_again_by_its_number() -> None:
    pictures = generate(TEST, 1_498, 4, kind="drawn")
    found = evaluation_picture("drawn", 1_501)
    assert (found.pixels == pictures.pixels[3].numpy()).all() and found.max_digit == pictures.labels[3]


def test_written_samples_are_what_the_table_says(tmp_path):
    table = write_samples(tmp_path / "a", 5, seed=7)
    rows = list(csv.DictReader(table.open()))
    assert len(rows) == 5
    for row in rows:
        assert Image.open(tmp_path / "a" / row["name"]).size == (128, 128)
        assert int(row["max_digit"]) == max(map(int, row["digits"].split()))
        assert row["background"] in FAMILIES
    again = write_samples(tmp_path / "b", 5, seed=7)
    assert again.read_text() == table.read_text()
    for kind in TEST_KINDS:
        assert write_samples(tmp_path / kind, 1, seed=1, kind=kind).exists()


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


@pytest.mark.slow
def test_blank_pictures_hold_no_digit_and_are_not_all_empty():
    pictures = generate(TEST, 0, 200, kind="blank")
    assert (pictures.labels == -1).all() and (pictures.boxes == -1).all()
    spread = pictures.pixels.float().std((1, 2))
    assert (spread > 20).float().mean() > 0.5  # textures, marks
    assert len({picture.numpy().tobytes() for picture in pictures.pixels}) == 200


def test_photographs_come_out_as_light_ink_on_black_with_boxes_around_it():
    pictures = generate(TEST, 0, 12, kind="photo")
    pixels = pictures.pixels.float()
    assert (pixels.flatten(1).median(1).values == 0).all()  # the paper
    inside = torch.zeros_like(pixels, dtype=torch.bool)
    for picture, boxes in zip(inside, pictures.boxes.tolist(), strict=True):
        for x0, y0, x1, y1 in boxes:
            if x0 >= 0:
                picture[max(y0 - 3, 0) : y1 + 3, max(x0 - 3, 0) : x1 + 3] = True
    assert pixels[inside].sum() > 0.97 * pixels.sum()


def test_photographs_are_coloured_and_framed_with_dark_or_light_ink_in_the_boxes() -> None:
    photos, drawing = photo.photographs(TRAIN, 0, slice(0, 125), 0.0)
    assert photos.pixels.shape == (125, photo.SIDE, photo.SIDE, 3) and photos.pixels.dtype == torch.uint8
    again, _ = photo.photographs(TRAIN, 0, slice(120, 123), 0.0)
    assert torch.equal(again.pixels, photos.pixels[120:123]) and torch.equal(again.boxes, photos.boxes[120:123])
    assert 0.03 < (~photos.is_dark).float().mean() < 0.25
    spread = (photos.pixels.amax(3).float() - photos.pixels.amin(3)).mean((1, 2))
    assert (spread > 12).float().mean() > 0.3  # coloured paper or ink
    grey = photos.pixels.float().mean(3)
    for picture, boxes, digits, dark in zip(grey, photos.boxes, drawing.digits, photos.is_dark, strict=True):
        assert torch.equal(boxes[:, 0] >= 0, digits >= 0)
        for x0, y0, x1, y1 in boxes[digits >= 0].round().long().tolist():
            assert x0 >= 0 and y0 >= 0 and x1 <= photo.SIDE and y1 <= photo.SIDE
            around = picture[max(y0 - 6, 0) : y1 + 6, max(x0 - 6, 0) : x1 + 6].median()
            inside = picture[y0:y1, x0:x1]
            assert (around - inside.quantile(0.03) if dark else inside.quantile(0.97) - around) > 3


def test_boxes_stay_around_what_was_turned() -> None:
    quarter = Frame(np.array([[0.0, -1.0, 128.0], [1.0, 0.0, 0.0]]))  # the model's x is the photograph's y
    assert photo.boxes_in(quarter, np.array([[10.0, 20.0, 30.0, 60.0]])).tolist() == [[20.0, 98.0, 60.0, 118.0]]


def test_known_frames_make_photographed_digits_one_size() -> None:
    photos, _ = photo.photographs(TRAIN, 0, slice(0, 125), 0.0)
    heights = []
    for boxes in photo.to_model(photos):
        there = boxes[boxes[:, 2] - boxes[:, 0] > 0]
        assert there.min() > 1 and there.max() < SIZE - 1
        heights.append(digit_height([tuple(box) for box in there.tolist()]))
    assert abs(np.median(heights) - DIGIT_HEIGHT) < 2


@pytest.mark.slow
def test_training_photographs_are_prepared_as_the_app_prepares_them() -> None:
    photos, _ = photo.photographs(TRAIN, 0, slice(0, 40), 0.0)
    prepared = [prepare(photograph) for photograph in photos.pixels.numpy()]
    app = torch.from_numpy(np.stack([one.pixels for one in prepared])).float()
    frames = torch.from_numpy(np.stack([one.frame.matrix for one in prepared]))
    fast = photo.prepare_fast(photos.pixels, frames, photos.is_dark).float()
    apart = (fast - app).abs().mean((1, 2))
    both, either = ((fast > 128) & (app > 128)).sum((1, 2)), ((fast > 128) | (app > 128)).sum((1, 2))
    assert apart.median() < 3  # of 255
    assert (both / either).median() > 0.8
