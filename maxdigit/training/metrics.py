"""What a trained model reaches on pictures it has never seen."""

from __future__ import annotations

import math
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maxdigit.data.backgrounds import FAMILIES
from maxdigit.data.splits import SPLITS
from maxdigit.models.registry import NUM_CLASSES, Classifier
from maxdigit.training.batches import held_out

CALIBRATION_BINS = 15
_BATCH = 500


def measure(classifier: Classifier, split_name: str, kind: str, count: int) -> dict[str, Any]:
    """Score a model on the first ``count`` pictures of a split.

    Returns:
        What :func:`score` gives, and for textured pictures the accuracy by background family, with the split's
        name, the kind of picture, the seed and the seconds it took.
    """
    split = SPLITS[split_name]
    start = time.perf_counter()
    probabilities, labels, families = [], [], []
    for pictures in held_out(split, kind, count, _BATCH, "cpu"):
        probabilities.append(classifier.predict(pictures.pixels.numpy()))
        labels.append(pictures.labels.numpy())
        families.append(pictures.families.numpy())
    p, y, family = np.concatenate(probabilities), np.concatenate(labels), np.concatenate(families)
    result = {"split": split_name, "kind": kind, "seed": split.seed, **score(p, y)}
    if (family >= 0).all():
        right = p.argmax(1) == y
        result["accuracy_by_background"] = {
            name: round(float(right[family == number].mean()), 5)
            for number, name in enumerate(FAMILIES)
            if (family == number).any()
        }
    result["seconds"] = round(time.perf_counter() - start, 1)
    return result


def score(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> dict[str, Any]:
    """Accuracy and its kin.

    Args:
        probabilities: ``(N, 10)``, rows summing to 1.
        labels: ``(N,)``, the right answers, 0..9.

    Returns:
        count, accuracy, interval95 (Wilson), balanced_accuracy (mean recall of the digits that occur), loss (mean
        cross-entropy in nats), calibration_error (expected, 15 bins), recall (for each digit, None where it does
        not occur) and confusion (rows: truth, columns: answer).
    """
    answers = probabilities.argmax(1)
    right = answers == labels
    confusion = np.zeros((NUM_CLASSES, NUM_CLASSES), np.int64)
    np.add.at(confusion, (labels, answers), 1)
    occurs = confusion.sum(1)
    recall = [confusion[d, d] / occurs[d] if occurs[d] else None for d in range(NUM_CLASSES)]
    picked = probabilities[np.arange(len(labels)), labels].clip(1e-7)
    return {
        "count": len(labels),
        "accuracy": round(float(right.mean()), 5),
        "interval95": [round(bound, 5) for bound in wilson_interval(int(right.sum()), len(labels))],
        "balanced_accuracy": round(float(np.mean([r for r in recall if r is not None])), 5),
        "loss": round(float(-np.log(picked).mean()), 5),
        "calibration_error": round(calibration_error(probabilities.max(1), right), 5),
        "recall": [None if r is None else round(float(r), 5) for r in recall],
        "confusion": confusion.tolist(),
    }


def wilson_interval(right: int, count: int, z: float = 1.959964) -> tuple[float, float]:
    """The 95 % confidence interval of a share.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927), 209-212.
    """
    share = right / count
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, centre - half), min(1.0, centre + half)


def calibration_error(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """Expected calibration error: how far confidence and accuracy lie apart, over bins of equal width.

    C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural Networks" (2017), section 2.
    """
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    total = 0.0
    for number in np.unique(bins):
        inside = bins == number
        total += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    return float(total)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    found = {"python": platform.python_version()}
    for package in ("torch", "torchvision", "tensorflow", "jax", "keras", "numpy", "accelerate"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
