"""Batches of pictures and targets for training and validation, generated or from the competition's files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from maxdigit.data.kinds import TEST_KINDS
from maxdigit.data.pictures import Pictures, generate
from maxdigit.data.splits import TRAIN, VALIDATION, Split
from maxdigit.errors import TrainingError
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.training.recipes import Recipe

_CLOSE = 12  # pixels around the cells that a digit stands in, where it is too close to call whether it does


@dataclass(frozen=True)
class Batch:
    """Pictures and their targets, on one device."""

    pixels: Tensor  # uint8 (N, 128, 128)
    labels: Tensor  # int64 (N,), the largest digit; -1 where there is none
    digits: Tensor | None = None  # int64 (N, 8), -1 where there is none; None if not known
    centres: Tensor | None = None  # float (N, 8, 2), x and y of each digit in pixels; None if not known

    def to(self, device: torch.device) -> Batch:
        """The same on another device. A GPU is not waited for if the tensors' memory is pinned."""
        return self._each(lambda part: part.to(device, non_blocking=True))

    def pin_memory(self) -> Batch:
        """The same in pinned memory, which a GPU reads by itself. ``DataLoader`` calls it by this name."""
        return self._each(Tensor.pin_memory)

    def _each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        others = (None if part is None else change(part) for part in (self.digits, self.centres))
        return Batch(change(self.pixels), change(self.labels), *others)


@dataclass(frozen=True)
class Shard:
    """Which part of each batch this process works on."""

    rank: int = 0
    processes: int = 1

    def rows(self, count: int) -> tuple[int, int]:
        """This process's part of ``count`` rows: start and end.

        Raises:
            TrainingError: the rows cannot be divided evenly, which the means over all processes require.
        """
        if count % self.processes:
            raise TrainingError(
                f"{count} pictures of a batch cannot be divided among {self.processes} processes. "
                "Choose a batch size whose parts can."
            )
        part = count // self.processes
        return part * self.rank, part * (self.rank + 1)


class Data(Protocol):
    """Where batches come from."""

    can_travel: bool  # whether another process can make the batches

    def train(self, epoch: int, shard: Shard, device: torch.device, start: int = 0) -> Iterator[Batch]:
        """The batches of one epoch, counted from 0, from step ``start`` on; independent of what ran before."""
        ...

    def validation(self, batch_size: int, device: torch.device) -> Iterator[Batch]:
        """The held-out pictures, each once; the last batch may be smaller."""
        ...


class GeneratedData:
    """Pictures from :func:`maxdigit.data.pictures.generate`, mixed as the recipe says.

    Args:
        recipe: the run's settings.
        skip: number of pictures that an earlier run has seen, which are left out.
    """

    can_travel = True

    def __init__(self, recipe: Recipe, skip: int = 0) -> None:
        self._recipe = recipe
        self._skipped_steps = -(-skip // recipe.batch_size)
        # The recipe's seed gives other pictures from the same digits and backgrounds.
        self._train = replace(TRAIN, seed=TRAIN.seed + 1_000 * (recipe.seed - 1))

    def train(self, epoch: int, shard: Shard, device: torch.device, start: int = 0) -> Iterator[Batch]:
        recipe = self._recipe
        steps = recipe.train_pictures // recipe.batch_size
        first = self._skipped_steps + (epoch * steps if recipe.fresh else 0)
        # The same pictures come in another order in each epoch, so that batches do not repeat.
        order = np.arange(steps) if recipe.fresh else np.random.default_rng((recipe.seed, epoch)).permutation(steps)
        low, high = shard.rows(recipe.batch_size)
        for step in (first + order[start:]).tolist():
            parts, position = [], 0
            for kind, (low_kind, high_kind) in kind_ranges(recipe.kinds, recipe.batch_size, step).items():
                # This process's part of the batch, and in it the pictures of this kind.
                begin, end = max(low - position, 0), min(high - position, high_kind - low_kind)
                position += high_kind - low_kind
                if begin < end:
                    parts.append(
                        generate(
                            self._train,
                            low_kind + begin,
                            end - begin,
                            kind=kind,
                            balance=recipe.balance,
                            device=device,
                        )
                    )
            yield _batch(Pictures.concatenate(parts))

    def validation(self, batch_size: int, device: torch.device) -> Iterator[Batch]:
        kinds = {kind: share for kind, share in self._recipe.kinds.items() if kind in TEST_KINDS}
        for kind, (_, count) in kind_ranges(kinds, self._recipe.validation_pictures, 0).items():
            for pictures in held_out(VALIDATION, kind, count, batch_size, device):
                yield _batch(pictures)


class ArrayData:
    """Pictures held in memory (the competition's), with the last ones kept for validation."""

    can_travel = False  # too many to copy

    def __init__(self, recipe: Recipe, pictures: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
        self._recipe = recipe
        held = min(recipe.validation_pictures, len(labels) // 5)
        cut = len(labels) - held
        self._train = (torch.from_numpy(pictures[:cut]), torch.from_numpy(labels[:cut]))
        self._validation = (torch.from_numpy(pictures[cut:]), torch.from_numpy(labels[cut:]))

    @property
    def train_count(self) -> int:
        """Pictures to train on."""
        return len(self._train[1])

    def train(self, epoch: int, shard: Shard, device: torch.device, start: int = 0) -> Iterator[Batch]:
        size = self._recipe.batch_size
        pictures, labels = self._train
        order = torch.from_numpy(np.random.default_rng((self._recipe.seed, epoch)).permutation(len(labels)))
        for step in range(start, self._recipe.train_pictures // size):
            rows = order[torch.arange(step * size, (step + 1) * size) % len(order)]
            low, high = shard.rows(size)
            rows = rows[low:high]
            yield Batch(pictures[rows].to(device), labels[rows].to(device))

    def validation(self, batch_size: int, device: torch.device) -> Iterator[Batch]:
        for pictures, labels in zip(*(part.split(batch_size) for part in self._validation), strict=True):
            yield Batch(pictures.to(device), labels.to(device))


def held_out(split: Split, kind: str, count: int, batch_size: int, device: torch.device | str) -> Iterator[Pictures]:
    """The first ``count`` pictures of a split, with the competition's distribution of digits (no balancing)."""
    for start in range(0, count, batch_size):
        yield generate(split, start, min(batch_size, count - start), kind=kind, device=device)


def locate_targets(digits: Tensor, centres: Tensor, first: float, step: float, cells: int) -> Tensor:
    """The targets of an auxiliary head in each cell of a square feature map.

    Args:
        digits: int64 ``(N, D)``, -1 where there is none.
        centres: float ``(N, D, 2)``, x and y in pixels.
        first: where the first cell looks, in pixels from the picture's edge.
        step: pixels from one cell to the next.
        cells: cells along a side.

    Returns:
        int64 ``(N, cells, cells)``: the digit in that cell, 10 for none, -1 for ambiguous cells, which are left out of
        the loss.
    """
    look = first + step * torch.arange(cells, device=centres.device)
    nearest, owner = _nearest_digits(digits, centres, look)
    picture = torch.arange(len(digits), device=centres.device)[:, None, None]
    seen = digits[picture, owner]
    target = torch.where(nearest <= step / 2, seen, torch.full_like(seen, 10))
    return target.masked_fill((nearest > step / 2) & (nearest < step / 2 + _CLOSE), -1)


def place_targets(digits: Tensor, centres: Tensor, first: float, step: float, cells: int) -> Tensor:
    """The offset from each cell's centre to the centre of the nearest digit.

    Args:
        digits: int64 ``(N, D)``, -1 where there is none.
        centres: float ``(N, D, 2)``, x and y in pixels.
        first: where the first cell looks, in pixels from the picture's edge.
        step: pixels from one cell to the next.
        cells: cells along a side.

    Returns:
        float32 ``(N, 2, cells, cells)``, x and y in pixels; NaN where :func:`locate_targets` tells of no digit.
    """
    look = first + step * torch.arange(cells, device=centres.device)
    nearest, owner = _nearest_digits(digits, centres, look)
    picture = torch.arange(len(digits), device=centres.device)[:, None, None]
    away = centres[picture, owner] - torch.stack(torch.meshgrid(look, look, indexing="xy"), -1)
    return away.masked_fill((nearest >= step / 2 + _CLOSE)[..., None], torch.nan).movedim(-1, 1).float()


def _nearest_digits(digits: Tensor, centres: Tensor, look: Tensor) -> tuple[Tensor, Tensor]:
    """How far the nearest digit is from each cell, along the axis on which it is farther, and which one it is.

    Args:
        digits: int64 ``(N, D)``, -1 where there is none.
        centres: float ``(N, D, 2)``, x and y in pixels.
        look: where the cells look along a side, in pixels, ``(cells,)``.

    Returns:
        Pixels, infinite without digits, and the index of the digit, both ``(N, cells, cells)``.
    """
    inside = centres.clamp(look[0], look[-1])  # a digit past the outermost cells belongs to them
    dx = (inside[..., 0, None] - look).abs()[:, :, None, :]
    dy = (inside[..., 1, None] - look).abs()[:, :, :, None]
    distance = torch.maximum(dx, dy).masked_fill((digits < 0)[:, :, None, None], torch.inf)
    nearest, owner = distance.min(1)
    return nearest, owner


def target_probabilities(labels: Tensor, smoothing: float) -> Tensor:
    """The target probabilities: float32 (N, 10), rows summing to 1; uniform where there is no digit (label -1)."""
    flat = torch.full((len(labels), NUM_CLASSES), 1 / NUM_CLASSES, device=labels.device)
    certain = F.one_hot(labels.clamp(min=0), NUM_CLASSES).float()
    return torch.where((labels < 0)[:, None], flat, torch.lerp(certain, flat, smoothing))


def kind_ranges(kinds: dict[str, float], batch_size: int, step: int) -> dict[str, tuple[int, int]]:
    """Start and end of each kind's pictures in a batch; over many steps each kind gets its exact share."""
    total = sum(kinds.values())
    ends = np.cumsum([share / total for share in kinds.values()])
    ends[-1] = 1.0

    def counts(batches: int) -> NDArray[np.int64]:
        """The number of pictures of each kind in this many batches."""
        whole: NDArray[np.int64] = np.floor(ends * batches * batch_size + 1e-6).astype(np.int64)
        return whole - np.concatenate([[0], whole[:-1]])

    before, after = counts(step), counts(step + 1)
    return {kind: (int(start), int(end)) for kind, start, end in zip(kinds, before, after, strict=True)}


def _batch(pictures: Pictures) -> Batch:
    centres = (pictures.boxes[..., :2] + pictures.boxes[..., 2:]).float() / 2
    return Batch(pictures.pixels, pictures.labels, pictures.digits, centres)
