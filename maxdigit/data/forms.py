"""Ways of writing digits that MNIST's American writers rarely use, as pen strokes: a flagged 1, a crossed 7, an open 4.

Also marks that are not digits: letters, a face, scribbles. A form is a handful of points and the lines and curves
through them, given twice, for both extremes of how it is written. A digit lies somewhere between the two (or slightly
beyond), with each of its points displaced a little.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from maxdigit.data.mnist import SIZE
from maxdigit.data.skeletons import Glyph

_HEIGHT = 20.0  # MNIST pixels: the height of MNIST's own digits
_SAMPLES = 160  # points along a digit's strokes, at most half an MNIST pixel apart
_LINE_SAMPLES = 48  # points along a single stroke, at most an MNIST pixel and a half apart
_UNSTEADY = 0.022  # standard deviation of a point's place, in digit heights
_LOOSE = 0.06  # the same for a mark: no two scribbles are alike
_AT_A_TIME = 128  # digits whose distances are computed at a time, which keeps memory in tens of megabytes

Points = tuple[tuple[float, float], ...]
_Part = tuple[str, tuple[int, ...]]  # "line" or "curve", and the points it runs through


@dataclass(frozen=True)
class Form:
    """One way of writing a digit. Points are x, y in digit heights, y downwards."""

    name: str
    digit: int  # -1 for a mark that is not a digit
    near: Points  # one extreme of how it is written
    far: Points  # the other extreme
    parts: tuple[_Part, ...]


def _read(name: str) -> tuple[Form, ...]:
    """The forms in a table.

    Its column ``points`` holds "x y", or "x y > x y" from near to far, divided by commas; ``strokes`` holds runs of
    point numbers, a dash before a straight line's and a tilde before a curve's.
    """
    kinds = {"-": "line", "~": "curve"}
    forms = []
    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            ends = [
                [tuple(float(value) for value in end.split()) for end in point.split(">")]
                for point in row["points"].split(",")
            ]
            parts = [(kinds[run[0]], tuple(map(int, run[1:].split(".")))) for run in row["strokes"].split()]
            near, far = tuple(end[0] for end in ends), tuple(end[-1] for end in ends)
            forms.append(Form(row["name"], int(row["digit"]), near, far, tuple(parts)))  # type: ignore[arg-type]
    return tuple(forms)


SEGMENTS = _read("segments.csv")  # digits 0 to 9 as on seven-segment displays; in training pictures only
FORMS = _read("forms.csv") + _read("marks.csv") + SEGMENTS
MAX_POINTS = max(len(form.near) for form in FORMS)


@dataclass(frozen=True)
class Hands:
    """The random values behind M digits written in these forms."""

    form: Tensor  # int64 (M,): index into FORMS
    reach: Tensor  # (M,): 0 at the near extreme, 1 at the far one
    offset: Tensor  # (M, points, 2): displacement of each point, in digit heights


def choose_forms(g: Generator, digits: Tensor) -> Hands:
    """A form for each of ``digits`` (M,), 0..9, or -1 for a mark; all forms of a digit are equally likely."""
    choice = torch.rand(len(digits), generator=g)
    first, count = _by_digit()
    return Hands(
        form=first[digits] + (choice * count[digits]).long(),
        reach=-0.15 + 1.3 * torch.rand(len(digits), generator=g),
        offset=torch.where(digits < 0, _LOOSE, _UNSTEADY)[:, None, None]
        * torch.randn((len(digits), MAX_POINTS, 2), generator=g),
    )


def segment_forms(digits: Tensor) -> Tensor:
    """The form with the segments of a display for each of ``digits``, 0..9, of any shape: int64, indices into FORMS."""
    return len(FORMS) - len(SEGMENTS) + digits


def form_glyph(form: int, reach: float, offset: NDArray[np.float32]) -> Glyph:
    """One digit's strokes as :func:`maxdigit.data.skeletons.glyphs` gives them; arguments as in :class:`Hands`."""
    near, far, curves, parts = _lines()[form]
    points = near + (far - near) * np.float32(reach) + offset[: len(near)]
    way = (curves[:, :, None] * points).sum(1) * np.float32(_HEIGHT)
    way -= (way.min(0) + way.max(0)) / 2
    return Glyph(tuple(way[part] for part in parts))


def form_fields(hands: Hands) -> Tensor:
    """Distance to the strokes of each digit: float32 ``(M, 28, 28)`` in MNIST pixels, on ``hands``' device.

    Like :func:`maxdigit.data.skeletons.distance_fields` for MNIST's own digits.
    """
    device = hands.form.device
    near, far, curves = (table.to(device)[hands.form] for table in _tables())
    points = near + (far - near) * hands.reach[:, None, None] + hands.offset
    way = torch.bmm(curves, points) * _HEIGHT  # (M, samples, 2)
    middle = (way.amin(1) + way.amax(1)) / 2
    way = way - middle[:, None] + SIZE / 2
    centres = torch.arange(SIZE, device=device) + 0.5
    grid = torch.stack(torch.meshgrid(centres, centres, indexing="xy"), 2).view(1, -1, 2)  # x, y
    nearest = [torch.cdist(grid.expand(len(part), -1, -1), part).amin(2) for part in way.split(_AT_A_TIME)]
    return torch.cat(nearest).view(-1, SIZE, SIZE)


@lru_cache(maxsize=1)
def _by_digit() -> tuple[Tensor, Tensor]:
    """For each digit its first form's index, and how many it has; those of marks come last, where -1 finds them.

    Segments are left out: :func:`segment_forms` chooses those.
    """
    count = torch.bincount(torch.tensor([form.digit % 11 for form in FORMS[: -len(SEGMENTS)]]), minlength=11)
    return count.cumsum(0) - count, count


@lru_cache(maxsize=1)
def _lines() -> list[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], list[slice]]]:
    """For each form: near and far points (P, 2), a matrix (samples, P) as in ``_curves``, and each stroke's samples."""
    found = []
    for form in FORMS:
        matrices, parts = [], []
        for part in form.parts:
            alone = Form(form.name, form.digit, form.near, form.far, (part,))
            matrices.append(_curves(alone, _LINE_SAMPLES).numpy()[:, : len(form.near)])
            parts.append(slice((len(matrices) - 1) * _LINE_SAMPLES, len(matrices) * _LINE_SAMPLES))
        near, far = (np.array(end, np.float32) for end in (form.near, form.far))
        found.append((near, far, np.concatenate(matrices), parts))
    return found


@lru_cache(maxsize=1)
def _tables() -> tuple[Tensor, Tensor, Tensor]:
    """Near and far points (forms, points, 2), and matrices (forms, samples, points) that run strokes through them."""
    near = torch.zeros(len(FORMS), MAX_POINTS, 2)
    far = torch.zeros_like(near)
    curves = torch.zeros(len(FORMS), _SAMPLES, MAX_POINTS)
    for number, form in enumerate(FORMS):
        near[number, : len(form.near)] = torch.tensor(form.near)
        far[number, : len(form.far)] = torch.tensor(form.far)
        curves[number] = _curves(form, _SAMPLES)
    return near, far, curves


def _curves(form: Form, samples: int) -> Tensor:
    """A matrix (samples, points): each sample on the strokes as a weighted sum of the form's points."""
    points = torch.tensor(form.near)
    spans = [(kind, run, i) for kind, run in form.parts for i in range(len(run) - 1)]
    length = torch.tensor([(points[run[i]] - points[run[i + 1]]).norm() for _, run, i in spans])
    ends = (length.cumsum(0) / length.sum() * samples).round().long().tolist()
    matrix = torch.zeros(samples, MAX_POINTS)
    start = 0
    for (kind, run, i), end in zip(spans, ends, strict=True):
        t = torch.linspace(0, 1, max(end - start, 1))
        for sample, u in enumerate(t.tolist(), start):
            weights = {run[i]: 1 - u, run[i + 1]: u} if kind == "line" else _catmull_rom(run, i, u)
            for point, weight in weights.items():
                matrix[min(sample, samples - 1), point] = weight
        start = end
    return matrix


def _catmull_rom(run: tuple[int, ...], i: int, u: float) -> dict[int, float]:
    """Weights of the points around span ``i`` at its share ``u``: a smooth curve through all of ``run``.

    E. Catmull and R. Rom, "A class of local interpolating splines" (1974), with the ends' points doubled.
    """
    basis = (
        (-u + 2 * u**2 - u**3) / 2,
        (2 - 5 * u**2 + 3 * u**3) / 2,
        (u + 4 * u**2 - 3 * u**3) / 2,
        (-(u**2) + u**3) / 2,
    )
    weights: dict[int, float] = {}
    for offset, value in zip((-1, 0, 1, 2), basis, strict=True):
        point = run[min(max(i + offset, 0), len(run) - 1)]
        weights[point] = weights.get(point, 0.0) + value
    return weights
