"""The drawing pad: what it sends is checked, and drawn as geometry says."""

from __future__ import annotations

import numpy as np
import pytest
from ui_support import drawing, stroke

from maxdigit.errors import MaxDigitError
from maxdigit.inference.digits import find_digits
from maxdigit.ui.pad import DrawingError, Stroke, parse_strokes, render
from maxdigit.ui.pad.strokes import DEFAULT_SIZE, GRID, MAX_CHARACTERS, MAX_POINTS, MAX_SIZE, MAX_STROKES, MIN_SIZE


@pytest.mark.parametrize("value", [None, "", drawing()])
def test_a_pad_not_drawn_on_has_no_strokes(value: str | None) -> None:
    assert parse_strokes(value) == []


def test_strokes_come_through_as_drawn() -> None:
    strokes = parse_strokes(drawing(stroke(), stroke(tool="eraser", size=20, points=[[-50, 1050.5]])))
    assert strokes == [
        Stroke("pen", DEFAULT_SIZE, ((100, 200), (300, 400))),
        Stroke("eraser", 20, ((-50, 1050.5),)),
    ]


NAN_POINT = '{"version": 1, "strokes": [{"tool": "pen", "size": 40, "points": [[NaN, 1]]}]}'

HUGE_NUMBER = '{"version": 1, "strokes": [{"tool": "pen", "size": 1' + "0" * 5000 + ', "points": [[1, 1]]}]}'


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(7, id="a number"),
        pytest.param({"version": 1, "strokes": []}, id="an object, not text"),
        pytest.param("data:image/png;base64,AAAA", id="a data URL"),
        pytest.param("[" * 100_000, id="nested without end"),
        pytest.param("[]", id="a list"),
        pytest.param('{"version": 2, "strokes": []}', id="another version"),
        pytest.param('{"version": 1}', id="no strokes"),
        pytest.param('{"version": 1, "strokes": {}}', id="strokes not a list"),
        pytest.param('{"version": 1, "strokes": [1]}', id="stroke not an object"),
        pytest.param(drawing(stroke(tool="spray")), id="unknown tool"),
        pytest.param(drawing(stroke(tool=["pen"])), id="tool not text"),
        pytest.param(drawing(stroke(size=MIN_SIZE - 1)), id="too fine"),
        pytest.param(drawing(stroke(size=MAX_SIZE + 1)), id="too broad"),
        pytest.param(drawing(stroke(size="40")), id="size not a number"),
        pytest.param(drawing(stroke(size=True)), id="size true"),
        pytest.param(drawing(stroke(size=float("nan"))), id="size NaN"),
        pytest.param(HUGE_NUMBER, id="a number of 5,000 digits"),
        pytest.param(drawing(stroke(points=[])), id="no points"),
        pytest.param(drawing(stroke(points="1,1")), id="points not a list"),
        pytest.param(drawing(stroke(points=[[1]])), id="half a point"),
        pytest.param(drawing(stroke(points=[[1, 2, 3]])), id="a point in space"),
        pytest.param(drawing(stroke(points=[[1, None]])), id="point not numbers"),
        pytest.param(drawing(stroke(points=[[1, float("inf")]])), id="point at infinity"),
        pytest.param(NAN_POINT, id="point NaN"),
        pytest.param(drawing(stroke(points=[[0, 2 * GRID + 1]])), id="point far off"),
        pytest.param(drawing(*[stroke(points=[[1, 1]])] * (MAX_STROKES + 1)), id="too many strokes"),
        pytest.param(drawing(stroke(points=[[1, 1]] * (MAX_POINTS + 1))), id="too many points in one stroke"),
        pytest.param(drawing(*[stroke(points=[[1, 1]] * (MAX_POINTS // 2 + 1))] * 2), id="too many points in all"),
        pytest.param(" " * (MAX_CHARACTERS + 1), id="too long"),
    ],
)
def test_what_is_no_drawing_is_refused_with_a_sentence(value: object) -> None:
    with pytest.raises(DrawingError, match=r"^The drawing .*\. Clear the pad and draw again\.$"):
        parse_strokes(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (7, "it is not text"),
        ("[", "it is not JSON"),
        ('{"version": 2, "strokes": []}', "it is not a drawing of version 1"),
        ('{"version": 1, "strokes": [1]}', "a stroke is not an object"),
        (drawing(stroke(tool="spray")), "a stroke has an unknown tool"),
        (drawing(stroke(size=MAX_SIZE + 1)), "a brush size is not between 20 and 80"),
        (drawing(stroke(points=[])), "a stroke has no points"),
        (drawing(stroke(points=[[1]])), "a point is not two numbers near the pad"),
    ],
)
def test_the_sentence_says_what_is_wrong_with_a_drawing(value: object, reason: str) -> None:
    with pytest.raises(DrawingError) as caught:
        parse_strokes(value)  # type: ignore[arg-type]
    assert str(caught.value) == f"The drawing cannot be read ({reason}). Clear the pad and draw again."


def test_a_drawing_may_have_just_the_characters_that_are_allowed() -> None:
    value = drawing(stroke())
    assert len(parse_strokes(value + " " * (MAX_CHARACTERS - len(value)))) == 1


def test_the_largest_drawing_allowed_is_accepted() -> None:
    per_stroke = MAX_POINTS // MAX_STROKES
    value = drawing(*[stroke(tool="eraser", size=MAX_SIZE, points=[[-1000, -1000]] * per_stroke)] * MAX_STROKES)
    assert len(value) <= MAX_CHARACTERS
    assert len(parse_strokes(value)) == MAX_STROKES


def test_no_strokes_make_a_black_picture() -> None:
    picture = render([])
    assert picture.shape == (128, 128) and picture.dtype == np.uint8 and not picture.any()


@pytest.mark.parametrize("size", [MIN_SIZE, DEFAULT_SIZE, 77, MAX_SIZE])
def test_ink_lies_where_geometry_says(size: int) -> None:
    """Against the distance of each fine pixel to the line, computed here in NumPy."""
    points = ((-120, 300), (500, 180), (760, 640), (300, 900), (300, 900))
    middle = (np.arange(128 * 8) + 0.5) / (128 * 8) * GRID
    x, y = np.meshgrid(middle, middle)
    distance = np.full(x.shape, np.inf)
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        length = max((x1 - x0) ** 2 + (y1 - y0) ** 2, 1)
        along = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length, 0, 1)
        distance = np.minimum(distance, np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0)))
    expected = 255 * (distance <= size / 2).reshape(128, 8, 128, 8).mean(axis=(1, 3))

    picture = render([Stroke("pen", size, points)], fit=False).astype(float)
    assert np.abs(picture - expected).mean() < 1
    assert np.abs(picture - expected).max() < 80  # nowhere off by more than a third of a pixel
    assert picture.sum() == pytest.approx(expected.sum(), rel=0.05)


@pytest.mark.parametrize("size", [MIN_SIZE, MAX_SIZE])
def test_a_dot_lies_in_place_to_a_tenth_of_a_pixel(size: int) -> None:
    ink = render([Stroke("pen", size, ((500, 500),))], fit=False) / 255
    for axis in (0, 1):
        assert (ink.sum(axis) * np.arange(128)).sum() / ink.sum() == pytest.approx(63.5, abs=0.05)
    if size == MAX_SIZE:
        assert ink.sum() == pytest.approx(np.pi * (size / 2 * 0.128) ** 2, rel=0.01)


def test_the_eraser_takes_ink_away_and_later_ink_covers_it() -> None:
    across = ((100, 500), (900, 500))
    down = ((500, 100), (500, 900))
    picture = render([Stroke("pen", 60, across), Stroke("eraser", 100, down)])
    assert picture[64, 64] == 0 and picture[64, 30] == 255
    assert render([Stroke("pen", 60, across), Stroke("eraser", 100, down), Stroke("pen", 60, across)])[64, 64] == 255


THREE = (  # a 3, a 1 and a 7, as corners of lines in a square of side 1
    ((0.12, 0.14), (0.30, 0.14), (0.20, 0.26), (0.30, 0.32), (0.28, 0.42), (0.12, 0.44)),
    ((0.66, 0.12), (0.66, 0.44)),
    ((0.36, 0.60), (0.60, 0.60), (0.46, 0.90)),
)


def three(scale: float = 1.0, x: float = 0.0, y: float = 0.0, size: float = 40) -> list[Stroke]:
    """Three digits, ``scale`` of the pad high, with their top left corner at ``x`` and ``y`` in units of the pad."""
    return [Stroke("pen", size, tuple((x + scale * GRID * a, y + scale * GRID * b) for a, b in line)) for line in THREE]


@pytest.mark.parametrize(("scale", "x", "y"), [(0.35, 0, 0), (0.4, 590, 20), (0.6, 30, 380)])
def test_a_drawing_gives_the_same_picture_wherever_and_however_large_it_is(scale: float, x: float, y: float) -> None:
    large, small = (render(each).astype(float) for each in (three(size=60), three(scale, x, y, 60 * scale)))
    assert np.abs(large - small).mean() < 4, "but for a fraction of a pixel"
    whole = [render(each, fit=False).astype(float) for each in (three(size=60), three(scale, x, y, 60 * scale))]
    assert np.abs(whole[0] - whole[1]).mean() > 20
    rows = np.flatnonzero((large > 128).any(1))
    assert [bottom - top for _, top, _, bottom in find_digits(render(three(scale, x, y)))] == pytest.approx(
        [32] * 3, abs=3
    )
    assert rows[0] == pytest.approx(127 - rows[-1], abs=2), "it stands in the middle"


def test_a_broad_brush_leaves_small_digits_their_loops() -> None:
    ring = tuple((500 + 60 * np.cos(angle), 500 + 75 * np.sin(angle)) for angle in np.linspace(0, 2 * np.pi, 30))
    assert render([Stroke("pen", MAX_SIZE, ring)])[64, 64] == 0
    assert len(find_digits(render(three(0.3, 100, 100, MAX_SIZE)))) == 3


def test_the_beginning_of_a_stroke_is_not_blown_up_to_a_digit() -> None:
    dot, bar = (render([Stroke("pen", MIN_SIZE, ((500, 500), (x, 500)))]) for x in (501, 560))
    assert (dot > 128).any(0).sum() <= 8, "a dot stays a dot"
    assert (bar > 128).any(0).sum() == pytest.approx(80 / 100 * 32, abs=2)


@pytest.mark.parametrize(("x", "y"), [(100, 100), (900, 800)])
def test_the_beginning_of_a_stroke_stands_in_the_middle(x: int, y: int) -> None:
    ink = render([Stroke("pen", MIN_SIZE, ((x, y), (x + 5, y)))]).astype(float)
    for axis in (0, 1):
        assert (ink.sum(axis) * np.arange(128)).sum() / ink.sum() == pytest.approx(63.5, abs=0.5)


def test_the_eraser_keeps_its_width_where_the_brush_is_narrowed() -> None:
    wide, narrow = (
        render([*three(0.3, 100, 100, MAX_SIZE), Stroke("eraser", size, ((100, 180), (400, 180)))]) for size in (60, 20)
    )
    assert narrow.sum(dtype=int) - wide.sum(dtype=int) > 255 * 20, "pixels of ink"


def test_a_small_beginning_of_another_digit_leaves_the_scale_of_the_others() -> None:
    first = three()[:2]
    before, after = (
        find_digits(render(each)) for each in (first, [*first, Stroke("pen", 40, ((400, 600), (420, 600)))])
    )
    assert len(before) == 2 and len(after) == 3
    assert max(y1 - y0 for _, y0, _, y1 in after) == pytest.approx(max(y1 - y0 for _, y0, _, y1 in before), abs=1)


def test_ink_outside_the_pad_and_erased_ink_move_nothing() -> None:
    plain = render(three())
    outside = Stroke("pen", 40, ((-900, 300), (-200, 300)))
    gone = [Stroke("pen", 40, ((900, 900), (950, 900))), Stroke("eraser", MAX_SIZE, ((880, 900), (970, 900)))]
    assert (render([*three(), outside]) == plain).all() and (render([*gone, *three()]) == plain).all()
    assert not render(gone).any()


def test_ui_errors_are_for_people() -> None:
    assert issubclass(DrawingError, MaxDigitError)
