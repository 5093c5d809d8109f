"""What people draw around writing: frames, boxes, circles, bubbles, lines. None of it is part of the target."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from maxdigit.data.scenes.chance import Chance, Colour, Picture, blend

Box = tuple[int, int, int, int]  # x0, y0, x1, y1
Outline = NDArray[np.float32]  # (P, 2): x and y of the points around a closed shape

LOOKS = {"box": 0.23, "rounded": 0.1, "bubble": 0.4, "boxes": 0.07, "circles": 0.06, "lines": 0.1, "brackets": 0.04}
_POINTS = 48  # around a closed shape
_SHIFT = 4  # fractional bits of OpenCV's coordinates
_CORNER = {"box": 40.0, "rounded": 5.0, "bubble": 2.0}  # exponents of superellipses


@dataclass(frozen=True)
class WritingPlan:
    """The writing before it is drawn; lengths in pixels."""

    boxes: Sequence[Box]  # where the digits will be, at least one
    height: float  # of a digit
    brush: float  # width of the digits' strokes
    is_dark: bool | None  # whether the digits will be darker than the sheet; None if some are and some are not


def surround(chance: Chance, picture: Picture, plan: WritingPlan, colour: Colour) -> None:
    """Draw lines of this colour around or under the writing, before it is drawn, onto ``(S, S, 3)`` in place."""
    side = len(picture)
    boxes, height, brush = plan.boxes, plan.height, plan.brush
    drawn = np.zeros((side, side), np.uint8)
    thickness = max(1, round(chance.between(1, 1 + min(brush, 0.12 * height))))
    look = chance.one_of(LOOKS)
    whole = _around(boxes)
    if look in ("box", "rounded", "bubble"):
        _enclose(chance, picture, drawn, plan, look, thickness)
    elif look == "boxes":  # one cell for each digit, as on forms to fill in
        x0, y0, x1, y1 = _widened(whole, chance.between(2, 0.3 * height + 4), chance.between(2, 0.3 * height + 4))
        cv2.rectangle(drawn, (x0, y0), (x1, y1), 255, thickness, cv2.LINE_AA)
        for left, right in zip(sorted(boxes), sorted(boxes)[1:], strict=False):
            x = (left[2] + right[0]) // 2
            cv2.line(drawn, (x, y0), (x, y1), 255, thickness, cv2.LINE_AA)
    elif look == "circles":  # around some of the digits
        for box in boxes:
            if chance.yes(0.6):
                _draw(drawn, _closed(chance, box, 2.0, chance.between(1.25, 1.9), 3.0), thickness)
    elif look == "lines":  # under, over or through the gaps
        x0, y0, x1, y1 = _widened(whole, chance.between(-2, 0.4 * height), chance.between(1, 0.4 * height))
        for y in (y1, y1 + 2 * thickness + 2, y0)[: chance.count(1, 3)]:
            cv2.line(drawn, (x0, y), (x1, y + chance.count(-3, 3)), 255, thickness, cv2.LINE_AA)
    else:
        x0, y0, x1, y1 = _widened(whole, chance.between(3, 0.4 * height + 4), chance.between(0, 0.3 * height))
        bend = int(chance.between(-0.1, 0.3) * (y1 - y0))
        for x, out in ((x0, -bend), (x1, bend)):
            curve = np.array([(x, y0), (x + out, (3 * y0 + y1) / 4), (x + out, (y0 + 3 * y1) / 4), (x, y1)])
            cv2.polylines(drawn, [curve.astype(np.int32)[:, None]], False, 255, thickness, cv2.LINE_AA)
    share = drawn.astype(np.float32) * ((1.0 if chance.yes(0.6) else chance.between(0.35, 1)) / 255)
    blend(picture, colour, share)


def _enclose(chance: Chance, picture: Picture, drawn: np.ndarray, plan: WritingPlan, look: str, thickness: int) -> None:
    """A closed line around the writing, with or without a tail, a second line and its own background, in place."""
    box, height = _around(plan.boxes), plan.height
    if look == "bubble":
        shape = _closed(chance, box, _CORNER[look], chance.between(1.25, 2.0), 0.0)
        if chance.yes(0.15):  # of a thought or a cloud
            shape = _scalloped(chance, shape)
    else:
        shape = _closed(chance, box, _CORNER[look], 1.0, chance.between(-0.05 * height, 0.4 * height + 4))
    shapes = [shape]
    has_tail = chance.yes(0.75 if look == "bubble" else 0.15)
    if has_tail:
        shapes.append(_tail(chance, shape))
    if chance.yes(0.5 if look == "bubble" else 0.15):
        _fill(chance, picture, shapes, plan.is_dark)
    if has_tail:  # both outlines are drawn before the inside is filled, so that there is no line where they meet
        for part in shapes:
            _draw(drawn, part, 2 * thickness + 1)
        for part in shapes:
            cv2.fillPoly(drawn, [_fixed(part)], 0, cv2.LINE_AA, _SHIFT)
    else:
        _draw(drawn, shape, thickness)
    if chance.yes(0.12):
        middle = shape.mean(0)
        _draw(drawn, middle + (shape - middle) * chance.between(1.06, 1.2), thickness)


def _fill(chance: Chance, picture: Picture, shapes: Sequence[Outline], is_dark: bool | None) -> None:
    """Fill shapes with another background, in place, from which the writing stands out."""
    inside = np.zeros(picture.shape[:2], np.uint8)
    for shape in shapes:
        cv2.fillPoly(inside, [_fixed(shape)], 255, cv2.LINE_AA, _SHIFT)
    # A tone slightly different from the sheet's, or one farther from the ink.
    if is_dark is not None and chance.yes(0.7):
        background, strength = np.full(3, float(is_dark), np.float32), chance.between(0.2, 1)
    else:
        background, strength = chance.colour(), chance.between(0.05, 0.3)
    blend(picture, background, inside.astype(np.float32) * np.float32(strength / 255))


def _around(boxes: Sequence[Box]) -> Box:
    edges = np.array(boxes)
    x0, y0 = edges[:, :2].min(0)
    x1, y1 = edges[:, 2:].max(0)
    return int(x0), int(y0), int(x1), int(y1)


def _widened(box: Box, across: float, along: float) -> Box:
    """The box with a margin to the left and right, and above and below."""
    x0, y0, x1, y1 = box
    return int(x0 - across), int(y0 - along), int(x1 + across), int(y1 + along)


def _closed(chance: Chance, box: Box, exponent: float, scale: float, margin: float) -> Outline:
    """A superellipse about ``scale`` times as large as a box, and ``margin`` pixels more; often drawn by hand."""
    x0, y0, x1, y1 = box
    angle = np.linspace(0, 2 * math.pi, _POINTS, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    if exponent > 20:  # points at the corners
        largest = np.maximum(np.abs(cos), np.abs(sin))
        unit = np.stack([cos, sin], 1) / largest[:, None]
    else:
        power = 2 / exponent
        unit = np.stack([np.sign(cos) * np.abs(cos) ** power, np.sign(sin) * np.abs(sin) ** power], 1)
    if chance.yes(0.4):
        wave = chance.count(2, 5)
        unit = unit * (1 + chance.between(0, 0.05) * np.sin(wave * angle + chance.between(0, 6)))[:, None]
    half = np.array([x1 - x0, y1 - y0]) / 2 * scale * chance.rng.uniform(0.95, 1.15, 2) + margin
    turn = chance.normal(0.04)
    turned = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    middle = np.array([x0 + x1, y0 + y1]) / 2
    return (unit * np.maximum(half, 3) @ turned + middle).astype(np.float32)


def _scalloped(chance: Chance, shape: Outline) -> Outline:
    """The same with an edge of arcs."""
    arcs = chance.count(6, 12)
    fine = np.linspace(0, 1, 4 * _POINTS, endpoint=False)
    at = np.arange(_POINTS + 1) / _POINTS
    closed = np.concatenate([shape, shape[:1]])
    points = np.stack([np.interp(fine, at, closed[:, axis]) for axis in range(2)], 1)
    middle = shape.mean(0)
    bulge = 1 + chance.between(0.06, 0.18) * np.abs(np.sin(fine * arcs * math.pi))
    return (middle + (points - middle) * bulge[:, None]).astype(np.float32)


def _tail(chance: Chance, shape: Outline) -> Outline:
    """A triangle from inside a shape to a tip outside of it, mostly below."""
    middle = shape.mean(0)
    angle = math.pi / 2 + chance.normal(0.6) if chance.yes(0.85) else chance.between(0, 2 * math.pi)
    half = np.abs(shape - middle).max(0)
    way = np.array([math.cos(angle), math.sin(angle)]) * half
    across = np.array([-way[1], way[0]]) / max(float(np.hypot(*way)), 1e-6) * chance.between(0.08, 0.25) * half.max()
    foot, tip = middle + 0.85 * way, middle + way * chance.between(1.2, 2.2) + across * chance.normal(1.2)
    return np.array([foot - across, tip, foot + across], np.float32)


def _fixed(shape: Outline) -> NDArray[np.int32]:
    return np.round(shape * (1 << _SHIFT)).astype(np.int32)[:, None]


def _draw(drawn: np.ndarray, shape: Outline, thickness: int) -> None:
    cv2.polylines(drawn, [_fixed(shape)], True, 255, thickness, cv2.LINE_AA, _SHIFT)
