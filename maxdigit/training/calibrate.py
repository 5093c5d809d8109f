"""Calibrates a trained model, and chooses its reader's settings, in one pass over validation pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maxdigit.data.kinds import TEST_KINDS, TEXTURED
from maxdigit.data.splits import VALIDATION
from maxdigit.models.calibration import Calibration, Scaling, weight_digests, write_calibration
from maxdigit.models.reading_classifier import ReaderSettings, load_head
from maxdigit.models.registry import get_model
from maxdigit.training.choose_readings import Search, validation_pictures, write_settings
from maxdigit.training.metrics import calibration_error, cross_entropy
from maxdigit.training.temperature import fit_scaling


@dataclass(frozen=True)
class Calibrated:
    """The calibration written into a run's folder, and the answers that it was fitted on."""

    calibration: Calibration
    settings: ReaderSettings | None  # None: the model has no reader
    probabilities: NDArray[np.float32]  # (N, 10), calibrated, of all those pictures
    labels: NDArray[np.int64]  # (N,)


def calibrate(model: str, folder: Path, count: int) -> Calibrated:
    """Fit the scalings for both types of background to the weights in ``folder``, and choose its reader's settings.

    Writes ``calibration.json`` and ``reader.json``.

    Args:
        model: the model of the weights.
        folder: the run.
        count: how many validation pictures of each test kind to use.

    Raises:
        CheckpointError: the weights are missing or damaged.
    """
    spec = get_model(model)
    classifier, reader = spec.load(folder), load_head(spec, folder)
    search = None if reader is None else Search(reader)
    answers, truth = [], []
    for pictures in validation_pictures(count):
        probabilities, maps = classifier.predict_with_maps(pictures.pixels.numpy())
        answers.append(probabilities)
        truth.append(pictures.labels.numpy())
        if search is not None:
            search.add(probabilities, maps, pictures)
    before, labels = np.concatenate(answers), np.concatenate(truth)
    settings = None if search is None else write_settings(folder, search.best(), count)
    calibration, after = _fit(folder, before, labels, count)
    return Calibrated(calibration, settings, after, labels)


def _fit(
    folder: Path, before: NDArray[np.float32], labels: NDArray[np.int64], count: int
) -> tuple[Calibration, NDArray[np.float32]]:
    """Fit the scalings of probabilities ``(N, 10)`` to labels ``(N,)``, write them; returns scaled ones too."""
    is_textured = np.repeat([kind == TEXTURED for kind in TEST_KINDS], count)
    after = np.empty_like(before)
    textured, black = (_fit_rounded(before[rows], labels[rows]) for rows in (is_textured, ~is_textured))
    for scaling, rows in ((textured, is_textured), (black, ~is_textured)):
        after[rows] = scaling(before[rows])
    losses = [round(cross_entropy(p, labels), 5) for p in (before, after)]
    errors = [round(calibration_error(p.max(1), p.argmax(1) == labels), 5) for p in (before, after)]
    calibration = Calibration(
        textured=textured,
        black=black,
        split=VALIDATION.name,
        seed=VALIDATION.seed,
        kinds=TEST_KINDS,
        count=count,
        loss_before=losses[0],
        loss_after=losses[1],
        calibration_error_before=errors[0],
        calibration_error_after=errors[1],
        weights=weight_digests(folder),
    )
    write_calibration(folder, calibration)
    return calibration, after


def _fit_rounded(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> Scaling:
    """The fitted scaling, rounded as in the file."""
    fitted = fit_scaling(probabilities, labels)
    return Scaling(round(fitted.temperature, 5), tuple(round(offset, 5) for offset in fitted.offsets))
