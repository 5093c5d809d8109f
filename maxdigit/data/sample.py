"""Single pictures for people to look at: test pictures nobody has trained on, and sheets written to disk."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maxdigit.data.backgrounds import FAMILIES
from maxdigit.data.pictures import CHUNK, Kind, Pictures, generate
from maxdigit.data.splits import SPLITS, TEST, Split

_SEEDS = 1_000_003  # samples repeat after so many seeds; a prime, so that neighbours share nothing


@dataclass(frozen=True)
class Sample:
    """One picture with all that is known about it."""

    pixels: NDArray[np.uint8]  # (128, 128)
    digits: tuple[int, ...]
    boxes: tuple[tuple[int, int, int, int], ...]  # x0, y0, x1, y1 of each digit's ink, ends excluded
    family: str | None  # of the background; None for a plain one

    @property
    def max_digit(self) -> int:
        """The largest digit: the right answer."""
        return max(self.digits)


def draw_sample(seed: int, kind: Kind = "textured") -> Sample:
    """A picture made from MNIST's test digits; the same one for the same seed, and none of the measured test set."""
    # Past the fixed test set, each seed has a chunk of its own, with few textures to make.
    start = TEST.count + (seed % _SEEDS) * CHUNK
    return next(iter_samples(generate(replace(TEST, seed=TEST.seed + 1), start, 1, kind=kind)))


def iter_samples(pictures: Pictures) -> Iterator[Sample]:
    """The pictures of a batch, one by one, as :class:`Sample`."""
    for pixels, digits, boxes, family in zip(
        pictures.pixels.cpu().numpy(),
        pictures.digits.tolist(),
        pictures.boxes.tolist(),
        pictures.families.tolist(),
        strict=True,
    ):
        there = [slot for slot, digit in enumerate(digits) if digit >= 0]
        yield Sample(
            pixels,
            tuple(digits[slot] for slot in there),
            tuple(tuple(boxes[slot]) for slot in there),
            FAMILIES[family] if family >= 0 else None,
        )


def write_samples(folder: Path, count: int, seed: int, split_name: str = "test", kind: Kind = "textured") -> Path:
    """Write ``count`` PNGs and ``labels.csv`` (name, max_digit, digits, boxes, background) into ``folder``.

    Returns:
        The CSV's path.
    """
    split: Split = replace(SPLITS[split_name], seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "labels.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "max_digit", "digits", "boxes", "background"])
        for start in range(0, count, CHUNK):
            batch = generate(split, start, min(CHUNK, count - start), kind=kind)
            for number, sample in enumerate(iter_samples(batch), start):
                name = f"{kind}_{number:05d}.png"
                Image.fromarray(sample.pixels).save(folder / name)
                writer.writerow(
                    [
                        name,
                        sample.max_digit,
                        " ".join(map(str, sample.digits)),
                        ";".join(" ".join(map(str, box)) for box in sample.boxes),
                        sample.family or "plain",
                    ]
                )
    return table
