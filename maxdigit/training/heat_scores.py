"""Measures heat maps on pictures with known positions of the digits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from maxdigit import IMAGE_SIZE
from maxdigit.data.splits import SPLITS
from maxdigit.errors import MaxDigitError
from maxdigit.models.registry import Predicts
from maxdigit.training.batches import held_out
from maxdigit.training.results import HeatScore
from maxdigit.training.running_score import wilson_interval

PICTURES = 300  # of each kind: at 97 % the interval is 2 to 3 % wide on either side; takes a few minutes on one core
_BATCH = 50


class Explains(Protocol):
    """Classifies pictures and makes heat maps, as :class:`maxdigit.inference.predict.Predictor` does."""

    def classifier(self, model: str) -> Predicts:
        """The model called ``model``."""
        ...

    def explain(self, picture: NDArray[np.uint8], model: str, digit: int) -> NDArray[np.float32]:
        """The evidence for a digit in a picture ``(128, 128)``: float32 ``(128, 128)``, 0..1."""
        ...


def measure_heat(predictor: Explains, model: str, split: str, kind: str, count: int = PICTURES) -> HeatScore:
    """Measure the heat maps that the app shows for a model's answers.

    Args:
        predictor: makes the heat maps.
        model: one of its names.
        split: ``train``, ``validation`` or ``test``.
        kind: of picture, with digits.
        count: how many pictures that are answered right to measure.

    Raises:
        CheckpointError: the model's weights are missing or damaged.
        MaxDigitError: not one picture of the split is answered right.
    """
    found = [
        points(predictor.explain(picture, model, answer), inside)
        for picture, answer, inside in answered_right(predictor.classifier(model), split, kind, count)
    ]
    if not found:
        raise MaxDigitError(f"{model} answers no {kind} picture right, so none of its heat maps can be measured.")
    hits = sum(is_hit for is_hit, _ in found)
    low, high = wilson_interval(hits, len(found))
    return HeatScore(
        kind=kind,
        split=split,
        seed=SPLITS[split].seed,
        count=len(found),
        in_box=round(hits / len(found), 5),
        in_box_interval95=(round(low, 5), round(high, 5)),
        heat_in_box=round(float(np.mean([share for _, share in found])), 5),
    )


def answered_right(
    classifier: Predicts, split: str, kind: str, count: int
) -> Iterator[tuple[NDArray[np.uint8], int, NDArray[np.bool_]]]:
    """The first ``count`` pictures of a split that are answered right, or as many as there are.

    Returns:
        For each, the pixels ``(128, 128)``, the answer, and ``(128, 128)`` whether a pixel lies in the box of a largest
        digit.
    """
    left = count
    for pictures in held_out(SPLITS[split], kind, SPLITS[split].count, _BATCH, "cpu"):
        pixels = pictures.pixels.numpy()
        answers, labels = classifier.predict(pixels).argmax(1), pictures.labels.numpy()
        for row in np.flatnonzero(answers == labels)[:left]:
            boxes = pictures.boxes[row][pictures.digits[row] == pictures.labels[row]]
            inside = np.zeros((IMAGE_SIZE, IMAGE_SIZE), bool)
            for x0, y0, x1, y1 in boxes.tolist():
                inside[y0:y1, x0:x1] = True
            yield pixels[row], int(answers[row]), inside
            left -= 1
        if left == 0:
            return


def points(heat: NDArray[np.float32], inside: NDArray[np.bool_]) -> tuple[bool, float]:
    """Whether the hottest point of a map ``(128, 128)`` lies inside, and the share of heat that does."""
    if not heat.any():
        return False, 0.0
    return bool(inside.flat[heat.argmax()]), float(heat[inside].sum() / heat.sum())
