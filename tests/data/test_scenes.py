"""Scenes for the ink finder: always the same, of every kind, with the truth where the ink really is."""

from __future__ import annotations

from collections import Counter

import cv2
import numpy as np
import pytest

from maxdigit.data.scenes import SCENE_KINDS, SCENE_SIZE, make_scene, surrounds
from maxdigit.data.scenes.chance import Chance
from maxdigit.data.scenes.writing import Hand, write
from maxdigit.data.splits import TEST, VALIDATION

COUNT = 160


@pytest.fixture(scope="module")
def scenes():
    return [make_scene(VALIDATION, index) for index in range(COUNT)]


def test_scene_number_i_is_always_the_same(scenes):
    for index in (0, 57):
        again = make_scene(VALIDATION, index)
        assert (again.pixels == scenes[index].pixels).all() and (again.ink == scenes[index].ink).all()
    assert (make_scene(TEST, 0).pixels != scenes[0].pixels).any()


def test_a_negative_number_is_refused():
    with pytest.raises(ValueError, match="-1"):
        make_scene(VALIDATION, -1)


def test_arrays_have_the_form_that_is_promised(scenes):
    for scene in scenes:
        assert scene.pixels.shape == (SCENE_SIZE, SCENE_SIZE, 3) and scene.pixels.dtype == np.uint8
        assert scene.ink.shape == scene.pieces.shape == (SCENE_SIZE, SCENE_SIZE)
        assert scene.ink.dtype == np.uint8 and scene.kind in SCENE_KINDS


def test_every_kind_comes_about_as_often_as_its_share():
    kinds = Counter(make_scene(VALIDATION, index).kind for index in range(400))
    for kind, share in SCENE_KINDS.items():
        assert abs(kinds[kind] / 400 - share) < 4 * (share * (1 - share) / 400) ** 0.5 + 1e-9, kind


def test_nothing_is_written_on_empty_scenes_and_something_on_nearly_all_others(scenes):
    empty = [scene for scene in scenes if not (scene.ink > 127).any()]
    assert all(not scene.ink.any() for scene in scenes if scene.kind == "nothing")
    assert sum(scene.kind != "nothing" for scene in empty) <= 0.02 * COUNT


def test_pieces_are_the_ink_of_single_digits(scenes):
    for scene in scenes:
        assert (scene.ink[scene.pieces > 0] > 0).mean() > 0.9 if (scene.pieces > 0).any() else True
        assert scene.pieces.max() <= 8  # digits of a competition-like picture; five at most elsewhere


def test_ink_differs_from_what_is_around_it(scenes):
    """In most scenes: some ink lies in glare, or is lost to one bit, as it is in real pictures."""
    differences = []
    for scene in scenes:
        ink = scene.ink > 200
        around = (cv2.dilate(ink.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0) & (scene.ink == 0)
        if ink.sum() > 30:
            differences.append(np.abs(scene.pixels[ink].mean(0) - scene.pixels[around].mean(0)).max())
    assert np.mean(np.array(differences) > 10) > 0.9


@pytest.mark.parametrize("height", [12, 40, 110])
def test_thin_strokes_of_our_forms_stay_whole_at_every_size(height):
    hand = Hand("forms", brush=0.02, slant=0.0, is_outlined=False, face=0)
    pieces = []
    for seed in range(30):
        mark = write(Chance(seed), "validation", hand, 100, 100, height)
        pieces.append(cv2.connectedComponents((mark.ink > 0.25).astype(np.uint8), connectivity=8)[0] - 1)
    # Some forms have a second stroke, which need not touch the first.
    assert np.mean(np.array(pieces) <= 2) > 0.9 and np.mean(pieces) < 1.5


def test_digits_are_as_high_as_asked_for():
    for style in ("strokes", "forms", "type", "segments"):
        hand = Hand(style, brush=0.08, slant=0.0, is_outlined=False, face=6)
        heights = []
        for seed in range(20):
            rows = np.flatnonzero((write(Chance(seed), "validation", hand, 100, 100, 60).ink > 0.5).any(1))
            heights.append(rows[-1] - rows[0] + 1)
        assert 48 < np.median(heights) < 72, style


def _loops(ink: np.ndarray) -> int:
    return cv2.connectedComponents(np.pad(~ink, 1, constant_values=True).astype(np.uint8), connectivity=4)[0] - 2


@pytest.mark.parametrize(("style", "face"), [("strokes", 0), ("forms", 0), ("type", 0), ("type", 6)])
def test_outlined_strokes_are_to_be_found_filled_and_loops_stay_open(style, face):
    hollow = 0
    for seed in range(60):
        hand = Hand(style, brush=0.22, slant=0.0, is_outlined=True, face=face, line=0.06)
        mark = write(Chance(seed), "validation", hand, 100, 100, 100)
        body, line = mark.ink > 0.5, mark.drawn > 0.5
        assert (mark.drawn <= mark.ink + 0.01).all()
        hollow += line.sum() < 0.7 * body.sum()
        if mark.digit == 0:
            assert _loops(body) >= 1
        if mark.digit in (1, 7) and style == "forms":
            assert _loops(body) == 0
    assert hollow > 50


def test_solid_strokes_are_what_is_drawn():
    hand = Hand("forms", brush=0.1, slant=0.0, is_outlined=False, face=0)
    mark = write(Chance(1), "validation", hand, 100, 100, 60)
    assert mark.under is None and (mark.drawn == mark.ink).all()


@pytest.mark.parametrize("height", [20, 60, 110])
def test_segments_that_are_lit_are_joined_in_what_is_to_be_found(height):
    drawn_pieces = []
    for seed in range(60):
        hand = Hand("segments", brush=0.12, slant=0.0, is_outlined=False, face=0)
        mark = write(Chance(seed), "validation", hand, 100, 100, height)
        assert cv2.connectedComponents((mark.ink > 0.5).astype(np.uint8), connectivity=8)[0] - 1 == 1
        drawn_pieces.append(cv2.connectedComponents((mark.drawn > 0.5).astype(np.uint8), connectivity=4)[0] - 1)
    assert np.mean(drawn_pieces) > 1.2


@pytest.mark.parametrize("look", surrounds.LOOKS)
def test_what_is_around_the_writing_is_seen(monkeypatch, look):
    monkeypatch.setattr(surrounds, "LOOKS", {look: 1.0})
    seen = []
    for seed in range(20):
        picture = np.full((SCENE_SIZE, SCENE_SIZE, 3), 0.9, np.float32)
        boxes = [(40, 60, 60, 100), (80, 60, 100, 100), (120, 60, 140, 100)]
        plan = surrounds.WritingPlan(boxes, height=40.0, brush=4.0, is_dark=True)
        surrounds.surround(Chance(seed), picture, plan, np.zeros(3, np.float32))
        assert picture.min() >= 0 and picture.max() <= 1 + 1e-6
        seen.append((picture < 0.7).any(2).sum())
    assert np.mean(np.array(seen) > 20) > 0.8


def test_ink_that_differs_by_hue_alone_keeps_its_colour():
    for index in range(30):
        scene = make_scene(VALIDATION, index, "equal")
        assert np.ptp(scene.pixels.astype(int), axis=2).max() > 20


def test_lines_thinner_than_a_pixel_are_drawn_fainter_and_are_to_be_found_whole():
    hand = Hand("forms", brush=0.008, slant=0.0, is_outlined=False, face=0)
    mark = write(Chance(2), "validation", hand, 100, 100, 100)
    assert 0.4 < mark.drawn.max() < 0.9 and mark.ink.max() > 0.95
    assert ((mark.drawn > 0) == (mark.ink > 0)).all()
