"""Simultaneous requests are answered in one batch, and those of people before those of bulk jobs.

Only one forward pass runs at a time, on all cores: two would compete for them. Requests that arrive during it wait; the
next pass answers all that wait for one model, and takes little longer than for a single one.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maxdigit import CHECKPOINTS
from maxdigit.inference.predict import Prediction, Predictor
from maxdigit.models.reader import Reading
from maxdigit.preparation.prepare import PreparedPicture

MOST = 32  # pictures in one pass
_PREPARING = 2  # files at a time: the largest take a gigabyte of memory each
_BULK = 8  # pictures of a bulk job in one pass, the most that a person waits for

_Read = tuple[NDArray[np.float32], list[tuple[Reading, ...]] | None]


class Turns:
    """Mutual exclusion with priority: one caller at a time, urgent ones first."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_taken = False
        self._urgent = 0  # number of urgent callers that wait

    @contextmanager
    def turn(self, *, is_urgent: bool) -> Iterator[None]:
        """Wait for a turn, which ends with the block."""
        with self._changed:
            self._urgent += is_urgent
            self._changed.wait_for(lambda: not self._is_taken and (is_urgent or not self._urgent))
            self._urgent -= is_urgent
            self._is_taken = True
        try:
            yield
        finally:
            with self._changed:
                self._is_taken = False
                self._changed.notify_all()


@dataclass(eq=False)
class _Question:
    """A request: one picture, and later its answer."""

    picture: NDArray[np.uint8]
    answer: Prediction | None = None
    error: Exception | None = None

    @property
    def is_done(self) -> bool:
        return self.answer is not None or self.error is not None


class GatheringPredictor(Predictor):
    """A :class:`Predictor` for many concurrent threads."""

    def __init__(self, checkpoints: Path = CHECKPOINTS) -> None:
        super().__init__(checkpoints)
        self._turns, self._preparing = Turns(), threading.BoundedSemaphore(_PREPARING)
        self._lines: dict[str, deque[_Question]] = {}  # by model: requests that no pass has taken yet

    def classify(self, picture: NDArray[np.uint8], model: str) -> Prediction:
        """As :meth:`Predictor.classify`; the milliseconds are the picture's share of a pass with others."""
        self.classifier(model)  # loaded before the turn, so that other requests do not wait for it
        question, line = _Question(picture), self._lines.setdefault(model, deque())
        line.append(question)
        while not question.is_done:
            with self._turns.turn(is_urgent=True):
                if not question.is_done:  # answered by the thread that had the turn before
                    self._answer(model, [line.popleft() for _ in range(min(MOST, len(line)))])
        if question.error is not None:
            raise question.error
        assert question.answer is not None
        return question.answer

    def prepare(self, source: Path | bytes, **options: Any) -> PreparedPicture:
        """As :meth:`Predictor.prepare`."""
        with self._preparing:
            return super().prepare(source, **options)

    def predict(self, pictures: NDArray[np.uint8], model: str) -> NDArray[np.float32]:
        """As :meth:`Predictor.predict`."""
        return np.concatenate([probabilities for probabilities, _ in self._in_parts(pictures, model)])

    def read(self, pictures: NDArray[np.uint8], model: str) -> _Read:
        """As :meth:`Predictor.read`."""
        parts = list(self._in_parts(pictures, model))
        readings = [one for _, read in parts for one in read or ()]
        return np.concatenate([probabilities for probabilities, _ in parts]), readings or None

    def _answer(self, model: str, questions: list[_Question]) -> None:
        try:
            start = time.perf_counter()
            probabilities, readings = super().read(np.stack([question.picture for question in questions]), model)
            milliseconds = (time.perf_counter() - start) * 1000 / len(questions)
            for row, question in enumerate(questions):
                digits = None if readings is None else readings[row]
                question.answer = Prediction(model, probabilities[row], milliseconds, digits)
        except Exception as error:
            if len(questions) == 1:
                questions[0].error = error
            for question in questions if len(questions) > 1 else ():  # one picture may be the cause
                self._answer(model, [question])

    def _in_parts(self, pictures: NDArray[np.uint8], model: str) -> Iterator[_Read]:
        self.classifier(model)
        for start in range(0, max(1, len(pictures)), _BULK):
            with self._turns.turn(is_urgent=False):
                part = super().read(pictures[start : start + _BULK], model)
            yield part
