"""Drawn pictures, as from the app's canvas: one to five digits redrawn with a round brush, white on black.

The strokes are those of an MNIST digit, of a form that MNIST lacks, or of a mark that is not a digit.
Pictures are drawn on the CPU, one by one, and then moved to the device that asks for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from maxdigit.data.arrange import LAYOUTS, Hand, Writing, arrange
from maxdigit.data.forms import choose_forms, form_glyph, segment_forms
from maxdigit.data.picture_batch import (
    CHUNK,
    MAX_DIGITS,
    SIZE,
    Pictures,
    Rows,
    angle_table,
    choose_digits,
    generator,
    uniform,
)
from maxdigit.data.skeletons import Line, glyphs
from maxdigit.data.splits import Split

# What is drawn: MNIST's digits, digits in other forms, marks that are not digits, or a mix of both kinds of digits.
Pen = Literal["drawn", "forms", "marks", "mixed"]
_WRITTEN_SHARE = {"drawn": 0.0, "forms": 1.0, "marks": 1.0, "mixed": 0.3}  # of digits in forms of our own

_DISPLAY_SHARE = 0.1  # share of training pictures with digits in forms whose digits are all seven-segment ones
_DISPLAY_STEADY = 0.4  # how much their points are displaced, bent and rotated, relative to handwriting

_COUNT_SHARES = (0.08, 0.14, 0.62, 0.11, 0.05)  # of pictures with 1, 2, 3, 4, 5 digits
_MAX_DRAWN = len(_COUNT_SHARES)
_LAYOUT_SHARES = (0.6, 0.12, 0.28)  # as LAYOUTS
_SHIFT = 3.0  # pixels: largest offset of the writing's centre from the picture's
_ZOOM = 0.12  # standard deviation of the digits' size, as a share of the intended size
_MOST = 2.5  # standard deviations: larger values would make digits unreadable

_FINE = 8  # a brush's width is accurate to a quarter of a pixel
_BITS = 4  # fractional bits of OpenCV's coordinates


@dataclass(frozen=True)
class Drawing(Rows):
    """All random values behind the drawings of a chunk of pictures, on the CPU; D is ``_MAX_DRAWN``."""

    digits: Tensor  # int64 (N, MAX_DIGITS), -1 where there is none
    there: Tensor  # bool (N, D): whether anything is drawn
    source: Tensor  # int64 (N, D): which MNIST picture
    written: Tensor  # bool (N, D): whether in a form of our own
    form: Tensor  # int64 (N, D): this and the next two as in :class:`maxdigit.data.forms.Hands`
    reach: Tensor  # (N, D)
    offset: Tensor  # (N, D, points, 2)
    layout: Tensor  # int64 (N,): index into LAYOUTS; this and all below as in :class:`maxdigit.data.arrange.Hand`
    places: Tensor  # (N, D, 2)
    size: Tensor  # (N, D)
    angle: Tensor  # (N, D)
    shear: Tensor  # (N, D)
    aspect: Tensor  # (N, D)
    bend: Tensor  # (N, D, 2, 3, 3)
    brush: Tensor  # (N,)
    gap: Tensor  # (N,)
    zoom: Tensor  # (N,)
    shift: Tensor  # (N, 2)


@lru_cache(maxsize=8)
def plan_drawing(split: Split, pen: Pen, chunk: int, balance: float) -> Drawing:
    """Draws all random numbers for the pictures of one chunk."""
    g = generator(split, pen, chunk, balance)
    n = CHUNK
    count = 1 + torch.multinomial(torch.tensor(_COUNT_SHARES), n, replacement=True, generator=g)
    present = torch.arange(MAX_DIGITS) < count[:, None]
    digits, source = choose_digits(g, split, present, balance)
    # Slot 0 may hold the largest by construction; a digit's position must not reveal it.
    order = torch.where(present, torch.rand((n, MAX_DIGITS), generator=g), 2.0).argsort(dim=1, stable=True)
    digits, source = digits.gather(1, order), source.gather(1, order)[:, :_MAX_DRAWN]
    if pen == "marks":
        digits = torch.full_like(digits, -1)
    of_forms = generator(split, f"{pen} forms", chunk, balance)
    hands = choose_forms(of_forms, digits[:, :_MAX_DRAWN].flatten())
    layout, places = _layout(g, count)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=g).clamp(-_MOST, _MOST)

    drawing = Drawing(
        digits=digits,
        there=torch.arange(_MAX_DRAWN) < count[:, None],
        source=source,
        written=torch.rand((n, _MAX_DRAWN), generator=of_forms) < _WRITTEN_SHARE[pen],
        form=hands.form.view(n, _MAX_DRAWN),
        reach=hands.reach.view(n, _MAX_DRAWN),
        offset=hands.offset.unflatten(0, (n, _MAX_DRAWN)),
        layout=layout,
        places=places,
        size=uniform(g, (n, _MAX_DRAWN), 0.8, 1.2),
        angle=(normal(n, 1) * 4 + normal(n, _MAX_DRAWN) * 8).deg2rad(),  # the line's slant and each digit's own
        shear=normal(n, _MAX_DRAWN) * 0.12,
        aspect=torch.exp(normal(n, 1) * 0.12 + normal(n, _MAX_DRAWN) * 0.08),
        bend=normal(n, _MAX_DRAWN, 2, 3, 3) * 0.5,
        brush=uniform(g, (n,), 0, 1),
        gap=uniform(g, (n,), 1.0, 2.2),
        zoom=torch.exp(normal(n) * _ZOOM),
        shift=uniform(g, (n, 2), -_SHIFT, _SHIFT),
    )
    if split.name == "train" and pen in ("forms", "mixed"):
        drawing = _with_displays(drawing, generator(split, f"{pen} displays", chunk, balance))
    return drawing


def _with_displays(drawing: Drawing, g: Generator) -> Drawing:
    """The same, with the digits of some pictures made of a display's segments.

    In training only, so that the pictures that models are measured on stay as they are.
    """
    is_display = torch.rand(len(drawing.digits), generator=g) < _DISPLAY_SHARE
    digits = drawing.digits[:, :_MAX_DRAWN]
    steady = torch.where(is_display, _DISPLAY_STEADY, 1.0)
    return replace(
        drawing,
        written=drawing.written | is_display[:, None],
        form=torch.where(is_display[:, None] & (digits >= 0), segment_forms(digits), drawing.form),
        offset=drawing.offset * steady[:, None, None, None],
        angle=drawing.angle * steady[:, None],
        shear=drawing.shear * steady[:, None],
        bend=drawing.bend * steady[:, None, None, None, None],
    )


def _layout(g: Generator, count: Tensor) -> tuple[Tensor, Tensor]:
    """Layouts (N,) and approximate positions of digits (N, D, 2), in heights of an average digit."""
    n = len(count)
    layout = torch.multinomial(torch.tensor(_LAYOUT_SHARES), n, replacement=True, generator=g)
    jitter = torch.randn((n, _MAX_DRAWN, 2), generator=g).clamp(-_MOST, _MOST)
    unit = torch.rand((n, 1), generator=g)
    slot = torch.arange(_MAX_DRAWN).expand(n, -1)

    # In a line. Digits are about three quarters as wide as high, so a column needs more room than a row.
    pitch = 2 / (1.5 + 1.5 * unit)
    along = (slot + jitter[..., 0] * 0.06) * torch.where((layout == 1)[:, None], pitch * 1.5, pitch)
    across = jitter[..., 1] * 0.13
    is_row = (layout == 0)[:, None, None]
    line = torch.where(is_row, torch.stack([along, across], 2), torch.stack([across, along], 2))

    # Scattered: of several tries the one that keeps digits farthest apart.
    tries = torch.rand((n, 12, _MAX_DRAWN, 2), generator=g)
    far = (tries[:, :, :, None] - tries[:, :, None]).norm(dim=4)
    absent = slot >= count[:, None]
    ignore = absent[:, None, :, None] | absent[:, None, None, :] | torch.eye(_MAX_DRAWN, dtype=torch.bool)
    gap = far.masked_fill(ignore, 2.0).amin((2, 3))
    best = gap.argmax(1)
    scattered = tries[torch.arange(n), best] / gap[torch.arange(n), best, None, None]
    scattered = scattered / (0.55 + 0.55 * unit[:, :, None])
    return layout, torch.where((layout == 2)[:, None, None], scattered, line)


def make_drawn(split: Split, pen: Pen, chunk: int, rows: slice, balance: float, device: torch.device) -> Pictures:
    """Some rows of a chunk of pictures."""
    drawing = plan_drawing(split, pen, chunk, balance)[rows]
    written = write(drawing, split)
    ink = np.stack([draw(writing.lines, writing.brush, SIZE) for writing in written])
    family = torch.full((len(ink),), -1, dtype=torch.int64, device=device)
    boxes = box_table(drawing, [writing.boxes for writing in written]).to(device)
    return Pictures(torch.from_numpy(ink).to(device), drawing.digits.to(device), boxes, angles(drawing, device), family)


def write(drawing: Drawing, split: Split) -> list[Writing]:
    """The strokes of each picture, framed."""
    values = {field.name: getattr(drawing, field.name).numpy() for field in fields(drawing)}
    count = values["there"].sum(1).tolist()
    of_mnist = values["there"] & ~values["written"]
    found = iter(glyphs(split.name, values["source"][of_mnist].tolist()))
    writings = []
    for row, d in enumerate(count):
        shapes = [
            next(found)
            if of_mnist[row, slot]
            else form_glyph(values["form"][row, slot], values["reach"][row, slot], values["offset"][row, slot])
            for slot in range(d)
        ]
        hand = Hand(
            layout=LAYOUTS[values["layout"][row]],
            shift=values["shift"][row],
            **{name: values[name][row, :d] for name in ("places", "size", "angle", "shear", "aspect", "bend")},
            brush=float(values["brush"][row]),
            gap=float(values["gap"][row]),
            zoom=float(values["zoom"][row]),
        )
        writings.append(arrange(shapes, hand))
    return writings


def draw(lines: Sequence[Line], brush: float, side: int, fineness: int = _FINE) -> NDArray[np.uint8]:
    """Ink of a round brush along lines, uint8 (side, side); widths and places in its pixels.

    Strokes are drawn ``fineness`` times larger, a power of 2, and then averaged, since OpenCV's brush has a whole
    number of pixels.
    """
    fine = np.zeros((side * fineness, side * fineness), np.uint8)
    unit = 1 << _BITS
    paths = [np.rint((line * fineness - 0.5) * unit).astype(np.int32) for line in lines]
    # OpenCV's lines of an even thickness come out one pixel wider than asked for.
    cv2.polylines(fine, paths, False, 255, 2 * int(brush * fineness / 2), cv2.LINE_8, _BITS)
    while len(fine) > side:
        fine = cv2.resize(fine, (len(fine) // 2, len(fine) // 2), interpolation=cv2.INTER_AREA)
    return fine


def box_table(drawing: Drawing, boxes: Sequence[NDArray[np.floating]]) -> Tensor:
    """Boxes (slots, 4) of each picture's digits as :class:`Pictures` keeps them: int64 (N, 8, 4), -1 for marks."""
    table = np.full((len(boxes), MAX_DIGITS, 4), -1, np.int64)
    for row, box in zip(table, boxes, strict=True):
        row[: len(box)] = np.rint(box).clip(0, SIZE)
    table[drawing.digits.numpy() < 0] = -1
    return torch.from_numpy(table)


def angles(drawing: Drawing, device: torch.device) -> Tensor:
    """The rotation of each digit, as :class:`Pictures` stores it."""
    return angle_table(drawing.angle.where(drawing.digits[:, :_MAX_DRAWN] >= 0, 0.0)).to(device)
