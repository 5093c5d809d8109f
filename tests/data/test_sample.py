"""Samples: single pictures on request, and folders of pictures."""

from __future__ import annotations

import csv

import pytest
from PIL import Image

from maxdigit.data.backgrounds import FAMILIES
from maxdigit.data.labelled_picture import SampleError
from maxdigit.data.pictures import TEST_KINDS, generate
from maxdigit.data.sample import draw_balanced, draw_sample, evaluation_picture, write_samples
from maxdigit.data.splits import TEST


def test_samples_are_test_pictures_outside_the_measured_set():
    sample = draw_sample(11)
    assert (sample.pixels == draw_sample(11).pixels).all()
    assert (sample.pixels != draw_sample(12).pixels).any()
    assert sample.max_digit == max(sample.digits) and len(sample.digits) == 3
    assert sample.family in FAMILIES
    assert draw_sample(11, "drawn").family is None


@pytest.mark.parametrize(
    ("kind", "family", "digits"),
    [
        ("textured", "rings", (7, 3, 7)),
        ("textured", None, (0, 0, 0)),
        ("textured", "marble", None),
        ("drawn", None, (1, 4, 2)),
        ("forms", None, (1, 7, 9)),
        ("photo", None, (8, 8, 5)),
    ],
)
def test_samples_show_what_is_requested(kind: str, family: str | None, digits: tuple[int, ...] | None) -> None:
    sample = draw_sample(5, kind, family=family, digits=digits)
    assert digits is None or sorted(sample.digits) == sorted(digits)
    assert family is None or sample.family == family
    other = draw_sample(6, kind, family=family, digits=digits)
    assert other.pixels.shape == sample.pixels.shape and (other.pixels != sample.pixels).any()


@pytest.mark.parametrize(
    "requested",
    [
        {"kind": "crowded"},
        {"family": "tartan"},
        {"kind": "photo", "family": "rings"},
        {"digits": (1, 2)},
        {"digits": (1, 2, 11)},
    ],
)
def test_samples_that_cannot_be_made_are_refused_with_a_sentence(requested: dict) -> None:
    with pytest.raises(SampleError, match=r"\.$"):
        draw_sample(5, **requested)


@pytest.mark.slow
def test_each_digit_is_as_often_the_largest_in_a_balanced_sample_of_any_kind() -> None:
    largest = [draw_balanced(seed, "crowded").max_digit for seed in range(60)]
    assert sum(digit < 5 for digit in largest) > 15, "of eight digits drawn alike none is below 5 in 1 of 256 pictures"
    assert (draw_balanced(3, "faint").pixels == draw_balanced(3, "faint").pixels).all()


def test_a_measured_picture_is_found_again_by_its_number() -> None:
    pictures = generate(TEST, 1_498, 4, kind="drawn")
    found = evaluation_picture("drawn", 1_501)
    assert (found.pixels == pictures.pixels[3].numpy()).all() and found.max_digit == pictures.labels[3]


def test_written_samples_are_what_the_table_says(tmp_path):
    table = write_samples(tmp_path / "a", 5, seed=7)
    rows = list(csv.DictReader(table.open()))
    assert len(rows) == 5
    for row in rows:
        assert Image.open(tmp_path / "a" / row["name"]).size == (128, 128)
        assert int(row["max_digit"]) == max(map(int, row["digits"].split()))
        assert row["background"] in FAMILIES
    again = write_samples(tmp_path / "b", 5, seed=7)
    assert again.read_text() == table.read_text()
    for kind in TEST_KINDS:
        assert write_samples(tmp_path / kind, 1, seed=1, kind=kind).exists()
