"""Measures a trained model on pictures that it was not trained on."""

from __future__ import annotations

import platform
import time
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from numpy.typing import NDArray

from maxdigit.data.kinds import BLANK
from maxdigit.data.splits import SPLITS
from maxdigit.models.reader import Reads
from maxdigit.models.registry import NUM_CLASSES, Predicts
from maxdigit.training.batches import held_out
from maxdigit.training.difficulty_factors import Factors, accuracies
from maxdigit.training.mistakes import Mistake, find_mistakes
from maxdigit.training.reading_scores import Tally
from maxdigit.training.results import BlankResult, KindResult, ReadingScore, Score
from maxdigit.training.running_score import CALIBRATION_BINS, wilson_interval

_BATCH = 500


def measure(classifier: Predicts, split_name: str, kind: str, count: int) -> tuple[KindResult, list[Mistake]]:
    """Score a model on the first ``count`` pictures of a split.

    Returns:
        The result and the wrong answers. Pictures without a digit count for the readings only, as they have no
        right answer.
    """
    start = time.perf_counter()
    tally = Tally()
    probabilities, factors = answer(classifier, split_name, kind, count, tally)
    wrong = find_mistakes(probabilities, factors.labels)
    seen = factors.labels >= 0
    probabilities, factors = probabilities[seen], factors[seen]
    result = KindResult(
        **vars(score(probabilities, factors.labels)),
        kind=kind,
        split=split_name,
        seed=SPLITS[split_name].seed,
        by=accuracies(factors, probabilities.argmax(1) == factors.labels),
        readings=score_readings(tally) if tally.pictures else None,
        seconds=round(time.perf_counter() - start, 1),
    )
    return result, wrong


def measure_blank(classifier: Predicts, split_name: str, count: int) -> BlankResult:
    """Measure how confident a model is on the first ``count`` pictures without a digit, where it should not be."""
    start = time.perf_counter()
    tally = Tally()
    probabilities, _ = answer(classifier, split_name, BLANK, count, tally)
    return BlankResult(
        kind=BLANK,
        split=split_name,
        seed=SPLITS[split_name].seed,
        count=count,
        confident_share=round(confident_share(probabilities), 5),
        mean_confidence=round(float(probabilities.max(1).mean()), 5),
        invented_per_picture=round(tally.invented / tally.pictures, 5) if tally.pictures else None,
        seconds=round(time.perf_counter() - start, 1),
    )


def answer(
    classifier: Predicts, split_name: str, kind: str, count: int, tally: Tally | None = None
) -> tuple[NDArray[np.float32], Factors]:
    """Probabilities ``(count, 10)`` for the first ``count`` pictures of a split, and their difficulty factors.

    The readings of a classifier with a reader are counted in ``tally``, if one is given.
    """
    probabilities, factors = [], []
    for pictures in held_out(SPLITS[split_name], kind, count, _BATCH, "cpu"):
        pixels = pictures.pixels.numpy()
        readings = None
        if tally is not None and isinstance(classifier, Reads):
            answered, readings = classifier.read(pixels)
        else:
            answered = classifier.predict(pixels)
        if tally is not None and readings is not None:
            digits, boxes = pictures.digits.numpy(), pictures.boxes.numpy()
            for row in zip(readings, digits, boxes, answered.argmax(1).tolist(), strict=True):
                tally.add(*row)
        probabilities.append(answered)
        factors.append(Factors.of(pictures))
    return np.concatenate(probabilities), Factors.concatenate(factors)


def score(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> Score:
    """Score answers to labelled pictures.

    Args:
        probabilities: ``(N, 10)``, rows summing to 1.
        labels: ``(N,)``, the right answers, 0..9.
    """
    answers = probabilities.argmax(1)
    right = answers == labels
    confusion = np.zeros((NUM_CLASSES, NUM_CLASSES), np.int64)
    np.add.at(confusion, (labels, answers), 1)
    occurs = confusion.sum(1)
    recall = [confusion[d, d] / occurs[d] if occurs[d] else None for d in range(NUM_CLASSES)]
    return Score(
        count=len(labels),
        accuracy=round(float(right.mean()), 5),
        interval95=_rounded_interval(int(right.sum()), len(labels)),
        balanced_accuracy=round(float(np.mean([r for r in recall if r is not None])), 5),
        loss=round(cross_entropy(probabilities, labels), 5),
        calibration_error=round(calibration_error(probabilities.max(1), right), 5),
        reliability=tuple(
            (number, round(confidence, 5), round(accuracy, 5))
            for number, confidence, accuracy in reliability(probabilities.max(1), right)
        ),
        recall=tuple(None if r is None else round(float(r), 5) for r in recall),
        confusion=tuple(map(tuple, confusion.tolist())),
    )


def score_readings(tally: Tally) -> ReadingScore:
    """The scores of readings of at least one picture."""
    digits, readings, others = max(1, tally.digits), max(1, tally.readings), tally.pictures - tally.contradicted
    agreed_right = tally.answers_right - tally.contradicted_right
    return ReadingScore(
        digits=tally.digits,
        right=round(tally.right / digits, 5),
        right_interval95=_rounded_interval(tally.right, digits),
        misread=round(tally.misread / digits, 5),
        missed=round(tally.missed / digits, 5),
        readings=tally.readings,
        invented=round(tally.invented / readings, 5),
        contradicted=round(tally.contradicted / tally.pictures, 5),
        accuracy_contradicted=round(tally.contradicted_right / tally.contradicted, 5) if tally.contradicted else None,
        accuracy_not_contradicted=round(agreed_right / others, 5) if others else None,
    )


def cross_entropy(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """The mean loss in nats of probabilities ``(N, 10)``, clipped at 1e-7, for labels ``(N,)``."""
    return float(-np.log(probabilities[np.arange(len(labels)), labels].astype(np.float64).clip(1e-7)).mean())


def confident_share(probabilities: NDArray[np.floating], threshold: float = 0.9) -> float:
    """The share of rows of ``(N, 10)`` whose largest probability exceeds ``threshold``.

    On pictures without a digit it should be close to 0.
    """
    return float((probabilities.max(1) > threshold).mean())


def _rounded_interval(right: int, count: int) -> tuple[float, float]:
    low, high = wilson_interval(right, count)
    return round(low, 5), round(high, 5)


def reliability(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> list[tuple[int, float, float]]:
    """Count, mean confidence and accuracy of each non-empty confidence bin.

    The bins have equal widths and rise with confidence, as in the reliability diagrams of C. Guo, G. Pleiss, Y. Sun,
    K. Q. Weinberger, "On Calibration of Modern Neural Networks" (2017), section 2.
    """
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return [
        (int(inside.sum()), float(confidence[inside].mean()), float(right[inside].mean()))
        for inside in (bins == number for number in np.unique(bins))
    ]


def calibration_error(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """Expected calibration error: mean difference of confidence and accuracy over the bins of :func:`reliability`."""
    bins = reliability(confidence, right)
    return sum(count * abs(sure - accuracy) for count, sure, accuracy in bins) / len(right)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    found = {"python": platform.python_version()}
    for package in ("torch", "torchvision", "tensorflow", "jax", "keras", "numpy", "accelerate"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
