"""The values inside a network for one picture, small enough to be sent to a browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maxdigit import IMAGE_SIZE
from maxdigit.inference.digits import Box, without
from maxdigit.inference.exciting import Exciting, exciting_pictures, read_exciting
from maxdigit.models.reader import NOTHING, Reader, Reading
from maxdigit.models.registry import NUM_CLASSES, FeatureMap, get_model
from maxdigit.models.sections import Outputs, Section, SectionOutputs, SectionsError

SHOWN = 8  # feature maps of each section, the most active ones

_SMALL = 32  # cells along a side of a map as it is sent; a larger one is made smaller by whole steps
_LARGE = 64  # and of the one that is shown in detail
_NEAR = 20.0  # pixels from a reading's centre within which cells of the last feature map count as its own
_HALF = 14  # pixels: half the side of the square that is erased around a reading without a box


@dataclass(frozen=True)
class SectionView:
    """One section: its most active maps."""

    section: Section
    shown: tuple[int, ...]  # the channels of the maps, the most active first
    maps: NDArray[np.uint8]  # (maps, side, side): 255 is as strong as the map gets on test pictures
    covered: int  # cells along a side that the side of a map covers; the remaining ones are left out


@dataclass(frozen=True)
class MapView:
    """One feature map in detail."""

    section: int  # from 0
    channel: int
    values: NDArray[np.uint8]  # (side, side), as in SectionView
    covered: int  # as in SectionView
    kernel: NDArray[np.int8] | None  # (size, size), -127..127, of a map that the first convolution gives; else None
    # Crops (9, side, side) of the test pictures that excite it most, each the receptive field of the strongest
    # cell; None if they were not prepared for these weights.
    pictures: NDArray[np.uint8] | None


@dataclass(frozen=True)
class Cells:
    """The reader's outputs in each cell."""

    map: FeatureMap
    digits: NDArray[np.uint8]  # (cells, cells): the likeliest class, a digit or NOTHING
    probabilities: NDArray[np.float32]  # (cells, cells), of that


@dataclass(frozen=True)
class Flows:
    """Contributions of the digits read to the ten logits, relative to the logits' mean."""

    readings: tuple[Reading, ...]
    adds: NDArray[np.float32]  # (readings, 10)
    rest: NDArray[np.float32] | None  # (10,): the remainder of the logits; None: not known
    is_exact: bool  # computed from the last layer; False: by erasing each digit


@dataclass(frozen=True)
class Inside:
    """The values inside a network for one picture."""

    model: str
    sections: tuple[SectionView, ...]
    cells: Cells | None  # None for a model without a reader
    flows: Flows | None  # None where nothing is read
    map: MapView | None  # the one that was asked for


def look_inside(
    model: str,
    folder: Path,
    reader: Reader | None,
    picture: NDArray[np.uint8],
    *,
    boxes: Sequence[Box] = (),
    chosen: tuple[int, int] | None = None,
) -> Inside:
    """The values inside a network for a picture, section by section.

    Args:
        model: its name in the registry.
        folder: its run.
        reader: the model's, if it has one.
        picture: uint8, shape ``(128, 128)``, as the model is given it.
        boxes: of the digits in the picture, as far as they are known or were found.
        chosen: section and channel, from 0, of a map to return in detail.

    Raises:
        CheckpointError: the weights are missing or damaged.
        SectionsError: there is no engine for it, or the chosen map does not exist.
    """
    network = sections_of(model, folder)
    outputs = network(picture)
    prepared = read_exciting(model, folder)
    scales = [
        prepared.scales[number] if prepared else np.maximum(maps.max((1, 2)), 1e-6)
        for number, maps in enumerate(outputs.maps)
    ]
    views = tuple(
        _section_view(section, maps, scale)
        for section, maps, scale in zip(network.sections, outputs.maps, scales, strict=True)
    )
    closely = None if chosen is None else _map_view(network, outputs, scales, prepared, *chosen)
    if reader is None:
        return Inside(model, views, None, None, closely)
    cells = reader.cells(outputs.features)[0]
    readings = reader.read(outputs.features)[0]
    flows = _flows(network, model, picture, outputs, readings, boxes) if readings else None
    return Inside(model, views, _likeliest(cells, reader.features), flows, closely)


@cache
def sections_of(model: str, folder: Path) -> SectionOutputs:
    """The network as :class:`SectionOutputs`, cached."""
    return SectionOutputs(model, folder)


def _section_view(section: Section, maps: NDArray[np.float32], scale: NDArray[np.float32]) -> SectionView:
    # The standard deviation over the cells, relative to the map's scale: a map that the background excites evenly says
    # nothing about the digits.
    activity = maps.std((1, 2)) / scale
    shown = tuple(int(channel) for channel in (-activity).argsort(kind="stable")[:SHOWN])
    small = [_bytes(maps[channel], scale[channel], _SMALL) for channel in shown]
    return SectionView(section, shown, np.stack(small), _covered(section.map.cells, _SMALL))


def _bytes(values: NDArray[np.float32], scale: float, most: int) -> NDArray[np.uint8]:
    """A map as bytes, max-pooled by a whole factor to at most ``most`` cells along a side."""
    covered = _covered(len(values), most)
    step = -(-len(values) // most)
    side = covered // step
    pooled = values[:covered, :covered].reshape(side, step, side, step).max((1, 3))
    return (255 * np.clip(pooled / scale, 0, 1)).round().astype(np.uint8)


def _covered(cells: int, most: int) -> int:
    step = -(-cells // most)
    return cells // step * step


def _map_view(
    network: SectionOutputs,
    outputs: Outputs,
    scales: Sequence[NDArray[np.float32]],
    prepared: Exciting | None,
    section: int,
    channel: int,
) -> MapView:
    if not (0 <= section < len(outputs.maps) and 0 <= channel < len(outputs.maps[section])):
        raise SectionsError(
            "Section {section} of this network has no map {channel}. The network was trained again; press another map.",
            section=section + 1,
            channel=channel + 1,
        )
    values = _bytes(outputs.maps[section][channel], scales[section][channel], _LARGE)
    kernel = None
    if section == 0:
        weights = network.kernels[channel]
        kernel = (127 * weights / max(float(np.abs(weights).max()), 1e-12)).round().astype(np.int8)
    pictures = None if prepared is None else exciting_pictures(prepared, network.sections[section], section, channel)
    return MapView(section, channel, values, _covered(outputs.maps[section].shape[-1], _LARGE), kernel, pictures)


def _likeliest(cells: NDArray[np.float32], features: FeatureMap) -> Cells:
    best = cells.argmax(0)
    assert NOTHING == NUM_CLASSES
    return Cells(features, best.astype(np.uint8), cells.max(0))


def _flows(
    network: SectionOutputs,
    model: str,
    picture: NDArray[np.uint8],
    outputs: Outputs,
    readings: tuple[Reading, ...],
    boxes: Sequence[Box],
) -> Flows:
    if get_model(model).is_linear:
        adds, rest = _parts_of_sum(network, outputs, readings)
        return Flows(readings, _centred(adds), _centred(rest), is_exact=True)
    erased = np.stack([_without_reading(picture, reading, boxes) for reading in readings])
    return Flows(readings, _centred(outputs.logits - network.logits(erased)), None, is_exact=False)


def _parts_of_sum(
    network: SectionOutputs, outputs: Outputs, readings: Sequence[Reading]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The contributions of the cells around each reading to the logits, ``(readings, 10)``, and the rest, ``(10,)``."""
    place = network.sections[-1].map
    look = place.first + place.step * np.arange(place.cells)
    distances = np.stack(
        [np.maximum(np.abs(look - reading.y)[:, None], np.abs(look - reading.x)[None]) for reading in readings]
    )
    nearest = np.where(distances.min(0) <= _NEAR, distances.argmin(0), -1)  # (cells, cells)
    own = [outputs.last[0] * (nearest == number) for number in range(len(readings))]
    answers = network.head(np.stack([*own, np.zeros_like(outputs.last[0])]))
    adds = answers[:-1] - answers[-1]
    return adds, outputs.logits - adds.sum(0)


def _without_reading(picture: NDArray[np.uint8], reading: Reading, boxes: Sequence[Box]) -> NDArray[np.uint8]:
    """The picture without the digit that is read; if no box contains it, without a square around its centre."""
    for box in boxes:
        x0, y0, x1, y1 = box
        if x0 <= reading.x <= x1 and y0 <= reading.y <= y1:
            return without(picture, [box], [other for other in boxes if other != box])
    x, y = round(reading.x), round(reading.y)
    around = (max(0, x - _HALF), max(0, y - _HALF), min(IMAGE_SIZE, x + _HALF), min(IMAGE_SIZE, y + _HALF))
    return without(picture, [around])


def _centred(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits minus their mean over the ten digits, which does not affect the answer."""
    return (logits - logits.mean(-1, keepdims=True)).astype(np.float32)
