"""Accuracy by what makes a picture hard, against counting by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch

from maxdigit.data.pictures import generate
from maxdigit.data.splits import TEST
from maxdigit.training import metrics
from maxdigit.training.difficulty_factors import NOISES, OVERLAPS, ROTATIONS, SIZES, Factors, accuracies
from maxdigit.training.metrics import confident_share, measure, measure_blank
from maxdigit.training.mistakes import Mistake, MistakesError, find_mistakes, read_mistakes, write_mistakes
from maxdigit.training.results import FACTORS, Bin


class SaysNine:
    def predict(self, pictures):
        return np.eye(10, dtype=np.float32)[np.full(len(pictures), 9)]


def by_hand(digits, boxes, angles):
    """Size, rotation and overlap of one picture, in plain Python."""
    slots = [slot for slot in range(8) if digits[slot] >= 0]
    top = max(digits[slot] for slot in slots)
    slot = max((s for s in slots if digits[s] == top), key=lambda s: boxes[s][3] - boxes[s][1])
    overlap = 0.0
    for a, b in combinations((boxes[s] for s in slots), 2):
        width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        area = min((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
        overlap = max(overlap, max(width, 0) * max(height, 0) / area)
    return boxes[slot][3] - boxes[slot][1], abs(angles[slot]), overlap


@pytest.mark.parametrize(("kind", "count"), [("crowded", 8), ("drawn", 60)])
def test_factors_agree_with_measuring_one_by_one(kind, count):
    pictures = generate(TEST, 0, count, kind=kind)
    found = Factors.of(pictures)
    rows = zip(pictures.digits.tolist(), pictures.boxes.tolist(), pictures.angles.tolist(), strict=True)
    sizes, rotations, overlaps = zip(*(by_hand(*row) for row in rows), strict=True)
    assert found.sizes.tolist() == list(sizes)
    assert found.rotations == pytest.approx(rotations)
    assert found.overlaps == pytest.approx(overlaps) and found.overlaps.max() > 0
    assert (found.labels == pictures.labels.numpy()).all()
    assert len(set(found.noises)) > count / 2


def test_noise_is_that_of_the_ground_alone():
    pictures = generate(TEST, 0, 2, kind="textured")
    pixels, boxes = pictures.pixels.clone(), pictures.boxes.tolist()
    pixels[0] = 90
    for x0, y0, x1, y1 in (box for box, digit in zip(boxes[0], pictures.digits[0], strict=True) if digit >= 0):
        pixels[0, y0:y1, x0:x1] = 255
    flat, textured = Factors.of(replace(pictures, pixels=pixels)).noises
    assert flat == 0 and 10 < textured < 80


def test_bins_hold_their_lower_edge_and_no_overlap_stands_alone():
    assert [SIZES.names[i] for i in SIZES.of(np.array([3, 15.9, 16, 20, 31, 48, 120]))] == [
        "<16", "<16", "16-20", "20-24", "24-32", "48+", "48+",
    ]  # fmt: skip
    assert [ROTATIONS.names[i] for i in ROTATIONS.of(np.array([0, 5, 29.9, 30]))] == ["0-5", "5-10", "20-30", "30+"]
    assert [OVERLAPS.names[i] for i in OVERLAPS.of(np.array([0, 0.001, 0.1, 0.25, 1]))] == [
        "0", "0-0.1", "0.1-0.25", "0.25+", "0.25+",
    ]  # fmt: skip
    for bins in (SIZES, ROTATIONS, OVERLAPS, NOISES):
        assert len(bins.names) == len(bins.edges) + 1


def test_accuracy_is_counted_in_each_bin():
    factors = Factors(
        labels=np.array([9, 9, 1]),
        families=np.array([0, 2, 2]),
        sizes=np.array([18.0, 19.0, 50.0]),
        rotations=np.array([2.0, 33.0, 33.0]),
        overlaps=np.zeros(3),
        noises=np.array([0.5, 30.0, 70.0]),
    )
    assert accuracies(factors, np.array([True, False, True])) == {
        "size": {"16-20": Bin(2, 0.5), "48+": Bin(1, 1.0)},
        "rotation": {"0-5": Bin(1, 1.0), "30+": Bin(2, 0.5)},
        "overlap": {"0": Bin(3, 0.66667)},
        "noise": {
            "<1": Bin(1, 1.0),
            "25-35": Bin(1, 0.0),
            "60+": Bin(1, 1.0),
        },
        "background": {"rings": Bin(1, 1.0), "wall": Bin(2, 0.5)},
    }


@pytest.mark.parametrize("kind", ["textured", "drawn"])
def test_measuring_tells_accuracy_by_every_factor(kind):
    result, _ = measure(SaysNine(), "test", kind, 8)
    assert set(result.by) == set(FACTORS) - (set() if kind == "textured" else {"background"})
    for bins in result.by.values():
        assert sum(found.count for found in bins.values()) == 8
        right = sum(found.count * found.accuracy for found in bins.values())
        assert right / 8 == pytest.approx(result.accuracy, abs=1e-4)


def test_pictures_without_a_digit_are_left_out(monkeypatch):
    def with_two_empty(*_):
        pictures = generate(TEST, 0, 8)
        digits, boxes = pictures.digits.clone(), pictures.boxes.clone()
        digits[:2], boxes[:2] = -1, -1
        yield replace(pictures, digits=digits, boxes=boxes)

    monkeypatch.setattr(metrics, "held_out", with_two_empty)
    result, wrong = measure(SaysNine(), "test", "textured", 8)
    assert result.count == 6 == torch.tensor(result.confusion).sum()
    assert sum(found.count for found in result.by["size"].values()) == 6
    labels = generate(TEST, 0, 8).labels.tolist()
    assert sorted(mistake.index for mistake in wrong) == [i for i in range(2, 8) if labels[i] != 9]


def test_confidence_is_the_share_of_rows_above_the_threshold():
    top = np.array([0.95, 0.9, 0.5, 0.91])
    probabilities = np.hstack([top[:, None], np.repeat((1 - top[:, None]) / 9, 9, axis=1)])
    assert confident_share(probabilities) == 0.5, "0.9 itself does not exceed 0.9"
    assert confident_share(probabilities, threshold=0.4) == 1.0


def test_certainty_about_pictures_without_a_digit_is_told():
    result = measure_blank(SaysNine(), "test", 6)
    assert (result.kind, result.count, result.confident_share, result.mean_confidence) == ("blank", 6, 1, 1)


def test_mistakes_are_kept_by_kind_the_surest_first(tmp_path):
    probabilities = np.full((4, 10), 0.01)
    for row, (answer, sure) in enumerate([(3, 0.5), (7, 0.9), (9, 0.8), (2, 0.6)]):
        probabilities[row, answer] = sure
    found = find_mistakes(probabilities, np.array([4, 1, 9, -1]))
    assert found == [Mistake(1, 1, 7, 0.9), Mistake(0, 4, 3, 0.5)], "the third is right, the fourth shows no digit"
    assert read_mistakes(tmp_path) == {}
    write_mistakes(tmp_path, "drawn", found)
    write_mistakes(tmp_path, "photo", found[:1])
    write_mistakes(tmp_path, "drawn", found[1:])
    assert read_mistakes(tmp_path) == {"drawn": found[1:], "photo": found[:1]}


@pytest.mark.parametrize("damage", ["drawn,1,2\n", "drawn,x,2,3,0.5\n", "drawn,-1,2,3,0.5\n", "drawn,1,2,12,0.5\n"])
def test_damaged_mistakes_are_refused_by_name(tmp_path, damage):
    write_mistakes(tmp_path, "drawn", [Mistake(1, 2, 3, 0.5)])
    path = tmp_path / "mistakes.csv"
    path.write_text(path.read_text() + damage)
    with pytest.raises(MistakesError, match=r"mistakes\.csv is damaged .* evaluate --write"):
        read_mistakes(tmp_path)


def test_measuring_counts_right_answers_on_the_split():
    result, _ = measure(SaysNine(), "test", "textured", 300)
    assert result.count == 300 and 0.15 < result.accuracy < 0.4  # about 27 % of labels are nines
    assert result.recall[9] == 1.0 and set(result.by["background"]) == {
        "rings", "stars", "wall", "granite", "waves", "gravel", "marble",
    }  # fmt: skip
