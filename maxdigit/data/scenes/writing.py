"""Digits as they are written or printed: strokes of MNIST's and of our own forms, type, and seven segments."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from maxdigit.data.forms import deal_forms, form_fields
from maxdigit.data.mnist import SIZE as SPRITE
from maxdigit.data.scenes.chance import Chance, Map
from maxdigit.data.splits import SplitName, digits_of
from maxdigit.data.strokes import distance_fields

_POOL = 8_000  # MNIST digits of a split in use, and as many forms: memory in tens of megabytes, and ready in seconds
_FINE = 3  # distance fields are refined so many times, else thin strokes of large digits fall apart
_EDGE = 5  # MNIST pixels around a digit's field, so that its strokes may be thick
_THINNEST = 0.04  # brush in digit heights for MNIST's digits, whose grain would show in a thinner one
_UNITS = 16  # steps of a field's fixed point to an MNIST pixel
_INK_SHARES = {"strokes": 0.6, "forms": 0.27, "type": 0.08, "segments": 0.05}
# Each of seven segments as its place in a digit 1 wide and 2 high: x0, y0, x1, y1. And which ones a digit lights.
_SEGMENTS = ((0, 0, 1, 0), (1, 0, 1, 1), (1, 1, 1, 2), (0, 2, 1, 2), (0, 1, 0, 2), (0, 0, 0, 1), (0, 1, 1, 1))
_LIT = ("012345", "12", "01346", "01236", "1256", "02356", "023456", "012", "0123456", "012356")
_TYPE_FACES = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
)


@dataclass(frozen=True)
class Mark:
    """One digit in place."""

    ink: Map  # coverage 0..1 of a square window
    left: int  # of the window, in the scene's pixels
    top: int
    digit: int  # 0..9


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


def choose_hand(chance: Chance) -> Hand:
    """How the digits of a scene are written."""
    style = chance.one_of(_INK_SHARES)
    return Hand(
        style=style,
        brush=chance.scale(0.018, 0.22),
        slant=chance.normal(0.06),
        is_outlined=chance.yes(0.06),
        face=chance.count(0, len(_TYPE_FACES) + 2),
    )


def write(chance: Chance, split: SplitName, hand: Hand, x: float, y: float, height: float) -> Mark:
    """A random digit of ``height`` pixels with its middle at ``x``, ``y``."""
    if hand.style == "type":
        return _centred(*_typed(chance, hand, height), x, y)
    if hand.style == "segments":
        return _centred(*_segmented(chance, hand, height), x, y)
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
    brush = max(1.1, height * min(hand.brush * chance.between(0.9, 1.1), 0.24))
    if hand.is_outlined and height > 40:
        distance, brush = np.abs(distance - brush * 1.2), max(1.2, brush * 0.45)
    return Mark(np.clip(brush / 2 + 0.5 - distance, 0, 1), left, top, int(fields.digits[chosen]))


def _typed(chance: Chance, hand: Hand, height: float) -> tuple[Map, int]:
    """A printed digit."""
    number = chance.count(0, 9)
    digit = str(number)
    side = int(height * 1.6) + 8
    if hand.face >= len(_TYPE_FACES):
        sheet = Image.new("L", (side, side))
        ImageDraw.Draw(sheet).text((side / 2, side / 2), digit, 255, _face(round(height * 1.36)), anchor="mm")
        return np.asarray(sheet, np.float32) / 255, number
    face = _TYPE_FACES[hand.face]
    thickness = max(1, round(height * min(hand.brush, 0.16)))
    (width, high), _ = cv2.getTextSize(digit, face, 1.0, 1)
    scale = height / high
    sheet = np.zeros((side, side), np.uint8)
    origin = (round((side - width * scale) / 2), round((side + height) / 2))
    cv2.putText(sheet, digit, origin, face, scale, 255, thickness, cv2.LINE_AA)
    return sheet.astype(np.float32) / 255, number


def _segmented(chance: Chance, hand: Hand, height: float) -> tuple[Map, int]:
    """A digit of a seven-segment display."""
    side = int(height * 1.5) + 8
    thickness = max(1, round(height * min(max(hand.brush, 0.05), 0.16)))
    width, high = (height - thickness) * chance.between(0.42, 0.56), height - thickness
    gap = chance.between(0.3, 0.8) * thickness
    lean = chance.between(-0.05, 0.15)
    sheet = np.zeros((side, side), np.uint8)
    digit = chance.count(0, 9)
    for segment in _LIT[digit]:
        x0, y0, x1, y1 = _SEGMENTS[int(segment)]
        dx, dy = (gap, 0) if y0 == y1 else (0, gap)
        ends = []
        for u, v in ((x0 * width + dx, y0 * high / 2 + dy), (x1 * width - dx, y1 * high / 2 - dy)):
            ends.append((round(side / 2 - width / 2 + u + lean * (high / 2 - v)), round(side / 2 - high / 2 + v)))
        cv2.line(sheet, ends[0], ends[1], 255, thickness, cv2.LINE_AA)
    return sheet.astype(np.float32) / 255, digit


def _centred(ink: Map, digit: int, x: float, y: float) -> Mark:
    return Mark(ink, round(x - ink.shape[1] / 2), round(y - ink.shape[0] / 2), digit)


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
    # A 1, a 7 and a 4 have the most forms that MNIST lacks, and straight strokes are taken for lines most easily.
    digits = torch.tensor([1, 1, 7, 7, 4, 4, 0, 2, 3, 5, 6, 8, 9, 1, 4, 7] * (_POOL // 16))
    seed = ("train", "validation", "test").index(split)
    of_forms = _refined(form_fields(deal_forms(torch.Generator().manual_seed(seed), digits)).numpy())
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
    fine = (np.arange(side * _FINE) + 0.5) / _FINE - 0.5  # where the fine grid lies on the coarse one
    nearest = np.clip(np.round(fine).astype(int), 0, side - 1)
    result = np.empty((len(padded), side * _FINE, side * _FINE), np.uint8)
    for start in range(0, len(padded), 500):  # to keep memory in tens of megabytes
        part = padded[start : start + 500]
        bound = np.zeros((len(part), side * _FINE, side * _FINE), np.float32)
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                rows, columns = np.clip(nearest + dy, 0, side - 1), np.clip(nearest + dx, 0, side - 1)
                way = np.hypot((fine - rows)[:, None], (fine - columns)[None]).astype(np.float32)
                np.maximum(bound, part[:, rows[:, None], columns[None]] - way, out=bound)
        smooth = np.stack(
            [cv2.resize(field, None, fx=_FINE, fy=_FINE, interpolation=cv2.INTER_LINEAR) for field in part]
        )
        far = np.clip(smooth - 0.5, 0, 1)
        result[start : start + 500] = np.round((bound + (smooth - bound) * far) * _UNITS).clip(0, 255)
    return result
