"""Answers of trained models and of their ensemble. Each model is loaded once, on first use; answers are timed."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from maxdigit import CHECKPOINTS, IMAGE_SIZE
from maxdigit.errors import CheckpointError, MaxDigitError, UnknownModelError
from maxdigit.inference.digits import Box
from maxdigit.inference.ensemble import Ensemble, equal_weights, read_weights
from maxdigit.inference.explain import explain
from maxdigit.models.calibration import check_weights
from maxdigit.models.reader import Reading, Reads
from maxdigit.models.reading_classifier import ReadingClassifier, load_trained
from maxdigit.models.registry import MODELS, NUM_CLASSES, get_model
from maxdigit.models.run_folder import CONFIG, ENSEMBLE, RECIPE_NAMES, kept_weights
from maxdigit.preparation.files import open_picture
from maxdigit.preparation.framing import Region
from maxdigit.preparation.prepare import PreparedPicture, prepare

if TYPE_CHECKING:
    from maxdigit.inference.inside import Inside

NAMES = (*MODELS, ENSEMBLE)  # everything that can be asked, once it is trained
DEFAULT_MODEL = "resnet18"  # more accurate than the others, and fast

_REMEMBERED = 60.0  # seconds for which a model counts as unable to answer after it could not be loaded
_PREPARED_KEPT = 16  # pictures of 16 kB each: the page asks for the one it shows again at every press


def title(name: str) -> str:
    """The title of one of ``NAMES``."""
    return "Ensemble" if name == ENSEMBLE else MODELS[name].title


def default_model(names: list[str]) -> str | None:
    """The model to ask if none was chosen; None if ``names`` is empty."""
    return DEFAULT_MODEL if DEFAULT_MODEL in names else next(iter(names), None)


def rounded(probabilities: NDArray[np.float32]) -> list[float]:
    """Probabilities ``(10,)`` for programs: to seven places, as many as float32 holds."""
    return [round(float(share), 7) for share in probabilities]


@dataclass(frozen=True)
class Prediction:
    """One answer for one picture."""

    model: str  # one of NAMES
    probabilities: NDArray[np.float32] = field(repr=False)  # shape (10,), sums to 1
    milliseconds: float  # the forward pass alone; an ensemble's is the sum of its members'
    # The digits that the model reads, from left to right; None without a reader. An ensemble's are those of the
    # member with the largest weight.
    digits: tuple[Reading, ...] | None = None

    @property
    def max_digit(self) -> int:
        """The answer: the digit with the largest probability."""
        return int(self.probabilities.argmax())

    def to_json(self) -> dict[str, Any]:
        """For programs: model, max_digit, probabilities, milliseconds, and digits, which are null without a reader."""
        return {
            "model": self.model,
            "max_digit": self.max_digit,
            "probabilities": rounded(self.probabilities),
            "milliseconds": round(self.milliseconds, 2),
            "digits": None if self.digits is None else [reading.rounded() for reading in self.digits],
        }

    @property
    def is_contradicted(self) -> bool:
        """Whether the largest digit read is not the answer, which is then unsure, however probable it is.

        False if nothing was read.
        """
        return bool(self.digits and max(reading.digit for reading in self.digits) != self.max_digit)


class Predictor:
    """Trained models by name, and their ``ensemble``, all calibrated.

    Nothing is loaded before it is needed. Safe to share between threads. Methods that take a ``model`` raise
    UnknownModelError if it is not one of ``NAMES``, and CheckpointError if its weights are missing or damaged.
    """

    def __init__(self, checkpoints: Path = CHECKPOINTS) -> None:
        self.checkpoints = checkpoints
        self._classifiers: dict[str, ReadingClassifier | Ensemble] = {}
        self._failures: dict[str, tuple[float, MaxDigitError]] = {}  # time and error of failed attempts to load
        self._lock = threading.RLock()  # loading the ensemble loads its members

    def folder(self, model: str) -> Path:
        """The run folder with the weights of ``model``, or the ensemble's own folder."""
        if model not in NAMES:
            raise UnknownModelError(
                "There is no model called {name!r}. Choose one of: {names}.", name=model, names=", ".join(NAMES)
            )
        if model == ENSEMBLE:
            self.weights()  # raises if there are too few members
            return self.checkpoints / ENSEMBLE
        for recipe in RECIPE_NAMES:
            folder = self.checkpoints / model / recipe
            if (folder / CONFIG).is_file():
                return folder
        raise CheckpointError(
            "{title} has no trained weights in {folder}. Train it with: python train.py {name}",
            title=title(model),
            folder=self.checkpoints / model,
            name=model,
        )

    def available(self) -> list[str]:
        """Those of ``NAMES`` that can be asked, in that order."""
        return [name for name in NAMES if self._is_available(name)]

    def trained(self) -> list[str]:
        """Names of the models that have trained weights, in the registry's order."""
        return [name for name in MODELS if self._is_available(name)]

    def troubles(self) -> dict[str, MaxDigitError]:
        """Reasons why available models cannot answer, as far as their files or attempts to load them show."""
        found = {name: self._trouble(name) for name in self.available()}
        return {name: error for name, error in found.items() if error is not None}

    def sound(self) -> list[str]:
        """The available models that can answer, as far as is known."""
        return [name for name in self.available() if self._trouble(name) is None]

    def weights(self) -> dict[str, float]:
        """The models' weights in the ensemble: as chosen by ``maxdigit calibrate``, else equal.

        Raises:
            CheckpointError: fewer than two models are trained, or a chosen one is missing, or the file of
                weights is damaged.
        """
        trained = self.trained()
        if len(trained) < 2:
            raise CheckpointError(
                "The ensemble needs two trained models or more in {folder}, where it finds {count}. Train another with "
                "train.py.",
                folder=self.checkpoints,
                count=len(trained),
            )
        weights = read_weights(self.checkpoints / ENSEMBLE)
        if weights is None:
            return equal_weights(trained)
        missing = [name for name in weights if name not in trained]
        if missing:
            raise CheckpointError(
                "The ensemble was chosen with {names}, which has no trained weights in {folder}. "
                "Train it, or choose again without it: python -m maxdigit calibrate",
                names=", ".join(missing),
                folder=self.checkpoints,
            )
        return weights

    def warm(self, model: str) -> None:
        """Load ``model`` and run it once, so that the first real answer is fast."""
        self.classify(np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8), model)

    def prepare(
        self,
        source: Path | bytes,
        *,
        turns: int = 0,
        region: Region | None = None,
        dark_ink_on_light: bool | None = None,
        fit_to_writing: bool = True,
    ) -> PreparedPicture:
        """A picture file as the models' input.

        Args:
            source: the file, or its content. The preparation of recent files is cached.
            turns: quarters by which the upright picture is turned first, clockwise.
            region: the part of the turned picture to read, as are the rest, as
                :func:`maxdigit.preparation.prepare.prepare` takes them.

        Raises:
            PictureError: the file cannot be read; EmptyPictureError: there is nothing in it.
        """
        options = turns, region, dark_ink_on_light, fit_to_writing
        if isinstance(source, bytes):
            return _prepare_file(source, *options)
        try:
            status = source.stat()
        except (OSError, ValueError):  # ValueError: a NUL character in the path. Opening it raises a MaxDigitError.
            return _prepare_file(source, *options)
        return _prepare_once(source, (status.st_mtime_ns, status.st_size), *options)

    def predict(self, pictures: NDArray[np.uint8], model: str) -> NDArray[np.float32]:
        """Probabilities ``(N, 10)`` for pictures ``(N, 128, 128)``; see :class:`maxdigit.models.registry.Predicts`."""
        return self.classifier(model).predict(pictures)

    def read(
        self, pictures: NDArray[np.uint8], model: str
    ) -> tuple[NDArray[np.float32], list[tuple[Reading, ...]] | None]:
        """Probabilities ``(N, 10)`` and readings for pictures; see :class:`maxdigit.models.reader.Reads`."""
        return self.classifier(model).read(pictures)

    def classify(self, picture: NDArray[np.uint8], model: str) -> Prediction:
        """One answer for one prepared picture (uint8, 128 x 128)."""
        classifier = self.classifier(model)
        start = time.perf_counter()
        readings = None
        if isinstance(classifier, Reads):
            probabilities, readings = classifier.read(picture[np.newaxis])
        else:
            probabilities = classifier.predict(picture[np.newaxis])
        milliseconds = (time.perf_counter() - start) * 1000
        assert probabilities.shape == (1, NUM_CLASSES)
        return Prediction(model, probabilities[0], milliseconds, None if readings is None else readings[0])

    def explain(self, picture: NDArray[np.uint8], model: str, digit: int) -> NDArray[np.float32]:
        """The evidence for ``digit`` in a prepared picture: a heat map, float32 (128, 128), 0..1.

        The digit need not be the answer. If there is no evidence for it, the map is all 0; see
        :func:`maxdigit.inference.explain.has_evidence`. The ensemble's is the weighted mean of its members'.
        """
        weights = self.weights() if model == ENSEMBLE else {model: 1.0}
        heat = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.float32)
        for name, weight in weights.items():
            if weight:
                member = cast(ReadingClassifier, self.classifier(name))  # never the ensemble itself
                heat += weight * explain(member, MODELS[name], picture, digit)
        return heat / heat.max() if heat.any() else heat

    def look_inside(
        self,
        picture: NDArray[np.uint8],
        model: str,
        *,
        boxes: Sequence[Box] = (),
        chosen: tuple[int, int] | None = None,
    ) -> Inside:
        """The values inside a network for a prepared picture (uint8, 128 x 128), section by section.

        For the ensemble it is the member with the largest weight. Arguments and errors as for
        :func:`maxdigit.inference.inside.look_inside`, which is imported on the first call.
        """
        from maxdigit.inference.inside import look_inside

        if model == ENSEMBLE:
            weights = self.weights()
            model = max(weights, key=weights.__getitem__)
        member = cast(ReadingClassifier, self.classifier(model))  # never the ensemble itself
        return look_inside(model, self.folder(model), member.reader, picture, boxes=boxes, chosen=chosen)

    def replay(self, picture: NDArray[np.uint8], model: str, run: Path) -> dict[int, NDArray[np.float32]]:
        """The answers of the weights that a run stored while training: probabilities ``(10,)`` by the pictures seen.

        The networks are loaded for this, and not kept. Their probabilities are not calibrated.

        Args:
            picture: a prepared picture, uint8 ``(128, 128)``.
            model: the run's.
            run: its folder. The result is empty if it stored none.
        """
        spec = get_model(model)
        return {seen: spec.load(path).predict(picture[None])[0] for seen, path in kept_weights(run).items()}

    def classifier(self, model: str) -> ReadingClassifier | Ensemble:
        """The calibrated model, or the ensemble of them; loaded once."""
        if found := self._classifiers.get(model):  # without the lock, held while others are loaded
            return found
        with self._lock:
            if model not in self._classifiers:
                try:
                    self._classifiers[model] = self._load(model)
                except MaxDigitError as error:
                    self._failures[model] = time.monotonic(), error
                    raise
            return self._classifiers[model]

    def _load(self, model: str) -> ReadingClassifier | Ensemble:
        if model == ENSEMBLE:
            # Members of weight 0 need not be asked.
            return Ensemble([(self.classifier(name), weight) for name, weight in self.weights().items() if weight])
        try:
            return load_trained(model, self.folder(model))
        except ImportError as error:
            raise CheckpointError(
                "{title} needs a package that cannot be loaded here ({reason}). Reinstall it: "
                "pip install -r requirements.txt",
                title=title(model),
                reason=str(error).partition("\n")[0] or type(error).__name__,
            ) from error

    def _trouble(self, name: str) -> MaxDigitError | None:
        when, failure = self._failures.get(name, (-math.inf, None))
        if name in self._classifiers or (failure and time.monotonic() < when + _REMEMBERED):
            return None if name in self._classifiers else failure
        try:
            if name != ENSEMBLE:
                check_weights(self.folder(name))
                return None
            members = [self._trouble(member) for member, weight in self.weights().items() if weight]
            return next(filter(None, members), None)
        except MaxDigitError as error:
            return error

    def _is_available(self, name: str) -> bool:
        try:
            self.folder(name)
        except CheckpointError:
            return False
        return True


def _prepare_file(
    source: Path | bytes, turns: int, region: Region | None, dark_ink_on_light: bool | None, fit_to_writing: bool
) -> PreparedPicture:
    picture = open_picture(source)
    if turns % 4:
        picture = picture.rotate(-90 * turns, expand=True)
    return prepare(picture, dark_ink_on_light=dark_ink_on_light, region=region, fit_to_writing=fit_to_writing)


@lru_cache(maxsize=_PREPARED_KEPT)
def _prepare_once(source: Path, _state: tuple[int, int], *options: Any) -> PreparedPicture:
    """A prepared file, cached by its modification time, its size and the options."""
    return _prepare_file(source, *options)
