"""Seven families of grey textures, generated from a seed, modelled on the competition's backgrounds.

The competition used crops of a few large photographs and drawings that are not available. Each function here draws one
large texture whose look and grey levels follow measurements on 71 of its pictures; pictures use crops of it.
Everything runs on the CPU with its own generator, so that a texture is the same bit for bit on every machine
that computes floats alike, and does not depend on which device composes the pictures.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

TEXTURE_SIZE = 320  # side of a texture: 193 x 193 different crops of 128 x 128


def _uniform(g: Generator, low: float, high: float) -> float:
    return low + (high - low) * torch.rand((), generator=g).item()


def _smooth_noise(g: Generator, cell_y: float, cell_x: float, size: int = TEXTURE_SIZE) -> Tensor:
    """Gaussian noise smooth on the scale of ``cell_y`` x ``cell_x`` pixels; mean 0, standard deviation 1."""
    rows, columns = math.ceil(size / cell_y) + 3, math.ceil(size / cell_x) + 3
    grid = torch.randn((1, 1, rows, columns), generator=g)
    height, width = round(rows * cell_y), round(columns * cell_x)
    field = F.interpolate(grid, size=(height, width), mode="bicubic", align_corners=False)[0, 0]
    field = field[round(cell_y) :, round(cell_x) :][:size, :size]
    return (field - field.mean()) / field.std()


def _cloud(g: Generator, cell: float, octaves: int, falloff: float, stretch: float = 1.0) -> Tensor:
    """Fractal noise: octaves of smooth noise, each half as wide and ``falloff`` as strong; ``stretch`` widens x."""
    total = torch.zeros(TEXTURE_SIZE, TEXTURE_SIZE)
    for octave in range(octaves):
        scale = cell / 2**octave
        total += falloff**octave * _smooth_noise(g, max(scale, 1.0), max(scale * stretch, 1.0))
    return (total - total.mean()) / total.std()


def _blur(field: Tensor, sigma: float) -> Tensor:
    radius = max(1, round(3 * sigma))
    kernel = torch.exp(-(torch.arange(-radius, radius + 1) ** 2) / (2 * sigma**2))
    kernel = kernel / kernel.sum()
    padded = F.pad(field[None, None], (radius,) * 4, mode="reflect")
    return F.conv2d(F.conv2d(padded, kernel.view(1, 1, -1, 1)), kernel.view(1, 1, 1, -1))[0, 0]


def _grid() -> tuple[Tensor, Tensor]:
    axis = torch.arange(TEXTURE_SIZE, dtype=torch.float32)
    rows, columns = torch.meshgrid(axis, axis, indexing="ij")
    return rows, columns


def _lines(g: Generator, count: int, length: tuple[float, float], width: tuple[float, float], slant: float) -> Tensor:
    """Coverage 0..1 of ``count`` straight scratches with rough edges, at most ``slant`` radians from horizontal."""
    y, x = _grid()
    cover = torch.zeros(TEXTURE_SIZE, TEXTURE_SIZE)
    rough = _smooth_noise(g, 5, 5)
    for _ in range(count):
        angle = _uniform(g, -slant, slant)
        cy, cx = _uniform(g, 0, TEXTURE_SIZE), _uniform(g, 0, TEXTURE_SIZE)
        along = (x - cx) * math.cos(angle) + (y - cy) * math.sin(angle)
        across = (y - cy) * math.cos(angle) - (x - cx) * math.sin(angle) + rough * 0.3
        half = _uniform(g, *length) / 2
        thickness = _uniform(g, *width)
        line = (1 - (across.abs() - thickness / 2).clamp(min=0)).clamp(0, 1) * (half - along.abs()).clamp(0, 8) / 8
        strength = _uniform(g, 0.4, 1.0) * (0.75 + 0.25 * rough).clamp(0, 1)
        cover = torch.maximum(cover, line * strength)
    return cover


def rings(g: Generator) -> Tensor:
    """Concentric rings: a ramp from black to light grey outward, then a sharp step back."""
    y, x = _grid()
    cy, cx = _uniform(g, -0.3, 1.3) * TEXTURE_SIZE, _uniform(g, -0.3, 1.3) * TEXTURE_SIZE
    period = _uniform(g, 25.5, 27.5)
    radius = torch.sqrt((y - cy) ** 2 + (x - cx) ** 2) + _uniform(g, 0, period)
    return torch.remainder(radius, period) / period * _uniform(g, 176, 186)


def stars(g: Generator) -> Tensor:
    """Deep sky: grain on near-black, point stars, a few large ones with halo and spikes, smoky filaments."""
    ground = _uniform(g, 12, 30)
    grain = torch.randn((TEXTURE_SIZE, TEXTURE_SIZE), generator=g)
    smoke = _cloud(g, _uniform(g, 60, 160), 5, 0.6)
    bright = torch.rand((), generator=g).item() < 0.3  # a crop inside a nebula
    depth = _uniform(g, 35, 60) if bright else _uniform(g, 2, 9)
    filament = torch.exp(-((_cloud(g, _uniform(g, 50, 110), 4, 0.55) / 0.22) ** 2))
    sky = ground + (1.5 + 2.5 * torch.rand((), generator=g).item()) * grain
    sky = sky + depth * torch.relu(smoke + (0.6 if bright else 0.1)) + depth * 0.7 * filament * torch.relu(smoke)

    count = int(_uniform(g, 900, 1900))
    spots = torch.zeros(TEXTURE_SIZE * TEXTURE_SIZE)
    where = torch.randint(0, TEXTURE_SIZE * TEXTURE_SIZE, (count,), generator=g)
    # Faint stars are far more common than bright ones.
    power = 40 + 620 * torch.rand(count, generator=g) ** 5
    spots[where] = power
    spots = spots.view(TEXTURE_SIZE, TEXTURE_SIZE)
    sky = sky + 1.7 * _blur(spots, 0.6) + 1.8 * _blur(spots * (spots > 300), 1.1)

    y, x = _grid()
    for _ in range(int(_uniform(g, 2, 7))):
        cy, cx = _uniform(g, 0, TEXTURE_SIZE), _uniform(g, 0, TEXTURE_SIZE)
        core = _uniform(g, 1.0, 4.5)
        dy, dx = y - cy, x - cx
        r2 = dy**2 + dx**2
        sky = sky + 300 * torch.exp(-r2 / (2 * core**2)) + 18 * core * torch.exp(-torch.sqrt(r2) / (core * 4.0))
        tilt = _uniform(g, 0.1, 0.9)
        for spoke in range(3):  # three lines through the core look like six arms
            angle = tilt + spoke * math.pi / 3
            along = (dx * math.cos(angle) + dy * math.sin(angle)).abs()
            across = (dy * math.cos(angle) - dx * math.sin(angle)).abs()
            sky = sky + 45 * core * torch.exp(-across / 0.6) * torch.exp(-along / (core * 4.5)) * (core > 1.8)
    return sky


def wall(g: Generator) -> Tensor:
    """Scratched plaster: mid-grey with horizontal streaks, thin straight scratches, dark specks and stains."""
    dark = torch.rand((), generator=g).item() < 0.2
    ground = _uniform(g, 52, 70) if dark else _uniform(g, 132, 148)
    field = ground + 8 * _cloud(g, 90, 4, 0.6)
    field = field + 4.0 * _cloud(g, 3, 2, 0.7, stretch=_uniform(g, 5, 16))  # streaks
    mottle = _blur(torch.randn((TEXTURE_SIZE, TEXTURE_SIZE), generator=g), 0.8)
    field = field + 9 * mottle / mottle.std()
    light = _lines(g, int(_uniform(g, 8, 22)), (40, 300), (0.6, 1.8), 0.35)
    field = field + _uniform(g, 16, 34) * light
    stains = torch.relu(_cloud(g, 14, 4, 0.75) - _uniform(g, 1.5, 2.1))
    spots = torch.relu(_cloud(g, 5, 2, 0.7) + 0.8 * _smooth_noise(g, 60, 60) - _uniform(g, 2.1, 2.7))
    field = field - 60 * stains.clamp(max=1) - 70 * spots.clamp(max=1)
    cracks = _lines(g, int(_uniform(g, 4, 14)), (60, 420), (0.4, 2.6), math.pi / 2)
    return field - (30 if dark else _uniform(g, 60, 105)) * cracks


def granite(g: Generator) -> Tensor:
    """Fine speckled stone: strong grain over small blotches, here and there a smooth chip with clear edges."""
    grain = torch.randn((TEXTURE_SIZE, TEXTURE_SIZE), generator=g)
    speckle = _blur(torch.randn((TEXTURE_SIZE, TEXTURE_SIZE), generator=g), _uniform(g, 0.55, 1.0))
    speckle = speckle / speckle.std()
    blotch = _cloud(g, _uniform(g, 7, 12), 2, 0.8)
    flecks = torch.exp(-((_cloud(g, 6, 2, 0.7) / 0.2) ** 2)) * torch.relu(_smooth_noise(g, 12, 12))
    contrast = _uniform(g, 0.7, 1.2)
    field = _uniform(g, 132, 146) + contrast * (9 * grain + 22 * speckle + 15 * blotch - 32 * flecks)

    patch = _cloud(g, 11, 2, 0.6)
    chips = ((patch - _uniform(g, 1.4, 2.0)) * 6).clamp(0, 1) * 0.8
    tone = _uniform(g, 125, 175) + 22 * _smooth_noise(g, 24, 24) + 6 * grain + 5 * speckle
    field = field * (1 - chips) + tone * chips
    veins = _lines(g, int(_uniform(g, 0, 4)), (40, 160), (0.5, 1.2), math.pi / 2)
    return field + 55 * veins


def waves(g: Generator) -> Tensor:
    """A sea surface: dark, with thin, wavy, roughly horizontal crests, light above darker troughs."""
    y, x = _grid()
    slope = _uniform(g, -0.08, 0.08)
    period = _uniform(g, 7.0, 11.0)
    margin = 64
    surface = torch.zeros(TEXTURE_SIZE, TEXTURE_SIZE)
    for octave, strength in enumerate((1.0, 0.8, 0.5)):
        cell = period / 1.6**octave
        rows = y + cell * 0.3 * _smooth_noise(g, cell * 2.5, cell * 4) + slope * (x - TEXTURE_SIZE / 2) + margin
        rows = rows.clamp(0, TEXTURE_SIZE + 2 * margin - 2)
        noise = _smooth_noise(g, cell, cell * _uniform(g, 4.5, 6.5), size=TEXTURE_SIZE + 2 * margin)
        above, part, columns = rows.floor().long(), rows.frac(), x.long()
        height = noise[above, columns] * (1 - part) + noise[above + 1, columns] * part
        # Crests are sharp, troughs round: a ridge stands where the noise crosses zero.
        ridge = torch.exp(-height.abs() / 0.28) * torch.sigmoid(2.2 * _smooth_noise(g, cell * 1.5, cell * 4))
        surface = surface + strength * ridge * 1.15
    # Brightness fades over a short distance below a crest.
    tail = sum(0.72**step * torch.roll(surface, step, 0) for step in range(1, 6))
    swell = _cloud(g, 40, 3, 0.6, stretch=2.5)
    streak = _smooth_noise(g, 1.2, 5) + 0.6 * torch.randn((TEXTURE_SIZE, TEXTURE_SIZE), generator=g)
    field = 20 + 48 * surface + 9 * tail * (1 + 0.3 * swell) + 5 * swell + 6 * streak
    return field * _uniform(g, 1.1, 1.5)


def gravel(g: Generator) -> Tensor:
    """Packed angular pebbles: each mid-grey with a lighter side and a black gap, lit from one direction."""
    cell = _uniform(g, 6.0, 7.6)
    count = math.ceil(TEXTURE_SIZE / cell) + 2
    jitter = torch.rand((2, count, count), generator=g) * 0.9 + 0.05
    tone = torch.randn((count, count), generator=g)
    turn = torch.rand((count, count), generator=g) * math.pi
    stretch = 1 + 0.7 * torch.rand((count, count), generator=g)  # pebbles are longer than wide
    weight = torch.rand((count, count), generator=g) * cell * 0.2
    y, x = _grid()
    y, x = y + 0.8 * _smooth_noise(g, 3, 3), x + 0.8 * _smooth_noise(g, 3, 3)
    row, column = (y / cell).floor().long() + 1, (x / cell).floor().long() + 1
    nearest, second = torch.full_like(y, 1e9), torch.full_like(y, 1e9)
    owner_y, owner_x = torch.zeros_like(row), torch.zeros_like(row)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            r, c = (row + dy).clamp(0, count - 1), (column + dx).clamp(0, count - 1)
            py, px = y - (r - 1 + jitter[0, r, c]) * cell, x - (c - 1 + jitter[1, r, c]) * cell
            sin, cos = torch.sin(turn[r, c]), torch.cos(turn[r, c])
            along, across = (px * cos + py * sin).abs() / stretch[r, c], (py * cos - px * sin).abs()
            # A blend of round and diamond distance gives straight, angular edges.
            distance = 0.5 * torch.sqrt(along**2 + across**2) + 0.45 * (along + across) - weight[r, c]
            closer = distance < nearest
            second = torch.where(closer, nearest, torch.minimum(second, distance))
            owner_y, owner_x = torch.where(closer, r, owner_y), torch.where(closer, c, owner_x)
            nearest = torch.where(closer, distance, nearest)
    gap = second - nearest  # 0 on the border between two pebbles
    angle = _uniform(g, 0, 2 * math.pi)
    height = _blur((gap / 1.6).clamp(0, 1), 0.5)
    slope_y, slope_x = torch.gradient(height)
    light = slope_y * math.sin(angle) + slope_x * math.cos(angle)
    top = _uniform(g, 142, 158) + 11 * tone[owner_y, owner_x]
    # Some gaps are wide and black, most are hairlines.
    width = _uniform(g, 0.0, 0.25) + 0.4 * torch.relu(_smooth_noise(g, 5, 5))
    solid = ((gap - width) / 0.9).clamp(0, 1)
    field = top * solid + _uniform(g, 70, 130) * light
    return field + 5 * torch.randn((TEXTURE_SIZE, TEXTURE_SIZE), generator=g)


def marble(g: Generator) -> Tensor:
    """Dark flat background with faint swirls and closed winding bands of mid-grey around eye-shaped islands."""
    field = _cloud(g, _uniform(g, 26, 40), 2, 0.25)
    slope_y, slope_x = torch.gradient(field)
    steep = torch.sqrt(slope_y**2 + slope_x**2).clamp(min=0.012)
    ground = torch.full_like(field, _uniform(g, 20, 28))
    faint = _cloud(g, 22, 2, 0.3)
    ground = torch.where(faint.remainder(0.9) < 0.35, ground + _uniform(g, 8, 16), ground)
    ground = torch.where(torch.relu(_cloud(g, 30, 2, 0.3)).remainder(0.8) > 0.55, ground - 10, ground)
    level = _uniform(g, 95, 125)
    result = ground
    for threshold in (-0.9, 0.35, 1.35):
        # Distance to the contour in pixels: the field's distance over its slope.
        distance = (field - threshold - _uniform(g, -0.15, 0.15)).abs() / steep
        width = _uniform(g, 1.6, 2.8) + 0.8 * _smooth_noise(g, 25, 25)
        band = (width - distance + 0.5).clamp(0, 1)
        result = result * (1 - band) + (level + _uniform(g, -18, 18)) * band
    core = ((field - _uniform(g, 1.9, 2.2)) * 12).clamp(0, 1)
    result = result * (1 - core) + (level * 0.95) * core
    return result + 1.5 * torch.randn((TEXTURE_SIZE, TEXTURE_SIZE), generator=g)


# Share of each family in the competition's pictures, and whether a quarter turn keeps the look (waves and the
# streaks of walls are always horizontal).
_Painter = Callable[[Generator], Tensor]
PAINTERS: dict[str, tuple[_Painter, float, bool]] = {
    "rings": (rings, 0.16, True),
    "stars": (stars, 0.16, True),
    "wall": (wall, 0.19, False),
    "granite": (granite, 0.16, True),
    "waves": (waves, 0.13, False),
    "gravel": (gravel, 0.16, True),
    "marble": (marble, 0.05, True),
}
FAMILIES = tuple(PAINTERS)


@lru_cache(maxsize=512)
def texture(family: str, seed: int) -> Tensor:
    """One texture: uint8, shape ``(TEXTURE_SIZE, TEXTURE_SIZE)``; the same for the same family and seed."""
    painter = PAINTERS[family][0]
    generator = Generator().manual_seed(seed * len(FAMILIES) + FAMILIES.index(family))
    return painter(generator).clamp(0, 255).round().to(torch.uint8)
