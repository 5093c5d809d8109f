"""Digits, written or printed: strokes of MNIST's and of our own forms, type, and seven-segment displays."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from maxdigit.data.forms import choose_forms, form_fields
from maxdigit.data.mnist import SIZE as SPRITE
from maxdigit.data.scenes.chance import Chance, Map
from maxdigit.data.skeletons import distance_fields
from maxdigit.data.splits import SplitName, digits_of

_POOL = 8_000  # MNIST digits used of a split, and as many forms: they take tens of megabytes and seconds to compute
_FINE = 3  # resolution of distance fields, in MNIST's: coarser ones break thin strokes of large digits
_REFINED_AT_ONCE = 50  # fields at a time, so that they stay in the processor's cache
_EDGE = 5  # MNIST pixels around a digit's field, so that its strokes may be thick
_THINNEST = 0.04  # brush in digit heights for MNIST's digits; a thinner one would show their pixels
_THINNEST_LINE = 1.1  # pixels, of the target
_FAINTEST_LINE = 0.55  # pixels, of the drawn strokes
_UNITS = 16  # steps of a field's fixed point to an MNIST pixel
_INK_SHARES = {"strokes": 0.57, "forms": 0.27, "type": 0.08, "segments": 0.08}
_OUTLINED = 0.12  # share of scenes in which only the outlines of strokes are drawn
_LEAST_HOLLOW = 2.2  # pixels inside an outlined stroke; where there are fewer, the stroke is solid
_LEAST_LOOP = 1.0  # MNIST pixels: a loop of a smaller radius is an artefact of the skeleton
_OPEN = {False: 0.85, True: 0.7}  # share of a loop's radius that a solid or an outlined stroke may cover
# Each of seven segments as its place in a digit 1 wide and 2 high: x0, y0, x1, y1. And which ones a digit lights.
_SEGMENTS = ((0, 0, 1, 0), (1, 0, 1, 1), (1, 1, 1, 2), (0, 2, 1, 2), (0, 1, 0, 2), (0, 0, 0, 1), (0, 1, 1, 1))
_LIT = ("012345", "12", "01346", "01236", "1256", "02356", "023456", "012", "0123456", "012356")
_ALWAYS_OPEN = 0.05  # brush in digit heights up to which no loop closes
_TYPE_FACES = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
)


@dataclass(frozen=True)
class Mark:
    """One digit in place.

    The target differs from what is drawn in two cases: outlined strokes are filled, and the segments of a display are
    joined, so that the target looks like ordinary strokes.
    """

    ink: Map  # coverage 0..1 of a square window: the target
    left: int  # of the window, in the scene's pixels
    top: int
    digit: int  # 0..9
    drawn: Map  # coverage 0..1 of the same window, in the colour of the ink
    under: Map | None = None  # the same, beneath it: the insides of outlines, unlit segments, glow

    @property
    def box(self) -> tuple[int, int, int, int] | None:
        """Where there is ink, in the scene's pixels: x0, y0, x1, y1; None if there is none."""
        is_ink = self.ink > 0.3
        rows, columns = np.flatnonzero(is_ink.any(1)), np.flatnonzero(is_ink.any(0))
        if not len(rows):
            return None
        x0, x1 = self.left + int(columns[0]), self.left + int(columns[-1]) + 1
        return x0, self.top + int(rows[0]), x1, self.top + int(rows[-1]) + 1


@dataclass(frozen=True)
class _Fields:
    """Digits as distance fields."""

    distances: np.ndarray  # uint8 (N, S, S), refined, in fixed point
    digits: np.ndarray  # (N,), 0..9


@dataclass(frozen=True)
class Hand:
    """What the digits of one scene have in common."""

    style: str  # one of _INK_SHARES
    brush: float  # width of a stroke, in digit heights
    slant: float  # radians
    is_outlined: bool
    face: int  # of type: one of _TYPE_FACES, or past them for a face with filled letters
    line: float = 0.1  # width of an outline, in widths of a stroke


def choose_hand(chance: Chance) -> Hand:
    """How the digits of a scene are written."""
    style = chance.one_of(_INK_SHARES)
    is_outlined = style != "segments" and chance.yes(_OUTLINED)
    return Hand(
        style=style,
        brush=chance.between(0.11, 0.3) if is_outlined else chance.scale(0.008, 0.3),
        slant=chance.normal(0.06),
        is_outlined=is_outlined,
        face=chance.count(0, len(_TYPE_FACES) + 2),
        line=chance.scale(0.025, 0.3),
    )


def write(chance: Chance, split: SplitName, hand: Hand, x: float, y: float, height: float) -> Mark:
    """A random digit of ``height`` pixels with its middle at ``x``, ``y``."""
    if hand.style == "type":
        return _typed(chance, hand, x, y, height)
    if hand.style == "segments":
        return _segmented(chance, hand, x, y, height)
    strokes, forms = _fields(split)
    if hand.style == "forms" or chance.yes(0.15):
        return _stroked(chance, forms, hand, x, y, height)
    hand = replace(hand, brush=max(hand.brush, _THINNEST))
    return _stroked(chance, strokes, hand, x, y, height)


def _stroked(chance: Chance, fields: _Fields, hand: Hand, x: float, y: float, height: float) -> Mark:
    """A digit redrawn with a round brush from its distance field."""
    chosen = chance.count(0, len(fields.distances) - 1)
    field = fields.distances[chosen]
    zoom = height / 20  # MNIST digits are 20 pixels high
    side = int(height * 1.8) + 8
    angle, shear, aspect = hand.slant + chance.normal(0.14), chance.normal(0.12), math.exp(chance.normal(0.14))
    cos, sin = math.cos(angle), math.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]]) @ np.diag([aspect, 1.0]) @ np.array([[1, shear], [0, 1]])
    matrix = turn * (zoom / _FINE)
    left, top = math.floor(x - side / 2), math.floor(y - side / 2)
    middle = np.array([x - left - 0.5, y - top - 0.5])
    centre = np.full(2, (len(field) - 1) / 2)
    affine = np.hstack([matrix, (middle - matrix @ centre)[:, None]])
    distance = cv2.warpAffine(
        field, affine, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=255
    ).astype(np.float32) * (zoom / _UNITS)
    brush = height * min(hand.brush * chance.between(0.9, 1.1), 0.3)
    if hand.brush > _ALWAYS_OPEN:
        brush = min(brush, 2 * zoom * _OPEN[hand.is_outlined] * _least_loop(field))
    ink = np.clip(max(brush, _THINNEST_LINE) / 2 + 0.5 - distance, 0, 1)
    digit = int(fields.digits[chosen])
    if brush < _THINNEST_LINE:  # a line that covers no pixel wholly
        return Mark(ink, left, top, digit, drawn=ink * np.float32(max(brush, _FAINTEST_LINE) / _THINNEST_LINE))
    line = max(0.6, brush * hand.line)
    if not hand.is_outlined or brush - line < _LEAST_HOLLOW:
        return Mark(ink, left, top, digit, drawn=ink)
    outline = np.clip(line / 2 + 0.5 - np.abs(distance - (brush - line) / 2), 0, 1)
    return Mark(ink, left, top, digit, drawn=outline, under=ink)


def _least_loop(field: np.ndarray) -> float:
    """Radius of a digit's smallest loop, in MNIST pixels; infinite where there is none."""
    field = field[::2, ::2]  # fine enough for loops that count
    count, labels, stats, _ = cv2.connectedComponentsWithStats((field > _UNITS).astype(np.uint8), connectivity=4)
    radius = math.inf
    for number in range(1, count):
        x, y, width, height = stats[number, :4]
        part = (slice(y, y + height), slice(x, x + width))
        if number != labels[0, 0]:
            depth = float(field[part][labels[part] == number].max()) / _UNITS
            radius = min(radius, depth) if depth >= _LEAST_LOOP else radius
    return radius


def _typed(chance: Chance, hand: Hand, x: float, y: float, height: float) -> Mark:
    """A printed digit."""
    number = chance.count(0, 9)
    digit = str(number)
    side = int(height * 1.6) + 8
    thickness = max(1, round(height * min(hand.brush, 0.16)))
    if hand.face >= len(_TYPE_FACES):
        printed = Image.new("L", (side, side))
        size = round(height * 1.36)
        bolder = max(0, round(height * min(hand.brush / 2 - 0.06, 0.035))) if hand.is_outlined else 0
        middle = (side / 2, side / 2)
        ImageDraw.Draw(printed).text(middle, digit, 255, _face(size), anchor="mm", stroke_width=bolder)
        sheet = np.array(printed)
        thickness = round(height * 0.12) + 2 * bolder
    else:
        face = _TYPE_FACES[hand.face]
        (width, high), _ = cv2.getTextSize(digit, face, 1.0, 1)
        scale = height / high
        sheet = np.zeros((side, side), np.uint8)
        origin = (round((side - width * scale) / 2), round((side + height) / 2))
        cv2.putText(sheet, digit, origin, face, scale, 255, thickness, cv2.LINE_AA)
    ink = sheet.astype(np.float32) / 255
    line = max(1, round(thickness * hand.line))
    left, top = _corner(ink, x, y)
    if not hand.is_outlined or thickness - 2 * line < _LEAST_HOLLOW:
        return Mark(ink, left, top, number, drawn=ink)
    inner = cv2.erode(sheet, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * line + 1, 2 * line + 1)))
    return Mark(ink, left, top, number, drawn=(sheet - inner).astype(np.float32) / 255, under=ink)


def _segmented(chance: Chance, hand: Hand, x: float, y: float, height: float) -> Mark:
    """A digit of a seven-segment display; the target has no gaps between lit segments."""
    side = int(height * 1.5) + 8
    thickness = max(1.3, height * min(max(hand.brush, 0.05), 0.18))
    width, high = (height - thickness) * chance.between(0.42, 0.56), height - thickness
    gap = chance.between(0.03, 0.45) * thickness
    lean = chance.between(-0.05, 0.2)
    taper = chance.one_of({"0.5": 0.6, "0": 0.2, "-0.5": 0.2})  # of the ends: pointed, straight, reaching out
    digit = chance.count(0, 9)
    lit, unlit = np.zeros((side, side), np.uint8), np.zeros((side, side), np.uint8)
    joined = np.zeros((side, side), np.uint8)
    left, top = side / 2 - width / 2 + lean * high / 2, side / 2 - high / 2
    placement = np.array([[1, -lean, left], [0, 1, top]])
    has_unlit = chance.yes(0.35)
    for number, (x0, y0, x1, y1) in enumerate(_SEGMENTS):
        is_lit = str(number) in _LIT[digit]
        start, end = np.array([x0 * width, y0 * high / 2]), np.array([x1 * width, y1 * high / 2])
        if is_lit:
            _fill_segment(joined, (start, end), 0.0, thickness, 0.0, placement)
        if is_lit or has_unlit:
            _fill_segment(lit if is_lit else unlit, (start, end), gap, thickness, float(taper), placement)
    drawn = lit.astype(np.float32) / 255
    under = unlit.astype(np.float32) * (chance.between(0.03, 0.2) / 255) if has_unlit else None
    if chance.yes(0.25):
        glow = cv2.GaussianBlur(drawn, (0, 0), thickness * chance.between(0.4, 1.2)) * chance.between(0.1, 0.5)
        under = glow if under is None else np.maximum(under, glow)
    ink = np.maximum(joined, lit).astype(np.float32) / 255
    return Mark(ink, *_corner(ink, x, y), digit, drawn=drawn, under=under)


def _fill_segment(
    sheet: np.ndarray,
    ends: tuple[np.ndarray, np.ndarray],
    gap: float,
    thickness: float,
    taper: float,
    placement: np.ndarray,
) -> None:
    """Draw one segment, in place: a bar between two points, shorter by ``gap`` at each, its ends tapering.

    ``placement`` ``(2, 3)`` maps points of the digit to those of ``sheet``.
    """
    start, end = ends
    along = (end - start) / max(float(np.hypot(*(end - start))), 1e-6)
    across = np.array([-along[1], along[0]]) * thickness / 2
    start, end = start + along * gap, end - along * gap
    inner = along * thickness * max(taper, 0.0)
    outer = along * thickness * max(-taper, 0.0) * 0.5
    points = [start - outer, start + inner + across, end - inner + across, end + outer]
    points += [end - inner - across, start + inner - across]
    corners = np.round(((np.array(points) @ placement[:, :2].T) + placement[:, 2]) * 16).astype(np.int32)
    cv2.fillPoly(sheet, [corners[:, None]], 255, cv2.LINE_AA, 4)


def _corner(ink: Map, x: float, y: float) -> tuple[int, int]:
    """Left and top of a window whose middle is at ``x``, ``y``."""
    return round(x - ink.shape[1] / 2), round(y - ink.shape[0] / 2)


@lru_cache(maxsize=64)
def _face(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """Pillow's own type face."""
    return ImageFont.load_default(max(8, size))


@lru_cache(maxsize=3)
def _fields(split: SplitName) -> tuple[_Fields, _Fields]:
    """Some of a split's digits, and digits in our own forms."""
    labels = digits_of(split).labels
    chosen = np.sort(np.random.default_rng(0).choice(len(labels), min(_POOL, len(labels)), replace=False))
    of_mnist = _refined(distance_fields(split, torch.from_numpy(chosen)).numpy())
    # 1, 7 and 4 have the most forms that MNIST lacks, and straight strokes are most easily mistaken for lines.
    digits = torch.tensor([1, 1, 7, 7, 4, 4, 0, 2, 3, 5, 6, 8, 9, 1, 4, 7] * (_POOL // 16))
    seed = ("train", "validation", "test").index(split)
    of_forms = _refined(form_fields(choose_forms(torch.Generator().manual_seed(seed), digits)).numpy())
    return _Fields(of_mnist, labels[chosen]), _Fields(of_forms, digits.numpy())


def _refined(fields: np.ndarray) -> np.ndarray:
    """Distances ``(N, 28, 28)`` on a grid ``_FINE`` times as fine, with ``_EDGE`` MNIST pixels around: fixed point.

    Between grid points the distance to a stroke cannot be less than any grid point's distance minus the way to it.
    Near strokes this bound is tight, where interpolation would lift the distance off zero; farther away
    interpolation is the better one.
    """
    padded = np.pad(fields, ((0, 0), (_EDGE, _EDGE), (_EDGE, _EDGE)), mode="edge")
    axis = np.arange(SPRITE + 2 * _EDGE) - _EDGE
    beyond = np.maximum(np.maximum(-axis, axis - SPRITE + 1), 0)
    padded = padded + np.hypot(beyond[:, None], beyond[None]).astype(np.float32)
    side = padded.shape[1]
    result = np.empty((len(padded), side * _FINE, side * _FINE), np.uint8)
    offsets = (np.arange(_FINE) + 0.5) / _FINE - 0.5  # of fine points from the coarse one that they belong to
    for start in range(0, len(padded), _REFINED_AT_ONCE):
        part = padded[start : start + _REFINED_AT_ONCE]
        near = np.pad(part, ((0, 0), (1, 1), (1, 1)))
        bound = np.empty((len(part), side * _FINE, side * _FINE), np.float32)
        for row, y in enumerate(offsets):
            for column, x in enumerate(offsets):
                highest = np.zeros_like(part)
                for dy in (-1, 0, 1):
                    for dx in (-1, 0, 1):
                        way = np.float32(np.hypot(y - dy, x - dx))
                        neighbours = near[:, 1 + dy : 1 + dy + side, 1 + dx : 1 + dx + side]
                        np.maximum(highest, neighbours - way, out=highest)
                bound[:, row::_FINE, column::_FINE] = highest
        smooth = np.stack(
            [cv2.resize(field, None, fx=_FINE, fy=_FINE, interpolation=cv2.INTER_LINEAR) for field in part]
        )
        far = np.clip(smooth - 0.5, 0, 1)
        result[start : start + len(part)] = np.round((bound + (smooth - bound) * far) * _UNITS).clip(0, 255)
    return result
