"""Everyday pictures of three written digits, as people photograph, scan, draw and export them, with their labels.

Made for measuring preparation, so independent of the project's own generator and of the networks' training data: the
digits are MNIST's test digits, enlarged and redrawn, and pen strokes defined in this module; paper, desks, boards,
light and cameras are simulated here too. Picture ``i`` of a kind is always the same.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from maxdigit.data.mnist import load_mnist

Coverage = NDArray[np.float32]  # (H, W), 0..1: how much of each pixel is ink
Scene = NDArray[np.float32]  # (H, W, 3), 0..1
Colour = tuple[float, float, float]
Digits = tuple[int, int, int]
Made = tuple[bytes, Digits]  # a picture file, and its digits

BLACK_PEN: Colour = (0.08, 0.08, 0.1)
BLUE_PEN: Colour = (0.1, 0.18, 0.55)
RED_PEN: Colour = (0.8, 0.12, 0.13)


@dataclass(frozen=True)
class Kind:
    """One kind of picture that people upload."""

    name: str
    is_plain: bool  # read well by rules on brightness alone
    make: Callable[[Generator], Made]


def picture(kind: Kind, number: int) -> Made:
    """Picture ``number`` of a kind: the bytes of a file, and its digits from left to right."""
    return kind.make(np.random.default_rng([zlib.crc32(kind.name.encode()), number]))


# ---- Digits

# The ways to write a digit: strokes of points (x, y) in a box one high, y downwards. "c" is a curve through its points,
# "l" is made of straight lines.
_FORMS: dict[int, list[list[tuple[str, list[tuple[float, float]]]]]] = {
    0: [
        [("c", [(0.36, 0), (0.12, 0.18), (0.04, 0.5), (0.14, 0.86), (0.36, 1), (0.58, 0.84), (0.66, 0.5), (0.56, 0.14),
                (0.34, 0)])],
        [("c", [(0.5, 0.06), (0.22, 0.04), (0.02, 0.36), (0.06, 0.8), (0.34, 1), (0.66, 0.78), (0.74, 0.36),
                (0.54, 0.08), (0.42, 0.02)])],
    ],
    1: [
        [("l", [(0.36, 0), (0.33, 1)])],
        [("l", [(0.12, 0.26), (0.38, 0), (0.38, 1)])],
    ],
    2: [
        [("c", [(0.08, 0.22), (0.2, 0.04), (0.42, 0.02), (0.58, 0.16), (0.56, 0.36), (0.36, 0.62), (0.06, 0.97)]),
         ("l", [(0.06, 0.97), (0.68, 0.96)])],
        [("c", [(0.1, 0.16), (0.34, 0), (0.58, 0.18), (0.5, 0.5), (0.24, 0.86), (0.08, 0.94), (0.1, 0.8), (0.3, 0.84),
                (0.5, 0.98), (0.7, 0.92)])],
    ],
    3: [
        [("c", [(0.08, 0.12), (0.3, 0), (0.54, 0.1), (0.54, 0.32), (0.24, 0.47)]),
         ("c", [(0.24, 0.47), (0.56, 0.54), (0.64, 0.78), (0.4, 0.99), (0.06, 0.9)])],
        [("l", [(0.08, 0.03), (0.58, 0.03), (0.28, 0.4)]),
         ("c", [(0.28, 0.4), (0.58, 0.5), (0.62, 0.78), (0.38, 0.99), (0.06, 0.9)])],
    ],
    4: [
        [("l", [(0.28, 0), (0.04, 0.62), (0.68, 0.6)]), ("l", [(0.48, 0.32), (0.44, 1)])],
        [("l", [(0.52, 1), (0.52, 0), (0.04, 0.66), (0.7, 0.66)])],
    ],
    5: [
        [("l", [(0.6, 0.03), (0.16, 0.04), (0.12, 0.44)]),
         ("c", [(0.12, 0.44), (0.4, 0.38), (0.62, 0.58), (0.56, 0.86), (0.3, 0.99), (0.06, 0.9)])],
        [("l", [(0.16, 0.02), (0.12, 0.42)]), ("l", [(0.14, 0.03), (0.64, 0.01)]),
         ("c", [(0.12, 0.42), (0.44, 0.4), (0.6, 0.66), (0.46, 0.94), (0.2, 1), (0.02, 0.88)])],
    ],
    6: [
        [("c", [(0.5, 0.02), (0.24, 0.22), (0.08, 0.56), (0.12, 0.86), (0.34, 0.99), (0.56, 0.86), (0.56, 0.64),
                (0.36, 0.52), (0.12, 0.68)])],
        [("c", [(0.38, 0), (0.16, 0.34), (0.06, 0.7), (0.2, 0.97), (0.46, 0.97), (0.6, 0.76), (0.46, 0.56),
                (0.22, 0.6), (0.09, 0.76)])],
    ],
    7: [
        [("l", [(0.06, 0.04), (0.62, 0.04), (0.26, 1)])],
        [("l", [(0.06, 0.04), (0.64, 0.03), (0.3, 1)]), ("l", [(0.2, 0.52), (0.62, 0.5)])],
    ],
    8: [
        [("c", [(0.54, 0.14), (0.34, 0.01), (0.13, 0.14), (0.2, 0.36), (0.48, 0.6), (0.58, 0.82), (0.36, 0.99),
                (0.1, 0.84), (0.19, 0.6), (0.46, 0.4), (0.57, 0.22), (0.54, 0.14)])],
        [("c", [(0.34, 0.46), (0.12, 0.3), (0.2, 0.05), (0.46, 0.03), (0.56, 0.26), (0.34, 0.46), (0.08, 0.66),
                (0.14, 0.94), (0.42, 1), (0.62, 0.78), (0.36, 0.47)])],
    ],
    9: [
        [("c", [(0.58, 0.18), (0.36, 0.01), (0.1, 0.18), (0.12, 0.42), (0.34, 0.52), (0.54, 0.38), (0.59, 0.16)]),
         ("l", [(0.59, 0.16), (0.53, 1)])],
        [("c", [(0.58, 0.16), (0.32, 0.01), (0.08, 0.2), (0.14, 0.44), (0.38, 0.5), (0.57, 0.32), (0.59, 0.16),
                (0.61, 0.56), (0.48, 0.88), (0.2, 0.99)])],
    ],
}  # fmt: skip


def _through(points: NDArray[np.float64], steps: int = 14) -> NDArray[np.float64]:
    """A smooth curve through points (Catmull-Rom), as a polyline."""
    padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        parts.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.vstack([*parts, points[-1:]])


def _pen_digit(rng: Generator, digit: int, height: float, pen: float, hand: tuple[float, float]) -> Coverage:
    """A digit of pen strokes ``pen`` pixels wide; ``hand`` is its writer's slant and width."""
    strokes = _FORMS[digit][rng.integers(len(_FORMS[digit]))]
    slant, breadth = hand
    inner = max(height - pen, 2.0)
    fine = 4  # oversampling while drawing
    turn = rng.normal(0, 0.05)
    lines = []
    for form, points in strokes:
        line = np.array(points) + rng.normal(0, 0.012, (len(points), 2)) * (form == "c")
        line = _through(line) if form == "c" else line
        x, y = line[:, 0] * breadth + slant * (0.5 - line[:, 1]), line[:, 1]
        lines.append(inner * np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], 1))
    everything = np.vstack(lines)
    low, high = everything.min(0), everything.max(0)
    width, tall = np.ceil(high - low + pen + 2).astype(int)
    canvas = np.zeros((tall * fine, width * fine), np.uint8)
    thickness = max(1, round(pen * fine))
    for line in lines:
        at = np.round((line - low + pen / 2 + 1) * fine * 16).astype(np.int32)
        cv2.polylines(canvas, [at[:, None]], False, 255, thickness, cv2.LINE_AA, 4)
    return cv2.resize(canvas, (width, tall), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


_LOOPS = {0: 1, 6: 1, 8: 2, 9: 1}


def _mnist_digit(rng: Generator, digit: int, height: float, bolder: float) -> Coverage:
    """A test digit of MNIST, enlarged smoothly and inked evenly; strokes wider by ``bolder`` of its height.

    Strokes are widened only as far as loops stay open, and digits whose loop is open or filled in MNIST are skipped: a
    person has to be able to read it.
    """
    data = load_mnist("t10k")
    for chosen in rng.permutation(np.flatnonzero(data.labels == digit))[:50]:
        part = _cut_out(data.images[chosen])
        if _holes(part > 0.3) >= _LOOPS.get(digit, 0):
            break
    scale = height / (part.shape[0] - 4)
    large = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    sigma = 0.45 * scale
    if sigma > 0.4:
        large = cv2.GaussianBlur(large, (0, 0), sigma)
    edge = min(0.2, 0.5 / scale)
    for level in (0.38, 0.46, 0.54):
        result = _step(large, level - edge, level + edge)
        if _holes(result > 0.5) >= _holes(part > 0.3):
            break
    for growth in (bolder, bolder / 2, bolder / 4):
        radius = round(growth * height / 2)
        if radius < 1:
            break
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        grown = cv2.dilate(np.pad(result, radius), kernel)
        if _holes(grown > 0.5) == _holes(result > 0.5):
            return grown
    return result


def _cut_out(image: NDArray[np.uint8]) -> Coverage:
    """The digit in a picture of MNIST, 0..1, without stray specks, with two pixels of margin."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((image > 60).astype(np.uint8), connectivity=8)
    specks = [number for number, area in enumerate(stats[:, cv2.CC_STAT_AREA]) if area < 8]
    image = np.where(np.isin(labels, specks), 0, image)
    rows, columns = np.flatnonzero(image.max(1) > 60), np.flatnonzero(image.max(0) > 60)
    return np.pad(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 2).astype(np.float32) / 255


def _holes(ink: NDArray[np.bool_]) -> int:
    """How many loops are closed around background of more than a speck."""
    background = np.pad(~ink, 1, constant_values=True).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(background, connectivity=4)
    least = max(1, ink.size // 900)
    return sum(stats[number, cv2.CC_STAT_AREA] >= least for number in range(1, count)) - 1


def _step(values: Coverage, low: float, high: float) -> Coverage:
    t = ((values - low) / max(high - low, 1e-6)).clip(0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


@dataclass(frozen=True)
class Writing:
    """Three digits on a canvas, in a layer each."""

    digits: Digits
    masks: tuple[Coverage, Coverage, Coverage]

    @property
    def ink(self) -> Coverage:
        """All of it."""
        return np.maximum.reduce(self.masks)


def _write(
    rng: Generator,
    shape: tuple[int, int],
    height: float,
    *,
    pen: float | None = None,
    bolder: float = 0.0,
    gap: tuple[float, float] = (0.2, 0.6),
    middle: tuple[float, float] | None = None,
    uneven: float = 0.08,
    alike: bool = False,
    glyph: Callable[[Generator, int, float], Coverage] | None = None,
) -> Writing:
    """Three digits in a row, by one writer.

    Args:
        rng: the source of randomness.
        shape: of the canvas, ``(H, W)``.
        height: of a digit, in pixels; made smaller where the row would not fit in.
        pen: width of the strokes as a share of the height; None for MNIST's or a medium one.
        bolder: how much wider MNIST's strokes become, as a share of the height.
        gap: between digits, as shares of the height.
        middle: of the row, as shares of the canvas; None for about the middle.
        uneven: how far digits leave the line and differ in height.
        alike: whether all digits have the same height and no unevenness.
        glyph: draws a digit of a height; None for MNIST's or pen strokes, half of the pictures each.
    """
    digits = tuple(int(digit) for digit in rng.integers(0, 10, 3))
    is_mnist = pen is None and rng.random() < 0.5
    hand = (rng.normal(0.08, 0.12), rng.uniform(0.85, 1.25))
    width = rng.uniform(0.07, 0.12) if pen is None else pen
    gaps = rng.uniform(*gap, 2)
    seed = int(rng.integers(2**32))
    for _ in range(12):
        own = np.random.default_rng(seed)  # the same digits again if they have to be smaller
        shapes = []
        for digit in digits:
            tall = height * (1 if alike else own.uniform(1 - uneven, 1 + uneven))
            if glyph is not None:
                shapes.append(glyph(own, digit, tall))
            elif is_mnist:
                shapes.append(_mnist_digit(own, digit, tall, bolder))
            else:
                shapes.append(_pen_digit(own, digit, tall, max((width + bolder) * height, 1.0), hand))
        wide = sum(part.shape[1] for part in shapes) + sum(gaps) * height
        room = shape[1] * 0.93, shape[0] * 0.93
        if wide <= room[0] and max(part.shape[0] for part in shapes) * (1 + uneven) <= room[1]:
            break
        height *= 0.93 * min(1.0, room[0] / wide + 0.03)
    cx, cy = middle or (0.5 + rng.normal(0, 0.03), 0.5 + rng.normal(0, 0.04))
    left = float(np.clip(cx * shape[1] - wide / 2, 2, max(2, shape[1] - wide - 2)))
    masks = []
    for part, after in zip(shapes, (*gaps, 0), strict=True):
        top = cy * shape[0] - part.shape[0] / 2 + (0 if alike else rng.normal(0, uneven * height / 2))
        y, x = int(np.clip(top, 0, max(0, shape[0] - part.shape[0]))), int(left)
        mask = np.zeros(shape, np.float32)
        target = mask[y : y + part.shape[0], x : x + part.shape[1]]
        target[:] = part[: target.shape[0], : target.shape[1]]
        masks.append(mask)
        left += part.shape[1] + after * height
    return Writing(digits, tuple(masks))  # type: ignore[arg-type]


# ---- Surfaces, light and cameras


def _clouds(rng: Generator, shape: tuple[int, int], size: float) -> Coverage:
    """Smooth noise of mean 0 and spread 1 with spots of about ``size`` pixels."""
    small = max(2, int(shape[0] / size) + 2), max(2, int(shape[1] / size) + 2)
    noise = rng.normal(0, 1, small).astype(np.float32)
    return cv2.resize(noise, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)


def _plain(shape: tuple[int, int], colour: Colour | float) -> Scene:
    return np.broadcast_to(np.asarray(colour, np.float32), (*shape, 3)).copy()


def _paper(rng: Generator, shape: tuple[int, int], colour: Colour | None = None) -> Scene:
    """A sheet: white, cream, grey or recycled, with its fibres."""
    colour = colour or [(0.96, 0.96, 0.95), (0.95, 0.92, 0.84), (0.9, 0.9, 0.91), (0.93, 0.94, 0.97)][rng.integers(4)]
    fibres = 0.006 * _clouds(rng, shape, 2.5) + 0.008 * _clouds(rng, shape, 60)
    return _plain(shape, colour) * (1 + fibres[..., None])


def _ink(scene: Scene, mask: Coverage, colour: Colour | float, strength: float = 0.95) -> None:
    """Cover the scene with ink."""
    alpha = (mask * strength)[..., None]
    scene *= 1 - alpha
    scene += alpha * np.asarray(colour, np.float32)


def _ruled(
    rng: Generator, scene: Scene, step: float, colour: Colour, strength: float, *, squared: bool = False, wide: int = 1
) -> None:
    lines = np.zeros(scene.shape[:2], np.float32)
    for y in np.arange(rng.uniform(0.3, 1) * step, scene.shape[0], step):
        cv2.line(lines, (0, int(y)), (scene.shape[1], int(y)), 1.0, wide)
    if squared:
        for x in np.arange(rng.uniform(0.3, 1) * step, scene.shape[1], step):
            cv2.line(lines, (int(x), 0), (int(x), scene.shape[0]), 1.0, wide)
    _ink(scene, lines, colour, strength)


def _light(rng: Generator, shape: tuple[int, int], *, shadow: float = 0.0) -> Coverage:
    """Light that falls off to one side; ``shadow`` is how much darker it is behind a soft edge."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    across = (x / shape[1] - 0.5) * np.cos(angle) + (y / shape[0] - 0.5) * np.sin(angle)
    light = rng.uniform(0.82, 0.98) * (1 + rng.uniform(0.1, 0.3) * across)
    if shadow:
        angle = rng.uniform(0, 2 * np.pi)
        across = (x / shape[1] - 0.5) * np.cos(angle) + (y / shape[0] - 0.5) * np.sin(angle)
        edge = _step(across + rng.uniform(-0.12, 0.12), -0.5 / (s := rng.uniform(6, 40)), 0.5 / s)
        light = light * (1 - shadow * edge)
    return light.astype(np.float32)


def _taken(rng: Generator, scene: Scene, light: Coverage | None = None, *, sharp: bool = False) -> bytes:
    """A photograph of the scene, as JPEG."""
    tint = 1 + rng.normal(0, 0.03, 3)
    seen = scene * (light[..., None] if light is not None else 1) * tint
    seen = cv2.GaussianBlur(seen.astype(np.float32), (0, 0), 0.4 if sharp else rng.uniform(0.5, 1.1))
    grain = rng.normal(0, rng.uniform(0.006, 0.018), seen.shape[:2])[..., None]
    return _jpeg(seen + grain + rng.normal(0, 0.006, seen.shape), int(rng.integers(78, 94)))


def _jpeg(scene: Scene, quality: int) -> bytes:
    return _saved(_image(scene), "JPEG", quality=quality)


def _png(scene: Scene) -> bytes:
    return _saved(_image(scene), "PNG", compress_level=1)


def _image(scene: Scene) -> Image.Image:
    return Image.fromarray((scene.clip(0, 1) * 255).round().astype(np.uint8))


def _saved(image: Image.Image, form: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _desk(rng: Generator, shape: tuple[int, int]) -> Scene:
    """Wood, slate, a table-cloth, tiles or marble."""
    h, w = shape
    which = rng.integers(5)
    if which == 0:  # wood: grain along one direction, planks across it
        grain = cv2.resize(rng.normal(0, 1, (h, max(2, w // 90))).astype(np.float32), (w, h))
        grain = cv2.GaussianBlur(grain, (0, 0), 0.8) + 1.2 * _clouds(rng, shape, 140)
        colour = [(0.45, 0.29, 0.17), (0.66, 0.48, 0.3), (0.27, 0.17, 0.11)][rng.integers(3)]
        desk = _plain(shape, colour) * (1 + 0.13 * grain[..., None])
        for y in np.arange(rng.uniform(0, 200), h, rng.uniform(160, 320)):
            cv2.line(desk, (0, int(y)), (w, int(y)), tuple(0.4 * part for part in colour), 3)
    elif which == 1:  # slate or a dark desk pad
        desk = _plain(shape, (t := rng.uniform(0.12, 0.3), t, t * 1.08)) * (1 + 0.1 * _clouds(rng, shape, 3)[..., None])
    elif which == 2:  # a checked cloth
        step = int(rng.integers(28, 70))
        y, x = np.mgrid[:h, :w] // step % 2
        colour = np.array([(0.7, 0.2, 0.22), (0.2, 0.35, 0.65), (0.25, 0.5, 0.35)][rng.integers(3)], np.float32)
        desk = 0.9 - ((y + x)[..., None] / 2) * (0.9 - colour)
        desk = desk.astype(np.float32) * (1 + 0.06 * _clouds(rng, shape, 2)[..., None])
    elif which == 3:  # tiles
        desk = _plain(shape, (0.55, 0.5, 0.45)) * (1 + 0.08 * _clouds(rng, shape, 40)[..., None])
        step = int(rng.integers(130, 260))
        _ruled(rng, desk, step, (0.3, 0.28, 0.26), 0.9, squared=True, wide=4)
    else:  # marble
        veins = np.abs(_clouds(rng, shape, 120) + 0.4 * _clouds(rng, shape, 30))
        desk = _plain(shape, (0.52, 0.54, 0.56)) * (0.75 + 0.25 * np.minimum(veins, 1)[..., None])
    return desk.astype(np.float32)


def _objects(rng: Generator, desk: Scene, keep_out: NDArray[np.float32]) -> None:
    """A pen, a cup or the keys of a keyboard at the edge of the desk, clear of the four corners in ``keep_out``."""
    h, w = desk.shape[:2]
    low, high = keep_out.min(0), keep_out.max(0)
    if rng.random() < 0.5 and high[1] + 40 < h:
        y = int((high[1] + h) / 2)
        colour = [(0.75, 0.6, 0.1), (0.1, 0.15, 0.4), (0.7, 0.1, 0.1)][rng.integers(3)]
        start, end = (int(0.2 * w), y), (int(rng.uniform(0.55, 0.8) * w), y + int(rng.integers(-14, 14)))
        cv2.line(desk, start, end, colour, 15, cv2.LINE_AA)
        cv2.line(desk, end, (end[0] + 18, end[1]), (0.85, 0.8, 0.7), 8, cv2.LINE_AA)
    if rng.random() < 0.4 and low[1] > 70:
        at = (int(rng.uniform(0.1, 0.9) * w), int(rng.uniform(-20, 0)))
        cv2.circle(desk, at, int(low[1] * 0.75), (0.85, 0.85, 0.88), -1, cv2.LINE_AA)
        cv2.circle(desk, at, int(low[1] * 0.62), (0.22, 0.13, 0.08), -1, cv2.LINE_AA)
    elif rng.random() < 0.4 and low[0] > 60:
        for y in range(20, h, 64):
            cv2.rectangle(desk, (-10, y), (int(low[0] * 0.6), y + 52), (0.15, 0.15, 0.16), -1, cv2.LINE_AA)


def _on_desk(rng: Generator, sheet: Scene, shape: tuple[int, int], share: float) -> Scene:
    """A sheet lying on a desk, seen a little from the side; ``share`` of the picture's width or height is the sheet."""
    h, w = shape
    scale = share * min(h / sheet.shape[0], w / sheet.shape[1])
    half = np.array([sheet.shape[1], sheet.shape[0]]) * scale / 2
    turn = rng.normal(0, 0.09)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float64) * half
    corners = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    corners *= 1 + rng.uniform(-0.07, 0.07, (4, 1))
    corners = (corners + np.array([w, h]) * rng.uniform(0.46, 0.54, 2)).astype(np.float32)
    return _laid(rng, sheet, shape, corners, scale)


def _seen_askew(rng: Generator, sheet: Scene, shape: tuple[int, int]) -> Scene:
    """A sheet lying on a desk, rotated, and seen at a low angle from the front or from the side."""
    h, w = shape
    tilt, yaw, roll = np.deg2rad([rng.uniform(25, 52), rng.uniform(-18, 18), rng.uniform(-24, 24)])
    about_x = np.array([(1, 0, 0), (0, np.cos(tilt), -np.sin(tilt)), (0, np.sin(tilt), np.cos(tilt))])
    about_y = np.array([(np.cos(yaw), 0, np.sin(yaw)), (0, 1, 0), (-np.sin(yaw), 0, np.cos(yaw))])
    about_z = np.array([(np.cos(roll), -np.sin(roll), 0), (np.sin(roll), np.cos(roll), 0), (0, 0, 1)])
    half = np.array([sheet.shape[1], sheet.shape[0], 0]) / max(sheet.shape)
    corners = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]) * half @ (about_x @ about_y @ about_z).T
    corners = corners[:, :2] / (1 + corners[:, 2:] / rng.uniform(3, 5))  # the camera's distance, in half sheets
    low, high = corners.min(0), corners.max(0)
    zoom = rng.uniform(0.78, 0.94) * float(((w, h) / (high - low)).min())
    corners = ((corners - (low + high) / 2) * zoom + np.array([w, h]) / 2).astype(np.float32)
    return _laid(rng, sheet, shape, corners, zoom * 2 / max(sheet.shape))


def _laid(rng: Generator, sheet: Scene, shape: tuple[int, int], corners: NDArray[np.float32], scale: float) -> Scene:
    """A sheet on a desk, its corners in given places; ``scale`` is pixels of the picture for one of the sheet's."""
    h, w = shape
    from_corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32) * (sheet.shape[1], sheet.shape[0])
    desk = _desk(rng, shape)
    _objects(rng, desk, corners)
    matrix = cv2.getPerspectiveTransform(from_corners.astype(np.float32), corners)
    fine = cv2.GaussianBlur(sheet, (0, 0), 0.5 / scale) if scale < 0.8 else sheet  # no aliasing
    laid = cv2.warpPerspective(fine, matrix, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alpha = np.zeros(shape, np.float32)
    cv2.fillConvexPoly(alpha, np.round(corners * 16).astype(np.int32), 1.0, cv2.LINE_AA, 4)
    shade = cv2.GaussianBlur(np.roll(alpha, (8, 6), (0, 1)), (0, 0), 9)
    desk *= (1 - 0.5 * shade)[..., None]
    return desk * (1 - alpha[..., None]) + laid * alpha[..., None]


def _any_pen(rng: Generator) -> Colour:
    return (BLACK_PEN, BLUE_PEN, BLACK_PEN, (0.12, 0.3, 0.2), RED_PEN)[rng.integers(5)]


def _photo_shape(rng: Generator) -> tuple[int, int]:
    return ((900, 1200), (1200, 900), (720, 960), (1000, 1000))[rng.integers(4)]


# ---- Hard kinds, for which preparation by rules on brightness is not enough


def note_on_desk(rng: Generator) -> Made:
    """A sheet or notebook page on a desk, with the desk visible all round."""
    sheet = _paper(rng, (620, 620 if rng.random() < 0.3 else 860))
    if rng.random() < 0.4:
        _ruled(rng, sheet, rng.uniform(40, 70), (0.5, 0.6, 0.8), 0.5, squared=rng.random() < 0.4)
    written = _write(rng, sheet.shape[:2], rng.uniform(130, 230))
    _ink(sheet, written.ink, _any_pen(rng))
    shape = _photo_shape(rng)
    scene = _on_desk(rng, sheet, shape, rng.uniform(0.6, 0.8))
    return _taken(rng, scene, _light(rng, shape, shadow=rng.uniform(0, 0.4))), written.digits


def sheet_in_perspective(rng: Generator) -> Made:
    """A sheet on a desk, turned by up to 24 degrees and seen at a low angle, which halves its height at most."""
    sheet = _paper(rng, (640, 860))
    if rng.random() < 0.4:
        _ruled(rng, sheet, rng.uniform(40, 70), (0.5, 0.6, 0.8), 0.5, squared=rng.random() < 0.4)
    written = _write(rng, sheet.shape[:2], rng.uniform(150, 230))
    _ink(sheet, written.ink, _any_pen(rng))
    shape = _photo_shape(rng)
    scene = _seen_askew(rng, sheet, shape)
    return _taken(rng, scene, _light(rng, shape, shadow=rng.uniform(0, 0.3))), written.digits


def little_light(rng: Generator) -> Made:
    """A note photographed in the dark: a fifth of the light, and noise."""
    shape = (600, 860)
    page = _paper(rng, shape)
    written = _write(rng, shape, rng.uniform(150, 280), pen=rng.uniform(0.05, 0.09))
    _ink(page, written.ink, _any_pen(rng))
    dim = page * (rng.uniform(0.12, 0.3) * _light(rng, shape, shadow=rng.uniform(0, 0.3)))[..., None]
    dim = cv2.GaussianBlur(dim.astype(np.float32), (0, 0), rng.uniform(0.6, 1.2))
    grain = 0.02 * rng.normal(0, 1, (*shape, 3)) + 0.015 * rng.normal(0, 1, shape)[..., None]
    return _jpeg(dim + grain, int(rng.integers(60, 90))), written.digits


def small_on_page(rng: Generator) -> Made:
    """A photographed page with digits of 4 to 8 % of its height."""
    shape = (1200, 900)
    page = _paper(rng, shape)
    where = (rng.uniform(0.25, 0.75), rng.uniform(0.12, 0.88))
    written = _write(rng, shape, rng.uniform(0.045, 0.08) * shape[0], middle=where)
    _ink(page, written.ink, _any_pen(rng))
    return _taken(rng, page, _light(rng, shape, shadow=rng.uniform(0, 0.4)), sharp=True), written.digits


def small_on_scan(rng: Generator) -> Made:
    """A clean scan of a page, A4, with digits of 2.5 to 5 % of its height."""
    shape = (1403, 992)
    page = _plain(shape, rng.uniform(0.96, 1.0))
    where = (rng.uniform(0.2, 0.8), rng.uniform(0.06, 0.9))
    written = _write(rng, shape, rng.uniform(0.025, 0.05) * shape[0], middle=where)
    _ink(page, written.ink, (BLACK_PEN, BLUE_PEN)[rng.integers(2)])
    return _jpeg(page + rng.normal(0, 0.004, page.shape), 88), written.digits


def dark_canvas_on_white_page(rng: Generator) -> Made:
    """A dark drawing area in a white page, as in the screenshot of a web app."""
    shape = (int(rng.integers(560, 900)), int(rng.integers(700, 1000)))
    page = _plain(shape, 1.0)
    h, w = int(rng.uniform(0.45, 0.7) * shape[0]), int(rng.uniform(0.6, 0.88) * shape[1])
    y, x = int(rng.uniform(0.1, 0.9) * (shape[0] - h)), int(rng.uniform(0.1, 0.9) * (shape[1] - w))
    canvas = _plain((h, w), [(0, 0, 0), (0.12, 0.12, 0.14), (0.06, 0.09, 0.2)][rng.integers(3)])
    written = _write(rng, (h, w), 0.5 * h)
    _ink(canvas, written.ink, [(1, 1, 1), (0.95, 0.9, 0.5), (0.6, 0.9, 1)][rng.integers(3)], 1.0)
    page[y : y + h, x : x + w] = canvas
    return _png(page), written.digits


def one_digit_in_lighter_colour(rng: Generator) -> Made:
    """Two digits in black or dark blue, the third in red, orange, green or sky blue."""
    shape = (int(rng.integers(380, 620)), int(rng.integers(700, 1000)))
    page = _plain(shape, 1.0)
    written = _write(rng, shape, rng.uniform(0.4, 0.6) * shape[0])
    bright = [(0.9, 0.15, 0.15), (0.95, 0.5, 0.1), (0.2, 0.65, 0.25), (0.3, 0.6, 0.95)][rng.integers(4)]
    other = int(rng.integers(3))
    for number, mask in enumerate(written.masks):
        _ink(page, mask, bright if number == other else BLACK_PEN, 1.0)
    return _png(page), written.digits


def pencil_beside_pen(rng: Generator) -> Made:
    """Two digits in pen, the third in pencil."""
    shape = (600, 900)
    page = _paper(rng, shape)
    written = _write(rng, shape, rng.uniform(200, 300), pen=rng.uniform(0.035, 0.06))
    other = int(rng.integers(3))
    for number, mask in enumerate(written.masks):
        if number == other:
            _ink(page, mask * (0.75 + 0.12 * _clouds(rng, shape, 2)).clip(0.3, 1), (0.35, 0.35, 0.37), 0.62)
        else:
            _ink(page, mask, BLACK_PEN)
    return _taken(rng, page, _light(rng, shape)), written.digits


def _bold(rng: Generator, ink: float, back: float) -> Made:
    side = int(rng.integers(400, 800))
    shape = (int(side * rng.uniform(0.6, 1)), side)
    page = _plain(shape, back)
    written = _write(rng, shape, rng.uniform(0.45, 0.6) * shape[0], bolder=rng.uniform(0.05, 0.09), gap=(0.12, 0.3))
    _ink(page, written.ink, ink, 1.0)
    return _png(page), written.digits


def bold_white_on_black(rng: Generator) -> Made:
    """Bold white strokes on black, as a drawing app makes them."""
    return _bold(rng, 1.0, 0.0)


def bold_black_on_white(rng: Generator) -> Made:
    """Bold black strokes on white."""
    return _bold(rng, 0.0, 1.0)


def whiteboard_with_glare(rng: Generator) -> Made:
    """Marker on a whiteboard; a lamp is mirrored beside or over a digit, which stays visible."""
    shape = (600, 960)
    board = _plain(shape, (0.88, 0.89, 0.9)) * (1 + 0.02 * _clouds(rng, shape, 150)[..., None])
    written = _write(rng, shape, rng.uniform(190, 290), pen=rng.uniform(0.06, 0.1))
    _ink(
        board,
        written.ink,
        [(0.1, 0.4, 0.2), (0.1, 0.2, 0.6), (0.1, 0.1, 0.12), (0.75, 0.1, 0.1)][rng.integers(4)],
        0.85,
    )
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    cx, cy = rng.uniform(0.15, 0.85) * shape[1], rng.uniform(0.25, 0.75) * shape[0]
    spot = np.exp(-(((x - cx) / rng.uniform(110, 190)) ** 2) - ((y - cy) / rng.uniform(70, 130)) ** 2)
    light = _light(rng, shape)[..., None] * 0.85
    scene = board * light
    scene = scene + (1 - scene) * (rng.uniform(0.5, 0.72) * spot[..., None])
    return _taken(rng, scene.astype(np.float32)), written.digits


def highlighter(rng: Generator) -> Made:
    """Yellow, green or pink highlighter on white paper."""
    shape = (600, 820)
    page = _paper(rng, shape, (0.93, 0.93, 0.92))
    written = _write(rng, shape, rng.uniform(210, 290), pen=rng.uniform(0.1, 0.15))
    colour = [(0.93, 0.9, 0.15), (0.55, 0.93, 0.3), (0.98, 0.45, 0.7)][rng.integers(3)]
    page *= 1 - written.ink[..., None] * 0.9 * (1 - np.array(colour, np.float32))
    return _taken(rng, page, _light(rng, shape, shadow=rng.uniform(0, 0.35))), written.digits


def white_and_black_on_grey(rng: Generator) -> Made:
    """White and black digits on mid grey."""
    shape = (int(rng.integers(380, 560)), int(rng.integers(640, 860)))
    page = _plain(shape, rng.uniform(0.42, 0.6))
    written = _write(rng, shape, rng.uniform(0.4, 0.6) * shape[0])
    is_white = rng.permutation([True, False, bool(rng.integers(2))])
    for mask, white in zip(written.masks, is_white, strict=True):
        _ink(page, mask, 1.0 if white else 0.0, 1.0)
    return _png(page), written.digits


def _equal_brightness(rng: Generator, ink: Colour, back: Colour) -> Made:
    luminance = np.array([0.299, 0.587, 0.114])
    shape = (int(rng.integers(420, 600)), int(rng.integers(700, 900)))
    ratio = float(np.dot(luminance, ink) / np.dot(luminance, back))
    page = _plain(shape, tuple(part * ratio for part in back))  # type: ignore[arg-type]
    written = _write(rng, shape, rng.uniform(0.4, 0.58) * shape[0])
    _ink(page, written.ink, ink, 1.0)
    return _png(page), written.digits


def red_on_green_of_equal_brightness(rng: Generator) -> Made:
    """Red ink on green, of the same luminance."""
    return _equal_brightness(rng, (rng.uniform(0.8, 1), 0.0, rng.uniform(0, 0.1)), (0.0, 0.5, 0.0))


def blue_on_orange_of_equal_brightness(rng: Generator) -> Made:
    """Blue ink on orange, of the same luminance."""
    return _equal_brightness(rng, (0.25, rng.uniform(0.3, 0.4), 0.95), (0.75, 0.32, 0.05))


def drawn_frame(rng: Generator) -> Made:
    """A frame drawn around the digits, by ruler or by hand."""
    side = int(rng.integers(300, 800))
    shape = (side, int(side * rng.uniform(1, 1.5)))
    page = _plain(shape, 1.0)
    frame = np.zeros(shape, np.float32)
    at = rng.uniform(0.03, 0.09, 4) * side
    corners = np.array(
        [(at[0], at[1]), (shape[1] - at[2], at[1]), (shape[1] - at[2], side - at[3]), (at[0], side - at[3])]
    )
    if rng.random() < 0.5:
        corners += rng.normal(0, 0.012 * side, (4, 2))
    cv2.polylines(frame, [corners.astype(np.int32)[:, None]], True, 1.0, max(2, side // 90), cv2.LINE_AA)
    written = _write(rng, shape, rng.uniform(0.38, 0.52) * side, gap=(0.12, 0.3), pen=rng.choice([0.05, 0.08]))
    inner = cv2.resize(written.ink, (int(shape[1] * 0.78), int(side * 0.78)), interpolation=cv2.INTER_AREA)
    ink = np.zeros(shape, np.float32)
    y, x = (side - inner.shape[0]) // 2, (shape[1] - inner.shape[1]) // 2
    ink[y : y + inner.shape[0], x : x + inner.shape[1]] = inner
    _ink(page, np.maximum(frame, ink), [(0, 0, 0), (0.1, 0.15, 0.5)][rng.integers(2)], 1.0)
    return _png(page), written.digits


def dark_scan_edge(rng: Generator) -> Made:
    """A scan with the scanner's dark lid along one or two edges."""
    shape = (1052, 744)
    page = _plain(shape, rng.uniform(0.93, 0.98))
    written = _write(rng, shape, rng.uniform(130, 210), pen=rng.choice([0.03, 0.06, 0.09]))
    _ink(page, written.ink, (BLACK_PEN, BLUE_PEN)[rng.integers(2)])
    for edge in rng.permutation(4)[: rng.integers(1, 3)]:
        wide = int(rng.integers(10, 34))
        band = (slice(None), slice(0, wide)) if edge < 2 else (slice(0, wide), slice(None))
        view = page[::-1, ::-1] if edge % 2 else page
        view[band] = rng.uniform(0.02, 0.15)
    return _jpeg(cv2.GaussianBlur(page, (0, 0), 0.7) + rng.normal(0, 0.01, page.shape), 85), written.digits


def speech_bubble(rng: Generator) -> Made:
    """Digits in a speech bubble of a comic."""
    shape = (600, 800)
    back = [(1, 1, 1), (0.75, 0.88, 0.97), (1, 0.92, 0.7)][rng.integers(3)]
    page = _plain(shape, back)
    centre, axes = (int(rng.uniform(0.45, 0.55) * 800), 250), (int(rng.integers(270, 330)), int(rng.integers(150, 190)))
    tail = np.array([(centre[0] - 90, 380), (centre[0] - 30, 405), (centre[0] - 130, 560)])
    for colour, thickness in (((0.0, 0.0, 0.0), 8), ((1.0, 1.0, 1.0), -1)):
        if thickness > 0:
            cv2.ellipse(page, centre, axes, 0, 0, 360, colour, thickness, cv2.LINE_AA)
            cv2.polylines(page, [tail[:, None]], True, colour, thickness, cv2.LINE_AA)
        else:
            cv2.ellipse(page, centre, axes, 0, 0, 360, colour, thickness, cv2.LINE_AA)
            cv2.fillPoly(page, [tail[:, None]], colour, cv2.LINE_AA)
    written = _write(rng, shape, rng.uniform(120, 160), middle=(centre[0] / 800, 250 / 600), gap=(0.15, 0.35))
    _ink(page, written.ink, BLACK_PEN, 1.0)
    return _png(page), written.digits


def letterbox_bars(rng: Generator) -> Made:
    """A picture with black bars above and below, or at the sides, as a video or a phone's screenshot has them."""
    shape = (720, 960)
    page = _paper(rng, shape)
    upright = rng.random() < 0.5
    bar = int(rng.uniform(0.12, 0.2) * shape[0 if upright else 1])
    inner = (720 - 2 * bar, 960) if upright else (720, 960 - 2 * bar)
    part = _paper(rng, inner)
    written = _write(rng, inner, rng.uniform(0.36, 0.5) * inner[0])
    _ink(part, written.ink, _any_pen(rng))
    part *= _light(rng, inner, shadow=rng.uniform(0, 0.3))[..., None]
    page[:] = 0
    page[(720 - inner[0]) // 2 :, (960 - inner[1]) // 2 :][: inner[0], : inner[1]] = part
    return _jpeg(page, 88), written.digits


def dark_squared_paper(rng: Generator) -> Made:
    """Squared paper with dark lines."""
    shape = (900, 1200) if rng.random() < 0.5 else (600, 800)
    page = _paper(rng, shape)
    step = rng.uniform(0.045, 0.08) * shape[0]
    lines = [(0.3, 0.4, 0.6), (0.4, 0.4, 0.42), (0.5, 0.3, 0.35)][rng.integers(3)]
    _ruled(rng, page, step, lines, rng.uniform(0.6, 0.8), squared=True, wide=shape[0] // 450)
    written = _write(rng, shape, rng.uniform(3.5, 5.5) * step, pen=rng.uniform(0.06, 0.1))
    _ink(page, written.ink, (BLACK_PEN, BLUE_PEN)[rng.integers(2)])
    return _taken(rng, page, _light(rng, shape, shadow=rng.uniform(0, 0.4))), written.digits


def strip_eight_to_one(rng: Generator) -> Made:
    """A strip eight times as wide as high, with the digits spread over it or together."""
    h = int(rng.integers(90, 220))
    shape = (h, 8 * h)
    page = _plain(shape, 1.0)
    gap = (1.3, 2.0) if rng.random() < 0.5 else (0.2, 0.5)
    written = _write(rng, shape, rng.uniform(0.6, 0.75) * h, gap=gap, uneven=0.04)
    _ink(page, written.ink, _any_pen(rng))
    return _png(page), written.digits


def thin_pen(rng: Generator) -> Made:
    """Large digits in a line of one or two pixels, light on dark or dark on light."""
    side = int(rng.integers(280, 700))
    shape = (side, side)
    light = rng.random() < 0.5
    page = _plain(shape, 0.0 if light else 1.0)
    height = rng.uniform(0.32, 0.42) * side
    written = _write(rng, shape, height, pen=rng.uniform(1.2, 2.2) / height, gap=(0.1, 0.3))
    _ink(page, written.ink, 1.0 if light else 0.0, 1.0)
    return _png(page), written.digits


def outlined_digits(rng: Generator) -> Made:
    """Digits of which only the outline is drawn, as on a poster."""
    shape = (int(rng.integers(420, 640)), int(rng.integers(800, 1000)))
    page = _plain(shape, 1.0)
    written = _write(rng, shape, rng.uniform(0.5, 0.65) * shape[0], pen=rng.uniform(0.17, 0.21), gap=(0.25, 0.45))
    line = 2 * int(rng.integers(1, 3)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (line, line))
    outline = cv2.morphologyEx(written.ink, cv2.MORPH_GRADIENT, kernel)
    _ink(page, outline, (BLACK_PEN, BLUE_PEN, RED_PEN)[rng.integers(3)], 1.0)
    return _png(page), written.digits


_SEGMENTS = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg")


def _segment_digit(_rng: Generator, digit: int, height: float) -> Coverage:
    tall, wide, thick = int(height), int(height * 0.56), max(3, int(height * 0.11))
    gap = max(1, thick // 6)
    mask = np.zeros((tall, wide), np.float32)
    x1, x2, y1, y2, y3 = thick // 2, wide - 1 - thick // 2, thick // 2, tall // 2, tall - 1 - thick // 2
    ends = {"a": (x1, y1, x2, y1), "g": (x1, y2, x2, y2), "d": (x1, y3, x2, y3), "f": (x1, y1, x1, y2),
            "b": (x2, y1, x2, y2), "e": (x1, y2, x1, y3), "c": (x2, y2, x2, y3)}  # fmt: skip
    half = thick / 2
    for name in _SEGMENTS[digit]:
        ax, ay, bx, by = ends[name]
        if ay == by:
            a, b = ax + gap, bx - gap
            points = [(a, ay), (a + half, ay - half), (b - half, ay - half), (b, ay), (b - half, ay + half),
                      (a + half, ay + half)]  # fmt: skip
        else:
            a, b = ay + gap, by - gap
            points = [(ax, a), (ax + half, a + half), (ax + half, b - half), (ax, b), (ax - half, b - half),
                      (ax - half, a + half)]  # fmt: skip
        cv2.fillPoly(mask, [np.round(np.array(points) * 16).astype(np.int32)[:, None]], 1.0, cv2.LINE_AA, 4)
    return mask


def seven_segments(rng: Generator) -> Made:
    """The display of a clock, a calculator or a meter."""
    shape = (int(rng.integers(180, 420)), int(rng.integers(380, 760)))
    displays = (
        ((0.03, 0.03, 0.03), (0.9, 0.9, 0.9)),
        ((0.08, 0.02, 0.02), (1.0, 0.2, 0.12)),
        ((0.7, 0.76, 0.66), (0.12, 0.14, 0.12)),
        ((0.02, 0.06, 0.04), (0.3, 1.0, 0.5)),
    )
    back, ink = displays[rng.integers(4)]
    page = _plain(shape, back)
    written = _write(rng, shape, rng.uniform(0.5, 0.66) * shape[0], glyph=_segment_digit, alike=True, gap=(0.2, 0.3))
    _ink(page, written.ink, ink, 1.0)
    if rng.random() < 0.5:
        return _taken(rng, page, _light(rng, shape)), written.digits
    return _png(page), written.digits


def small_in_corner(rng: Generator) -> Made:
    """Small digits in a corner of a drawing pad."""
    side = int(rng.integers(300, 1000))
    shape = (side, side)
    page = _plain(shape, 0.0)
    height = rng.uniform(0.09, 0.14)
    corner = (rng.choice([0.18, 0.82]), rng.choice([0.1, 0.9]))
    written = _write(rng, shape, height * side, pen=rng.uniform(0.08, 0.13), middle=corner, gap=(0.15, 0.4))
    _ink(page, written.ink, 1.0, 1.0)
    return _png(page), written.digits


def thinnest_brush(rng: Generator) -> Made:
    """A pad of 1000 pixels, digits about 90 high in its thinnest brush."""
    shape = (1000, 1000)
    page = _plain(shape, 0.0)
    where = (rng.uniform(0.2, 0.8), rng.uniform(0.12, 0.88))
    written = _write(rng, shape, rng.uniform(80, 105), pen=0.045, middle=where)
    _ink(page, written.ink, 1.0, 1.0)
    return _png(page), written.digits


def bold_cropped_close(rng: Generator) -> Made:
    """Bold digits, the picture cropped to their ink."""
    shape = (420, 1400)
    written = _write(rng, shape, rng.uniform(160, 300), bolder=rng.uniform(0.04, 0.07), gap=(0.15, 0.35), uneven=0.03)
    rows, columns = np.flatnonzero(written.ink.max(1) > 0.1), np.flatnonzero(written.ink.max(0) > 0.1)
    margin = int(rng.integers(1, 10))
    y, x = max(0, rows[0] - margin), max(0, columns[0] - margin)
    ink = written.ink[y : rows[-1] + 1 + margin, x : columns[-1] + 1 + margin]
    light = rng.random() < 0.5
    page = _plain(ink.shape, 0.0 if light else 1.0)
    _ink(page, ink, 1.0 if light else 0.0, 1.0)
    return _png(page), written.digits


def three_mnist_in_a_row(rng: Generator) -> Made:
    """Three pictures of MNIST side by side, 84 x 28, as they are, inverted or enlarged."""
    data = load_mnist("t10k")
    which = rng.integers(len(data.labels), size=3)
    row = np.hstack(data.images[which])
    if rng.random() < 0.5:
        row = 255 - row
    image = Image.fromarray(row)
    factor = int(rng.choice([1, 1, 4, 10]))
    image = image.resize((image.width * factor, image.height * factor), Image.Resampling.BICUBIC)
    first, second, third = map(int, data.labels[which])
    return _saved(image, "PNG"), (first, second, third)


def coloured_ink_at_exactly_128(rng: Generator) -> Made:
    """Light ink that is not near white on a dark canvas, saved at 128 x 128: red, blue, violet or grey."""
    large = (512, 512)
    written = _write(rng, large, rng.uniform(150, 200), pen=rng.uniform(0.07, 0.11), gap=(0.1, 0.25))
    page = _plain(large, 0.0)
    ink = [(0.9, 0.15, 0.15), (0.3, 0.4, 0.95), (0.6, 0.3, 0.8), (0.55, 0.55, 0.55)][rng.integers(4)]
    _ink(page, written.ink, ink, 1.0)
    return _png(cv2.resize(page, (128, 128), interpolation=cv2.INTER_AREA)), written.digits


def _light_ink(rng: Generator, back: Colour, *, chalk: bool) -> Made:
    shape = (600, 860)
    board = _plain(shape, back) * (
        1 + 0.05 * _clouds(rng, shape, 90)[..., None] + 0.03 * _clouds(rng, shape, 2)[..., None]
    )
    written = _write(rng, shape, rng.uniform(190, 280), pen=rng.uniform(0.06, 0.1))
    ink = written.ink * ((0.75 + 0.2 * _clouds(rng, shape, 1.6)).clip(0.25, 1) if chalk else 1)
    _ink(board, ink.astype(np.float32), (0.93, 0.93, 0.9), 0.92)
    return _taken(rng, board, _light(rng, shape, shadow=rng.uniform(0.4, 0.65))), written.digits


def chalk_in_shadow(rng: Generator) -> Made:
    """Chalk on a board, half of it in shadow."""
    return _light_ink(rng, [(0.12, 0.2, 0.15), (0.13, 0.13, 0.14), (0.1, 0.16, 0.24)][rng.integers(3)], chalk=True)


def white_pen_in_shadow(rng: Generator) -> Made:
    """White pen on brown or coloured card, half of it in shadow."""
    return _light_ink(rng, [(0.66, 0.48, 0.32), (0.3, 0.42, 0.6), (0.6, 0.25, 0.28)][rng.integers(3)], chalk=False)


def red_yellow_and_blue(rng: Generator) -> Made:
    """A red, a yellow and a blue digit, in any order, on white."""
    shape = (480, 680)
    page = _plain(shape, rng.uniform(0.95, 1.0))
    written = _write(rng, shape, rng.uniform(170, 260))
    colours = [(0.82, 0.12, 0.12), (0.98, 0.78, 0.08), (0.1, 0.22, 0.78)]
    for mask, number in zip(written.masks, rng.permutation(3), strict=True):
        _ink(page, mask, colours[number], 1.0)
    return _jpeg(page, 88), written.digits


def dithered_scan(rng: Generator) -> Made:
    """A scan saved in black and white with error diffusion."""
    shape = (int(rng.integers(440, 640)), int(rng.integers(600, 900)))
    page = _plain(shape, rng.uniform(0.9, 0.96))
    written = _write(rng, shape, rng.uniform(0.34, 0.5) * shape[0], pen=rng.uniform(0.07, 0.12))
    _ink(page, written.ink, 0.1)
    page *= _light(rng, shape)[..., None] ** 0.5
    return _saved(_image(page).convert("1"), "PNG"), written.digits


def sticky_note(rng: Generator) -> Made:
    """A coloured sticky note filling the picture, partly in shadow."""
    shape = (620, 760)
    note = _paper(
        rng, shape, [(0.98, 0.9, 0.35), (0.98, 0.62, 0.72), (0.6, 0.9, 0.55), (0.5, 0.8, 0.95)][rng.integers(4)]
    )
    written = _write(rng, shape, rng.uniform(190, 280), pen=rng.uniform(0.04, 0.08))
    _ink(note, written.ink, (BLACK_PEN, BLUE_PEN, (0.55, 0.06, 0.1))[rng.integers(3)])
    return _taken(rng, note, _light(rng, shape, shadow=rng.uniform(0.2, 0.5))), written.digits


def screenshot_of_a_paint_program(rng: Generator) -> Made:
    """A window with a title bar, tools at the side and a status line."""
    shape = (int(rng.integers(420, 640)), int(rng.integers(560, 900)))
    page = _plain(shape, (0.93, 0.93, 0.94))
    bar, tools = int(rng.integers(22, 34)), int(rng.integers(30, 52))
    page[:bar] = [(0.2, 0.35, 0.7), (0.25, 0.25, 0.28), (0.8, 0.82, 0.86)][rng.integers(3)]
    cv2.putText(page, "Untitled - Paint", (10, bar - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (1, 1, 1), 1, cv2.LINE_AA)
    for y in range(bar + 8, shape[0] - 60, 28):
        cv2.rectangle(page, (6, y), (tools - 8, y + 20), (0.6, 0.6, 0.62), 1)
    low, right = shape[0] - 24, shape[1] - 10
    canvas = _plain((low - bar - 8, right - tools), 1.0)
    written = _write(rng, canvas.shape[:2], rng.uniform(0.45, 0.6) * canvas.shape[0])
    _ink(canvas, written.ink, _any_pen(rng), 1.0)
    page[bar + 8 : low, tools:right] = canvas
    return _png(page), written.digits


def _printed_digit(rng: Generator, digit: int, height: float) -> Coverage:
    fonts = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX)
    font = fonts[0 if height < 40 else rng.integers(4)]
    (_, base), _ = cv2.getTextSize("8", font, 4.0, 1)
    scale = 4.0 * height / base
    thick = max(1, round(height * 0.07))
    (wide, tall), _ = cv2.getTextSize(str(digit), font, scale, thick)
    mask = np.zeros((tall + 2 * thick + 4, wide + 2 * thick), np.float32)
    cv2.putText(mask, str(digit), (thick, tall + thick), font, scale, 1.0, thick, cv2.LINE_AA)
    rows, columns = np.flatnonzero(mask.max(1) > 0.2), np.flatnonzero(mask.max(0) > 0.2)
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def printed(rng: Generator) -> Made:
    """Printed digits."""
    shape = (int(rng.integers(200, 420)), int(rng.integers(380, 640)))
    page = _plain(shape, 1.0)
    written = _write(rng, shape, rng.uniform(0.4, 0.6) * shape[0], glyph=_printed_digit, alike=True, gap=(0.2, 0.4))
    _ink(page, written.ink, (BLACK_PEN, (0, 0, 0), BLUE_PEN)[rng.integers(3)], 1.0)
    return _png(page), written.digits


# ---- Plain kinds


def _page(
    rng: Generator,
    *,
    ink: Colour,
    strength: float = 0.95,
    shadow: float = 0.0,
    pen: float | None = None,
    bolder: float = 0.0,
    before: Callable[[Scene], None] | None = None,
    texture: float = 0.0,
) -> Made:
    """A photographed sheet with digits of a usual size."""
    shape = ((600, 860), (720, 960), (900, 900))[rng.integers(3)]
    page = _paper(rng, shape)
    if before is not None:
        before(page)
    written = _write(rng, shape, rng.uniform(0.32, 0.46) * shape[0], pen=pen, bolder=bolder)
    mask = written.ink
    if texture:
        mask = mask * (1 - texture + texture * _clouds(rng, shape, 1.8)).clip(0.3, 1)
    _ink(page, mask.astype(np.float32), ink, strength)
    return _taken(rng, page, _light(rng, shape, shadow=shadow)), written.digits


def ruled_paper(rng: Generator) -> Made:
    """Pen on ruled paper, sometimes with a margin line."""

    def rule(page: Scene) -> None:
        _ruled(rng, page, rng.uniform(42, 70), (0.55, 0.65, 0.85), 0.6)
        if rng.random() < 0.5:
            x = int(rng.uniform(0.06, 0.12) * page.shape[1])
            cv2.line(page, (x, 0), (x, page.shape[0]), (0.9, 0.55, 0.55), 2)

    return _page(rng, ink=(BLACK_PEN, BLUE_PEN)[rng.integers(2)], before=rule)


def shadow(rng: Generator) -> Made:
    """Pen on paper with the shadow of a hand or phone."""
    return _page(rng, ink=_any_pen(rng), shadow=rng.uniform(0.35, 0.6))


def crumpled(rng: Generator) -> Made:
    """Pen on paper that was crumpled."""

    def crumple(page: Scene) -> None:
        relief = np.zeros(page.shape[:2], np.float32)
        y, x = np.mgrid[: page.shape[0], : page.shape[1]].astype(np.float32)
        for _ in range(9):
            angle, at = rng.uniform(0, np.pi), rng.uniform(0.1, 0.9, 2) * page.shape[:2]
            across = (x - at[1]) * np.cos(angle) + (y - at[0]) * np.sin(angle)
            relief += rng.normal(0, 0.05) * np.tanh(across / 30) + rng.normal(0, 0.04) * np.exp(-np.abs(across) / 8)
        page *= (1 + relief.clip(-0.2, 0.08))[..., None]

    return _page(rng, ink=(BLACK_PEN, BLUE_PEN)[rng.integers(2)], before=crumple)


def pencil(rng: Generator) -> Made:
    """Pencil on paper."""
    return _page(rng, ink=(0.32, 0.32, 0.34), strength=0.75, pen=rng.uniform(0.04, 0.07), texture=0.2)


def blue_ink(rng: Generator) -> Made:
    """Blue ball pen or fountain pen."""
    return _page(rng, ink=BLUE_PEN, strength=0.9, shadow=rng.uniform(0, 0.25))


def thick_brush(rng: Generator) -> Made:
    """A thick felt pen or brush."""
    return _page(rng, ink=_any_pen(rng), bolder=rng.uniform(0.03, 0.06))


def chalk(rng: Generator) -> Made:
    """Chalk on a board in even light."""
    shape = (600, 860)
    board = _plain(shape, [(0.12, 0.22, 0.16), (0.14, 0.14, 0.15)][rng.integers(2)])
    board *= 1 + 0.08 * _clouds(rng, shape, 120)[..., None]
    written = _write(rng, shape, rng.uniform(190, 280), pen=rng.uniform(0.06, 0.1))
    _ink(board, (written.ink * (0.8 + 0.15 * _clouds(rng, shape, 1.6)).clip(0.3, 1)).astype(np.float32), 0.92)
    return _taken(rng, board, _light(rng, shape)), written.digits


def transparent_png(rng: Generator) -> Made:
    """Strokes on nothing, as drawing programs export them: black, white or coloured."""
    shape = (int(rng.integers(400, 700)), int(rng.integers(600, 900)))
    written = _write(rng, shape, rng.uniform(0.4, 0.56) * shape[0])
    rgba = np.zeros((*shape, 4), np.uint8)
    rgba[..., :3] = [(0, 0, 0), (255, 255, 255), (20, 40, 160), (200, 20, 30)][rng.integers(4)]
    rgba[..., 3] = (written.ink * 255).round()
    return _saved(Image.fromarray(rgba), "PNG"), written.digits


def touching_digits(rng: Generator) -> Made:
    """Digits that just touch one another."""
    shape = (500, 760)
    page = _plain(shape, 1.0)
    written = _write(rng, shape, rng.uniform(200, 260), gap=(-0.03, 0.0), pen=rng.uniform(0.05, 0.09), uneven=0.05)
    _ink(page, written.ink, (BLACK_PEN, BLUE_PEN)[rng.integers(2)], 1.0)
    return _png(page), written.digits


def black_on_white(rng: Generator) -> Made:
    """Black strokes on white."""
    shape = (int(rng.integers(300, 800)), int(rng.integers(500, 1000)))
    page = _plain(shape, 1.0)
    written = _write(rng, shape, rng.uniform(0.4, 0.55) * shape[0])
    _ink(page, written.ink, 0.0, 1.0)
    return _png(page), written.digits


def white_on_black(rng: Generator) -> Made:
    """White strokes of usual width on black."""
    shape = (int(rng.integers(300, 800)), int(rng.integers(500, 1000)))
    page = _plain(shape, 0.0)
    written = _write(rng, shape, rng.uniform(0.4, 0.55) * shape[0], pen=rng.uniform(0.06, 0.1))
    _ink(page, written.ink, 1.0, 1.0)
    return _png(page), written.digits


def canvas_drawing(rng: Generator) -> Made:
    """A square drawing in a coloured brush on a pale or dark canvas."""
    side = int(rng.integers(280, 800))
    shape = (side, side)
    canvases = (
        ((0.96, 0.94, 0.88), (0.2, 0.2, 0.5)),
        ((0.12, 0.14, 0.2), (0.95, 0.95, 0.95)),
        ((0.9, 0.95, 1.0), (0.1, 0.1, 0.1)),
        ((0.15, 0.3, 0.22), (1.0, 1.0, 0.85)),
    )
    back, ink = canvases[rng.integers(4)]
    page = _plain(shape, back)
    written = _write(rng, shape, rng.uniform(0.26, 0.36) * side, gap=(0.1, 0.3))
    _ink(page, written.ink, ink, 1.0)
    return _png(page), written.digits


def turned_by_exif(rng: Generator) -> Made:
    """A photograph stored on its side, with the orientation in its EXIF data."""
    content, digits = _page(rng, ink=_any_pen(rng))
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = Image.open(io.BytesIO(content)).transpose(Image.Transpose.ROTATE_90)
    buffer = io.BytesIO()
    stored.save(buffer, "JPEG", quality=92, exif=exif)
    return buffer.getvalue(), digits


_HARD: Sequence[Callable[[Generator], Made]] = (
    note_on_desk, sheet_in_perspective, little_light, small_on_page, small_on_scan, dark_canvas_on_white_page,
    one_digit_in_lighter_colour,
    pencil_beside_pen, bold_white_on_black, bold_black_on_white, whiteboard_with_glare, highlighter,
    white_and_black_on_grey, red_on_green_of_equal_brightness, blue_on_orange_of_equal_brightness, drawn_frame,
    dark_scan_edge, speech_bubble, letterbox_bars, dark_squared_paper, strip_eight_to_one, thin_pen, outlined_digits,
    seven_segments, small_in_corner, thinnest_brush, bold_cropped_close, three_mnist_in_a_row,
    coloured_ink_at_exactly_128, chalk_in_shadow, white_pen_in_shadow, red_yellow_and_blue, dithered_scan, sticky_note,
    screenshot_of_a_paint_program, printed,
)  # fmt: skip
_PLAIN: Sequence[Callable[[Generator], Made]] = (
    ruled_paper, shadow, crumpled, pencil, blue_ink, chalk, thick_brush, transparent_png, touching_digits,
    black_on_white, white_on_black, canvas_drawing, turned_by_exif,
)  # fmt: skip

KINDS = {
    name: Kind(name, is_plain, make)
    for is_plain, makers in ((False, _HARD), (True, _PLAIN))
    for make in makers
    for name in (make.__name__.replace("_", "-"),)
}
