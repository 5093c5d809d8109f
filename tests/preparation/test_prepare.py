"""Whatever picture a person gives, the models get its writing: light, on black, its digits of one height."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image
from test_rules import MODES, in_mode, ink, paper

from maxdigit.data.mnist import load_mnist
from maxdigit.data.pictures import generate
from maxdigit.data.splits import VALIDATION
from maxdigit.errors import EmptyPictureError
from maxdigit.preparation import finder
from maxdigit.preparation.files import to_grey
from maxdigit.preparation.finder import find_pieces
from maxdigit.preparation.framing import DIGIT_HEIGHT, Box, Frame, digit_height, frame_for, without_columns
from maxdigit.preparation.outline import stroke_width
from maxdigit.preparation.prepare import frame_ink, prepare
from maxdigit.preparation.rules import read_by_rules
from maxdigit.preparation.sheet import sheet_corners, sheet_seen
from maxdigit.preparation.straighten import line_angle, turned


def row(height: int, digits: int = 3, size: tuple[int, int] = (600, 800), at: tuple[int, int] = (300, 400)):
    """Coverage 0..1 of a row of MNIST digits ``height`` pixels high around a place, y and x."""
    images, labels = load_mnist("t10k").images, load_mnist("t10k").labels
    chosen = [images[labels == digit][0] for digit in (8, 3, 5, 2, 4)[:digits]]
    side = round(height * 1.4)
    strip = np.concatenate([cv2.resize(one, (side, side), interpolation=cv2.INTER_CUBIC) for one in chosen], 1)
    result = np.zeros(size, np.float32)
    y, x = at[0] - side // 2, at[1] - strip.shape[1] // 2
    result[y : y + side, x : x + strip.shape[1]] = strip / 255
    return result


def page(coverage, tone=235, darkness=0.85):
    return np.round(tone * (1 - darkness * coverage)).astype(np.uint8)


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


# ---- Pieces, frames and lines


def test_specks_are_left_out_and_faint_pieces_make_it_doubtful():
    ink_map = np.zeros((100, 200), np.float32)
    ink_map[30:70, 20:30] = ink_map[30:70, 60:70] = 0.9
    ink_map[5:8, 5:10] = 0.9  # a speck
    _, pieces, is_doubtful = find_pieces(ink_map)
    assert [box for _, box in pieces] == [(20, 30, 30, 70), (60, 30, 70, 70)] and not is_doubtful
    ink_map[30:70, 100:110] = 0.4
    _, pieces, is_doubtful = find_pieces(ink_map)
    assert len(pieces) == 2 and is_doubtful


def test_what_is_around_the_others_is_a_frame():
    ink_map = np.zeros((120, 200), np.float32)
    cv2.rectangle(ink_map, (5, 5), (195, 115), 0.9, 2)
    for x in (40, 90, 140):
        ink_map[40:80, x : x + 12] = 0.9
    assert len(find_pieces(ink_map)[1]) == 3


def test_heights_count_whole_digits_only():
    tall, wide, dot = (0, 0, 10, 40), (20, 0, 85, 38), (50, 50, 54, 54)
    assert digit_height([tall, tall, dot]) == 40  # a dot has no say
    assert digit_height([wide]) == 38  # digits that touch: one wide piece
    with pytest.raises(ValueError, match="no pieces"):
        digit_height([])


def test_frames_scale_and_centre():
    frame = frame_for([(100, 200, 160, 280), (180, 200, 240, 280)])
    assert isinstance(frame, Frame)
    centre = frame.to_model(np.array([[170.0, 240.0]]))[0]
    assert np.allclose(centre, 64)
    top, bottom = frame.to_model(np.array([[100.0, 200.0], [100.0, 280.0]]))[:, 1]
    assert bottom - top == pytest.approx(DIGIT_HEIGHT)


@pytest.mark.parametrize("degrees", [-30, -12, 15, 35])
def test_sloping_lines_are_found_and_turned_level(degrees):
    slope = np.deg2rad(degrees)
    boxes = []
    for step in (-60, 0, 60):
        x, y = 200 + step * np.cos(slope), 200 + step * np.sin(slope)
        boxes.append((x - 12, y - 18, x + 12, y + 18))
    assert line_angle(boxes) == pytest.approx(slope, abs=0.02)
    ink_map = np.zeros((400, 400), np.float32)
    for x0, y0, x1, y1 in boxes:
        ink_map[round(y0) : round(y1), round(x0) : round(x1)] = 1
    level, back = turned(ink_map, slope)
    middles = np.array([[(x0 + x1) / 2, (y0 + y1) / 2] for _, (x0, y0, x1, y1) in find_pieces(level)[1]])
    assert np.ptp(middles[:, 1]) < 3
    there = middles @ back[:, :2].T + back[:, 2]
    expected = np.array([[(x0 + x1) / 2, (y0 + y1) / 2] for x0, y0, x1, y1 in boxes])
    assert np.abs(there[np.argsort(there[:, 0])] - expected).max() < 1.5


def _on_a_desk(coverage: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A sheet with writing, its corners at these places on a desk of 600 x 800, and how it came there."""
    rng = np.random.default_rng(0)
    desk = np.round(90 + 25 * np.sin(np.arange(800) / 9) + rng.normal(0, 6, (600, 800))).clip(0, 255).astype(np.uint8)
    height, width = coverage.shape
    flat = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, corners.astype(np.float32))
    cv2.warpPerspective(page(coverage), matrix, (800, 600), desk, borderMode=cv2.BORDER_TRANSPARENT)
    return cv2.cvtColor(desk, cv2.COLOR_GRAY2RGB), matrix


def _corners(tilt: float, yaw: float, roll: float, size: tuple[int, int] = (600, 360)) -> np.ndarray:
    """Where a camera in the middle of the desk's picture sees a sheet's corners, turned about three axes in degrees."""
    turn = np.eye(3)
    for axis, degrees in enumerate((tilt, yaw, roll)):
        turn = turn @ cv2.Rodrigues(np.deg2rad(degrees) * np.eye(3)[axis])[0]
    ends = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]) * (*size, 0) / 2 @ turn.T
    return ends[:, :2] / (900 + ends[:, 2:]) * 640 + (400, 300)


@pytest.mark.parametrize("turns", [(0, 0, 20), (-48, 0, 0), (-40, 30, 8)], ids=["turned", "from low", "from beside"])
def test_a_sheet_in_perspective_is_laid_flat_and_the_frame_leads_back(turns):
    coverage = row(150, digits=2, size=(360, 600), at=(180, 300))
    picture, matrix = _on_a_desk(coverage, _corners(*turns))
    prepared = prepare(picture)
    boxes = np.array([box for _, box in find_pieces(prepared.pixels.astype(np.float32) / 255)[1]])
    alone = np.array([box for _, box in find_pieces(coverage)[1]])
    boxes, alone = boxes[boxes[:, 0].argsort()], alone[alone[:, 0].argsort()]
    assert len(boxes) == len(alone) == 2
    # As on the sheet before it was photographed: level, neither digit too high, no narrower, no wider.
    scale = (boxes[:, 2:] - boxes[:, :2]) / (alone[:, 2:] - alone[:, :2])
    assert np.ptp(boxes[:, 1::2].mean(1)) < 3
    assert scale[:, 1].max() < 1.12 * scale[:, 1].min() and (np.abs(scale[:, 0] / scale[:, 1] - 1) < 0.2).all()
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    expected = cv2.perspectiveTransform(((alone[:, :2] + alone[:, 2:]) / 2)[None].astype(np.float64), matrix)[0]
    assert np.abs(prepared.frame.to_picture(middles) - expected).max() < 5
    assert np.allclose(prepared.frame.to_model(prepared.frame.to_picture(middles)), middles)


def test_a_sheet_without_its_corners_or_seen_from_above_is_left_as_it_is():
    level, tilted = _corners(0, 0, 0), _corners(-48, 0, 0)
    coverage = row(120, size=(360, 600), at=(180, 300))
    picture, _ = _on_a_desk(coverage, level)
    assert sheet_corners(picture, (300, 240, 500, 360)) == pytest.approx(level, abs=5)
    assert sheet_seen(picture, np.array([(300, 240, 500, 360)])) is None
    picture, _ = _on_a_desk(coverage, tilted)
    assert sheet_corners(picture, (300, 250, 500, 350)) == pytest.approx(tilted, abs=5)
    assert sheet_corners(picture[: int(tilted[:, 1].max()) - 10], (300, 250, 500, 350)) is None  # two are cut off


def test_level_writing_columns_and_scattered_digits_are_left_as_they_are():
    level = [(0, 0, 20, 30), (40, 2, 60, 31), (80, -1, 100, 30)]
    column = [(0, 0, 20, 30), (3, 40, 20, 70), (1, 80, 20, 110)]
    scattered = [(0, 0, 20, 30), (40, 60, 60, 90), (90, 10, 110, 40)]
    assert line_angle(level) == line_angle(column) == line_angle(scattered) == line_angle(level[:2]) == 0


def _bar(ink: np.ndarray, x: int, y: int, width: int, height: int) -> Box:
    ink[y : y + height, x : x + width] = 1
    return (x, y, x + width, y + height)


def test_what_has_far_thinner_strokes_than_the_other_pieces_is_not_of_the_same_pen():
    ink = np.zeros((120, 160), np.float32)
    digits = [_bar(ink, x, 20, 8, 40) for x in (20, 60, 100)]
    tail = _bar(ink, 70, 80, 3, 30)
    assert [box for _, box in find_pieces(ink)[1]] == digits
    ink[20:60, 60:130] = 0  # beside a single other piece nothing tells which of the two is the writing
    assert {box for _, box in find_pieces(ink)[1]} == {digits[0], tail}


def test_a_thin_digit_as_high_as_bold_ones_is_one_of_them_and_a_lower_one_makes_the_answer_doubtful():
    ink = np.zeros((120, 160), np.float32)
    digits = [_bar(ink, x, 20, 10, 40) for x in (20, 60)]
    thin = _bar(ink, 100, 20, 3, 38)
    _, pieces, is_doubtful = find_pieces(ink)
    assert [box for _, box in pieces] == [*digits, thin] and not is_doubtful
    ink[20:45, 100:103] = 0
    ink[45:70, 100:103] = 1
    _, pieces, is_doubtful = find_pieces(ink)
    assert [box for _, box in pieces] == digits and is_doubtful


def test_bold_strokes_are_thinned_piece_by_piece_and_thin_ones_thickened():
    ink = np.zeros((160, 320), np.float32)
    cv2.ellipse(ink, (80, 80), (40, 50), 0, 0, 360, 1.0, 24)  # a bold 0, whose stroke would be 8 pixels wide
    thin = _bar(ink, 240, 20, 9, 120)
    pixels = frame_ink(ink, Frame(3 * np.eye(2, 3))) > 127
    ring, stroke = pixels[:, :60], pixels[:, 60:]
    assert stroke_width(ring.astype(np.uint8)) == pytest.approx(5, abs=1)
    assert stroke.any(0).sum() == pytest.approx(3, abs=1) and stroke.any(1).sum() == pytest.approx(40, abs=2)
    assert ring.any(0).sum() == pytest.approx(104 / 3 - 3, abs=2)  # it lies where it lay
    fine = frame_ink(np.where(np.arange(320) % 320 == thin[0], ink, 0).astype(np.float32), Frame(3 * np.eye(2, 3)))
    assert (fine > 127).any(0).sum() == 2


def test_a_column_of_digits_that_touch_is_cut_and_a_single_stroke_is_not():
    ink = np.zeros((160, 120), np.float32)
    one = _bar(ink, 10, 10, 6, 60)
    column = (54, 10, 99, 131)
    for top in (10, 70):  # two rings, one above the other
        cv2.ellipse(ink, (76, top + 30), (20, 28), 0, 0, 360, 1.0, 4)
    parts = without_columns(ink, [one, column])
    assert parts[0] == one and len(parts) == 3
    assert parts[1][1] == 10 and parts[1][3] == parts[2][1] == 70.5 and parts[2][3] == 131
    beside = (104, 12, 116, 128)  # as high: digits of a display are narrow
    assert without_columns(ink, [column, beside]) == [column, beside]


def test_the_second_look_enlarges_a_small_digit_no_further_than_its_strokes_bear():
    picture = np.full((192, 192, 3), 255, np.uint8)
    (start, end), scale = finder.InkFinder._closer(picture, 256 / 192, [(120, 110, 132, 130)])
    assert 256 / 192 <= scale <= 2
    assert min(np.subtract(end, start)) * scale >= 126  # with enough around it to tell it by
    assert start[0] < 120 / (256 / 192) < 132 / (256 / 192) < end[0]


def test_words_in_small_print_are_no_digits_and_the_bar_of_a_five_is_part_of_one():
    ink = np.zeros((200, 200), np.float32)
    digits = [_bar(ink, x, 80, 10, 50) for x in (40, 90, 140)]
    bar = _bar(ink, 153, 80, 24, 8)
    for y in (10, 30, 170):
        _bar(ink, 60, y, 60, 9)
    assert {box for _, box in find_pieces(ink)[1]} == {*digits, bar}


class _Staged(finder.InkFinder):
    """An ink finder that sees what it is told to, look by look."""

    def __init__(self, *looks: np.ndarray) -> None:
        self.left = list(looks)

    def _look(self, picture: np.ndarray) -> tuple[np.ndarray, float]:
        ink = self.left.pop(0)
        return cv2.resize(ink, picture.shape[1::-1], interpolation=cv2.INTER_NEAREST), 0.0


def test_what_the_first_look_saw_and_the_second_did_not_makes_the_answer_doubtful():
    first, beyond = np.zeros((256, 256), np.float32), np.zeros((256, 256), np.float32)
    for x in (60, 100):
        first[60:84, x : x + 12] = 0.9
    beyond[200:224, 200:212] = 0.5  # it may be a digit, but not where the second look is
    half = np.zeros((180, 180), np.float32)
    half[66:114, 38:62] = 0.9  # the digit on the left alone, at twice the size
    both = half.copy()
    both[66:114, 118:142] = 0.9
    picture = np.full((256, 256, 3), 255, np.uint8)
    for looks, is_doubtful in (
        ((first, both), False),
        ((first, half), True),
        ((first + beyond, both), True),
    ):
        staged = _Staged(*looks)
        writing, _ = staged.find(picture)
        assert writing is not None and writing.is_doubtful == is_doubtful and not staged.left


def test_the_rest_of_a_frame_is_left_out_where_a_trace_of_it_is_left():
    ink_map = np.zeros((120, 200), np.float32)
    cv2.rectangle(ink_map, (5, 5), (195, 115), 0.05, 2)  # what the network no longer takes for ink
    ink_map[114:117, 20:90] = 0.9  # and what it does
    for x in (40, 90, 140):
        ink_map[40:80, x : x + 12] = 0.9
    assert [box for _, box in find_pieces(ink_map)[1]] == [(x, 40, x + 12, 80) for x in (40, 90, 140)]


def test_digits_far_apart_on_a_strip_are_all_found():
    strip = np.concatenate([page(row(44, digits=1, size=(64, 220), at=(32, 110)))] * 3, 1)
    pieces = find_pieces(prepare(strip).pixels.astype(np.float32) / 255)[1]
    assert len(pieces) == 3


def test_traces_around_one_anothers_pieces_leave_both():
    """Two hooks, each reaching around the piece of ink that hangs on the other."""
    ink_map = np.zeros((120, 200), np.float32)
    ink_map[5, 10:190] = ink_map[5:116, 10] = 0.05
    ink_map[112, 15:186] = ink_map[8:113, 185] = 0.05
    ink_map[6:20, 65] = ink_map[100:112, 105] = 0.05
    ink_map[20:45, 60:70] = ink_map[75:100, 100:110] = 0.9
    assert len(find_pieces(ink_map)[1]) == 2
