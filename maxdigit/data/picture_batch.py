"""What all kinds of pictures share: the batch of pictures, and the random choice of digits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Self

import numpy as np
import torch
from torch import Generator, Tensor

from maxdigit import IMAGE_SIZE
from maxdigit.data.splits import Split, SplitName, digits_of

SIZE = IMAGE_SIZE
CHUNK = 500  # pictures that share one seed
MAX_DIGITS = 8


class Rows:
    """A frozen dataclass of tensors that all have one row for each picture."""

    def __getitem__(self, index: slice) -> Self:
        return type(self)(*(getattr(self, field.name)[index] for field in fields(self)))  # type: ignore[arg-type]

    @classmethod
    def concatenate(cls, parts: list[Self]) -> Self:
        """One out of several on the same device."""
        return cls(*(torch.cat([getattr(part, field.name) for part in parts]) for field in fields(cls)))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Pictures(Rows):
    """A batch of pictures with their annotations, all on one device."""

    pixels: Tensor  # uint8 (N, 128, 128), light digits on a darker background
    digits: Tensor  # int64 (N, 8), 0..9, and -1 where there is none
    boxes: Tensor  # int64 (N, 8, 4): x0, y0, x1, y1 of each digit's ink, ends excluded; -1 where there is none
    angles: Tensor  # float32 (N, 8): degrees that each digit is turned from how it was written, clockwise; 0 where none
    families: Tensor  # int64 (N,): index into FAMILIES, -1 for pictures without a texture

    @property
    def labels(self) -> Tensor:
        """The largest digit of each picture: int64 (N,)."""
        return self.digits.amax(1)

    def __len__(self) -> int:
        return len(self.pixels)


def generator(split: Split, kind: str, chunk: int, balance: float) -> Generator:
    """The generator of all random numbers of one chunk of pictures."""
    key = f"{split.name} {split.seed} {kind} {chunk} {balance:.6f}".encode()
    return Generator().manual_seed(int.from_bytes(hashlib.sha256(key).digest()[:7], "big"))


def uniform(g: Generator, shape: tuple[int, ...], low: float, high: float) -> Tensor:
    """Random numbers, uniformly distributed in ``low..high``."""
    return low + (high - low) * torch.rand(shape, generator=g)


def choose_digits(g: Generator, split: Split, present: Tensor, balance: float) -> tuple[Tensor, Tensor]:
    """Digits (N, 8), -1 where not ``present``, and which MNIST picture stands for each (N, 8)."""
    n = len(present)
    uniform = torch.rand((n, MAX_DIGITS), generator=g)
    largest = torch.randint(0, 10, (n,), generator=g)
    balanced = torch.rand(n, generator=g) < balance
    pick = torch.rand((n, MAX_DIGITS), generator=g)
    digits = (uniform * 10).long()
    capped = (uniform * (largest[:, None] + 1)).long()
    capped[:, 0] = largest  # slots are placed at random, so any will do
    digits = torch.where(balanced[:, None], capped, digits)
    order, first, counts = _by_label(split.name)
    source = order[first[digits] + (pick * counts[digits]).long()]
    return torch.where(present, digits, torch.full_like(digits, -1)), source


def angle_table(radians: Tensor) -> Tensor:
    """Angles (N, D) of the digits there are as :class:`Pictures` keeps them: degrees, float32 (N, 8)."""
    return torch.nn.functional.pad(radians.rad2deg(), (0, MAX_DIGITS - radians.shape[1]))


def ink_boxes(ink: Tensor) -> Tensor:
    """Bounding boxes x0, y0, x1, y1 (ends excluded) of the true pixels of bool ``(N, H, W)``: int64 (N, 4)."""
    columns, rows = ink.any(1).to(torch.uint8), ink.any(2).to(torch.uint8)
    width, height = columns.shape[1], rows.shape[1]
    x0, y0 = columns.argmax(1), rows.argmax(1)
    x1, y1 = width - columns.flip(1).argmax(1), height - rows.flip(1).argmax(1)
    return torch.stack([x0, y0, x1, y1], 1)


@lru_cache(maxsize=3)
def _by_label(split_name: SplitName) -> tuple[Tensor, Tensor, Tensor]:
    """Indices of a split's digits sorted by what they show, and where each digit's run starts and how long it is."""
    labels = digits_of(split_name).labels
    counts = torch.from_numpy(np.bincount(labels, minlength=10))
    order = torch.from_numpy(np.argsort(labels, kind="stable"))
    return order, counts.cumsum(0) - counts, counts
