"""Targets from trained models, the teachers, beside the labels.

G. Hinton, O. Vinyals, J. Dean, "Distilling the Knowledge in a Neural Network" (2015). A label says that a 4 which
might be a 9 is a 4 for sure; the mean of several models says how much of a 9 it is. The teachers see a picture as it
was made, the trained model sees it distorted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from maxdigit.models.reading_classifier import ReadingClassifier, load_trained
from maxdigit.models.run_folder import CONFIG, read_json
from maxdigit.training.batches import Batch, Data, Shard

_LEAST = 1e-6  # probability: its logarithm is finite


class TaughtData:
    """The batches of another source, with the teachers' probabilities.

    Args:
        data: the source.
        teachers: folders of trained models.

    Raises:
        TrainingError: one of the folders is not of a run.
        CheckpointError: its weights are missing or damaged.
    """

    def __init__(self, data: Data, teachers: Sequence[Path]) -> None:
        self._data, self._folders = data, list(teachers)
        self.can_travel, self.validation = data.can_travel, data.validation
        self._teachers: list[ReadingClassifier] = []
        self._load()

    @property
    def about(self) -> list[dict[str, Any]]:
        """Model and recipe of each teacher."""
        recipes = [read_json(folder / CONFIG, "recipe")["recipe"] for folder in self._folders]
        return [{key: recipe.get(key) for key in ("model", "name", "seed")} for recipe in recipes]

    def train(self, epoch: int, shard: Shard, device: torch.device, start: int = 0) -> Iterator[Batch]:
        """As the source has them; see :class:`maxdigit.training.batches.Data`."""
        for batch in self._data.train(epoch, shard, device, start):
            yield replace(batch, taught=self._probabilities(batch.pixels))

    def _probabilities(self, pixels: Tensor) -> Tensor:
        """The geometric mean of the teachers' probabilities: float32 (N, 10), rows summing to 1."""
        pictures = pixels.cpu().numpy()
        logs = [np.log(np.maximum(teacher.predict(pictures), _LEAST)) for teacher in self._load()]
        return torch.from_numpy(np.mean(logs, 0)).to(pixels.device).softmax(1)

    def _load(self) -> list[ReadingClassifier]:
        if not self._teachers:
            models = [run["model"] for run in self.about]
            self._teachers = [load_trained(model, folder) for model, folder in zip(models, self._folders, strict=True)]
        return self._teachers

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_teachers": []}  # another process loads its own
