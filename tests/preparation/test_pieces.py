"""Which pieces of ink are digits, the frame around them, their lines and strokes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from preparation_support import page, row

from maxdigit.preparation import finder
from maxdigit.preparation.finder import find_pieces, second_pass
from maxdigit.preparation.framing import DIGIT_HEIGHT, Box, Frame, digit_height, frame_for, without_columns
from maxdigit.preparation.outline import stroke_width
from maxdigit.preparation.prepare import frame_ink, prepare
from maxdigit.preparation.straighten import line_angle, turned


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
    (start, end), scale = second_pass(picture, 256 / 192, [(120, 110, 132, 130)])
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
