"""Photographs of handwriting: ink on paper in uneven light, a little askew, blurred, noisy and compressed.

A model sees the prepared picture, not the photograph. Validation and test pictures go through the app's own
preparation, one by one. Training needs hundreds a second, so the ink network looks at its pictures once instead of
twice, in batches, and the true frame of the writing is used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from maxdigit.data.arrange import Writing, frame
from maxdigit.data.drawn import Drawing, angles, box_table, draw, plan_drawing, write
from maxdigit.data.picture_batch import CHUNK, MAX_DIGITS, SIZE, Pictures, Rows, generator, uniform
from maxdigit.data.skeletons import Line
from maxdigit.data.splits import Split
from maxdigit.errors import EmptyPictureError
from maxdigit.preparation.finder import load_finder
from maxdigit.preparation.framing import Frame
from maxdigit.preparation.prepare import frame_ink, prepare

SIDE = 192  # of a photograph, in pixels
_CLOSE_UP = 160  # side at which the ink network looks at training pictures
_FINENESS = 4  # as ``draw`` takes it
_GRAIN_TILE = 512  # side of the noise that photographs take pieces of
_BACKGROUND_SIDE = 48  # at which the paper's tone behind the ink is estimated
_BACKGROUND_WINDOW = 19  # pixels of that: far wider than a stroke

# Reflectance in red, green and blue, and how frequent each is.
_PAPERS = (
    (0.45, (1.0, 1.0, 1.0)),
    (0.25, (1.0, 0.97, 0.86)),  # yellowish
    (0.08, (1.0, 0.94, 0.6)),  # sticky notes
    (0.07, (0.85, 0.93, 1.0)),  # and other pastels
    (0.08, (0.87, 1.0, 0.88)),
    (0.07, (1.0, 0.87, 0.9)),
)
_INKS = (
    (0.3, (0.06, 0.06, 0.08)),  # black
    (0.12, (0.3, 0.3, 0.31)),  # pencil
    (0.33, (0.1, 0.18, 0.6)),  # blue
    (0.15, (0.72, 0.1, 0.14)),  # red
    (0.1, (0.08, 0.42, 0.22)),  # green
)
_BOARDS = (
    (0.35, (0.1, 0.1, 0.11)),
    (0.35, (0.12, 0.27, 0.2)),
    (0.15, (0.12, 0.16, 0.32)),
    (0.15, (0.32, 0.22, 0.16)),
)
_CHALKS = ((0.7, (0.96, 0.96, 0.95)), (0.15, (0.96, 0.9, 0.5)), (0.15, (0.95, 0.75, 0.8)))
_BOARD_SHARE = 0.12  # of pictures with light ink on a dark sheet
_TWO_PENS_SHARE = 0.1  # of pictures whose digits are not all of one colour


@dataclass(frozen=True)
class _Shot(Rows):
    """All random values behind the photographs of a chunk, on the CPU. Lengths are shares of the sheet's side."""

    corners: Tensor  # (N, 4, 2): displacement of each corner of the sheet, inwards
    surroundings: Tensor  # (N,): the photograph's side
    place: Tensor  # (N, 2): position of the sheet in it, 0..1
    is_dark: Tensor  # bool (N,): whether the ink is darker than the sheet
    sheet: Tensor  # (N, 3): its colour, red, green and blue, 0..1
    inks: Tensor  # (N, 2, 3): colours of two pens
    pen: Tensor  # int64 (N, MAX_DIGITS): which of them wrote each digit
    ink: Tensor  # (N,): opacity of the ink, 0..1
    faint: Tensor  # (N, 32, 32): how much less ink there is in places, -1..1
    light: Tensor  # (N, 3, 3): brightness over the photograph, 0..1
    shadow: Tensor  # (N, 4): its edge's direction (radians) and place (-1..1), its softness and its depth
    ruling: Tensor  # (N, 5): distance of lines, their place, their darkness, whether squared, their tilt
    blur: Tensor  # (N,): standard deviation in the photograph's pixels
    noise: Tensor  # (N,): standard deviation, 0..1
    tile: Tensor  # int64 (N, 2): which piece of the grain
    quality: Tensor  # (N,): of JPEG, 1..100


@dataclass(frozen=True)
class Photographs(Rows):
    """Photographs as a camera takes them, with their annotations; on the CPU."""

    pixels: Tensor  # uint8 (N, SIDE, SIDE, 3), red, green and blue
    boxes: Tensor  # float32 (N, MAX_DIGITS, 4): x0, y0, x1, y1 of each digit's ink in pixels of the photograph; or -1
    frames: Tensor  # float64 (N, 2, 3): the app's frame of the writing, without its errors; from the models' pixels
    is_dark: Tensor  # bool (N,): whether the ink is darker than the sheet


def make_photo(split: Split, chunk: int, rows: slice, balance: float, device: torch.device) -> Pictures:
    """Some rows of a chunk of prepared photographs."""
    photos, drawing = photographs(split, chunk, rows, balance)
    if split.name == "train":
        pixels, boxes = prepare_fast(photos.pixels, photos.frames, photos.is_dark), to_model(photos)
    else:
        pixels, boxes = _prepare_each(photos)
    family = torch.full((len(pixels),), -1, dtype=torch.int64, device=device)
    table = box_table(drawing, list(boxes))
    return Pictures(pixels.to(device), drawing.digits.to(device), table.to(device), angles(drawing, device), family)


def photographs(split: Split, chunk: int, rows: slice, balance: float) -> tuple[Photographs, Drawing]:
    """Some rows of a chunk as the camera takes them, and the drawings on the sheets."""
    drawing = plan_drawing(split, "mixed", chunk, balance)[rows]
    shot = _shoot(split, chunk)[rows]
    values = {field.name: getattr(shot, field.name).numpy() for field in fields(shot)}
    n = len(drawing.digits)
    pixels = np.empty((n, SIDE, SIDE, 3), np.uint8)
    boxes = np.full((n, MAX_DIGITS, 4), -1, np.float32)
    frames = np.empty((n, 2, 3))
    for row, writing in enumerate(write(drawing, split)):
        pixels[row], found = _photograph({name: value[row] for name, value in values.items()}, writing)
        boxes[row, : len(found)] = found
        zoom, origin = frame(found, float(drawing.zoom[row]), drawing.shift[row].numpy())
        frames[row] = [[1 / zoom, 0, -origin[0] / zoom], [0, 1 / zoom, -origin[1] / zoom]]
    made = Photographs(torch.from_numpy(pixels), torch.from_numpy(boxes), torch.from_numpy(frames), shot.is_dark)
    return made, drawing


@lru_cache(maxsize=8)
def _shoot(split: Split, chunk: int) -> _Shot:
    g = generator(split, "photo", chunk, 0.0)
    n = CHUNK

    def sometimes(share: float, value: Tensor) -> Tensor:
        return torch.where(torch.rand(n, generator=g) < share, value, 0.0)

    def one(low: float, high: float) -> Tensor:
        return uniform(g, (n,), low, high)

    def colours(table: tuple[tuple[float, tuple[float, ...]], ...], *shape: int) -> Tensor:
        weights = torch.tensor([weight for weight, _ in table])
        chosen = torch.multinomial(weights, math.prod(shape), replacement=True, generator=g)
        colour = torch.tensor([colour for _, colour in table])[chosen].view(*shape, 3)
        return (colour * (1 + 0.08 * torch.randn(colour.shape, generator=g))).clamp(0.02, 1)

    is_dark = torch.rand(n, generator=g) >= _BOARD_SHARE
    paper = colours(_PAPERS, n) * one(0.6, 1.0)[:, None]
    has_two = torch.rand((n, 1), generator=g) < _TWO_PENS_SHARE
    return _Shot(
        # Inwards only: nobody cuts off the writing.
        corners=0.04 * torch.randn((n, 4, 2), generator=g).abs() * torch.tensor([[1, 1], [-1, 1], [1, -1], [-1, -1]]),
        surroundings=one(1.0, 1.3),
        place=uniform(g, (n, 2), 0, 1),
        is_dark=is_dark,
        sheet=torch.where(is_dark[:, None], paper, colours(_BOARDS, n)),
        inks=torch.where(is_dark[:, None, None], colours(_INKS, n, 2), colours(_CHALKS, n, 2)),
        pen=((torch.rand((n, MAX_DIGITS), generator=g) < 0.5) & has_two).long(),
        ink=one(0.55, 1.0),
        faint=torch.randn((n, 32, 32), generator=g).clamp(-1, 1) * one(0, 0.35)[:, None, None],
        light=uniform(g, (n, 3, 3), 0.0, 1.0) * one(0.05, 0.4)[:, None, None] + 0.6,
        shadow=torch.stack([one(0, 2 * math.pi), one(-0.7, 0.7), one(0.02, 0.4), sometimes(0.3, one(0.1, 0.4))], 1),
        ruling=torch.stack(
            [one(0.05, 0.2), one(0, 1), sometimes(0.4, one(0.04, 0.22)), sometimes(0.5, one(1, 1)), one(-0.04, 0.04)], 1
        ),
        blur=one(0.3, 1.2),
        noise=one(0.0, 0.03),
        tile=torch.randint(0, _GRAIN_TILE - SIDE, (n, 2), generator=g),
        quality=one(35, 95),
    )


def _photograph(shot: dict[str, NDArray[Any]], writing: Writing) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The photograph, and the box of each digit's ink in it, (slots, 4); ``shot`` is a row of :class:`_Shot`."""
    matrix = _perspective(shot)
    scale = SIDE / SIZE / float(shot["surroundings"])  # its pixels per pixel of the sheet, apart from perspective
    lines, brush = [_project(line, matrix) for line in writing.lines], writing.brush * scale
    slots = np.array(writing.slots)
    boxes = np.array(
        [
            (*points.min(0) - brush / 2, *points.max(0) + brush / 2)
            for points in (
                np.concatenate([line for line, slot in zip(lines, slots, strict=True) if slot == digit])
                for digit in range(len(writing.boxes))
            )
        ],
        np.float32,
    )

    seen = np.broadcast_to(shot["sheet"], (SIDE, SIDE, 3)).astype(np.float32)
    if shot["ruling"][2]:
        ruled = _ruling(shot["ruling"], matrix, scale)
        # Printed lines are darker than paper and lighter than a board.
        seen += ruled[..., None] * ((0.0 if shot["is_dark"] else 1.0) - shot["sheet"])
    cover = float(shot["ink"]) * (1 - _enlarge(shot["faint"]).clip(0))
    for pen in np.unique(shot["pen"][slots]):
        ink = draw(
            [line for line, slot in zip(lines, slots, strict=True) if shot["pen"][slot] == pen], brush, SIDE, _FINENESS
        )
        colour = shot["inks"][pen] * (shot["sheet"] if shot["is_dark"] else 1)  # dark ink lets the paper show through
        seen += (ink * (cover / 255))[..., None] * (colour - seen)
    light = _enlarge(shot["light"])
    direction, where, softness, depth = shot["shadow"].tolist()
    if depth:
        x, y = _axes()
        across = ((x * math.cos(direction) + y * math.sin(direction) - where) / softness * 4).clip(-30, 30)
        light = light * (1 - depth / (1 + np.exp(-across)))
    seen *= light[..., None]
    seen = cv2.GaussianBlur(seen, (0, 0), float(shot["blur"]))
    top, left = shot["tile"]
    seen += _grain()[top : top + SIDE, left : left + SIDE] * shot["noise"]
    return _compress((seen * 255).clip(0, 255).astype(np.uint8), int(shot["quality"])), boxes


def _perspective(shot: dict[str, NDArray[Any]]) -> NDArray[np.float64]:
    """From the sheet's pixels to the photograph's: (3, 3)."""
    corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32)
    surroundings = float(shot["surroundings"])
    seen = (corners + shot["corners"] + shot["place"] * (surroundings - 1)) / surroundings
    return cv2.getPerspectiveTransform(corners * SIZE, (seen * SIDE).astype(np.float32))


def _project(points: NDArray[np.floating], matrix: NDArray[np.float64]) -> Line:
    x, y = points.T
    weight = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
    seen = [(row[0] * x + row[1] * y + row[2]) / weight for row in matrix[:2]]
    return np.stack(seen, 1).astype(np.float32)


def _ruling(ruling: NDArray[np.float32], matrix: NDArray[np.float64], scale: float) -> NDArray[np.float32]:
    """Printed lines, a pixel of the sheet wide: how dark they are, 0..1, (SIDE, SIDE)."""
    spacing, phase, darkness, is_squared, tilt = ruling.tolist()
    at = (np.arange(math.ceil(-0.6 / spacing), 1.6 / spacing) + phase) * spacing
    ends = [np.array([(-0.6, y - 0.6 * tilt), (1.6, y + 1.6 * tilt)]) * SIZE for y in at]
    if is_squared:
        ends += [np.array([(x + 0.6 * tilt, -0.6), (x - 1.6 * tilt, 1.6)]) * SIZE for x in at]
    return draw([_project(line, matrix) for line in ends], scale, SIDE, _FINENESS) * np.float32(darkness / 255)


def _enlarge(field: NDArray[np.float32]) -> NDArray[np.float32]:
    return cv2.resize(field, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)


@lru_cache(maxsize=1)
def _axes() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    axis = np.linspace(-1, 1, SIDE, dtype=np.float32)
    return axis[None], axis[:, None]


@lru_cache(maxsize=1)
def _grain() -> NDArray[np.float32]:
    """Noise (side, side, 3) of standard deviation 1, most of it the same for all three colours."""
    g = Generator().manual_seed(1)
    grey, colour = (torch.randn((_GRAIN_TILE, _GRAIN_TILE, count), generator=g) for count in (1, 3))
    return (0.9 * grey + 0.44 * colour).numpy()


def _compress(picture: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """After JPEG compression. The codec takes colours in the order blue, green, red."""
    _, content = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(content, cv2.IMREAD_COLOR)[..., ::-1]  # type: ignore[index]  # it was just encoded


def _prepare_each(photos: Photographs) -> tuple[Tensor, NDArray[np.float64]]:
    """Prepares by the app's own preparation: uint8 (N, 128, 128), and the digits' boxes in it."""
    pixels = np.zeros((len(photos.pixels), SIZE, SIZE), np.uint8)
    boxes = photos.boxes.numpy().astype(np.float64)
    for row, photograph in enumerate(photos.pixels.numpy()):
        try:
            prepared = prepare(photograph)
        except EmptyPictureError:  # ink too faint to be seen: the app would ask for another picture
            boxes[row] = to_model(photos[row : row + 1])[0]
            continue
        pixels[row] = prepared.pixels
        boxes[row] = boxes_in(prepared.frame, boxes[row])
    return torch.from_numpy(pixels), boxes


def to_model(photos: Photographs) -> NDArray[np.float64]:
    """The digits' boxes, mapped by the known frames: (N, MAX_DIGITS, 4)."""
    return np.stack(
        [
            boxes_in(Frame(matrix), boxes)
            for matrix, boxes in zip(photos.frames.numpy(), photos.boxes.numpy().astype(np.float64), strict=True)
        ]
    )


def boxes_in(frame: Frame, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The bounding boxes ``(N, 4)``, in the models' picture, of boxes of the photograph, which may be rotated."""
    corners = frame.to_model(boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 2)).reshape(-1, 4, 2)
    return np.concatenate([corners.min(1), corners.max(1)], 1)


def prepare_fast(photographs: Tensor, frames: Tensor, is_dark: Tensor) -> Tensor:
    """Many photographs at once, with known frames.

    Args:
        photographs: uint8 (N, SIDE, SIDE, 3).
        frames: float64 (N, 2, 3), from the models' pixels to the photographs'; they scale and shift only.
        is_dark: bool (N,), whether the ink is darker than the sheet.

    Returns:
        uint8 (N, 128, 128), light digits on black.
    """
    step = _CLOSE_UP / SIZE
    parts = np.stack(
        [_close_up(*photograph, step) for photograph in zip(photographs.numpy(), frames.numpy(), strict=True)]
    )
    finder = load_finder()
    if finder is None:
        inks = [_ink(*part) for part in zip(parts, is_dark.tolist(), strict=True)]
    else:
        inks = list(finder.ink_of(parts))
    frame = Frame(step * np.eye(2, 3))
    return torch.from_numpy(np.stack([frame_ink(ink, frame) for ink in inks]))


def _close_up(photograph: NDArray[np.uint8], matrix: NDArray[np.float64], step: float) -> NDArray[np.uint8]:
    """The content of a frame, ``step`` pixels for each pixel of the models': (_CLOSE_UP, _CLOSE_UP, 3)."""
    close = np.column_stack([matrix[:, :2] / step, matrix[:, 2]])
    close[:, 2] += close[:, :2] @ (0.5, 0.5) - 0.5  # OpenCV counts from the middle of pixels
    return cv2.warpAffine(
        photograph,
        close,
        (_CLOSE_UP, _CLOSE_UP),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


def _ink(photograph: NDArray[np.uint8], is_dark: bool) -> NDArray[np.float32]:
    """Probability of ink, 0..1, (H, W): how far a pixel stands out from the sheet's tone around it."""
    grey = cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (_BACKGROUND_SIDE, _BACKGROUND_SIDE), interpolation=cv2.INTER_AREA)
    around = cv2.blur(cv2.medianBlur(small, _BACKGROUND_WINDOW), (3, 3))
    sheet = cv2.resize(around.astype(np.float32), grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    ink = (sheet - grey) / np.maximum(sheet, 25) if is_dark else (grey - sheet) / 255
    highest = float(ink.max())
    strong = ink[ink > 0.3 * highest]
    full = float(np.median(strong)) if highest > 0 else 1.0
    grain = float(np.median(np.abs(ink[::2, ::2])))
    floor = min(max(3.5 * grain, 0.25 * full), 0.6 * full)
    return ((ink - floor) / (full - floor)).clip(0, 1)
