"""Drawn pictures, what the app's canvas gives: one to five digits redrawn with a round brush, white on black.

The pen's way is that of an MNIST digit, or one of the forms that MNIST lacks, or a mark that is no digit at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from maxdigit.data.batch import (
    CHUNK,
    MAX_DIGITS,
    SIZE,
    Pictures,
    Rows,
    angle_table,
    deal_digits,
    generator,
    ink_boxes,
    uniform,
)
from maxdigit.data.forms import Hands, deal_forms, form_fields
from maxdigit.data.mnist import SIZE as SPRITE
from maxdigit.data.splits import Split
from maxdigit.data.strokes import distance_fields

# What is drawn: MNIST's digits, digits in other forms, marks that are no digits, or some of both kinds of digits.
Pen = Literal["drawn", "forms", "marks", "mixed"]
_WRITTEN_SHARE = {"drawn": 0.0, "forms": 1.0, "marks": 1.0, "mixed": 0.3}  # of digits in forms of our own

_COUNT_SHARES = (0.08, 0.14, 0.62, 0.11, 0.05)  # of pictures with 1, 2, 3, 4, 5 digits
_MAX_DRAWN = len(_COUNT_SHARES)
_LAYOUT_SHARES = (0.6, 0.12, 0.28)  # row, column, scattered
_REDRAWN_AT_A_TIME = 512  # digits, to keep memory in hundreds of megabytes


@dataclass(frozen=True)
class Drawing(Rows):
    """All that is random about what is drawn in a chunk of pictures, on the CPU; D is ``_MAX_DRAWN``."""

    digits: Tensor  # int64 (N, MAX_DIGITS), -1 where there is none
    there: Tensor  # bool (N, D): whether anything is drawn
    source: Tensor  # int64 (N, D): which MNIST picture
    written: Tensor  # bool (N, D): whether in a form of our own
    form: Tensor  # int64 (N, D): this and the next two as in :class:`maxdigit.data.forms.Hands`
    reach: Tensor  # (N, D)
    offset: Tensor  # (N, D, points, 2)
    x: Tensor  # (N, D): the digit's centre, in pixels
    y: Tensor  # (N, D)
    height: Tensor  # (N, D), in pixels
    angle: Tensor  # (N, D), radians
    shear: Tensor  # (N, D)
    aspect: Tensor  # (N, D): how much wider than MNIST's
    brush: Tensor  # (N, D): width in pixels, one for the whole picture
    wobble: Tensor  # (N, D, 2, 4, 4): how an unsteady hand bends the digit


@lru_cache(maxsize=8)
def plan_drawing(split: Split, pen: Pen, chunk: int, balance: float) -> Drawing:
    """What is drawn in the pictures of one chunk."""
    g = generator(split, pen, chunk, balance)
    n = CHUNK
    count = 1 + torch.multinomial(torch.tensor(_COUNT_SHARES), n, replacement=True, generator=g)
    present = torch.arange(MAX_DIGITS) < count[:, None]
    digits, source = deal_digits(g, split, present, balance)
    # Slot 0 may hold the largest by construction; where a digit stands must not tell.
    order = torch.where(present, torch.rand((n, MAX_DIGITS), generator=g), 2.0).argsort(dim=1, stable=True)
    digits, source = digits.gather(1, order), source.gather(1, order)[:, :_MAX_DRAWN]
    if pen == "marks":
        digits = torch.full_like(digits, -1)
    of_forms = generator(split, f"{pen} forms", chunk, balance)
    hands = deal_forms(of_forms, digits[:, :_MAX_DRAWN].flatten())
    x, y, height = _layout(g, count)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=g)

    return Drawing(
        digits=digits,
        there=torch.arange(_MAX_DRAWN) < count[:, None],
        source=source,
        written=torch.rand((n, _MAX_DRAWN), generator=of_forms) < _WRITTEN_SHARE[pen],
        form=hands.form.view(n, _MAX_DRAWN),
        reach=hands.reach.view(n, _MAX_DRAWN),
        offset=hands.offset.unflatten(0, (n, _MAX_DRAWN)),
        x=x,
        y=y,
        height=height,
        angle=(normal(n, 1) * 4 + normal(n, _MAX_DRAWN) * 8).deg2rad(),  # the line's slant and each digit's own
        shear=normal(n, _MAX_DRAWN) * 0.12,
        aspect=torch.exp(normal(n, 1) * 0.12 + normal(n, _MAX_DRAWN) * 0.08),
        brush=uniform(g, (n, 1), 2.2, 8.5).expand(-1, _MAX_DRAWN),
        wobble=normal(n, _MAX_DRAWN, 2, 4, 4),
    )


def make_drawn(split: Split, pen: Pen, chunk: int, rows: slice, balance: float, device: torch.device) -> Pictures:
    """Some rows of a chunk of pictures."""
    drawing = plan_drawing(split, pen, chunk, balance)[rows]
    ink, boxes, angles = draw(drawing, split, device)
    family = torch.full((len(ink),), -1, dtype=torch.int64, device=device)
    return Pictures((ink * 255).round().to(torch.uint8), drawing.digits.to(device), boxes, angles, family)


def draw(
    drawing: Drawing, split: Split, device: torch.device, sheet: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Put the pen to the sheet.

    Args:
        drawing: what to draw.
        split: whose MNIST digits.
        device: where to.
        sheet: float ``(N, H, W, 2)``, which point of the 128 x 128 sheet, as x and y, each pixel shows. None: they are
            the same thing.

    Returns:
        ink 0..1, float32 ``(N, H, W)``; boxes of the digits in that picture's pixels and their angles, as
        :class:`Pictures` keeps them.
    """
    n = len(drawing.digits)
    owner, slot = drawing.there.nonzero(as_tuple=True)  # one entry for each digit or mark there is
    each = [
        _fields(drawing, split, owner, slot, device),
        owner,
        *(
            value[owner, slot]
            for value in (
                drawing.x,
                drawing.y,
                drawing.height,
                drawing.angle,
                drawing.shear,
                drawing.aspect,
                drawing.brush,
                drawing.wobble,
            )
        ),
    ]
    if sheet is None:
        axis = torch.arange(SIZE, device=device) + 0.5
        sheet = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), 2).expand(n, -1, -1, -1)
    height, width = sheet.shape[1:3]
    at_a_time = max(1, _REDRAWN_AT_A_TIME * SIZE**2 // (height * width))
    parts = zip(*(value.to(device).split(at_a_time) for value in each), strict=True)
    layers = torch.cat([_redraw(field, sheet[of], *rest) for field, of, *rest in parts])

    owner, slot = owner.to(device), slot.to(device)
    ink = torch.zeros((n, height, width), device=device)
    for number in range(_MAX_DRAWN):  # one digit of each picture at a time, so that no cell is written twice at once
        chosen = slot == number
        ink[owner[chosen]] = torch.maximum(ink[owner[chosen]], layers[chosen])
    boxes = torch.full((n, MAX_DIGITS, 4), -1, dtype=torch.int64, device=device)
    boxes[owner, slot] = ink_boxes(layers > 0.5)
    boxes[drawing.digits.to(device) < 0] = -1
    angles = angle_table(drawing.angle.where(drawing.digits[:, :_MAX_DRAWN] >= 0, 0.0)).to(device)
    return ink, boxes, angles


def _fields(drawing: Drawing, split: Split, owner: Tensor, slot: Tensor, device: torch.device) -> Tensor:
    """The pen's ways as distance fields (M, 28, 28)."""
    written = drawing.written[owner, slot]
    fields = torch.empty((len(owner), SPRITE, SPRITE), device=device)
    ours, theirs = written.nonzero()[:, 0], (~written).nonzero()[:, 0]
    if len(ours):
        hands = (value[owner, slot][ours].to(device) for value in (drawing.form, drawing.reach, drawing.offset))
        fields[ours.to(device)] = form_fields(Hands(*hands))
    if len(theirs):
        fields[theirs.to(device)] = distance_fields(split.name, drawing.source[owner, slot][theirs]).to(device)
    return fields


def _layout(g: Generator, count: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Centres x, y (N, _MAX_DRAWN) and heights (N, _MAX_DRAWN) of the digits, in pixels, wholly inside the picture."""
    n = len(count)
    layout = torch.multinomial(torch.tensor(_LAYOUT_SHARES), n, replacement=True, generator=g)
    jitter = torch.randn((n, _MAX_DRAWN, 2), generator=g)
    unit = torch.rand((n, 4), generator=g)
    vary = uniform(g, (n, _MAX_DRAWN), 0.8, 1.2)
    slot = torch.arange(_MAX_DRAWN).expand(n, -1)
    total = count[:, None].float()

    # In a line: equal cells, digits as high as fits, from a small group in a corner to the whole canvas.
    cell = SIZE / total  # along the line
    spread = 0.45 + 0.55 * unit[:, :1]  # the group's share of the canvas
    largest = torch.minimum(cell * 1.5, torch.full_like(cell, 0.9 * SIZE)) * spread
    height_line = (0.5 + 0.5 * unit[:, 1:2]) * largest * vary
    along = (slot + 0.5) * cell * spread + (1 - spread) * SIZE * unit[:, 2:3] + jitter[..., 0] * cell * 0.06
    across = SIZE * (0.25 + 0.5 * unit[:, 3:]) + jitter[..., 1] * 5

    # Scattered: the best of several tries to keep digits apart.
    tries = torch.rand((n, 12, _MAX_DRAWN, 2), generator=g) * (SIZE - 30) + 15
    far = (tries[:, :, :, None] - tries[:, :, None]).norm(dim=4)
    absent = slot >= count[:, None]
    ignore = absent[:, None, :, None] | absent[:, None, None, :] | torch.eye(_MAX_DRAWN, dtype=torch.bool)
    gap = far.masked_fill(ignore, 200.0).amin((2, 3))
    best = gap.argmax(1)
    scattered = tries[torch.arange(n), best]
    room = gap[torch.arange(n), best].clamp(max=0.9 * SIZE)
    height_scattered = (room[:, None] * (0.55 + 0.55 * unit[:, :1]) * vary).clamp(0.13 * SIZE, 0.9 * SIZE)

    is_row, is_scattered = (layout == 0)[:, None], (layout == 2)[:, None]
    # Digits are about three quarters as wide as high, so a column's cell limits their height more than a row's.
    height = torch.where(is_scattered, height_scattered, torch.where(is_row, height_line, height_line * 0.66))
    height = height.clamp(0.12 * SIZE, 0.9 * SIZE)
    x = torch.where(is_scattered, scattered[..., 0], torch.where(is_row, along, across))
    y = torch.where(is_scattered, scattered[..., 1], torch.where(is_row, across, along))
    margin = height / 2 + 3
    return (
        torch.minimum(torch.maximum(x, margin * 0.8), SIZE - margin * 0.8),
        torch.minimum(torch.maximum(y, margin), SIZE - margin),
        height,
    )


def _redraw(
    field: Tensor,
    sheet: Tensor,
    x: Tensor,
    y: Tensor,
    height: Tensor,
    angle: Tensor,
    shear: Tensor,
    aspect: Tensor,
    brush: Tensor,
    wobble: Tensor,
) -> Tensor:
    """Ink 0..1 (M, H, W) of single digits; ``sheet`` as :func:`draw` takes it, the rest rows of :class:`Drawing`."""
    zoom = height / 20  # MNIST digits are 20 pixels high
    # A thick brush on small digits would close every loop; a thin one on large digits tears at the field's own grain.
    brush = torch.minimum(brush, height * 0.16).maximum(height * 0.05).clamp(min=1.6)
    dx = sheet[..., 0] - x[:, None, None]
    dy = sheet[..., 1] - y[:, None, None]
    cos, sin = torch.cos(angle)[:, None, None], torch.sin(angle)[:, None, None]
    u = (dx * cos + dy * sin) / (zoom * aspect)[:, None, None]
    v = (dy * cos - dx * sin) / zoom[:, None, None]
    u = u + shear[:, None, None] * v
    # An unsteady hand: the sprite is bent by a smooth field of a fraction of an MNIST pixel.
    bend = F.interpolate(wobble, size=sheet.shape[1:3], mode="bilinear", align_corners=True) * 0.5
    u, v = u + bend[:, 0], v + bend[:, 1]
    grid = torch.stack([u, v], 3) / (SPRITE / 2)
    distance = F.grid_sample(field[:, None], grid, mode="bicubic", padding_mode="border", align_corners=False)[:, 0]
    # Past the sprite's edge the field stands still at the border's value; add the way to it.
    outside = torch.relu(grid.abs() - 1).norm(dim=3) * (SPRITE / 2)
    return (brush[:, None, None] / 2 + 0.5 - (distance + outside) * zoom[:, None, None]).clamp(0, 1)
