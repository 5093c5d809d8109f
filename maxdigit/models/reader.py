"""The digits that a network reads, with probabilities and places, by a linear head on its feature map.

Uses NumPy only, so that no framework is loaded for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from maxdigit import IMAGE_SIZE
from maxdigit.models.registry import NUM_CLASSES, FeatureMap, Predicts

MAX_READINGS = 8  # no picture that the models are trained on shows more digits
NOTHING = NUM_CLASSES  # the head's class for a cell without a digit
ZONES = 9  # of a feature map: its corners, its edges and the inside
OUTPUTS = NOTHING + 3  # of the head in a cell: a logit for each class, and the offset of the digit's centre
# Cells that read the same digit no farther apart than this, in pixels along either axis, read one digit. With 16, the
# step of the coarsest feature map, some digits were read twice: of ResNet18's readings 0.4 to 2.5 % were invented, by
# kind of picture; with 20 it is 0.1 to 0.8 % (400 validation pictures of each kind).
_REACH = 20.0

Found = tuple[int, float, float, float]  # a cell that reads a digit: which, its probability, and x and y of its centre


@dataclass(frozen=True)
class Reading:
    """One digit as a network reads it."""

    digit: int  # 0..9
    probability: float  # 0..1, of that digit in the cell where it is read most surely
    x: float  # its centre in the models' pixels, 0..128, from the left
    y: float  # from the top

    def rounded(self) -> dict[str, float]:
        """For JSON: digit, probability, x and y, the last two to a tenth of a pixel."""
        return {
            "digit": self.digit,
            "probability": round(self.probability, 4),
            "x": round(self.x, 1),
            "y": round(self.y, 1),
        }


@runtime_checkable
class Reads(Predicts, Protocol):
    """A classifier that also reads single digits."""

    def read(self, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], list[tuple[Reading, ...]] | None]:
        """The answers and the readings, in one forward pass.

        Args:
            pictures: uint8, shape ``(N, 128, 128)``.

        Returns:
            Probabilities, float32 ``(N, 10)``, and each picture's readings from left to right; None instead of them
            if the model has no reader.
        """
        ...


@dataclass(frozen=True)
class Reader:
    """A linear head on a feature map, and how its outputs in the cells become readings.

    Its outputs in a cell are the logits of the ten digits and of :data:`NOTHING`, and the offset from the cell's centre
    to that of the digit seen there, in pixels to the right and downwards.

    Args:
        weight: float32 ``(zones, 13, channels)``. A single zone is the whole map. Each of :data:`ZONES` has a head of
            its own, since the outermost cells also have to read digits beyond them, which they see off their centre.
        bias: float32 ``(zones, 13)``.
        features: the map's geometry.
        threshold: the least probability, 0..1, of a reading.
        apart: pixels; any two digits are farther apart than this along one axis or the other.
        faintest: the least probability, 0..1, in some cell, at which there is evidence for a digit.

    Raises:
        ValueError: weight or bias have another shape, or values that are not finite.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    features: FeatureMap
    threshold: float
    apart: float
    faintest: float

    def __post_init__(self) -> None:
        shapes = [((zones, OUTPUTS, self.features.channels), (zones, OUTPUTS)) for zones in (1, ZONES)]
        if (self.weight.shape, self.bias.shape) not in shapes:
            raise ValueError(
                f"a weight of shape {self.weight.shape} and a bias of shape {self.bias.shape} for a feature map of "
                f"{self.features.channels} channels"
            )
        if not (np.isfinite(self.weight).all() and np.isfinite(self.bias).all()):
            raise ValueError("numbers that are not finite")

    @cached_property
    def _zones(self) -> NDArray[np.intp]:
        """The zone of each cell, row by row: ``(cells * cells,)``."""
        every = zones_of(self.features.cells)
        return (every if len(self.weight) == ZONES else np.zeros_like(every)).ravel()

    @cached_property
    def _own(self) -> NDArray[np.intp]:
        """Indices of the outputs of each cell's head among those of all heads: ``(13, cells * cells)``."""
        cells = len(self._zones)
        return (self._zones * OUTPUTS + np.arange(OUTPUTS)[:, np.newaxis]) * cells + np.arange(cells)

    @cached_property
    def _biases(self) -> NDArray[np.float32]:
        """Of each cell's zone: ``(13, cells * cells)``."""
        return np.ascontiguousarray(self.bias[self._zones].T)

    @cached_property
    def _centres(self) -> NDArray[np.float32]:
        return cell_centres(self.features)

    def cells(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """The class probabilities in each cell: the first result of :meth:`see`."""
        return self.see(maps)[0]

    def see(self, maps: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The class probabilities in each cell, and the centre of the digit seen there.

        Args:
            maps: feature maps, float32 ``(N, channels, cells, cells)``.

        Returns:
            Probabilities of the ten digits and of :data:`NOTHING`, float32 ``(N, 11, cells, cells)``, summing to 1 over
            the second axis; and x and y in the models' pixels, 0..128, float32 ``(N, 2, cells, cells)``, which mean
            something only where a digit is read.
        """
        outputs = self._outputs(maps)
        logits, offsets = outputs[:, : NOTHING + 1], outputs[:, NOTHING + 1 :]
        powers = np.exp(logits - logits.max(1, keepdims=True))
        powers /= powers.sum(1, keepdims=True)
        sides = maps.shape[2:]
        places = offsets.reshape(-1, 2, *sides) + self._centres
        return powers.reshape(-1, NOTHING + 1, *sides), places.clip(0, IMAGE_SIZE)

    def gradient(self, maps: NDArray[np.float32], digit: int) -> NDArray[np.float32]:
        """The gradient of the evidence for a digit with respect to feature maps ``(N, channels, cells, cells)``.

        The evidence is the sum over the cells of how far the digit's logit exceeds that of :data:`NOTHING`, each cell's
        weighted by the digit's probability there, which is held fixed.
        """
        slopes = (self.weight[:, digit] - self.weight[:, NOTHING])[self._zones].T.reshape(maps.shape[1:])
        return self.cells(maps)[:, digit, np.newaxis] * slopes

    def read(self, maps: NDArray[np.float32]) -> list[tuple[Reading, ...]]:
        """The digits in each picture, from feature maps ``(N, channels, cells, cells)``.

        The same as :func:`find_readings` of the result of :meth:`see`, in half the time.
        """
        return [suppress(self._found(outputs), self.threshold, self.apart) for outputs in self._outputs(maps)]

    def _outputs(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """The outputs of each cell's head: ``(N, 13, cells * cells)``."""
        count, channels = maps.shape[:2]
        # Every zone's head at every cell, in one product: as fast for nine heads as selecting weights for each cell.
        every = self.weight.reshape(-1, channels) @ maps.reshape(count, channels, -1)
        return every.reshape(count, -1).take(self._own, axis=1) + self._biases

    def _found(self, outputs: NDArray[np.float32]) -> list[Found]:
        """The cells of one picture that read a digit, from ``(13, cells * cells)``."""
        best = outputs[: NOTHING + 1].argmax(0)
        where = np.flatnonzero(best != NOTHING)
        few = outputs.take(where, axis=1)
        logits = few[: NOTHING + 1]
        surest = 1 / np.exp(logits - logits.max(0)).sum(0)
        places = np.minimum(
            np.maximum(few[NOTHING + 1 :] + self._centres.reshape(2, -1).take(where, axis=1), 0), IMAGE_SIZE
        )
        return list(zip(best[where].tolist(), surest.tolist(), *places.tolist(), strict=True))


def zones_of(cells: int) -> NDArray[np.intp]:
    """The zone of each cell of a map, ``(cells, cells)``: corners, edges and the inside, numbered row by row."""
    along = np.array([0] + [1] * (cells - 2) + [2])
    return 3 * along[:, np.newaxis] + along


def cell_centres(features: FeatureMap) -> NDArray[np.float32]:
    """The centre of each cell: x and y in the models' pixels, float32 ``(2, cells, cells)``."""
    along = features.first + features.step * np.arange(features.cells, dtype=np.float32)
    return np.stack(np.meshgrid(along, along))


def find_readings(
    cells: NDArray[np.float32], places: NDArray[np.float32], threshold: float, apart: float
) -> tuple[Reading, ...]:
    """The digits that the cells of one picture read, by non-maximum suppression.

    Args:
        cells: probabilities, float ``(11, cells, cells)``.
        places: of the centres, ``(2, cells, cells)``; both as from :meth:`Reader.see`.
        threshold: the least probability of a reading.
        apart: see :class:`Reader`.

    Returns:
        At most eight, the surest, from left to right.
    """
    best = cells.argmax(0)
    rows, columns = np.nonzero(best != NOTHING)
    digits = best[rows, columns]
    probabilities = cells[digits, rows, columns]
    found = zip(digits.tolist(), probabilities.tolist(), *places[:, rows, columns].tolist(), strict=True)
    return suppress(list(found), threshold, apart)


def suppress(found: list[Found], threshold: float, apart: float) -> tuple[Reading, ...]:
    """Readings of the cells that read a digit.

    The surest cell is a reading; cells around it that read the same digit belong to it, and its centre is their mean,
    weighted by probability. Other digits are not read that close to it. This is repeated with the remaining cells.

    Args:
        found: the cells, each with the digit that it reads most surely.
        threshold: as for :func:`find_readings`, as is ``apart``.

    Returns:
        At most eight, the surest, from left to right.
    """
    # There are few such cells, for which plain Python is faster than arrays.
    left = sorted(found, key=lambda cell: -cell[1])
    readings: list[Reading] = []
    while left and left[0][1] >= threshold and len(readings) < MAX_READINGS:
        digit, probability, x, y = left[0]
        same, others = [], []
        for cell in left:
            distance = max(abs(cell[2] - x), abs(cell[3] - y))
            if cell[0] == digit and distance <= _REACH:
                same.append(cell)
            elif distance > apart:
                others.append(cell)
        total = sum(cell[1] for cell in same)
        centre = (sum(cell[1] * cell[axis] for cell in same) / total for axis in (2, 3))
        readings.append(Reading(digit, probability, *centre))
        left = others
    return tuple(sorted(readings, key=lambda reading: (reading.x, reading.y)))
