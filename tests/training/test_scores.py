"""Scores of probabilities, against counting by hand and published values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from maxdigit.training.metrics import calibration_error, confident_share, reliability, score
from maxdigit.training.running_score import RunningScore, wilson_interval


def test_scores_agree_with_counting_by_hand():
    probabilities = np.full((4, 10), 0.02)
    for row, answer in enumerate((9, 9, 3, 1)):
        probabilities[row, answer] = 0.82
    result = score(probabilities, np.array([9, 3, 3, 1]))
    assert result.accuracy == 0.75
    assert result.recall[3] == 0.5 and result.recall[9] == 1.0 and result.recall[0] is None
    assert result.balanced_accuracy == pytest.approx((0.5 + 1 + 1) / 3, abs=1e-5)
    assert result.confusion[3][9] == 1 and sum(map(sum, result.confusion)) == 4
    assert result.calibration_error == pytest.approx(0.07, abs=1e-5)
    assert result.loss == pytest.approx(-(3 * math.log(0.82) + math.log(0.02)) / 4, abs=1e-5)


def test_intervals_agree_with_a_published_example():
    """Newcombe (1998), Statistics in Medicine 17, 857-872: 81 of 263 gives 0.2553 to 0.3662."""
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson_interval(10, 10)[1] == pytest.approx(1)


def test_calibration_error_is_zero_for_honest_confidence():
    confidence = np.full(1000, 0.7)
    assert calibration_error(confidence, np.arange(1000) < 700) == pytest.approx(0, abs=1e-9)
    assert calibration_error(confidence, np.ones(1000, bool)) == pytest.approx(0.3)
    assert reliability(confidence, np.arange(1000) < 600) == [(1000, pytest.approx(0.7), 0.6)]


def test_a_running_score_is_that_of_all_its_answers_whatever_was_taken_back():
    random = np.random.default_rng(5)
    probabilities = random.dirichlet(np.full(10, 0.3), 300).astype(np.float32)
    labels = np.where(random.random(300) < 0.7, probabilities.argmax(1), random.integers(0, 10, 300))
    running = RunningScore()
    assert running.score() is None
    for row, label in zip(probabilities, labels, strict=True):
        running.add(int(label), int(row.argmax()), float(row.max()))
        running.add(int(label), 3, 0.5)
        running.add(int(label), 3, 0.5, -1)
    found, expected = running.score(), score(probabilities, labels)
    assert found is not None and found.confusion == expected.confusion
    assert (found.count, found.accuracy) == (expected.count, expected.accuracy)
    assert found.interval95 == pytest.approx(expected.interval95, abs=1e-5)
    assert np.array(found.reliability) == pytest.approx(np.array(expected.reliability), abs=2e-5)


def test_certainty_belongs_to_the_last_bin_of_confidence():
    bins = reliability(np.array([0.95, 1.0]), np.array([True, False]))
    assert bins == [(2, pytest.approx(0.975), 0.5)]


def test_confidence_counts_above_the_threshold_only():
    probabilities = np.array([[0.95, 0.05], [0.5, 0.5], [0.6, 0.4]])
    assert confident_share(probabilities) == pytest.approx(1 / 3)
