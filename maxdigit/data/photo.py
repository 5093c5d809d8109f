"""Photographs of handwriting: ink on paper in uneven light, a little askew, blurred, noisy and compressed.

What a model gets is never the photograph but what preparation makes of it. Validation and test pictures pass through
the app's own preparation, one by one. Training needs thousands a second, so its pictures are prepared here, all at
once, by the same steps; the paper's tone, which the app has to guess, is known.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from maxdigit.data.batch import CHUNK, SIZE, Pictures, Rows, generator, uniform
from maxdigit.data.drawn import draw, plan_drawing
from maxdigit.data.splits import Split
from maxdigit.errors import EmptyPictureError
from maxdigit.preparation.prepare import prepare

_FINE = 256  # side of a photograph, before preparation
_ZOOM = _FINE / SIZE
_GRAIN_TILE = 1024  # side of the noise that photographs take pieces of
_BLOCK = 8  # side of a JPEG block

# The luminance table of ITU-T T.81 (1992), Annex K.1: how coarsely each frequency of a block is kept at quality 50.
_QUANTA = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)


@dataclass(frozen=True)
class _Shot(Rows):
    """All that is random about photographing a chunk of sheets, on the CPU."""

    corners: Tensor  # (N, 4, 2): how far each corner of the sheet is off, as a share of its side
    paper: Tensor  # (N,): the paper's tone, 0..1
    ink: Tensor  # (N,): the share of light that ink swallows
    faint: Tensor  # (N, 32, 32): how much less ink there is in places, -1..1
    light: Tensor  # (N, 3, 3): brightness over the sheet, 0..1
    shadow: Tensor  # (N, 4): its edge's direction (radians) and place (-1..1), its softness and its depth
    ruling: Tensor  # (N, 5): distance of lines (sheet pixels), their place, their darkness, whether squared, their tilt
    blur: Tensor  # (N,): standard deviation in the photograph's pixels
    noise: Tensor  # (N,): standard deviation, 0..1
    tile: Tensor  # int64 (N, 2): which piece of the grain
    quality: Tensor  # (N,): of JPEG, 1..100


@lru_cache(maxsize=8)
def _shoot(split: Split, chunk: int) -> _Shot:
    g = generator(split, "photo", chunk, 0.0)
    n = CHUNK

    def sometimes(share: float, value: Tensor) -> Tensor:
        return torch.where(torch.rand(n, generator=g) < share, value, 0.0)

    def one(low: float, high: float) -> Tensor:
        return uniform(g, (n,), low, high)

    return _Shot(
        # Outwards only: nobody cuts off what is to be read.
        corners=0.04 * torch.randn((n, 4, 2), generator=g).abs() * torch.tensor([[-1, -1], [1, -1], [-1, 1], [1, 1]]),
        paper=one(0.6, 1.0),
        ink=one(0.4, 0.95),
        faint=torch.randn((n, 32, 32), generator=g).clamp(-1, 1) * one(0, 0.35)[:, None, None],
        light=uniform(g, (n, 3, 3), 0.0, 1.0) * one(0.05, 0.4)[:, None, None] + 0.6,
        shadow=torch.stack([one(0, 2 * math.pi), one(-0.7, 0.7), one(0.02, 0.4), sometimes(0.3, one(0.1, 0.4))], 1),
        ruling=torch.stack(
            [one(7, 26), one(0, 1), sometimes(0.4, one(0.04, 0.22)), sometimes(0.5, one(1, 1)), one(-0.04, 0.04)], 1
        ),
        blur=one(0.3, 1.6),
        noise=one(0.0, 0.03),
        tile=torch.randint(0, _GRAIN_TILE - _FINE, (n, 2), generator=g),
        quality=one(35, 95),
    )


def make_photo(split: Split, chunk: int, rows: slice, balance: float, device: torch.device) -> Pictures:
    """Some rows of a chunk of prepared photographs."""
    drawing = plan_drawing(split, "mixed", chunk, balance)[rows]
    shot = type(_shoot(split, chunk))(*(v.to(device) for v in vars(_shoot(split, chunk)[rows]).values()))
    sheet = _sheet(shot.corners)
    coverage, boxes, angles = draw(drawing, split, device, sheet)
    photograph, ground = _photograph(shot, coverage, sheet)
    pixels = _prepare_all(photograph, ground) if split.name == "train" else _prepare_each(photograph)
    family = torch.full((len(pixels),), -1, dtype=torch.int64, device=device)
    boxes = torch.where(boxes < 0, boxes, (boxes / _ZOOM).round().long())
    return Pictures(pixels, drawing.digits.to(device), boxes, angles, family)


def _sheet(corners: Tensor) -> Tensor:
    """Which point of the 128 x 128 sheet each pixel shows: float (N, 256, 256, 2), the corners moved."""
    axis = (torch.arange(_FINE, device=corners.device) + 0.5) / _FINE
    x, y = axis[None, None, :, None], axis[None, :, None, None]
    a, b, c, d = (corners[:, i, None, None, :] for i in range(4))
    moved = a * (1 - x) * (1 - y) + b * x * (1 - y) + c * (1 - x) * y + d * x * y
    straight = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), 2)
    return (straight + moved) * SIZE


def _photograph(shot: _Shot, coverage: Tensor, sheet: Tensor) -> tuple[Tensor, Tensor]:
    """What the camera gives, and the same sheet without ink, lines and noise: float (N, 256, 256), 0..1."""
    n = len(coverage)

    def each(value: Tensor) -> Tensor:
        return value[:, None, None]

    def enlarge(field: Tensor) -> Tensor:
        return F.interpolate(field[:, None], size=(_FINE, _FINE), mode="bicubic", align_corners=True)[:, 0]

    place = sheet / SIZE * 2 - 1
    direction, where, softness, depth = shot.shadow.T
    across = place[..., 0] * each(direction.cos()) + place[..., 1] * each(direction.sin()) - each(where)
    shade = 1 - each(depth) * torch.sigmoid(across / each(softness) * 4)
    ground = (each(shot.paper) * enlarge(shot.light) * shade).clamp(0.05, 1)

    spacing, phase, darkness, is_squared, tilt = shot.ruling.T
    lines = _lines(sheet[..., 1] + sheet[..., 0] * each(tilt), spacing, phase)
    columns = _lines(sheet[..., 0] - sheet[..., 1] * each(tilt), spacing, phase) * each(is_squared)
    ruled = each(darkness) * torch.maximum(lines, columns)
    dark = each(shot.ink) * coverage * (1 - enlarge(shot.faint).clamp(min=0))
    seen = _blur(ground * (1 - torch.maximum(dark, ruled)), shot.blur)

    tile = _grain(coverage.device)
    axis = torch.arange(_FINE, device=coverage.device)
    seen = seen + each(shot.noise) * tile[shot.tile[:, :1, None] + axis[:, None], shot.tile[:, 1:, None] + axis]
    assert seen.shape == (n, _FINE, _FINE)
    return _compress(seen.clamp(0, 1), shot.quality).clamp(0, 1), ground


def _lines(along: Tensor, spacing: Tensor, phase: Tensor) -> Tensor:
    """Printed lines one pixel wide, every ``spacing`` sheet pixels: 0..1."""
    position = along / spacing[:, None, None] + phase[:, None, None]
    distance = (position - position.round()).abs() * spacing[:, None, None]
    return (1.2 - 2 * distance).clamp(0, 1)


def _blur(pictures: Tensor, sigma: Tensor) -> Tensor:
    """Each picture blurred by a Gaussian of its own."""
    reach = torch.arange(-4, 5, device=pictures.device)
    kernel = torch.exp(-(reach**2) / (2 * sigma[:, None] ** 2))
    kernel = (kernel / kernel.sum(1, keepdim=True))[:, None]  # (N, 1, 9)
    padded = F.pad(pictures[None], (4, 4, 4, 4), mode="replicate")
    rows = F.conv2d(padded, kernel[:, :, None], groups=len(pictures))
    return F.conv2d(rows, kernel[:, :, :, None], groups=len(pictures))[0]


def _compress(pictures: Tensor, quality: Tensor) -> Tensor:
    """What JPEG leaves: each block's frequencies rounded, more coarsely the lower the quality."""
    device = pictures.device
    n, side = len(pictures), _FINE // _BLOCK
    k = torch.arange(_BLOCK, device=device, dtype=torch.float32)
    cosines = torch.cos(math.pi / _BLOCK * (k + 0.5) * k[:, None]) * math.sqrt(2 / _BLOCK)
    cosines[0] /= math.sqrt(2)
    # As the usual encoder scales its table.
    scale = torch.where(quality < 50, 50 / quality, 2 - quality / 50)
    quanta = torch.tensor(_QUANTA, device=device) * scale[:, None, None]
    quanta = quanta.clamp(min=1)[:, None, None]  # (N, 1, 1, 8, 8)
    blocks = pictures.view(n, side, _BLOCK, side, _BLOCK).transpose(2, 3) * 255 - 128
    kept = (cosines @ blocks @ cosines.T / quanta).round() * quanta
    back = cosines.T @ kept @ cosines
    return ((back + 128) / 255).transpose(2, 3).reshape(n, _FINE, _FINE)


@lru_cache(maxsize=2)
def _grain(device: torch.device) -> Tensor:
    return torch.randn((_GRAIN_TILE, _GRAIN_TILE), generator=Generator().manual_seed(1)).to(device)


def _prepare_each(photographs: Tensor) -> Tensor:
    """By the app's own preparation: uint8 (N, 128, 128)."""
    grey = (photographs * 255).round().to(torch.uint8).cpu().numpy()
    with ThreadPoolExecutor() as pool:
        pixels = np.stack(list(pool.map(_prepare_one, grey)))
    return torch.from_numpy(pixels).to(photographs.device)


def _prepare_one(grey: np.ndarray) -> np.ndarray:
    try:
        return prepare(grey, dark_ink_on_light=True).pixels
    except EmptyPictureError:  # ink too faint to be seen: the app would ask for another picture
        return np.zeros((SIZE, SIZE), np.uint8)


def _prepare_all(photographs: Tensor, ground: Tensor) -> Tensor:
    """By the app's steps for dark ink, for all pictures at once: uint8 (N, 128, 128)."""
    ink = _stretch((ground - photographs) / ground)
    solid = ink > 0.5
    inner = solid[:, 1:-1, 1:-1] & solid[:, :-2, 1:-1] & solid[:, 2:, 1:-1] & solid[:, 1:-1, :-2] & solid[:, 1:-1, 2:]
    area = solid.sum((1, 2))
    width = 2 * area / (area - inner.sum((1, 2))).clamp(min=1)  # a stroke's area over half its outline
    grow = ((2.0 * _ZOOM - width) / 2).ceil().clamp(0, 5)
    for size in (1, 2, 3, 4, 5):
        thin = grow == size
        if thin.any():
            ink[thin] = F.max_pool2d(ink[thin][:, None], 2 * size + 1, 1, size)[:, 0]
    small = F.interpolate(ink[:, None], size=(SIZE, SIZE), mode="bicubic", antialias=True)[:, 0].clamp(0, 1)
    return (_stretch(small) * 255).round().to(torch.uint8)


def _stretch(ink: Tensor) -> Tensor:
    """Ink to 0..1: grain and faint rules to 0, strokes to 1."""
    flat = ink.flatten(1)
    strong = torch.where(flat > 0.3 * flat.amax(1, keepdim=True).clamp(min=1e-6), flat, math.nan)
    full = strong.nanquantile(0.6, dim=1)
    middle = flat.median(1, keepdim=True).values
    grain = (flat - middle).abs().median(1).values
    floor = torch.minimum(torch.maximum(3.5 * grain, 0.25 * full), 0.6 * full)
    return ((ink - floor[:, None, None]) / (full - floor)[:, None, None].clamp(min=1e-6)).clamp(0, 1)
