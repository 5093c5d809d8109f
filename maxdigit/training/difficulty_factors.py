"""Factors of a picture's difficulty: its background and noise, and the size, rotation and overlap of its digits."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from maxdigit.data.backgrounds import FAMILIES
from maxdigit.data.picture_batch import Pictures
from maxdigit.training.results import Bin


@dataclass(frozen=True)
class Bins:
    """The bins of a measure: bin ``i`` holds ``edges[i - 1] <= value < edges[i]``."""

    edges: tuple[float, ...]
    names: tuple[str, ...]  # one more than edges

    def of(self, values: NDArray[np.floating]) -> NDArray[np.intp]:
        """Which bin each value falls into."""
        return np.digitize(values, self.edges)


SIZES = Bins((16, 20, 24, 32, 48), ("<16", "16-20", "20-24", "24-32", "32-48", "48+"))  # pixels
ROTATIONS = Bins((5, 10, 20, 30), ("0-5", "5-10", "10-20", "20-30", "30+"))  # degrees
# No overlap at all has its own bin: the first edge is the smallest number above zero.
OVERLAPS = Bins((float(np.nextafter(0, 1)), 0.1, 0.25), ("0", "0-0.1", "0.1-0.25", "0.25+"))  # shares of a box
NOISES = Bins(  # grey levels; plain backgrounds lie below 4, textured ones above 10
    (1, 2, 4, 20, 25, 35, 50, 60), ("<1", "1-2", "2-4", "4-20", "20-25", "25-35", "35-50", "50-60", "60+")
)


@dataclass(frozen=True)
class Factors:
    """The factors of N pictures; each array has shape ``(N,)``. Where there is no digit, the measures are 0."""

    labels: NDArray[np.int64]  # the largest digit; -1 where there is none
    families: NDArray[np.int64]  # index into FAMILIES, -1 without a texture
    sizes: NDArray[np.float64]  # height in pixels of the largest digit; of the tallest one if it occurs several times
    rotations: NDArray[np.float64]  # degrees, 0 or more: rotation of the same digit in either direction
    overlaps: NDArray[np.float64]  # greatest overlap of two digits' boxes, as a share (0..1) of the smaller one
    noises: NDArray[np.float64]  # standard deviation of the pixels outside all digits' boxes, grey levels 0..127.5

    @classmethod
    def of(cls, pictures: Pictures) -> Self:
        """Measure a batch."""
        digits, boxes, angles = (value.cpu().numpy() for value in (pictures.digits, pictures.boxes, pictures.angles))
        there = digits >= 0
        labels = digits.max(1)
        heights = np.where(there & (digits == labels[:, None]), boxes[..., 3] - boxes[..., 1], 0)
        row, largest = np.arange(len(digits)), heights.argmax(1)
        return cls(
            labels=labels,
            families=pictures.families.cpu().numpy(),
            sizes=heights[row, largest].astype(np.float64),
            rotations=np.where(there, np.abs(angles), 0)[row, largest].astype(np.float64),
            overlaps=_greatest_overlap(boxes, there),
            noises=_noise(pictures.pixels.cpu().numpy(), boxes, there),
        )

    def __getitem__(self, chosen: NDArray[np.bool_]) -> Self:
        return type(self)(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @classmethod
    def concatenate(cls, parts: list[Self]) -> Self:
        """One out of several."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


def accuracies(factors: Factors, right: NDArray[np.bool_]) -> dict[str, dict[str, Bin]]:
    """Accuracy by each factor.

    Args:
        factors: of N pictures.
        right: bool ``(N,)``, whether the answer was.

    Returns:
        For ``size``, ``rotation``, ``overlap`` and ``noise``, and for ``background`` if all pictures have one, the
        bins that are not empty, by name.
    """
    result = {
        "size": _by(SIZES.names, SIZES.of(factors.sizes), right),
        "rotation": _by(ROTATIONS.names, ROTATIONS.of(factors.rotations), right),
        "overlap": _by(OVERLAPS.names, OVERLAPS.of(factors.overlaps), right),
        "noise": _by(NOISES.names, NOISES.of(factors.noises), right),
    }
    if (factors.families >= 0).all():
        result["background"] = _by(FAMILIES, factors.families, right)
    return result


def _by(names: tuple[str, ...], bins: NDArray[np.integer], right: NDArray[np.bool_]) -> dict[str, Bin]:
    counts = np.bincount(bins, minlength=len(names))
    hits = np.bincount(bins, weights=right, minlength=len(names))
    return {
        name: Bin(int(count), round(float(hit / count), 5))
        for name, count, hit in zip(names, counts, hits, strict=True)
        if count
    }


def _greatest_overlap(boxes: NDArray[np.int64], there: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Greatest intersection of any two boxes (N, D, 4) that are ``there`` (N, D), over the smaller one's area: (N,)."""
    low = np.maximum(boxes[:, :, None, :2], boxes[:, None, :, :2])
    high = np.minimum(boxes[:, :, None, 2:], boxes[:, None, :, 2:])
    shared = (high - low).clip(0).prod(3)  # (N, D, D)
    area = (boxes[..., 2:] - boxes[..., :2]).prod(2)
    smaller = np.minimum(area[:, :, None], area[:, None, :]).clip(1)
    pairs = there[:, :, None] & there[:, None, :] & ~np.eye(boxes.shape[1], dtype=bool)
    return np.where(pairs, shared / smaller, 0).max((1, 2))


def _noise(pixels: NDArray[np.uint8], boxes: NDArray[np.int64], there: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Standard deviation of each picture's background (N,); pixels (N, H, W), boxes (N, D, 4), which exist (N, D)."""
    noises = np.zeros(len(pixels))
    for number, picture in enumerate(pixels):
        is_background = np.ones(picture.shape, bool)
        for x0, y0, x1, y1 in boxes[number, there[number]]:
            is_background[y0:y1, x0:x1] = False
        if is_background.any():
            noises[number] = picture[is_background].std()
    return noises
