"""The test pictures that excite each feature map most, and its largest values on them, found once and stored.

The pictures are in one file for all networks. What was found for a network is stored beside its weights, with their
digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from maxdigit import IMAGE_SIZE
from maxdigit.errors import CheckpointError
from maxdigit.models.run_folder import write_aside
from maxdigit.models.sections import SECTIONS, Section, SectionOutputs

FILE = "exciting.safetensors"  # beside the weights
PICTURES = "test_pictures.webp"  # in the folder of checkpoints
PER_KIND = 64  # test pictures of each kind, its first ones
BEST = 9  # pictures of each map

_ACROSS = 16  # pictures side by side in the file
_QUALITY = 45  # of WebP: some 2 kB a picture
_CROP = 48  # pixels along a side of a crop
_LEAST_SEEN = 20  # pixels: the least side of a crop, so that something can be recognised
_WEIGHTS = ("*.safetensors", "*.keras")


@dataclass(frozen=True)
class Exciting:
    """The strongest responses of each map of a network to the test pictures, by section."""

    pictures: Path
    scales: tuple[NDArray[np.float32], ...]  # (channels,): the strongest cell's value on any of the pictures
    best: tuple[NDArray[np.uint16], ...]  # (channels, BEST): numbers of the pictures, the most exciting first
    places: tuple[NDArray[np.uint8], ...]  # (channels, BEST, 2): row and column of the cell that each excites most


def find_exciting(network: SectionOutputs, pictures: Iterable[NDArray[np.uint8]]) -> dict[str, NDArray[np.generic]]:
    """The strongest responses of a network's maps to pictures (128, 128), as arrays for the file."""
    strengths: list[list[NDArray[np.float32]]] = [[] for _ in network.sections]
    cells: list[list[NDArray[np.intp]]] = [[] for _ in network.sections]
    for picture in pictures:
        for number, maps in enumerate(network(picture).maps):
            flat = maps.reshape(len(maps), -1)
            cells[number].append(flat.argmax(1))
            strengths[number].append(flat.max(1))
    found: dict[str, NDArray[np.generic]] = {}
    for number, section in enumerate(network.sections):
        strength, cell = np.stack(strengths[number], 1), np.stack(cells[number], 1)  # (channels, pictures)
        best = (-strength).argsort(1, kind="stable")[:, :BEST]
        place = np.take_along_axis(cell, best, 1)
        found[f"scales{number}"] = np.maximum(strength.max(1), 1e-6)
        found[f"best{number}"] = best.astype(np.uint16)
        found[f"places{number}"] = np.stack(np.divmod(place, section.map.cells), -1).astype(np.uint8)
    return found


def write_exciting(folder: Path, found: dict[str, NDArray[np.generic]]) -> None:
    """Write what was found for the weights in a run's folder beside them."""
    metadata = {"weights_sha256": weights_digest(folder)}
    write_aside(folder / FILE, lambda path: save_file(found, path, metadata))


def write_pictures(checkpoints: Path, pictures: NDArray[np.uint8]) -> None:
    """Write the test pictures (N, 128, 128) to one file."""
    rows = -(-len(pictures) // _ACROSS)
    sheet = np.zeros((rows * _ACROSS, IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    sheet[: len(pictures)] = pictures
    tiled = sheet.reshape(rows, _ACROSS, IMAGE_SIZE, IMAGE_SIZE).swapaxes(1, 2)
    image = Image.fromarray(tiled.reshape(rows * IMAGE_SIZE, _ACROSS * IMAGE_SIZE))
    write_aside(checkpoints / PICTURES, lambda path: image.save(path, "WEBP", quality=_QUALITY, method=6))


def read_exciting(model: str, folder: Path) -> Exciting | None:
    """What was found for the weights in a run's folder; None if there is nothing, or it is for other weights.

    A damaged file counts as none: the view works without it.
    """
    try:
        changed = (folder / FILE).stat().st_mtime_ns
    except OSError:
        return None
    return _read(model, folder, changed)


@lru_cache(maxsize=8)
def _read(model: str, folder: Path, _changed: int) -> Exciting | None:
    pictures = folder.parents[1] / PICTURES
    try:
        with safe_open(folder / FILE, "np") as file:
            if (file.metadata() or {}).get("weights_sha256") != weights_digest(folder) or not pictures.is_file():
                return None
            parts: list[tuple[NDArray[np.generic], ...]] = []
            for name, tail in (("scales", ()), ("best", (BEST,)), ("places", (BEST, 2))):
                arrays = tuple(file.get_tensor(f"{name}{number}") for number in range(len(SECTIONS[model])))
                for array, section in zip(arrays, SECTIONS[model], strict=True):
                    if array.shape != (section.map.channels, *tail):
                        return None
                parts.append(arrays)
    except (OSError, SafetensorError, CheckpointError):
        return None
    return Exciting(pictures, *parts)  # type: ignore[arg-type]


def weights_digest(folder: Path) -> str:
    """The SHA-256 of a run's weights, in hexadecimal.

    Raises:
        CheckpointError: there are none.
    """
    files = sorted({path for pattern in _WEIGHTS for path in folder.glob(pattern) if path.name.startswith("model")})
    if not files:
        raise CheckpointError("There are no weights in {path}. Train the model with train.py.", path=folder)
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def exciting_pictures(prepared: Exciting, section: Section, number: int, channel: int) -> NDArray[np.uint8] | None:
    """Crops (BEST, 48, 48) of the pictures that excite a map most: the receptive field of each one's strongest cell.

    Args:
        prepared: of the network.
        section: the map's.
        number: the section's, from 0.
        channel: the map's number in it.

    Returns:
        The crops, the strongest response first; None if the file of pictures cannot be read.
    """
    try:
        sheet = _sheet(prepared.pictures, prepared.pictures.stat().st_mtime_ns)
    except OSError:
        return None
    side = min(max(section.field, _LEAST_SEEN), IMAGE_SIZE)
    crops = []
    for picture, (row, column) in zip(prepared.best[number][channel], prepared.places[number][channel], strict=True):
        top, left = (
            int(np.clip(round(section.map.first + section.map.step * int(cell) - (side - 1) / 2), 0, IMAGE_SIZE - side))
            for cell in (row, column)
        )
        y, x = (IMAGE_SIZE * part for part in divmod(int(picture), _ACROSS))
        crop = sheet[y + top : y + top + side, x + left : x + left + side]
        if crop.shape != (side, side):
            return None
        crops.append(np.asarray(Image.fromarray(crop).resize((_CROP, _CROP), Image.Resampling.BICUBIC)))
    return np.stack(crops)


@lru_cache(maxsize=2)
def _sheet(path: Path, _changed: int) -> NDArray[np.uint8]:
    with Image.open(path, formats=("WEBP",)) as image:
        return np.asarray(image.convert("L"))
