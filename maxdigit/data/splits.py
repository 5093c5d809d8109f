"""Splits: the digits, the backgrounds and the seed that a set of pictures is made from.

Nothing is stored: a split and a picture's number determine that picture. No digit image and no background seed belongs
to two splits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from maxdigit.data.mnist import Mnist, load_mnist

SplitName = Literal["train", "validation", "test"]

# Every tenth of MNIST's 60,000 training digits is kept for validation, so that both parts hold all writers' forms.
VALIDATION_EVERY = 10

TEXTURES_PER_FAMILY = 24  # textures of each family that are in use at a time
# Backgrounds are renewed after this many pictures: endless training sees new ones, a fixed set keeps its own.
PICTURES_PER_TEXTURES = 50_000
_SEEDS_PER_SPLIT = 100_000_000  # room for background seeds, far beyond any run


@dataclass(frozen=True)
class Split:
    """A source of pictures. ``count`` is the size of the fixed set; training may read on past it, endlessly."""

    name: SplitName
    count: int
    seed: int  # of everything random about its pictures

    @property
    def digits(self) -> Mnist:
        """The MNIST digits its pictures are made from, shared with no other split."""
        return digits_of(self.name)

    def texture_seed(self, number: int) -> int:
        """The seed of texture ``number``, shared with no other split."""
        if not 0 <= number < _SEEDS_PER_SPLIT:
            raise ValueError(f"texture number must be in [0, {_SEEDS_PER_SPLIT}), got {number}")
        return ("train", "validation", "test").index(self.name) * _SEEDS_PER_SPLIT + number


TRAIN = Split("train", 45_000, seed=1)
VALIDATION = Split("validation", 5_000, seed=2)
TEST = Split("test", 10_000, seed=3)
SPLITS: dict[str, Split] = {split.name: split for split in (TRAIN, VALIDATION, TEST)}


@lru_cache(maxsize=3)
def digits_of(name: SplitName) -> Mnist:
    """The MNIST digits of one split: 54,000 for training, 6,000 for validation, 10,000 for the test."""
    if name == "test":
        return load_mnist("t10k")
    source = load_mnist("train")
    held_out: NDArray[np.bool_] = np.arange(len(source.labels)) % VALIDATION_EVERY == 0
    chosen = held_out if name == "validation" else ~held_out
    return Mnist(source.images[chosen], source.labels[chosen])
