"""Textured pictures, the competition's look: digits in boxes of 28 x 28, added onto a crop of a background.

Each box lies wholly inside the picture; its digit is rotated by up to 35 degrees, a little enlarged and brightened
until its core saturates, as measured on the real pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from maxdigit.data.backgrounds import FAMILIES, PAINTERS, TEXTURE_SIZE, texture
from maxdigit.data.mnist import SIZE as SPRITE
from maxdigit.data.picture_batch import (
    CHUNK,
    MAX_DIGITS,
    SIZE,
    Pictures,
    Rows,
    angle_table,
    choose_digits,
    generator,
    ink_boxes,
    uniform,
)
from maxdigit.data.splits import PICTURES_PER_TEXTURES, TEXTURES_PER_FAMILY, Split, SplitName, digits_of

_PLACEMENT_TRIES = 24  # candidate layouts per picture; more than half of them are valid
_MIN_CENTRE_DISTANCE = 29.0  # between two digits, as measured
_FEW = 8  # up to this many pictures, making only their textures is faster than making all


@dataclass(frozen=True)
class _Plan(Rows):
    """All random values behind a chunk of pictures, on the CPU; D digits in each."""

    digits: Tensor  # int64 (N, MAX_DIGITS), -1 where there is none
    source: Tensor  # int64 (N, D): which MNIST picture
    corners: Tensor  # int64 (N, D, 2): x and y of each box's top-left corner
    angle: Tensor  # (N, D), radians
    scale: Tensor  # (N, D)
    gain: Tensor  # (N, D)
    family: Tensor  # int64 (N,)
    number: Tensor  # int64 (N,): which texture of the family
    crop: Tensor  # int64 (N, 2): y and x of the crop's top-left corner
    flip: Tensor  # bool (N, 3): upside down, left-right, quarter turn
    brightness: Tensor  # (N,)


@lru_cache(maxsize=8)
def plan_textured(split: Split, chunk: int, balance: float, count: int) -> _Plan:
    """All random values behind the pictures of one chunk, with ``count`` digits each."""
    g = generator(split, f"textured {count}", chunk, balance)
    n = CHUNK
    present = torch.arange(MAX_DIGITS).expand(n, -1) < count
    digits, source = choose_digits(g, split, present, balance)
    corners = _place(g, n) if count == 3 else _crowd(g, n, count)
    shares = torch.tensor([PAINTERS[name][1] for name in FAMILIES])
    family = torch.multinomial(shares, n, replacement=True, generator=g)
    flip = torch.rand((n, 3), generator=g) < 0.5
    flip[:, 2] &= torch.tensor([PAINTERS[name][2] for name in FAMILIES])[family]
    return _Plan(
        digits=digits,
        source=source[:, :count],
        corners=corners,
        angle=uniform(g, (n, count), -35, 35).deg2rad(),
        scale=uniform(g, (n, count), 1.0, 1.17),
        gain=uniform(g, (n, count), 1.2, 1.65),
        family=family,
        number=torch.randint(0, TEXTURES_PER_FAMILY, (n,), generator=g),
        crop=torch.randint(0, TEXTURE_SIZE - SIZE + 1, (n, 2), generator=g),
        flip=flip,
        brightness=uniform(g, (n,), 0.94, 1.06),
    )


def make_textured(
    split: Split, chunk: int, rows: slice, balance: float, device: torch.device, count: int, strength: float = 1.0
) -> Pictures:
    """Makes some rows of a chunk of pictures with ``count`` digits each, 0 to 8; ``strength`` times as bright."""
    plan = plan_textured(split, chunk, balance, count)[rows]
    canvas = _backgrounds(plan, split, chunk, device)
    n = len(canvas)
    boxes = torch.full((n, MAX_DIGITS, 4), -1, dtype=torch.int64, device=device)
    angles, families = angle_table(plan.angle).to(device), plan.family.to(device)
    if count == 0:
        return Pictures(_to_full_range(canvas), plan.digits.to(device), boxes, angles, families)
    sprites = _sprites(split.name, device)[plan.source.flatten().to(device)]
    ink = _rotate(sprites, plan.angle.flatten().to(device), plan.scale.flatten().to(device))
    ink = (ink * plan.gain.flatten().to(device)[:, None, None]).view(n, count, SPRITE, SPRITE)

    window = torch.arange(SPRITE, device=device)
    corners = plan.corners.to(device)
    rows_of, columns_of = corners[:, :, 1:] + window, corners[:, :, :1] + window
    cells = (rows_of[:, :, :, None] * SIZE + columns_of[:, :, None, :]).flatten(2)  # (n, count, 784)
    flat = canvas.view(n, SIZE * SIZE)
    for slot in range(count):  # one digit at a time, so that no pixel is written twice at once
        flat.scatter_add_(1, cells[:, slot], strength * ink[:, slot].flatten(1))

    boxes[:, :count] = ink_boxes((ink > 80).flatten(0, 1)).view(n, count, 4) + corners.repeat(1, 1, 2)
    return Pictures(_to_full_range(canvas), plan.digits.to(device), boxes, angles, families)


def _place(g: Generator, n: int) -> Tensor:
    """Top-left corners (N, 3, 2) as x, y of three boxes inside the picture with centres well apart."""
    corners = torch.randint(0, SIZE - SPRITE + 1, (n, _PLACEMENT_TRIES, 3, 2), generator=g)
    gaps = (corners - corners.roll(1, 2)).float().norm(dim=3).amin(2)  # smallest of the three distances
    good = gaps >= _MIN_CENTRE_DISTANCE
    first = torch.where(good.any(1), good.float().argmax(1), gaps.argmax(1))
    return corners[torch.arange(n), first]


def _crowd(g: Generator, n: int, count: int) -> Tensor:
    """Top-left corners (N, count, 2) of many boxes: each the farthest from those before it of a few tries."""
    placed = torch.randint(0, SIZE - SPRITE + 1, (n, min(count, 1), 2), generator=g)
    for _ in range(count - 1):
        tries = torch.randint(0, SIZE - SPRITE + 1, (n, 12, 2), generator=g)
        gap = (tries[:, :, None] - placed[:, None]).float().norm(dim=3).amin(2)
        placed = torch.cat([placed, tries[torch.arange(n), gap.argmax(1)][:, None]], 1)
    return placed


def _backgrounds(plan: _Plan, split: Split, chunk: int, device: torch.device) -> Tensor:
    """Crops of textures: float (N, 128, 128), 0..255. A flip reverses an axis, a quarter turn swaps the two."""
    volume = chunk * CHUNK // PICTURES_PER_TEXTURES
    which = plan.family * TEXTURES_PER_FAMILY + plan.number
    if len(which) <= _FEW:
        textures, which = _few_textures(split, volume, which, device)
    else:
        textures = _textures(split, volume, device)
    axis = torch.arange(SIZE)
    y = plan.crop[:, :1] + torch.where(plan.flip[:, :1], SIZE - 1 - axis, axis)
    x = plan.crop[:, 1:] + torch.where(plan.flip[:, 1:2], SIZE - 1 - axis, axis)
    turned = plan.flip[:, 2:]
    down, right = torch.where(turned, 1, TEXTURE_SIZE), torch.where(turned, TEXTURE_SIZE, 1)
    offset = which[:, None] * TEXTURE_SIZE**2 + y * down
    index = offset.to(device)[:, :, None] + (x * right).to(device)[:, None, :]
    return textures.view(-1)[index].float() * plan.brightness.to(device)[:, None, None]


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
    """The textures of a few pictures, without making all others: the textures, and each picture's row."""
    numbers, rows = needed.unique(return_inverse=True)
    made = [
        texture(
            FAMILIES[number // TEXTURES_PER_FAMILY],
            split.texture_seed(volume * TEXTURES_PER_FAMILY + number % TEXTURES_PER_FAMILY),
        )
        for number in numbers.tolist()
    ]
    return torch.stack(made).to(device), rows


@lru_cache(maxsize=8)
def _sprites(split_name: SplitName, device: torch.device) -> Tensor:
    """MNIST digits of a split: float32 (N, 28, 28), 0..255, on the device."""
    return torch.tensor(digits_of(split_name).images, device=device).float()


def _to_full_range(canvas: Tensor) -> Tensor:
    """Each picture stretched to 0..255, as every one of the competition's is: uint8, same shape."""
    canvas = canvas.clamp(0, 255)
    low, high = canvas.amin((1, 2), keepdim=True), canvas.amax((1, 2), keepdim=True)
    return ((canvas - low) * (255 / (high - low))).round().to(torch.uint8)


def _rotate(sprites: Tensor, angle: Tensor, scale: Tensor) -> Tensor:
    """Sprites (M, 28, 28) turned by ``angle`` radians and enlarged by ``scale`` within their boxes."""
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    zero = torch.zeros_like(cos)
    theta = torch.stack([torch.stack([cos, -sin, zero], 1), torch.stack([sin, cos, zero], 1)], 1)
    grid = F.affine_grid(theta, [len(sprites), 1, SPRITE, SPRITE], align_corners=False)
    turned = F.grid_sample(sprites[:, None], grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return turned[:, 0]
