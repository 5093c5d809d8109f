"""Chooses the reader's settings: least probability of a reading, least distance of two, least probability of evidence.

To be repeated whenever a reader is trained: ``python -m maxdigit calibrate``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maxdigit.data.kinds import TEST_KINDS
from maxdigit.data.picture_batch import Pictures
from maxdigit.data.splits import VALIDATION
from maxdigit.models.reader import NOTHING, Reader, find_readings
from maxdigit.models.reading_classifier import ReaderSettings, digest, load_reader
from maxdigit.models.registry import get_model
from maxdigit.models.run_folder import READER_SETTINGS, write_json
from maxdigit.training.batches import held_out
from maxdigit.training.reading_scores import Tally

PICTURES = 500  # validation pictures of each kind; only two numbers are chosen, from a coarse grid
_THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_APART = (0.0, 8.0, 12.0, 16.0)  # pixels
_FAINTEST = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
_BATCH = 250

Answer = Callable[[NDArray[np.uint8]], tuple[NDArray[np.float32], NDArray[np.float32]]]


def write_settings(model: str, folder: Path, count: int = PICTURES) -> ReaderSettings | None:
    """Choose the settings of the reader kept in ``folder`` and write ``reader.json``; None where there is no reader.

    Args:
        model: whose reader it is.
        folder: the run.
        count: how many validation pictures of each test kind to choose on.

    Raises:
        CheckpointError: the model's weights are missing or damaged.
    """
    spec = get_model(model)
    reader = load_reader(spec, folder)
    if reader is None:
        return None
    batches = (pictures for kind in TEST_KINDS for pictures in held_out(VALIDATION, kind, count, _BATCH, "cpu"))
    threshold, apart, faintest, tally, spoken = choose(reader, spec.load(folder).predict_with_maps, batches)
    settings = ReaderSettings(
        threshold=threshold,
        apart=apart,
        faintest=faintest,
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
        spoken_for=round(spoken[0], 5),
        spoken_for_absent=round(spoken[1], 5),
    )
    write_json(folder / READER_SETTINGS, asdict(settings))
    return settings


def choose(
    reader: Reader, answer: Answer, batches: Iterable[Pictures]
) -> tuple[float, float, float, Tally, tuple[float, float]]:
    """The settings that give the best readings of these pictures.

    Returns:
        Threshold and distance with the greatest F1; the least probability of evidence that best separates digits that
        are in a picture from those that are not (greatest difference of the shares); the scores with the first two; and
        the shares of present and of absent digits that have evidence.
    """
    tallies = {(threshold, apart): Tally() for apart in _APART for threshold in _THRESHOLDS}
    best_cells, is_there = [], []
    for pictures in batches:
        probabilities, maps = answer(pictures.pixels.numpy())
        (cells, places), digits, boxes = reader.see(maps), pictures.digits.numpy(), pictures.boxes.numpy()
        best_cells.append(cells[:, :NOTHING].max((2, 3)))
        is_there.append((digits[:, :, np.newaxis] == np.arange(NOTHING)).any(1))
        answers = probabilities.argmax(1).tolist()
        for cell, place, present, box, best in zip(cells, places, digits, boxes, answers, strict=True):
            for (threshold, apart), tally in tallies.items():
                tally.add(find_readings(cell, place, threshold, apart), present, box, best)
    threshold, apart = max(tallies, key=lambda settings: tallies[settings].f1)  # the first of several equally good ones
    surest, there = np.concatenate(best_cells), np.concatenate(is_there)
    spoken = {
        faintest: (float((surest[there] >= faintest).mean()), float((surest[~there] >= faintest).mean()))
        for faintest in _FAINTEST
    }
    faintest = max(spoken, key=lambda one: spoken[one][0] - spoken[one][1])
    return threshold, apart, faintest, tallies[threshold, apart], spoken[faintest]
