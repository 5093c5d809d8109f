"""Chooses the reader's settings: least probability of a reading, least distance of two, least probability of evidence.

To be repeated whenever a reader is trained: ``python -m maxdigit calibrate``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maxdigit.data.kinds import TEST_KINDS
from maxdigit.data.picture_batch import Pictures
from maxdigit.data.splits import VALIDATION
from maxdigit.models.reader import NOTHING, Reader, find_readings
from maxdigit.models.reading_classifier import ReaderSettings, digest, load_head
from maxdigit.models.registry import get_model
from maxdigit.models.run_folder import READER_SETTINGS, write_json
from maxdigit.training.batches import held_out
from maxdigit.training.reading_scores import Tally

PICTURES = 500  # validation pictures of each kind; only two numbers are chosen, from a coarse grid
_THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_APART = (0.0, 8.0, 12.0, 16.0)  # pixels
_FAINTEST = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
_BATCH = 250


@dataclass(frozen=True)
class Choice:
    """The settings that give the best readings of some pictures, and their scores."""

    threshold: float  # with ``apart``, the one with the highest F1
    apart: float
    faintest: float  # the one with the greatest difference of the two shares below
    tally: Tally  # with threshold and ``apart``
    spoken_for: float  # share of the digits in a picture, each counted once, for which there is evidence
    spoken_for_absent: float  # the same share of the digits that are not in it


class Search:
    """Scores a reader's readings under all settings, on pictures that are added batch by batch."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._tallies = {(threshold, apart): Tally() for apart in _APART for threshold in _THRESHOLDS}
        self._best_cells: list[NDArray[np.float32]] = []
        self._is_there: list[NDArray[np.bool_]] = []

    def add(self, probabilities: NDArray[np.float32], maps: NDArray[np.float32], pictures: Pictures) -> None:
        """Count a batch: the model's probabilities ``(N, 10)`` and feature maps of ``pictures``."""
        (cells, places), digits, boxes = self._reader.see(maps), pictures.digits.numpy(), pictures.boxes.numpy()
        self._best_cells.append(cells[:, :NOTHING].max((2, 3)))
        self._is_there.append((digits[:, :, np.newaxis] == np.arange(NOTHING)).any(1))
        answers = probabilities.argmax(1).tolist()
        for cell, place, present, box, best in zip(cells, places, digits, boxes, answers, strict=True):
            for (threshold, apart), tally in self._tallies.items():
                tally.add(find_readings(cell, place, threshold, apart), present, box, best)

    def best(self) -> Choice:
        """The best settings for the pictures added so far; the first of equally good ones."""
        threshold, apart = max(self._tallies, key=lambda settings: self._tallies[settings].f1)
        surest, there = np.concatenate(self._best_cells), np.concatenate(self._is_there)
        spoken = {
            faintest: (float((surest[there] >= faintest).mean()), float((surest[~there] >= faintest).mean()))
            for faintest in _FAINTEST
        }
        faintest = max(spoken, key=lambda one: spoken[one][0] - spoken[one][1])
        return Choice(threshold, apart, faintest, self._tallies[threshold, apart], *spoken[faintest])


def choose_settings(model: str, folder: Path, count: int = PICTURES) -> ReaderSettings | None:
    """Choose the settings of the reader in ``folder`` and write ``reader.json``; None if there is no reader.

    Args:
        model: whose reader it is.
        folder: the run.
        count: how many validation pictures of each test kind to choose on.

    Raises:
        CheckpointError: the model's weights are missing or damaged.
    """
    spec = get_model(model)
    reader = load_head(spec, folder)
    if reader is None:
        return None
    search, classifier = Search(reader), spec.load(folder)
    for pictures in validation_pictures(count):
        search.add(*classifier.predict_with_maps(pictures.pixels.numpy()), pictures)
    return write_settings(folder, search.best(), count)


def validation_pictures(count: int) -> Iterator[Pictures]:
    """The first ``count`` validation pictures of each test kind, in batches."""
    return (pictures for kind in TEST_KINDS for pictures in held_out(VALIDATION, kind, count, _BATCH, "cpu"))


def write_settings(folder: Path, choice: Choice, count: int) -> ReaderSettings:
    """Write ``reader.json`` of the reader in ``folder``, chosen on ``count`` validation pictures of each test kind."""
    tally = choice.tally
    settings = ReaderSettings(
        threshold=choice.threshold,
        apart=choice.apart,
        faintest=choice.faintest,
        reader_sha256=digest(folder),
        split=VALIDATION.name,
        seed=VALIDATION.seed,
        kinds=TEST_KINDS,
        count=count,
        f1=round(tally.f1, 5),
        right=round(tally.right / tally.digits, 5),
        misread=round(tally.misread / tally.digits, 5),
        missed=round(tally.missed / tally.digits, 5),
        invented=round(tally.invented / max(1, tally.readings), 5),
        spoken_for=round(choice.spoken_for, 5),
        spoken_for_absent=round(choice.spoken_for_absent, 5),
    )
    write_json(folder / READER_SETTINGS, asdict(settings))
    return settings
