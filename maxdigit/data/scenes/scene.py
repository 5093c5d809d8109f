"""One scene, put together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from maxdigit.data.pictures import Pictures, generate
from maxdigit.data.scenes.camera import expose, light
from maxdigit.data.scenes.chance import Chance, Colour, blend, luminance
from maxdigit.data.scenes.surfaces import (
    Layers,
    add_bars,
    add_panel,
    ink_colour,
    lay_on_desk,
    print_words,
    sheet,
    surface_colour,
)
from maxdigit.data.scenes.surrounds import WritingPlan, surround
from maxdigit.data.scenes.writing import Mark, choose_hand, write
from maxdigit.data.splits import Split

SCENE_SIZE = 192  # pixels along a side

# Kinds of scenes, and how frequent each is.
SCENE_KINDS: dict[str, float] = {
    "paper": 0.22,  # a sheet that fills the picture
    "small": 0.07,  # little writing on a large page: 2.5 to 7 % of its height
    "desk": 0.21,  # a sheet on a desk
    "scan": 0.06,  # a sheet with dark edges or bars
    "board": 0.105,  # light on dark: chalk, white pen
    "canvas": 0.075,  # one flat tone
    "panel": 0.065,  # a canvas on a page of another tone
    "mid": 0.055,  # dark and light ink on a middle tone
    "equal": 0.06,  # ink as bright as its background
    "competition": 0.05,  # the competition's textured pictures
    "nothing": 0.03,  # no writing at all
}

_COUNT_SHARES = {"1": 0.1, "2": 0.14, "3": 0.58, "4": 0.12, "5": 0.06}  # share of scenes with 1, 2, 3, 4, 5 digits
_LEAST_HEIGHT = 10.0  # of digits, in pixels, but for the kind ``small``
_SMALL = (0.025, 0.07)  # height of digits of the kind ``small``, as shares of the scene's
_SURROUNDED = 0.24  # share of scenes in which something is drawn around the writing
_AT_EDGE = 0.15  # share of scenes whose writing may reach past the edge of its sheet
_GROUP = 50  # competition-like pictures that are made together


@dataclass(frozen=True)
class Scene:
    """A picture, and where the ink is in it."""

    pixels: NDArray[np.uint8]  # (SCENE_SIZE, SCENE_SIZE, 3), RGB
    ink: NDArray[np.uint8]  # (SCENE_SIZE, SCENE_SIZE): coverage by ink, 0..255; outlined strokes count as filled
    pieces: NDArray[np.uint8]  # the same shape: the number, from 1 on, of the digit whose ink it is; 0 elsewhere
    digits: tuple[int, ...]  # what is written
    kind: str  # one of SCENE_KINDS


def make_scene(split: Split, index: int, kind: str | None = None) -> Scene:
    """Scene number ``index`` of a split: always the same; of a certain ``kind`` if one is given.

    Raises:
        ValueError: ``index`` is negative.
    """
    if index < 0:
        raise ValueError(f"index must not be negative, got {index}")
    chance = Chance(("train", "validation", "test").index(split.name), split.seed, index)
    random_kind = chance.one_of(SCENE_KINDS)  # also if a kind is given, so that what follows is the same
    kind = kind or random_kind
    if kind == "competition":
        return _competition(chance, split, index)
    colour = surface_colour(chance, kind if kind != "nothing" else chance.one_of({"paper": 1, "desk": 1, "board": 1}))
    brightness = float(luminance(colour))
    is_dark = kind in ("paper", "small", "desk", "scan") or (
        kind != "board" and brightness > (0.5 if chance.yes(0.8) else 0.35)
    )  # the ink
    size = (SCENE_SIZE, SCENE_SIZE)
    empty = sheet(chance, split, kind, colour, SCENE_SIZE, brightness > 0.5)
    layers = Layers(empty, np.zeros(size, np.float32), np.zeros(size, np.uint8))
    digits: tuple[int, ...] = ()
    if kind != "nothing":
        digits = _write(chance, split, _Surface(kind, colour, is_dark), layers)
    if (
        kind == "desk"
        or (kind in ("board", "mid", "equal") and chance.yes(0.25))
        or (kind == "nothing" and chance.yes(0.5))
    ):
        layers = lay_on_desk(chance, split, layers)
    elif kind == "panel":
        layers = add_panel(chance, layers)
    elif kind == "scan" or chance.yes(0.03):
        add_bars(chance, layers)
    picture = layers.picture
    needs_colour = kind == "equal"
    if kind not in ("canvas", "panel") or chance.yes(0.15):
        picture = light(chance, picture, needs_colour=needs_colour)
    pixels = expose(chance, picture, needs_colour=needs_colour, is_fine=kind == "small")
    return Scene(pixels, np.round(np.clip(layers.ink, 0, 1) * 255).astype(np.uint8), layers.pieces, digits, kind)


@dataclass(frozen=True)
class _Surface:
    """What is written on, and with which ink."""

    kind: str  # one of SCENE_KINDS
    colour: Colour
    is_dark: bool  # the ink

    def ink_colour(self, chance: Chance, *, swap: bool = False) -> Colour:
        """A colour for ink; if ``swap``, for light ink where it would be dark and the other way round."""
        return ink_colour(chance, self.kind, self.colour, self.is_dark != swap)


@dataclass(frozen=True)
class _Ink:
    """The colours of one digit."""

    colour: Colour
    under: Colour | None  # of what lies beneath its ink, such as the insides of outlines; None: nothing
    is_patchy: bool


def _write(chance: Chance, split: Split, surface: _Surface, layers: Layers) -> tuple[int, ...]:
    """Draw digits, and what people draw around them, onto a sheet, in place; returns the digits."""
    kind = surface.kind
    hand = choose_hand(chance)
    if kind == "small":
        hand = replace(hand, brush=max(hand.brush, 0.07), is_outlined=False)
        places, height = _layout(chance, *_SMALL)
    else:  # larger, since it is made smaller afterwards
        places, height = _layout(chance, 0.12 if kind in ("desk", "panel") else 0.05, 0.62)
    first = surface.ink_colour(chance)
    is_each_its_own, is_mixed = chance.yes(0.25), kind == "mid" or chance.yes(0.03)
    is_patchy = chance.yes(0.25)
    filling = chance.colour() if hand.is_outlined and chance.yes(0.25) else None
    marks = [write(chance, split.name, hand, x, y, height * chance.between(0.82, 1.18)) for x, y in places]
    other = first if chance.yes(0.6) else surface.ink_colour(chance)
    boxes = [box for mark in marks if (box := mark.box) is not None]
    if boxes and chance.yes(_SURROUNDED) and kind != "small":
        plan = WritingPlan(boxes, height, hand.brush * height, None if is_mixed else surface.is_dark)
        surround(chance, layers.picture, plan, other)
    for number, mark in enumerate(marks, start=1):
        tone = first
        if is_mixed:
            tone = surface.ink_colour(chance, swap=chance.yes(0.5))
        elif is_each_its_own and number > 1:
            tone = surface.ink_colour(chance)
        _lay(chance, layers, mark, number, _Ink(tone, filling if hand.is_outlined else tone, is_patchy))
    if chance.yes(0.08) and kind != "small":  # whose print would be a row of dots
        print_words(chance, layers, height, other)
    return tuple(mark.digit for mark in marks)


def _lay(chance: Chance, layers: Layers, mark: Mark, number: int, ink: _Ink) -> None:
    """Draw digit ``number`` onto a sheet, in place; parts outside are cut off."""
    side, window = len(layers.ink), len(mark.ink)
    y0, y1 = max(0, mark.top), min(side, mark.top + window)
    x0, x1 = max(0, mark.left), min(side, mark.left + window)
    if y0 >= y1 or x0 >= x1:
        return
    area = (slice(y0, y1), slice(x0, x1))
    inside = (slice(y0 - mark.top, y1 - mark.top), slice(x0 - mark.left, x1 - mark.left))
    covered, drawn = mark.ink[inside], mark.drawn[inside]
    if mark.under is not None and ink.under is not None:
        blend(layers.picture[area], ink.under, mark.under[inside])
    share = drawn
    if ink.is_patchy:
        cloud = cv2.resize(chance.cloud(48), (window, window))[: y1 - y0, : x1 - x0]
        share = drawn * np.clip(1 - np.abs(cloud) * chance.between(0, 0.4), 0.35, 1)
    blend(layers.picture[area], ink.colour, share)
    np.maximum(layers.ink[area], covered, out=layers.ink[area])
    layers.pieces[area][covered > 0.5] = number


def _layout(chance: Chance, least: float, most: float) -> tuple[list[tuple[float, float]], float]:
    """The middles of one to five digits, and their height, in pixels: in a row, in a column, or scattered.

    ``least`` and ``most`` are the smallest and the largest height as shares of the scene's.
    """
    side = SCENE_SIZE
    count = int(chance.one_of(_COUNT_SHARES))
    height = side * chance.scale(least, most)
    smallest = min(_LEAST_HEIGHT, side * least)
    if chance.yes(0.72):
        gap = height * (chance.between(0.62, 1.3) if chance.yes(0.92) else chance.between(1.3, 2.6))
        length = gap * (count - 1) + height * 0.8
        if length > side * 0.94:
            height, gap, length = (value * side * 0.94 / length for value in (height, gap, length))
        margin = chance.between(-0.1 * height, 2) if chance.yes(_AT_EDGE) else 2
        along = chance.between(length / 2 + margin, side - length / 2 - margin)
        across = chance.between(height / 2 + margin, side - height / 2 - margin)
        tilt = chance.normal(0.06)
        places = []
        for number in range(count):
            step = (number - (count - 1) / 2) * gap
            u = along + step + chance.normal(height * 0.05)
            places.append((u, across + chance.normal(height * 0.08) + tilt * step))
        if chance.yes(0.15):
            places = [(y, x) for x, y in places]
        return places, max(height, smallest)
    height = max(min(height, side * 0.33), smallest)
    places = []
    for _ in range(count):
        for _ in range(12):
            place = chance.between(height * 0.6, side - height * 0.6), chance.between(height * 0.6, side - height * 0.6)
            if all(np.hypot(place[0] - x, place[1] - y) > height * 1.05 for x, y in places):
                places.append(place)
                break
    return places, height


def _competition(chance: Chance, split: Split, index: int) -> Scene:
    """One of the competition-like pictures, scaled to one of the sizes in which such pictures are shared."""
    group = _textured(split, index // _GROUP)
    row = index % _GROUP
    pixels = group.pixels[row].numpy()
    inside = np.zeros(pixels.shape, np.uint8)
    for number, (x0, y0, x1, y1) in enumerate(group.boxes[row].tolist(), start=1):
        if x0 >= 0:
            inside[y0:y1, x0:x1] = number
    ink = np.clip((pixels.astype(np.float32) - 150) / 80, 0, 1) * (inside > 0)
    zoom = chance.scale(1.0, 2.4)
    side = max(SCENE_SIZE, round(len(pixels) * zoom))
    whole = round(len(pixels) * zoom)
    enlarged = [
        cv2.resize(layer, (whole, whole), interpolation=mode)
        for layer, mode in ((pixels, cv2.INTER_CUBIC), (ink, cv2.INTER_LINEAR), (inside, cv2.INTER_NEAREST))
    ]
    border = side - whole
    top, left = chance.count(0, border), chance.count(0, border)
    mode = cv2.BORDER_REFLECT if chance.yes(0.5) else cv2.BORDER_REPLICATE
    enlarged = [
        cv2.copyMakeBorder(layer, top, border - top, left, border - left, mode if number == 0 else cv2.BORDER_CONSTANT)
        for number, layer in enumerate(enlarged)
    ]
    y, x = (chance.count(0, side - SCENE_SIZE) for _ in range(2))
    pixels, ink, inside = (layer[y : y + SCENE_SIZE, x : x + SCENE_SIZE] for layer in enlarged)
    pieces = inside * (ink > 0.5)
    # A crop may have cut some off.
    digits = tuple(int(group.digits[row, number - 1]) for number in np.unique(pieces[pieces > 0]))
    pixels = np.ascontiguousarray(np.repeat(pixels[..., None], 3, 2))
    return Scene(pixels, np.round(ink * 255).astype(np.uint8), pieces, digits, "competition")


@lru_cache(maxsize=4)
def _textured(split: Split, group: int) -> Pictures:
    return generate(split, group * _GROUP, _GROUP, kind="textured")
