"""Answers from trained models: load each once, on first use, and time each forward pass."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maxdigit.data import IMAGE_SIZE
from maxdigit.errors import CheckpointError
from maxdigit.models.registry import MODELS, NUM_CLASSES, Classifier, get_model

CHECKPOINTS = Path(__file__).resolve().parents[2] / "checkpoints"
RECIPES = ("tuned", "paper")  # the order in which a model's trained weights are looked for


@dataclass(frozen=True)
class Prediction:
    """One model's answer for one picture."""

    model: str
    probabilities: NDArray[np.float32] = field(repr=False)  # shape (10,), sums to 1
    milliseconds: float  # the forward pass alone

    @property
    def max_digit(self) -> int:
        """The digit the model takes for the largest."""
        return int(self.probabilities.argmax())


class Predictor:
    """Trained models by name. Nothing is loaded before it is asked for; safe to share between threads."""

    def __init__(self, checkpoints: Path = CHECKPOINTS) -> None:
        self._checkpoints = checkpoints
        self._classifiers: dict[str, Classifier] = {}
        self._lock = threading.Lock()

    def folder(self, model: str) -> Path:
        """The run folder that ``model``'s weights come from.

        Raises:
            UnknownModelError: there is no such model.
            CheckpointError: it has no trained weights here.
        """
        spec = get_model(model)
        for recipe in RECIPES:
            folder = self._checkpoints / spec.name / recipe
            if (folder / "config.json").is_file():
                return folder
        raise CheckpointError(
            f"{spec.title} has no trained weights in {self._checkpoints / spec.name}. "
            f"Train it with: python train.py {spec.name}"
        )

    def available(self) -> list[str]:
        """Names of the models that have trained weights, in the registry's order."""
        names = []
        for name in MODELS:
            try:
                self.folder(name)
            except CheckpointError:
                continue
            names.append(name)
        return names

    def warm(self, model: str) -> None:
        """Load ``model`` and run it once, so that the first real answer comes fast."""
        self.classify(np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8), model)

    def predict(self, pictures: NDArray[np.uint8], model: str) -> NDArray[np.float32]:
        """Probabilities ``(N, 10)`` for pictures ``(N, 128, 128)``, as :class:`Classifier` gives them."""
        return self._classifier(model).predict(pictures)

    def classify(self, picture: NDArray[np.uint8], model: str) -> Prediction:
        """One answer for one prepared picture (uint8, 128 x 128).

        Raises:
            UnknownModelError: there is no such model.
            CheckpointError: its weights are missing or damaged.
        """
        classifier = self._classifier(model)
        start = time.perf_counter()
        probabilities = classifier.predict(picture[np.newaxis])[0]
        milliseconds = (time.perf_counter() - start) * 1000
        assert probabilities.shape == (NUM_CLASSES,)
        return Prediction(model, probabilities, milliseconds)

    def _classifier(self, model: str) -> Classifier:
        with self._lock:
            if model not in self._classifiers:
                self._classifiers[model] = get_model(model).load(self.folder(model))
            return self._classifiers[model]
