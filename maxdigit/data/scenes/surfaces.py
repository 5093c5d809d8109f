"""Sheets and boards that people write on, and what lies around them."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from maxdigit.data.backgrounds import FAMILIES, texture
from maxdigit.data.scenes.chance import Chance, Colour, Map, Picture, blend, in_colour, luminance
from maxdigit.data.splits import Split

_TEXTURES = 6  # of each family of backgrounds, as desks, fabric and stone
_WORDS = ("Date", "Total", "Name", "No.", "Thank you", "page", "Exercise", "Score", "EUR", "receipt", "signed", "notes")


class Layers(NamedTuple):
    """A scene in the making, and the position of the ink in it."""

    picture: Picture
    ink: Map  # coverage by ink, 0..1
    pieces: NDArray[np.uint8]  # the same shape: the number, from 1 on, of the digit whose ink it is; 0 elsewhere


def surface_colour(chance: Chance, kind: str) -> Colour:
    """The colour of the surface, for one of the kinds of scene."""
    if kind in ("paper", "small", "desk", "scan"):
        return chance.colour((0, 0.1) if chance.yes(0.7) else (0.1, 0.65), (0.6, 1))
    if kind == "board":
        return chance.colour((0, 0.5), (0.02, 0.42))
    if kind in ("canvas", "panel"):
        if chance.yes(0.7):
            return np.full(3, chance.one_of({"0": 2, "1": 3, "0.9": 1, "0.1": 1}), np.float32)
        return chance.colour()
    return chance.colour((0.3, 1) if kind == "equal" else (0, 0.8), (0.3, 0.75))


def ink_colour(chance: Chance, kind: str, surface: Colour, is_dark: bool) -> Colour:
    """A colour that stands out from the surface: by brightness, or, for the kind ``equal``, by hue alone."""
    for _ in range(30):
        if kind == "equal":
            colour = chance.colour((0.4, 1), (0.2, 1))
            colour = np.clip(colour * luminance(surface) / max(float(luminance(colour)), 0.02), 0, 1)
            if np.abs(colour - surface).max() > 0.3:
                return colour
            continue
        strength = chance.between(0.16, 1) if chance.yes(0.5) else chance.between(0.5, 1)
        if is_dark:
            colour, tint = surface * (1 - strength), chance.colour((0.3, 1), (0.2, 0.9)) * np.float32(0.9)
        else:
            colour, tint = surface + (1 - surface) * strength, chance.colour((0.2, 1), (0.7, 1))
        if chance.yes(0.4):
            colour = colour + (tint - colour) * chance.between(0, 1)
        difference = float(luminance(colour - surface))
        if (difference < -0.1 if is_dark else difference > 0.1) or np.abs(colour - surface).max() > 0.45:
            return np.clip(colour, 0, 1).astype(np.float32)
    return np.zeros(3, np.float32) if is_dark else np.ones(3, np.float32)


def sheet(chance: Chance, split: Split, kind: str, colour: Colour, side: int, is_light: bool) -> Picture:
    """The empty surface: its grain, and what is printed on it."""
    picture = np.tile(colour, (side, side, 1))
    if kind != "canvas" and chance.yes(0.5):
        picture *= in_colour(1 + chance.cloud(side) * chance.between(0, 0.06))
    if kind in ("board", "mid", "equal") and chance.yes(0.2):  # wood, stone or fabric that is written on
        picture *= in_colour(1 + _textured(chance, split, side) * chance.between(0.02, 0.2))
    if chance.yes(0.1 if kind in ("canvas", "small") else 0.34):
        _rule(chance, picture, colour, is_light)
    if kind in ("paper", "small", "desk") and chance.yes(0.1):
        _fold(chance, picture)
    return np.clip(picture, 0, 1, out=picture)


def _fold(chance: Chance, picture: Picture) -> None:
    """Creases, as on a receipt or a letter, and the flap of an envelope: a lighter side, a darker one, a line."""
    side = len(picture)
    axis = np.arange(side, dtype=np.float32) / side - 0.5
    for _ in range(chance.count(1, 3)):
        direction = chance.between(0, 2 * math.pi)
        across = axis[None] * math.cos(direction) + axis[:, None] * math.sin(direction) - chance.between(-0.5, 0.5)
        step = np.tanh(across * chance.scale(20, 300)) * chance.between(0, 0.1)
        crease = np.exp(-np.abs(across) * side / chance.between(0.5, 3)) * chance.between(0, 0.25)
        picture *= in_colour((1 - np.abs(step) * (across > 0) - crease).astype(np.float32))


def _rule(chance: Chance, picture: Picture, colour: Colour, is_light: bool) -> None:
    """Print lines, squares or dots, and sometimes a margin, onto a sheet."""
    side = len(picture)
    spacing, width, phase = chance.scale(6, 42), chance.between(0.6, 1.9), chance.between(0, 1)
    axis = np.arange(side, dtype=np.float32)
    position = (axis / spacing + phase) % 1
    lines = np.clip(width / 2 + 0.5 - np.minimum(position, 1 - position) * spacing, 0, 1)
    look = chance.one_of({"lines": 0.5, "squares": 0.4, "dots": 0.1})
    rows, columns = np.tile(lines[:, None], (1, side)), np.tile(lines[None], (side, 1))
    share = rows if look == "lines" else np.maximum(rows, columns) if look == "squares" else rows * columns
    contrast = chance.between(0.06, 0.7)
    printed = colour * (1 - contrast) if is_light else colour + (1 - colour) * contrast
    if chance.yes(0.6):
        printed = printed + chance.rng.normal(0, 0.1, 3).astype(np.float32)
    blend(picture, np.clip(printed, 0, 1).astype(np.float32), share)
    if chance.yes(0.2):
        x = int(chance.between(0.04, 0.25) * side)
        picture[:, x : x + max(1, round(width))] = np.clip(colour * np.array([1, 0.6, 0.6], np.float32), 0, 1)


def print_words(chance: Chance, layers: Layers, height: float, colour: Colour) -> None:
    """Small print around the writing, much smaller, in place; it is not part of the target."""
    side = len(layers.picture)
    size = max(4.0, height * chance.between(0.12, 0.35))
    for _ in range(chance.count(1, 5)):
        text = " ".join(_WORDS[chance.count(0, len(_WORDS) - 1)] for _ in range(chance.count(1, 3)))
        drawn = np.zeros((side, side), np.uint8)
        place = (int(chance.between(-0.1, 0.7) * side), int(chance.between(0.05, 1) * side))
        cv2.putText(drawn, text, place, cv2.FONT_HERSHEY_SIMPLEX, size / 22, 255, 1, cv2.LINE_AA)
        if not (layers.ink[drawn > 0] > 0).any():
            blend(layers.picture, colour, drawn.astype(np.float32) / 255)


def lay_on_desk(chance: Chance, split: Split, flat: Layers) -> Layers:
    """A sheet on a desk, in perspective, with objects around it; desks are made of backgrounds of ``split``."""
    side = len(flat.picture)
    desk = _desk(chance, split, side)
    reach = chance.between(0.5, 0.97)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) * reach * side / 2
    if chance.yes(0.4):  # a slip or a strip
        corners *= np.array([1, chance.between(0.45, 1)] if chance.yes(0.6) else [chance.between(0.45, 1), 1])
    if chance.yes(0.2):  # seen from low above the desk, or from beside it
        far = chance.count(0, 3)  # the side from this corner to the next
        shorter = np.array([chance.between(0.5, 0.9), chance.between(0.6, 1)], np.float32)
        corners[[far, (far + 1) % 4]] *= shorter if far % 2 == 0 else shorter[::-1]
    angle = chance.normal(0.3) if chance.yes(0.2) else chance.normal(0.14)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    corners = corners @ turn.T + side / 2 + chance.rng.normal(0, 0.03 * side, (4, 2))
    corners = corners + chance.rng.normal(0, 0.25 * side * (1 - reach), 2)
    square = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32)
    matrix = cv2.getPerspectiveTransform(square, corners.astype(np.float32))
    size = (side, side)
    mask = cv2.warpPerspective(np.ones(size, np.float32), matrix, size, flags=cv2.INTER_LINEAR)
    seen = cv2.warpPerspective(flat.picture, matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    is_sheet = mask > 0.5
    ink = cv2.warpPerspective(flat.ink, matrix, size, flags=cv2.INTER_LINEAR) * is_sheet
    pieces = cv2.warpPerspective(flat.pieces, matrix, size, flags=cv2.INTER_NEAREST) * is_sheet
    if chance.yes(0.5):  # the sheet's shadow
        shade = cv2.GaussianBlur(mask, (0, 0), chance.between(1, 6))
        shift = np.array([[1, 0, chance.between(-4, 4)], [0, 1, chance.between(-4, 4)]], np.float32)
        desk *= in_colour(1 - chance.between(0, 0.5) * cv2.warpAffine(shade, shift, size))
    blend(desk, seen, mask)
    if chance.yes(0.12):
        _hand(chance, desk, ink)
    return Layers(desk, ink, pieces)


def add_bars(chance: Chance, layers: Layers) -> None:
    """Letterbox bars, or the dark edges of a scan, wherever nothing is written; in place."""
    side = len(layers.picture)
    tone = chance.one_of({"0": 3, "0.05": 2, "0.15": 2, "1": 1})
    slanted = chance.yes(0.3)
    for edge in range(4):
        if not chance.yes(0.45):
            continue
        width = max(1, int(chance.between(0.01, 0.16) * side))
        other = max(1, int(width * chance.between(0.4, 1.6))) if slanted else width
        corners = np.array([[0, 0], [side, 0], [side, other], [0, width]])
        bar = cv2.fillPoly(np.zeros((side, side), np.uint8), [corners], 1)
        bar = np.rot90(bar, edge).astype(bool)
        if layers.ink[bar].max(initial=0) < 0.3:
            layers.picture[bar] = float(tone)


def add_panel(chance: Chance, layers: Layers) -> Layers:
    """The writing as a panel or a canvas on a page or a screen of another tone."""
    side = len(layers.picture)
    page = np.tile(chance.colour((0, 0.15), (0.85, 1)) if chance.yes(0.7) else chance.colour(), (side, side, 1))
    if chance.yes(0.35):
        layers = _cropped(chance, layers)
    width, height = (int(side * chance.between(0.4, 0.92)) for _ in range(2))
    x, y = chance.count(0, side - width), chance.count(0, side - height)
    if chance.yes(0.5):
        word = _WORDS[chance.count(0, len(_WORDS) - 1)]
        tone = chance.colour()
        place = (chance.count(2, side // 2), chance.count(8, side))
        printed = np.zeros((side, side), np.uint8)
        cv2.putText(printed, word, place, cv2.FONT_HERSHEY_SIMPLEX, chance.between(0.25, 0.5), 255, 1, cv2.LINE_AA)
        blend(page, tone, printed.astype(np.float32) / 255)
    area = (slice(y, y + height), slice(x, x + width))
    page[area] = cv2.resize(layers.picture, (width, height), interpolation=cv2.INTER_AREA)
    ink, pieces = np.zeros((side, side), np.float32), np.zeros((side, side), np.uint8)
    ink[area] = cv2.resize(layers.ink, (width, height), interpolation=cv2.INTER_AREA)
    pieces[area] = cv2.resize(layers.pieces, (width, height), interpolation=cv2.INTER_NEAREST)
    if chance.yes(0.3):
        edge = tuple(float(v) for v in chance.colour())
        cv2.rectangle(page, (x, y), (x + width - 1, y + height - 1), edge, chance.count(1, 3))
    return Layers(page, ink, pieces)


def _cropped(chance: Chance, layers: Layers) -> Layers:
    """A crop of all layers around the writing."""
    ink = layers.ink
    rows, columns = np.flatnonzero((ink > 0.3).any(1)), np.flatnonzero((ink > 0.3).any(0))
    if not len(rows):
        return layers
    margins = chance.rng.integers(1, 2 + len(ink) // 8, 4)
    y0, x0 = max(0, rows[0] - margins[0]), max(0, columns[0] - margins[1])
    area = (slice(y0, rows[-1] + 1 + margins[2]), slice(x0, columns[-1] + 1 + margins[3]))
    return Layers(layers.picture[area], ink[area], layers.pieces[area])


def _desk(chance: Chance, split: Split, side: int) -> Picture:
    """The desk under a sheet: wood, fabric, tiles, stone or a keyboard, with objects on it."""
    picture = np.tile(chance.colour((0, 0.7), (0.02, 0.95)), (side, side, 1))
    look = chance.one_of({"plain": 0.15, "cloud": 0.25, "wood": 0.2, "texture": 0.2, "tiles": 0.1, "keys": 0.1})
    if look == "cloud":
        picture *= in_colour(1 + chance.cloud(side) * chance.between(0.03, 0.3))
    elif look == "wood":
        along = np.arange(side) * chance.between(0.05, 1.2) + chance.cloud(side) * chance.between(0, 2)
        picture *= in_colour(1 + np.sin(along).astype(np.float32) * chance.between(0.02, 0.25))
        if chance.yes(0.5):
            picture = np.ascontiguousarray(picture.transpose(1, 0, 2))
    elif look == "texture":
        picture *= in_colour(1 + _textured(chance, split, side) * chance.between(0.05, 0.5))
    elif look in ("tiles", "keys"):
        _lay_tiles(chance, picture, has_letters=look == "keys")
    for _ in range(chance.count(0, 4)):
        a, b = (tuple(int(v) for v in chance.rng.integers(0, side, 2)) for _ in range(2))
        tone = tuple(float(v) for v in chance.colour())
        thing = chance.one_of({"box": 0.4, "disc": 0.3, "rod": 0.3})
        if thing == "box":
            cv2.rectangle(picture, a, b, tone, -1)
        elif thing == "disc":
            cv2.circle(picture, a, int(chance.between(4, 40)), tone, -1 if chance.yes(0.7) else 3, cv2.LINE_AA)
        else:
            cv2.line(picture, a, b, tone, int(chance.between(1, 8)), cv2.LINE_AA)
    return picture


def _lay_tiles(chance: Chance, picture: Picture, *, has_letters: bool) -> None:
    """Tiles, or the keys of a keyboard, in place."""
    side = len(picture)
    step, gap = chance.count(12, 60), chance.count(1, 5)
    tone = tuple(float(v) for v in chance.colour())
    letters = np.zeros((side, side), np.uint8)
    for y in range(chance.count(-step, 0), side, step):
        for x in range(chance.count(-step, 0), side, step):
            cv2.rectangle(picture, (x, y), (x + step - gap, y + step - gap), tone, -1)
            if has_letters and step > 14:
                letter, place = chr(65 + chance.count(0, 25)), (x + 3, y + step // 2)
                cv2.putText(letters, letter, place, cv2.FONT_HERSHEY_SIMPLEX, step / 70, 255, 1, cv2.LINE_AA)
    blend(picture, np.full(3, 0.8, np.float32), letters.astype(np.float32) / 255)


def _hand(chance: Chance, picture: Picture, ink: Map) -> None:
    """Fingers that hold the sheet, where they cover no writing."""
    side = len(picture)
    skin = np.array([chance.between(0.4, 0.95), chance.between(0.3, 0.7), chance.between(0.2, 0.55)], np.float32)
    mask = np.zeros((side, side), np.uint8)
    x, y, angle = chance.between(0, side), chance.between(0.8, 1.0) * side, chance.normal(0.4)
    for finger in range(chance.count(1, 4)):
        tip = (int(x + finger * 16 + 40 * math.sin(angle)), int(y - 45 * math.cos(angle)))
        cv2.line(mask, (int(x + finger * 16), int(y + 30)), tip, 255, chance.count(9, 15), cv2.LINE_AA)
    share = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 0.8)
    if ink[share > 0.05].max(initial=0) < 0.1:
        blend(picture, skin * (1 + chance.cloud(side)[..., None] * np.float32(0.05)), share)


def _textured(chance: Chance, split: Split, side: int) -> Map:
    """A piece of one of the competition-like backgrounds, around zero with standard deviation 1."""
    family = FAMILIES[chance.count(0, len(FAMILIES) - 1)]
    whole = texture(family, split.texture_seed(chance.count(0, _TEXTURES - 1))).numpy()
    y, x = (chance.count(0, whole.shape[0] - side) for _ in range(2))
    piece = whole[y : y + side, x : x + side].astype(np.float32)
    return (piece - piece.mean()) / max(float(piece.std()), 1.0)
