"""A run's reader: the linear head beside its weights, and the settings by which its outputs become readings.

A missing reader is no error: the model then answers without readings. Uses NumPy only, as
:mod:`maxdigit.models.calibration`.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from maxdigit import IMAGE_SIZE
from maxdigit.models.calibration import Scalings, check_weights, read_scalings
from maxdigit.models.reader import OUTPUTS, Reader, Reading
from maxdigit.models.registry import Classifier, ModelSpec, get_model
from maxdigit.models.run_folder import READER, READER_SETTINGS

COMMAND = "python -m maxdigit calibrate"
DEFAULTS = 0.5, 0.0, 0.3  # threshold, apart and faintest of a reader whose settings were not chosen yet

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReaderSettings:
    """``reader.json``: the settings of a reader, the pictures that they were chosen on, and the results on these."""

    threshold: float  # the least probability of a reading
    apart: float  # pixels; see Reader
    faintest: float  # see Reader
    reader_sha256: str  # SHA-256 of the reader.safetensors that these were chosen for
    split: str
    seed: int  # the split's
    kinds: tuple[str, ...]
    count: int  # pictures of each kind
    f1: float  # as in Tally, as are the others
    right: float
    misread: float
    missed: float
    invented: float
    spoken_for: float  # share of the digits in a picture, each counted once, whose best cell reaches ``faintest``
    spoken_for_absent: float  # the same share of the digits that are not in it


class ReadingClassifier:
    """A trained model with its calibration and its reader, as far as it has them."""

    def __init__(self, classifier: Classifier, scalings: Scalings | None, reader: Reader | None) -> None:
        self._classifier = classifier
        self._scalings = scalings
        self.reader = reader

    def predict(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities ``(N, 10)`` for uint8 pictures ``(N, 128, 128)``."""
        return self._scaled(self._classifier.predict(pictures), pictures)

    def predict_with_maps(self, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities and feature maps; see :class:`maxdigit.models.registry.Classifier`."""
        probabilities, maps = self._classifier.predict_with_maps(pictures)
        return self._scaled(probabilities, pictures), maps

    def evidence(self, picture: NDArray[np.uint8], digit: int) -> NDArray[np.float32]:
        """The network's own, which calibration does not change; see :class:`maxdigit.models.registry.Classifier`."""
        return self._classifier.evidence(picture, digit)

    def read(self, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], list[tuple[Reading, ...]] | None]:
        """Probabilities and readings; see :class:`maxdigit.models.reader.Reads`."""
        if self.reader is None:
            return self.predict(pictures), None
        probabilities, maps = self.predict_with_maps(pictures)
        return probabilities, self.reader.read(maps)

    def trace_reading(
        self, picture: NDArray[np.uint8], digit: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]] | None:
        """The evidence by which the reader reads a digit in a picture ``(128, 128)``, and its place.

        Returns:
            The digit's probability in each cell of the feature map, float32 ``(cells, cells)``; its centre
            according to each cell, ``(2, cells, cells)``, as from :meth:`maxdigit.models.reader.Reader.see`; and
            the evidence for it in the cells of :attr:`maxdigit.models.registry.ModelSpec.traced`, as from
            :meth:`maxdigit.models.registry.Classifier.trace`; None if there is no reader.
        """
        if self.reader is None:
            return None
        maps, traced = self._classifier.trace(picture, partial(self.reader.gradient, digit=digit))
        cells, places = self.reader.see(maps)
        return cells[0, digit], places[0], traced

    def _scaled(self, probabilities: NDArray[np.float32], pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        return probabilities if self._scalings is None else self._scalings(probabilities, pictures)


def load_trained(model: str, folder: Path) -> ReadingClassifier:
    """The model stored in ``folder``, with its calibration and its reader if they are there.

    Raises:
        UnknownModelError: there is no such model.
        CheckpointError: its weights are missing, or they or its calibration are damaged.
    """
    spec = get_model(model)
    scalings = read_scalings(folder)
    classifier = spec.load(folder)  # first, since its errors are more specific
    check_weights(folder)
    return ReadingClassifier(classifier, scalings, load_reader(spec, folder))


def load_reader(spec: ModelSpec, folder: Path) -> Reader | None:
    """The reader of a model stored in ``folder``; None if it is missing, damaged or of another shape.

    A line in the log says so. If its settings are missing, damaged or chosen for another reader, it is logged too,
    and defaults take their place.
    """
    reader = load_head(spec, folder)
    if reader is None:
        return None
    threshold, apart, faintest = _read_settings(folder)
    return replace(reader, threshold=threshold, apart=apart, faintest=faintest)


def load_head(spec: ModelSpec, folder: Path) -> Reader | None:
    """As :func:`load_reader`, but always with the default settings: for choosing them, and for fitting it again."""
    path = folder / READER
    try:
        state = load_file(path)
        weight, bias = state["weight"], state["bias"]
        if weight.ndim == 2:  # as training leaves it: one head for all cells, without offsets
            weight = np.pad(weight, ((0, OUTPUTS - len(weight)), (0, 0)))[np.newaxis]
            bias = np.pad(bias, (0, OUTPUTS - len(bias)))[np.newaxis]
        return Reader(weight, bias, spec.features, *DEFAULTS)
    except FileNotFoundError:
        _log.warning("%s is missing: the answers come without readings.", path)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        _log.warning("%s is damaged or of another model (%s): the answers come without readings.", path, error)
    return None


def digest(folder: Path) -> str:
    """The SHA-256 of the reader stored in ``folder``, in hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    return hashlib.sha256((folder / READER).read_bytes()).hexdigest()


def _read_settings(folder: Path) -> tuple[float, float, float]:
    """The threshold, distance and faintest probability chosen for the reader stored in ``folder``."""
    path = folder / READER_SETTINGS
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        threshold, apart, faintest = (float(settings[key]) for key in ("threshold", "apart", "faintest"))
        if not (0 < threshold < 1 and 0 <= apart <= IMAGE_SIZE and 0 < faintest < 1):
            raise ValueError(f"a threshold of {threshold}, {apart} pixels apart, {faintest} at the faintest")
        if settings["reader_sha256"] == digest(folder):
            return threshold, apart, faintest
        reason = "was chosen for another reader"
    except FileNotFoundError:
        reason = "is missing"
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = f"is damaged ({error})"
    _log.warning("%s %s: readings are made by default settings. Choose some: %s", path, reason, COMMAND)
    return DEFAULTS
