"""Questions that come at once: answered together, each with its own answer, and before those of a batch."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from maxdigit.inference import gathering
from maxdigit.inference.gathering import GatheringPredictor, Turns
from maxdigit.inference.predict import Predictor
from maxdigit.models.reader import Reading

FAULTY = 13  # what the first pixel of a picture is that no pass survives
PICTURES = np.delete(np.arange(65, dtype=np.uint8), FAULTY)[:, None, None] * np.ones((1, 128, 128), np.uint8)


class Classifier:
    """Says a picture's first pixel modulo ten; its passes wait until they may end."""

    def __init__(self, *, is_free: bool = True) -> None:
        self.passes: list[list[int]] = []
        self.has_begun, self.may_end = threading.Event(), threading.Event()
        if is_free:
            self.may_end.set()

    def read(self, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], list[tuple[Reading, ...]]]:
        self.passes.append(pictures[:, 0, 0].tolist())
        self.has_begun.set()
        assert self.may_end.wait(60)
        if FAULTY in self.passes[-1]:
            raise ZeroDivisionError
        digits = pictures[:, 0, 0] % 10
        return np.eye(10, dtype=np.float32)[digits], [(Reading(int(digit), 0.9, 1, 2),) for digit in digits]


def predictor_with(classifier: Classifier) -> GatheringPredictor:
    predictor = GatheringPredictor()
    predictor._classifiers["resnet18"] = classifier  # type: ignore[assignment]
    return predictor


def asked(threads: ThreadPoolExecutor, predictor: GatheringPredictor, numbers: range | list[int]) -> list[Future[Any]]:
    """Questions about pictures with these first pixels."""
    pictures = [np.full((128, 128), number, np.uint8) for number in numbers]
    return [threads.submit(predictor.classify, picture, "resnet18") for picture in pictures]


def wait_until_there_wait(predictor: GatheringPredictor, count: int) -> None:
    with predictor._turns._changed:
        while predictor._turns._urgent < count:
            predictor._turns._changed.wait(0.01)


OTHERS = [number for number in range(1, 20) if number != FAULTY]


def test_what_gathers_while_a_pass_runs_is_answered_by_the_next() -> None:
    classifier = Classifier(is_free=False)
    predictor = predictor_with(classifier)
    with ThreadPoolExecutor(20) as threads:
        first = asked(threads, predictor, [0])
        assert classifier.has_begun.wait(60)
        others = asked(threads, predictor, OTHERS)
        wait_until_there_wait(predictor, len(OTHERS))
        classifier.may_end.set()
        answers = [future.result(60) for future in (*first, *others)]
    expected = [number % 10 for number in (0, *OTHERS)]
    assert [answer.max_digit for answer in answers] == expected
    assert [answer.digits[0].digit for answer in answers] == expected
    assert [len(numbers) for numbers in classifier.passes] == [1, len(OTHERS)]


def test_no_pass_takes_more_than_it_should(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST", 4)
    classifier = Classifier(is_free=False)
    predictor = predictor_with(classifier)
    with ThreadPoolExecutor(11) as threads:
        first = asked(threads, predictor, [0])
        assert classifier.has_begun.wait(60)
        others = asked(threads, predictor, range(1, 11))
        wait_until_there_wait(predictor, 10)
        classifier.may_end.set()
        assert [future.result(60).max_digit for future in (*first, *others)] == [number % 10 for number in range(11)]
    assert max(map(len, classifier.passes)) == 4


def test_one_picture_s_fault_is_not_another_s() -> None:
    classifier = Classifier(is_free=False)
    predictor = predictor_with(classifier)
    with ThreadPoolExecutor(4) as threads:
        first = asked(threads, predictor, [0])
        assert classifier.has_begun.wait(60)
        good, bad, fine = asked(threads, predictor, [12, FAULTY, 14])
        wait_until_there_wait(predictor, 3)
        classifier.may_end.set()
        assert (first[0].result(60).max_digit, good.result(60).max_digit, fine.result(60).max_digit) == (0, 2, 4)
        with pytest.raises(ZeroDivisionError):
            bad.result(60)


def test_who_draws_does_not_wait_for_somebody_s_batch() -> None:
    classifier = Classifier(is_free=False)
    predictor = predictor_with(classifier)
    with ThreadPoolExecutor(2) as threads:
        batch = threads.submit(predictor.read, PICTURES, "resnet18")
        assert classifier.has_begun.wait(60)
        (drawer,) = asked(threads, predictor, [7])
        wait_until_there_wait(predictor, 1)
        classifier.may_end.set()
        assert drawer.result(60).max_digit == 7
        probabilities, readings = batch.result(60)
    assert (probabilities.argmax(1) == PICTURES[:, 0, 0] % 10).all() and len(readings) == len(PICTURES)
    assert classifier.passes[:2] == [list(range(8)), [7]], "it comes after the part that was being answered"


def test_one_computes_at_a_time() -> None:
    turns, inside, most = Turns(), 0, 0

    def work(is_urgent: bool) -> None:
        nonlocal inside, most
        for _ in range(50):
            with turns.turn(is_urgent=is_urgent):
                inside += 1
                most = max(most, inside)
                inside -= 1

    with ThreadPoolExecutor(6) as threads:
        for future in [threads.submit(work, number % 2 == 0) for number in range(6)]:
            future.result(60)
    assert most == 1


def test_files_are_prepared_two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most, lock, two = 0, 0, threading.Lock(), threading.Barrier(2)

    def prepare(*_: Any, **__: Any) -> None:
        nonlocal inside, most
        with lock:
            inside, most = inside + 1, max(most, inside + 1)
        two.wait(60)
        with lock:
            inside -= 1

    monkeypatch.setattr(Predictor, "prepare", prepare)
    predictor = GatheringPredictor()
    with ThreadPoolExecutor(6) as threads:
        for future in [threads.submit(predictor.prepare, b"") for _ in range(6)]:
            future.result(60)
    assert most == 2


def test_batches_are_answered_as_by_any_predictor() -> None:
    predictor = predictor_with(Classifier())
    assert (predictor.predict(PICTURES, "resnet18").argmax(1) == PICTURES[:, 0, 0] % 10).all()
