"""Places digits on the sheet so that a person can read them, at the scale that the models expect.

Digits may touch but do not cover each other. The writing is then framed as the app frames pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from maxdigit.data.picture_batch import SIZE
from maxdigit.data.skeletons import Glyph, Line
from maxdigit.preparation.framing import DIGIT_HEIGHT, MARGIN, digit_height

Layout = Literal["row", "column", "scattered"]
LAYOUTS: tuple[Layout, ...] = ("row", "column", "scattered")

GLYPH_HEIGHT = 20.0  # MNIST pixels: the height of MNIST's digits
THINNEST = 1.8  # pixels: a thinner stroke would be grey rather than white
BOLDEST = 0.13  # of a digit's height: a wider brush would close its loops
_OPENING = 0.05  # of the digits' height that a brush leaves open within each loop

_CLOUD = 72  # points of a digit that are used for distances between digits
_PASSES = 6  # passes over the digits of a scattered picture that move them apart


@dataclass(frozen=True)
class Writing:
    """The strokes on one sheet. Slots count the digits of a picture from 0."""

    lines: tuple[Line, ...]  # in pixels of the models' picture
    slots: tuple[int, ...]  # for each line, the slot of its digit
    brush: float  # width in pixels
    boxes: NDArray[np.float32]  # (slots, 4): x0, y0, x1, y1 of each digit's ink


@dataclass(frozen=True)
class Hand:
    """How the digits of one picture are written; D digits, lengths in heights of an average digit."""

    layout: Layout
    places: NDArray[np.float32]  # (D, 2): approximate centre of each digit; only differences matter
    size: NDArray[np.float32]  # (D,)
    angle: NDArray[np.float32]  # (D,), radians, clockwise
    shear: NDArray[np.float32]  # (D,)
    aspect: NDArray[np.float32]  # (D,): stretch of the width
    bend: NDArray[np.float32]  # (D, 2, 3, 3): displacements of a digit's parts, as by an unsteady hand, in MNIST pixels
    brush: float  # 0..1, from the thinnest to the boldest
    gap: float  # least distance of the strokes of two digits, in widths of the brush
    zoom: float  # ratio of the resulting to the intended size: the app only estimates the digits' height
    shift: NDArray[np.float32]  # (2,): offset of the writing's centre from the picture's, in pixels


def arrange(glyphs: Sequence[Glyph], hand: Hand) -> Writing:
    """The writing that consists of these strokes, in pixels of the models' picture."""
    shapes = [_write(glyph, hand, slot) for slot, glyph in enumerate(glyphs)]
    whole = [np.concatenate(lines) for lines in shapes]
    clouds = [points[np.linspace(0, len(points) - 1, _CLOUD).astype(np.int64)] for points in whole]
    extents = np.array([(*points.min(0), *points.max(0)) for points in whole], np.float32)
    brush = _brush(glyphs, hand)
    for _ in range(3):  # with more digits the picture is smaller, so the least brush is wider relative to them
        places = _apart(clouds, extents, hand.places, hand.layout, brush * hand.gap)
        boxes = extents + np.tile(places, 2) + np.array([-1, -1, 1, 1], np.float32) * brush / 2
        zoom, origin = frame(boxes, hand.zoom, hand.shift)
        if brush * zoom >= THINNEST * 0.99:
            break
        brush = THINNEST / zoom
    lines = tuple((line + place) * zoom + origin for shape, place in zip(shapes, places, strict=True) for line in shape)
    slots = tuple(slot for slot, shape in enumerate(shapes) for _ in shape)
    return Writing(lines, slots, brush * zoom, (boxes * zoom + np.tile(origin, 2)).astype(np.float32))


def frame(
    boxes: NDArray[np.floating], deviation: float, shift: NDArray[np.floating]
) -> tuple[float, NDArray[np.floating]]:
    """The app's frame for digits, with an error of its estimates added.

    Args:
        boxes: of the digits' ink, (D, 4), in any unit.
        deviation: ratio of the resulting to the intended size, if they fit.
        shift: offset from the picture's centre, (2,), in the models' pixels.

    Returns:
        Scale and offset (2,) that map a point to the models' pixels.
    """
    low, high = boxes[:, :2].min(0), boxes[:, 2:].max(0)
    height = digit_height([tuple(box) for box in boxes.tolist()])
    zoom = min(DIGIT_HEIGHT * deviation / height, (SIZE - 2 * MARGIN) / float((high - low).max()))
    return zoom, SIZE / 2 + shift - (low + high) / 2 * zoom


def _brush(glyphs: Sequence[Glyph], hand: Hand) -> float:
    """The width of the brush that leaves loops open."""
    smallest = float(hand.size.min())
    thinnest = THINNEST / DIGIT_HEIGHT
    width = (thinnest + (BOLDEST - thinnest) * hand.brush) * smallest
    for glyph, size, aspect in zip(glyphs, hand.size.tolist(), hand.aspect.tolist(), strict=True):
        width = min(width, 2 * glyph.hole / GLYPH_HEIGHT * size * min(aspect, 1) - _OPENING)
    return max(width, thinnest)


def _write(glyph: Glyph, hand: Hand, slot: int) -> list[Line]:
    """A digit's lines around its own middle, in heights of an average digit."""
    points = np.concatenate(glyph.lines)
    u, v = (points - _bilinear(hand.bend[slot], points / (1.4 * GLYPH_HEIGHT) + 0.5)).T
    size = hand.size[slot] / GLYPH_HEIGHT
    x, y = (u - hand.shear[slot] * v) * size * hand.aspect[slot], v * size
    cos, sin = np.cos(hand.angle[slot]), np.sin(hand.angle[slot])
    turned = np.stack([x * cos - y * sin, x * sin + y * cos], 1)
    return np.split(turned, np.cumsum([len(line) for line in glyph.lines])[:-1])


def _bilinear(nodes: NDArray[np.float32], at: Line) -> Line:
    """The field (2, 3, 3) between its nodes, at points (P, 2) with x and y of 0..1: (P, 2)."""
    at = at.clip(0, 1) * 2
    column, row = (at >= 1).T.astype(np.int64)
    x, y = at[:, 0] - column, at[:, 1] - row
    upper = nodes[:, row, column] * (1 - x) + nodes[:, row, column + 1] * x
    lower = nodes[:, row + 1, column] * (1 - x) + nodes[:, row + 1, column + 1] * x
    return (upper * (1 - y) + lower * y).T


def _apart(
    clouds: Sequence[Line], extents: NDArray[np.float32], places: NDArray[np.float32], layout: Layout, least: float
) -> NDArray[np.float32]:
    """Places (D, 2) at which no two digits' strokes are nearer to each other than ``least``."""
    places = places.copy()
    if layout == "scattered":
        for _ in range(_PASSES):
            if not _push(clouds, extents, places, least, None):
                return places
    along = np.array((0.0, 1.0) if layout == "column" else (1.0, 0.0), np.float32)
    _push(clouds, extents, places, least, along)
    return places


def _push(
    clouds: Sequence[Line],
    extents: NDArray[np.float32],
    places: NDArray[np.float32],
    least: float,
    along: NDArray[np.float32] | None,
) -> bool:
    """Move each digit away from those before it, along the line of writing or directly; return whether any moved.

    Along a line, the digits after it move with it, so one pass is enough.
    """
    moved = False
    for i in range(1, len(clouds)):
        for j in range(i):
            near, far = extents[i] + np.tile(places[i] - places[j], 2), extents[j]
            is_before = along is not None and (near[:2] @ along) < (far[:2] @ along)
            if not is_before and ((near[:2] > far[2:] + least).any() or (near[2:] < far[:2] - least).any()):
                continue
            away = places[i] - places[j]
            direction = along if along is not None else away / max(float(np.hypot(*away)), 1e-6)
            step = _step(clouds[j], clouds[i] + away, direction, least)
            if step > 0:
                places[i if along is None else slice(i, None)] += direction * np.float32(step + 1e-4)
                moved = True
    return moved


def _step(standing: Line, moving: Line, direction: NDArray[np.float32], least: float) -> float:
    """How far ``moving`` must go in that direction to be ``least`` away from ``standing``; negative: not at all."""
    across = np.array([-direction[1], direction[0]])
    beside = moving @ across - (standing @ across)[:, None]
    ahead = moving @ direction - (standing @ direction)[:, None]
    room = np.float32(least**2) - beside**2
    return float(np.where(room > 0, np.sqrt(room.clip(0)) - ahead, -np.inf).max())
