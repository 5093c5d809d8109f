"""Everyday pictures are read: of each kind that people hand in, most answers are right.

The pictures are those of ``benchmarks/preparation.py``, which measures what share of each kind is read; here a few of
each say that a kind has not been lost.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.everyday import KINDS, Kind, picture
from maxdigit.errors import PictureError
from maxdigit.inference.predict import DEFAULT_MODEL, Predictor
from maxdigit.preparation.files import open_picture, to_rgb
from maxdigit.preparation.prepare import prepare

FIRST, TRIED, NEEDED = 1000, 3, 2  # the benchmark looks at the pictures from 0 on


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_most_pictures_of_every_kind_are_read(kind: Kind, predictor: Predictor) -> None:
    answers = []
    for number in range(FIRST, FIRST + TRIED):
        content, digits = picture(kind, number)
        try:
            pixels = prepare(open_picture(content)).pixels
        except PictureError as refused:
            answers.append((digits, str(refused)))
            continue
        answers.append((digits, predictor.classify(pixels, DEFAULT_MODEL).max_digit))
    assert sum(said == max(digits) for digits, said in answers) >= NEEDED, answers


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_picture_is_always_the_same_and_another_is_different(kind: Kind) -> None:
    assert picture(kind, 5) == picture(kind, 5)
    assert picture(kind, 5) != picture(kind, 6)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_picture_is_a_file_with_something_to_see(kind: Kind) -> None:
    content, digits = picture(kind, 7)
    assert len(digits) == 3 and all(0 <= digit <= 9 for digit in digits)
    assert np.ptp(to_rgb(open_picture(content)).astype(float), axis=(0, 1)).max() > 40
