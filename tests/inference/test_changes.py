"""Pictures that are turned, shrunk, blurred and made noisy in steps."""

from __future__ import annotations

import numpy as np
import pytest

from maxdigit.inference.changes import CHANGES, blurred, holds, noisy, shrunk, turned


@pytest.fixture
def picture() -> np.ndarray:
    """A light bar, left of the middle and upright, on a grey ground."""
    pixels = np.full((128, 128), 40, np.uint8)
    pixels[30:98, 30:38] = 240
    return pixels


def centre(pixels: np.ndarray) -> tuple[float, float]:
    rows, columns = np.nonzero(pixels > 150)
    return columns.mean(), rows.mean()


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_has_a_picture_for_each_strength_and_one_that_is_the_picture_itself(name, picture):
    change = CHANGES[name]
    made = change.pictures(picture)
    assert made.shape == (len(change.strengths), 128, 128) and made.dtype == np.uint8
    same = [bool((one == picture).all()) for one in made]
    assert same.count(True) == 1 and change.strengths[same.index(True)] == change.unchanged
    assert len({one.tobytes() for one in made}) == len(made), "each strength does something else"


def test_a_picture_is_turned_clockwise_and_the_ground_fills_the_corners(picture):
    x, y = centre(turned(picture, 90))
    assert x == pytest.approx(63.5, abs=1) and y == pytest.approx(33.5, abs=1), "what was left is at the top"
    assert (turned(picture, 45)[[0, 0, -1, -1], [0, -1, 0, -1]] == 40).all()


def test_a_picture_shrinks_towards_its_middle(picture):
    x, y = centre(shrunk(picture, 50))
    assert x == pytest.approx(63.5 + (33.5 - 63.5) / 2, abs=1) and y == pytest.approx(63.5, abs=1)
    assert shrunk(picture, 50)[0, 0] == 40
    assert shrunk(picture, 0.1).shape == (128, 128)


def test_blur_and_noise_are_as_strong_as_they_say(picture):
    edge = blurred(picture, 3.0)[64].astype(float)
    assert edge.sum() == pytest.approx(picture[64].sum(), rel=0.01) and edge.max() < 240
    flat = np.full((128, 128), 128, np.uint8)
    assert (noisy(flat, 20).astype(float) - 128).std() == pytest.approx(20, rel=0.03)
    assert (noisy(flat, 20) == noisy(flat, 20)).all()


@pytest.mark.parametrize(
    ("digits", "unchanged", "found"),
    [([7, 7, 7], 0, (0, 2)), ([1, 7, 7, 1, 7], 2, (1, 2)), ([7, 1, 7], 1, (1, 1)), ([7, 7, 1], 0, (0, 1))],
)
def test_an_answer_holds_as_long_as_it_is_the_same_without_a_break(digits, unchanged, found):
    assert holds(np.array(digits), unchanged) == found
