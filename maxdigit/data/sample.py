"""Single pictures to look at: test pictures that no model was trained on, and folders of pictures."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image

from maxdigit.data.backgrounds import FAMILIES
from maxdigit.data.kinds import TEST_KINDS, has_backgrounds
from maxdigit.data.labelled_picture import Sample, SampleError
from maxdigit.data.pictures import CHUNK, Pictures, contents, generate
from maxdigit.data.splits import SPLITS, TEST, Split

_SEEDS = 1_000_003  # samples repeat after this many seeds; a prime, so that consecutive seeds search disjoint chunks
_STRIDE = 7_919  # from one chunk to the next that is searched for a requested picture
_APART = replace(TEST, seed=TEST.seed + 1)  # the same digits and backgrounds as the fixed test set's, other pictures
_TRIES = 2_000  # chunks of 500; the rarest request, three equal digits on marble, takes about forty


def draw_sample(
    seed: int, kind: str = "textured", *, family: str | None = None, digits: Sequence[int] | None = None
) -> Sample:
    """A picture made from MNIST's test digits: the same for the same arguments, and not one of the fixed test set.

    Args:
        seed: each number gives another picture.
        kind: one of ``TEST_KINDS``.
        family: the requested background, one of ``FAMILIES``; only textured pictures have one.
        digits: the requested digits, in any order.

    Raises:
        SampleError: there is no such kind or family, or no picture that shows those digits.
    """
    if kind not in TEST_KINDS:
        raise SampleError(f"There is no kind {kind!r} to sample. Choose one of: {', '.join(TEST_KINDS)}.")
    if family is not None and (family not in FAMILIES or not has_backgrounds(kind)):
        raise SampleError(f"A background is one of {', '.join(FAMILIES)}, and only textured pictures have one.")
    if digits is not None and not (len(digits) == 3 and all(digit in range(10) for digit in digits)):
        raise SampleError("A sample shows three digits from 0 to 9.")
    for attempt in range(_TRIES):
        chunk = _chunk(seed + attempt * _STRIDE)
        row = _find(_APART, chunk, kind, family, digits)
        if row is not None:
            return next(iter_samples(generate(_APART, chunk * CHUNK + row, 1, kind=kind)))
    raise SampleError("No such picture was found. Choose another seed, other digits or another background.")


def draw_balanced(seed: int, kind: str) -> Sample:
    """A picture as from :func:`draw_sample`, of any kind with digits; each digit is equally often the largest."""
    return next(iter_samples(generate(_APART, _chunk(seed) * CHUNK, 1, kind=kind, balance=1.0)))


def evaluation_picture(kind: str, index: int) -> Sample:
    """Picture number ``index`` of the fixed test set of that kind."""
    return next(iter_samples(generate(TEST, index, 1, kind=kind)))


def evaluation_families(kind: str, indices: Sequence[int]) -> list[str | None]:
    """The backgrounds of the pictures with these numbers in the fixed test set; None for a plain one."""
    families = [int(contents(TEST, index // CHUNK, kind)[1][index % CHUNK]) for index in indices]
    return [FAMILIES[family] if family >= 0 else None for family in families]


def _chunk(seed: int) -> int:
    """The chunk from which a seed's picture is taken: one past the fixed test set."""
    return -(-TEST.count // CHUNK) + seed % _SEEDS


def _find(split: Split, chunk: int, kind: str, family: str | None, digits: Sequence[int] | None) -> int | None:
    """The first picture of a chunk that matches the request; None if none does."""
    if family is None and digits is None:
        return 0
    shown, families = contents(split, chunk, kind)
    fits = torch.ones(len(shown), dtype=torch.bool)
    if family is not None:
        fits &= families == FAMILIES.index(family)
    if digits is not None:
        requested = torch.tensor(sorted(digits, reverse=True) + [-1] * (shown.shape[1] - len(digits)))
        fits &= (shown.sort(1, descending=True).values == requested).all(1)
    return int(fits.nonzero()[0]) if fits.any() else None


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


def write_samples(folder: Path, count: int, seed: int, split_name: str = "test", kind: str = "textured") -> Path:
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
