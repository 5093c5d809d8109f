"""Heat maps: where they lie, and that they point at what the answer came from."""

from __future__ import annotations

import numpy as np
import pytest

from maxdigit.data.pictures import generate
from maxdigit.data.splits import TEST
from maxdigit.inference.explain import heat_map
from maxdigit.inference.predict import CHECKPOINTS
from maxdigit.models.registry import MODELS, FeatureMap, get_model


def test_a_cells_heat_lies_where_the_cell_looks():
    features = FeatureMap(channels=1, cells=9, first=29.5, step=8)
    evidence = np.zeros((9, 9), np.float32)
    evidence[2, 6] = 5.0
    heat = heat_map(evidence, features)
    assert heat.shape == (128, 128) and heat.max() == 1.0 and heat.min() == 0.0
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert abs(row + 0.5 - (29.5 + 2 * 8)) <= 1 and abs(column + 0.5 - (29.5 + 6 * 8)) <= 1
    assert heat[0].max() == 0 and heat[:, 0].max() == 0


def test_no_evidence_makes_no_heat():
    heat = heat_map(np.zeros((8, 8), np.float32), FeatureMap(channels=1, cells=8, first=7.5, step=16))
    assert heat.shape == (128, 128) and not heat.any()


@pytest.mark.parametrize("name", MODELS)
def test_every_model_shows_its_evidence(name):
    spec = get_model(name)
    classifier = spec.load(CHECKPOINTS / name / "tuned")
    picture = generate(TEST, 0, 1).pixels[0].numpy()
    before = classifier.predict(picture[np.newaxis])
    maps = [classifier.evidence(picture, digit) for digit in (9, 3)]
    for evidence in maps:
        assert evidence.shape == (spec.features.cells, spec.features.cells) and evidence.dtype == np.float32
        assert np.isfinite(evidence).all() and evidence.min() >= 0
    assert not np.allclose(*maps)  # what speaks for one digit is not what speaks for another
    assert np.array_equal(before, classifier.predict(picture[np.newaxis]))  # looking changes nothing


def test_the_heat_lies_on_the_largest_digit():
    spec = get_model("resnet18")
    classifier = spec.load(CHECKPOINTS / "resnet18" / "tuned")
    pictures = generate(TEST, 0, 40)
    answers = classifier.predict(pictures.pixels.numpy()).argmax(1)
    hits, judged = 0, 0
    for pixels, digits, boxes, label, answer in zip(
        pictures.pixels.numpy(),
        pictures.digits.tolist(),
        pictures.boxes.tolist(),
        pictures.labels.tolist(),
        answers.tolist(),
        strict=True,
    ):
        if answer != label:
            continue
        heat = heat_map(classifier.evidence(pixels, label), spec.features)
        row, column = np.unravel_index(heat.argmax(), heat.shape)
        judged += 1
        hits += any(
            digit == label and x0 - 8 <= column <= x1 + 8 and y0 - 8 <= row <= y1 + 8
            for digit, (x0, y0, x1, y1) in zip(digits, boxes, strict=True)
        )
    assert judged > 25 and hits > 0.75 * judged
