"""Pictures of handwritten digits, labelled with the largest: made, never stored.

Two kinds, from the same MNIST digits and with the same splits:

``textured``
    The competition's look. Three digits, each in its own 28 x 28 box wholly inside the picture, rotated by up to
    35 degrees, a little enlarged, brightened and added onto a crop of a texture.
``crowded``
    As textured, but with eight digits: for training only, where each digit that can be learnt from costs less.
``drawn``
    What the app's canvas gives. One to five digits (mostly three) of any size, redrawn with a round brush from
    their skeletons, white on black, in a row, in a column or scattered.

Everything random is drawn on the CPU, in chunks with a seed of their own, so picture ``i`` of a split is the
same whatever is asked for around it; only pixels are computed on the device that is asked for.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from maxdigit.data.backgrounds import FAMILIES, PAINTERS, TEXTURE_SIZE, texture
from maxdigit.data.mnist import SIZE as SPRITE
from maxdigit.data.splits import PICTURES_PER_TEXTURES, TEXTURES_PER_FAMILY, Split, SplitName, digits_of
from maxdigit.data.strokes import distance_fields

Kind = Literal["textured", "crowded", "drawn"]
KINDS: tuple[Kind, ...] = ("textured", "crowded", "drawn")
TEST_KINDS: tuple[Kind, ...] = ("textured", "drawn")  # what models are held to

SIZE = 128  # side of a picture
CHUNK = 500  # pictures that share one seed
MAX_DIGITS = 8

_PLACEMENT_TRIES = 24  # candidate layouts a picture; more than half of them serve
_MIN_CENTRE_DISTANCE = 29.0  # between two digits of a textured picture, as measured
_DIGITS = {"textured": 3, "crowded": MAX_DIGITS}


@dataclass(frozen=True)
class Pictures:
    """A batch of pictures and all that is known about them. Everything lies on one device."""

    pixels: Tensor  # uint8 (N, 128, 128), light digits on a darker ground
    digits: Tensor  # int64 (N, 8), 0..9, and -1 where there is none
    boxes: Tensor  # int64 (N, 8, 4): x0, y0, x1, y1 of each digit's ink, ends excluded; -1 where there is none
    families: Tensor  # int64 (N,): index into FAMILIES, -1 for pictures without a texture

    @property
    def labels(self) -> Tensor:
        """The largest digit of each picture: int64 (N,)."""
        return self.digits.amax(1)

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: slice) -> Pictures:
        return Pictures(self.pixels[index], self.digits[index], self.boxes[index], self.families[index])


def concatenate(parts: list[Pictures]) -> Pictures:
    """One batch out of several on the same device."""
    if len(parts) == 1:
        return parts[0]
    return Pictures(
        torch.cat([part.pixels for part in parts]),
        torch.cat([part.digits for part in parts]),
        torch.cat([part.boxes for part in parts]),
        torch.cat([part.families for part in parts]),
    )


def generate(
    split: Split,
    start: int,
    count: int,
    *,
    kind: Kind = "textured",
    balance: float = 0.0,
    device: torch.device | str = "cpu",
) -> Pictures:
    """Pictures ``start`` to ``start + count`` of a split, in order.

    Args:
        split: the digits, backgrounds and seed to make them from. ``start`` may lie past ``split.count``.
        kind: the look.
        balance: share of pictures, 0..1, whose largest digit is drawn uniformly from 0..9. The others draw each
            digit uniformly, as the competition does, so that 27 % of their labels are nines and 0.1 % zeros.
        device: where pixels are computed. The same device gives the same bits each time.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}, got {kind!r}")
    if start < 0 or count < 0:
        raise ValueError(f"start and count must not be negative, got {start} and {count}")
    parts = []
    position, end = start, start + count
    while position < end:
        chunk = position // CHUNK
        stop = min(end, (chunk + 1) * CHUNK)
        rows = slice(position - chunk * CHUNK, stop - chunk * CHUNK)
        # Made whole and cut before any pixel work, so that one picture costs one picture's time.
        if kind == "drawn":
            parts.append(_drawn(split, chunk, rows, balance, torch.device(device)))
        else:
            parts.append(_textured(split, kind, chunk, rows, balance, torch.device(device)))
        position = stop
    return concatenate(parts) if parts else _nothing(torch.device(device))


def _nothing(device: torch.device) -> Pictures:
    return Pictures(
        torch.zeros((0, SIZE, SIZE), dtype=torch.uint8, device=device),
        torch.zeros((0, MAX_DIGITS), dtype=torch.int64, device=device),
        torch.zeros((0, MAX_DIGITS, 4), dtype=torch.int64, device=device),
        torch.zeros((0,), dtype=torch.int64, device=device),
    )


def _generator(split: Split, kind: Kind, chunk: int, balance: float) -> Generator:
    key = f"{split.name} {split.seed} {kind} {chunk} {balance:.6f}".encode()
    return Generator().manual_seed(int.from_bytes(hashlib.sha256(key).digest()[:7], "big"))


def _uniform(g: Generator, shape: tuple[int, ...], low: float, high: float) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=g)


# --- which digits -------------------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def _sprites(split_name: SplitName, device: torch.device) -> Tensor:
    """MNIST digits of a split: float32 (N, 28, 28), 0..255, on the device."""
    return torch.tensor(digits_of(split_name).images, device=device).float()


@lru_cache(maxsize=3)
def _by_label(split_name: SplitName) -> tuple[Tensor, Tensor, Tensor]:
    """Indices of a split's digits sorted by what they show, and where each digit's run starts and how long it is."""
    labels = digits_of(split_name).labels
    counts = torch.from_numpy(np.bincount(labels, minlength=10))
    order = torch.from_numpy(np.argsort(labels, kind="stable"))
    return order, counts.cumsum(0) - counts, counts


def _draw_digits(g: Generator, split: Split, present: Tensor, balance: float) -> tuple[Tensor, Tensor]:
    """Digits (N, 8), -1 where not ``present``, and which MNIST picture stands for each (N, 8)."""
    n = len(present)
    uniform = torch.rand((n, MAX_DIGITS), generator=g)
    largest = torch.randint(0, 10, (n,), generator=g)
    balanced = torch.rand(n, generator=g) < balance
    pick = torch.rand((n, MAX_DIGITS), generator=g)
    digits = (uniform * 10).long()
    capped = (uniform * (largest[:, None] + 1)).long()
    capped[:, 0] = largest  # slots are placed at random, so the first is as good as any
    digits = torch.where(balanced[:, None], capped, digits)
    order, first, counts = _by_label(split.name)
    source = order[first[digits] + (pick * counts[digits]).long()]
    return torch.where(present, digits, torch.full_like(digits, -1)), source


def _ink_boxes(ink: Tensor) -> Tensor:
    """Bounding boxes x0, y0, x1, y1 (ends excluded) of the true pixels of bool ``(N, H, W)``: int64 (N, 4)."""
    columns, rows = ink.any(1).to(torch.uint8), ink.any(2).to(torch.uint8)
    width, height = columns.shape[1], rows.shape[1]
    x0, y0 = columns.argmax(1), rows.argmax(1)
    x1, y1 = width - columns.flip(1).argmax(1), height - rows.flip(1).argmax(1)
    return torch.stack([x0, y0, x1, y1], 1)


# --- textured -----------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _textures(split: Split, volume: int, device: torch.device) -> Tensor:
    """All textures in use for a run of pictures: uint8 (families x TEXTURES_PER_FAMILY, side, side)."""
    return torch.stack(
        [
            texture(family, split.texture_seed(volume * TEXTURES_PER_FAMILY + number))
            for family in FAMILIES
            for number in range(TEXTURES_PER_FAMILY)
        ]
    ).to(device)


def _few_textures(split: Split, volume: int, needed: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
    """The textures of a handful of pictures, without making all the others: they, and each picture's row."""
    numbers, rows = needed.unique(return_inverse=True)
    made = [
        texture(
            FAMILIES[number // TEXTURES_PER_FAMILY],
            split.texture_seed(volume * TEXTURES_PER_FAMILY + number % TEXTURES_PER_FAMILY),
        )
        for number in numbers.tolist()
    ]
    return torch.stack(made).to(device), rows


def _place(g: Generator, n: int) -> Tensor:
    """Top-left corners (N, 3, 2) as x, y of three boxes inside the picture with centres well apart."""
    corners = torch.randint(0, SIZE - SPRITE + 1, (n, _PLACEMENT_TRIES, 3, 2), generator=g)
    gaps = (corners - corners.roll(1, 2)).float().norm(dim=3).amin(2)  # smallest of the three distances
    good = gaps >= _MIN_CENTRE_DISTANCE
    first = torch.where(good.any(1), good.float().argmax(1), gaps.argmax(1))
    return corners[torch.arange(n), first]


def _crowd(g: Generator, n: int, count: int) -> Tensor:
    """Top-left corners (N, count, 2) of many boxes: each the farthest from those before it of a few tries."""
    placed = torch.randint(0, SIZE - SPRITE + 1, (n, 1, 2), generator=g)
    for _ in range(count - 1):
        tries = torch.randint(0, SIZE - SPRITE + 1, (n, 12, 2), generator=g)
        gap = (tries[:, :, None] - placed[:, None]).float().norm(dim=3).amin(2)
        placed = torch.cat([placed, tries[torch.arange(n), gap.argmax(1)][:, None]], 1)
    return placed


def _textured(split: Split, kind: Kind, chunk: int, rows: slice, balance: float, device: torch.device) -> Pictures:
    g = _generator(split, kind, chunk, balance)
    n, count = CHUNK, _DIGITS[kind]
    present = torch.arange(MAX_DIGITS).expand(n, -1) < count
    digits, source = _draw_digits(g, split, present, balance)
    corners = _place(g, n) if kind == "textured" else _crowd(g, n, count)
    angle = _uniform(g, (n, count), -35, 35).deg2rad()
    scale = _uniform(g, (n, count), 1.0, 1.17)
    gain = _uniform(g, (n, count), 1.2, 1.65)
    family = torch.multinomial(torch.tensor([PAINTERS[name][1] for name in FAMILIES]), n, replacement=True, generator=g)
    number = torch.randint(0, TEXTURES_PER_FAMILY, (n,), generator=g)
    crop = torch.randint(0, TEXTURE_SIZE - SIZE + 1, (n, 2), generator=g)
    flip = torch.rand((n, 3), generator=g) < 0.5  # left-right, upside down, quarter turn
    turns = torch.tensor([PAINTERS[name][2] for name in FAMILIES])[family] & flip[:, 2]
    bright = _uniform(g, (n,), 0.94, 1.06)

    drawn = (digits, source, corners, angle, scale, gain, family, number, crop, flip, turns, bright)
    digits, source, corners, angle, scale, gain, family, number, crop, flip, turns, bright = (v[rows] for v in drawn)
    n = len(digits)
    volume = chunk * CHUNK // PICTURES_PER_TEXTURES
    which = family * TEXTURES_PER_FAMILY + number
    if n <= 8:
        textures, which = _few_textures(split, volume, which, device)
    else:
        textures = _textures(split, volume, device)

    # Crop: a flip walks the axis backwards, a quarter turn swaps the axes. All are one gather.
    axis = torch.arange(SIZE)
    y = crop[:, :1] + torch.where(flip[:, 1:2], SIZE - 1 - axis, axis)
    x = crop[:, 1:] + torch.where(flip[:, :1], SIZE - 1 - axis, axis)
    down, right = torch.full((n, 1), TEXTURE_SIZE), torch.ones((n, 1), dtype=torch.int64)
    down, right = torch.where(turns[:, None], right, down), torch.where(turns[:, None], down, right)
    offset = which[:, None] * TEXTURE_SIZE**2 + y * down
    index = offset.to(device)[:, :, None] + (x * right).to(device)[:, None, :]
    canvas = textures.view(-1)[index].float() * bright.to(device)[:, None, None]

    sprites = _sprites(split.name, device)[source[:, :count].flatten().to(device)]
    ink = _rotate(sprites, angle.flatten(), scale.flatten(), device) * gain.flatten().to(device)[:, None, None]
    ink = ink.view(n, count, SPRITE, SPRITE)
    flat = canvas.view(n, SIZE * SIZE)
    window = torch.arange(SPRITE)
    cells = (corners[:, :, 1:] + window)[:, :, :, None] * SIZE + (corners[:, :, :1] + window)[:, :, None, :]
    cells = cells.flatten(2).to(device)  # (n, count, 784): where each box lies in the picture
    for slot in range(count):  # one digit at a time, so that no cell is written twice at once
        flat.scatter_add_(1, cells[:, slot], ink[:, slot].flatten(1))

    boxes = torch.full((n, MAX_DIGITS, 4), -1, dtype=torch.int64, device=device)
    found = _ink_boxes((ink > 80).flatten(0, 1)).view(n, count, 4)
    boxes[:, :count] = found + corners.repeat(1, 1, 2).to(device)
    return Pictures(_to_full_range(canvas), digits.to(device), boxes, family.to(device))


def _to_full_range(canvas: Tensor) -> Tensor:
    """Each picture stretched to 0..255, as every one of the competition's is: uint8, same shape."""
    canvas = canvas.clamp(0, 255)
    low, high = canvas.amin((1, 2), keepdim=True), canvas.amax((1, 2), keepdim=True)
    return ((canvas - low) * (255 / (high - low))).round().to(torch.uint8)


def _rotate(sprites: Tensor, angle: Tensor, scale: Tensor, device: torch.device) -> Tensor:
    """Sprites (M, 28, 28) turned by ``angle`` radians and enlarged by ``scale`` within their boxes."""
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    zero = torch.zeros_like(cos)
    theta = torch.stack([torch.stack([cos, -sin, zero], 1), torch.stack([sin, cos, zero], 1)], 1)
    grid = F.affine_grid(theta.to(device), [len(sprites), 1, SPRITE, SPRITE], align_corners=False)
    turned = F.grid_sample(sprites[:, None], grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return turned[:, 0]


# --- drawn --------------------------------------------------------------------------------------------------

_COUNT_SHARES = (0.08, 0.14, 0.62, 0.11, 0.05)  # of pictures with 1, 2, 3, 4, 5 digits
_MAX_DRAWN = len(_COUNT_SHARES)
_LAYOUT_SHARES = (0.6, 0.12, 0.28)  # row, column, scattered


def _layout(g: Generator, count: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Centres x, y (N, _MAX_DRAWN) and heights (N, _MAX_DRAWN) of the digits, in pixels, wholly inside the picture."""
    n = len(count)
    layout = torch.multinomial(torch.tensor(_LAYOUT_SHARES), n, replacement=True, generator=g)
    jitter = torch.randn((n, _MAX_DRAWN, 2), generator=g)
    unit = torch.rand((n, 4), generator=g)
    vary = _uniform(g, (n, _MAX_DRAWN), 0.8, 1.2)
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


def _drawn(split: Split, chunk: int, rows: slice, balance: float, device: torch.device) -> Pictures:
    g = _generator(split, "drawn", chunk, balance)
    n = CHUNK
    count = 1 + torch.multinomial(torch.tensor(_COUNT_SHARES), n, replacement=True, generator=g)
    present = torch.arange(MAX_DIGITS) < count[:, None]
    digits, source = _draw_digits(g, split, present, balance)
    # Slot 0 may hold the largest by construction; where a slot stands must not tell.
    order = torch.where(present, torch.rand((n, MAX_DIGITS), generator=g), 2.0).argsort(dim=1, stable=True)
    digits, source = digits.gather(1, order), source.gather(1, order)[:, :_MAX_DRAWN]
    present = present[:, :_MAX_DRAWN]
    x, y, height = _layout(g, count)
    angle = (torch.randn((n, 1), generator=g) * 4 + torch.randn((n, _MAX_DRAWN), generator=g) * 8).deg2rad()
    shear = torch.randn((n, _MAX_DRAWN), generator=g) * 0.12
    aspect = torch.exp(torch.randn((n, 1), generator=g) * 0.12 + torch.randn((n, _MAX_DRAWN), generator=g) * 0.08)
    brush = _uniform(g, (n, 1), 2.2, 8.5).expand(-1, _MAX_DRAWN)  # one brush for the whole picture
    wobble = torch.randn((n, _MAX_DRAWN, 2, 4, 4), generator=g)
    digits, source, present, x, y, height, angle, shear, aspect, brush, wobble = (
        value[rows] for value in (digits, source, present, x, y, height, angle, shear, aspect, brush, wobble)
    )
    n = len(digits)

    owner, slot = present.nonzero(as_tuple=True)  # one line for each digit there is
    field = distance_fields(split.name, source[owner, slot]).to(device)
    x, y, height, angle, shear, aspect, brush, wobble = (
        value[owner, slot].to(device) for value in (x, y, height, angle, shear, aspect, brush, wobble)
    )
    zoom = height / 20  # MNIST digits are 20 pixels high
    # A thick brush on small digits would close every loop; a thin one on large digits tears at the field's own grain.
    brush = torch.minimum(brush, height * 0.16).maximum(height * 0.05).clamp(min=1.6)
    ink = torch.cat(
        [
            _redraw(*part)
            for part in zip(
                *(value.split(512) for value in (field, x, y, zoom, angle, shear, aspect, brush, wobble)), strict=True
            )
        ]
    )
    canvas = torch.zeros((n, SIZE, SIZE), device=device)
    boxes = torch.full((n, MAX_DIGITS, 4), -1, dtype=torch.int64, device=device)
    owner, slot = owner.to(device), slot.to(device)
    for number in range(_MAX_DRAWN):  # one digit of each picture at a time, so that no cell is written twice at once
        chosen = slot == number
        canvas[owner[chosen]] = torch.maximum(canvas[owner[chosen]], ink[chosen])
    boxes[owner, slot] = _ink_boxes(ink > 0.5)
    family = torch.full((n,), -1, dtype=torch.int64, device=device)
    return Pictures((canvas * 255).round().to(torch.uint8), digits.to(device), boxes, family)


def _redraw(
    field: Tensor, x: Tensor, y: Tensor, zoom: Tensor, angle: Tensor, shear: Tensor, aspect: Tensor, brush: Tensor,
    wobble: Tensor,
) -> Tensor:  # fmt: skip
    """Ink 0..1 (M, 128, 128) of digits drawn with a round brush ``brush`` pixels wide around ``x``, ``y``."""
    device = field.device
    axis = torch.arange(SIZE, device=device) + 0.5
    dx = axis[None, None, :] - x[:, None, None]
    dy = axis[None, :, None] - y[:, None, None]
    cos, sin = torch.cos(angle)[:, None, None], torch.sin(angle)[:, None, None]
    u = (dx * cos + dy * sin) / (zoom * aspect)[:, None, None]
    v = (dy * cos - dx * sin) / zoom[:, None, None]
    u = u + shear[:, None, None] * v
    # An unsteady hand: the sprite is bent by a smooth field of a fraction of an MNIST pixel.
    bend = F.interpolate(wobble, size=(SIZE, SIZE), mode="bilinear", align_corners=True) * 0.5
    u, v = u + bend[:, 0], v + bend[:, 1]
    grid = torch.stack([u, v], 3) / (SPRITE / 2)
    distance = F.grid_sample(field[:, None], grid, mode="bicubic", padding_mode="border", align_corners=False)[:, 0]
    # Past the sprite's edge the field stands still at the border's value; add the way to it.
    outside = torch.relu(grid.abs() - 1).norm(dim=3) * (SPRITE / 2)
    return (brush[:, None, None] / 2 + 0.5 - (distance + outside) * zoom[:, None, None]).clamp(0, 1)
