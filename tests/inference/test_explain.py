"""Heat maps: where they lie, and that they point at what the answer came from."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from maxdigit import CHECKPOINTS
from maxdigit.data.pictures import generate
from maxdigit.data.splits import TEST
from maxdigit.inference.explain import explain, has_evidence, heat_map, place_map
from maxdigit.inference.predict import Predictor
from maxdigit.models.reader import Reader, cell_centres
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


def test_what_lies_past_the_outermost_cell_is_its_to_show():
    features = FeatureMap(channels=1, cells=9, first=29.5, step=8)
    evidence = np.zeros((9, 9), np.float32)
    evidence[0, 4] = 1
    heat = heat_map(evidence, features)
    column = heat[:, round(features.first + 4 * features.step)]
    assert column[:29].min() > 0.9 and column[45:].max() == 0


def test_between_two_cells_that_share_a_digit_it_is_hottest():
    features = FeatureMap(channels=1, cells=8, first=7.5, step=16)
    evidence = np.zeros((8, 8), np.float32)
    evidence[4, 2:4] = 1
    _, column = np.unravel_index(heat_map(evidence, features).argmax(), (128, 128))
    assert abs(column + 0.5 - (7.5 + 2.5 * 16)) <= 1


@pytest.mark.parametrize("name", MODELS)
def test_what_is_seen_in_a_cell_is_traced_to_what_lies_there(name):
    """By what any LayerCAM must be: of the early map's size, not negative, and nothing where nothing is asked about."""
    spec = get_model(name)
    classifier = spec.load(CHECKPOINTS / name / "tuned")
    picture = generate(TEST, 0, 1, kind="drawn").pixels[0].numpy()
    _, expected = classifier.predict_with_maps(picture[np.newaxis])
    maps, traced = classifier.trace(picture, np.ones_like)
    assert np.allclose(maps, expected, atol=1e-2 * np.abs(expected).max())
    assert traced.shape == (spec.traced.cells, spec.traced.cells) and traced.dtype == np.float32
    assert np.isfinite(traced).all() and traced.min() >= 0 and traced.max() > 0
    assert not classifier.trace(picture, np.zeros_like)[1].any(), "nothing is asked about"

    strongest = np.unravel_index(expected[0].sum(0).argmax(), expected.shape[2:])

    def one_cell(maps):
        gradient = np.zeros_like(maps)
        gradient[:, :, *strongest] = 1
        return gradient

    alone = classifier.trace(picture, one_cell)[1]
    assert alone.min() >= 0 and alone.any()
    sums = (alone.sum(1), alone.sum(0))
    for cell, along in zip(strongest, sums, strict=True):
        found = spec.traced.first + spec.traced.step * np.average(np.arange(len(along)), weights=along)
        assert abs(found - (spec.features.first + spec.features.step * cell)) < 20, "it comes from there"


@pytest.mark.parametrize("zones", [[0, 0, 0, 0], [0, 2, 6, 8]], ids=["one head", "a head for each corner"])
def test_a_readers_evidence_changes_as_its_gradient_says(zones):
    random = np.random.default_rng(3)
    features, count = FeatureMap(channels=5, cells=2, first=32, step=64), 9 if any(zones) else 1
    weight = random.normal(size=(count, 13, 5)).astype(np.float32)
    reader = Reader(weight, np.zeros((count, 13), np.float32), features, threshold=0.5, apart=0.0, faintest=0.1)
    maps = random.normal(size=(1, 5, 2, 2)).astype(np.float32)
    held = reader.cells(maps)[0, 3].ravel()

    def evidence(maps):
        logits = [weight[zone].astype(np.float64) @ maps[0].reshape(5, 4)[:, cell] for cell, zone in enumerate(zones)]
        return sum(share * (each[3] - each[10]) for share, each in zip(held, logits, strict=True))

    step = random.normal(size=maps.shape)
    expected = evidence(maps + 0.5 * step) - evidence(maps - 0.5 * step)
    assert (reader.gradient(maps, 3) * step).sum() == pytest.approx(expected, rel=1e-3)


class Traced:
    """A model that sees a 4 in one cell of two by two, and what made it so in a corner of that."""

    reader = Reader(
        np.zeros((1, 13, 5), np.float32), np.zeros((1, 13), np.float32), FeatureMap(5, 2, 32, 64), 0.5, 0.0, 0.2
    )

    answer = 8

    def predict(self, pictures):
        return np.eye(10, dtype=np.float32)[[self.answer] * len(pictures)]

    def trace_reading(self, _, digit):
        probabilities = np.array([[0, 0.9 if digit == 4 else 0.1], [0, 0]], np.float32)
        traced = np.zeros((8, 8), np.float32)
        traced[1, 6] = traced[6, 1] = 1
        places = cell_centres(self.reader.features)
        places[:, 0, 1] = 104, 24  # seen from (96, 32)
        return probabilities, places, traced


def test_the_heat_lies_where_the_digit_is_read_on_what_made_it_so():
    spec = SimpleNamespace(features=Traced.reader.features, traced=FeatureMap(1, 8, 8, 16))
    heat = explain(Traced(), spec, np.zeros((128, 128), np.uint8), 4)
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert abs(row + 0.5 - 24) <= 1 and abs(column + 0.5 - 104) <= 1 and heat.max() == 1
    assert heat[90:].max() < 0.05 and has_evidence(heat), "the other corner is not where it is read"


def test_what_is_read_lies_where_its_cell_says():
    probabilities = np.zeros((2, 2), np.float32)
    probabilities[0, 1] = 0.5
    places = np.full((2, 2, 2), 64, np.float32)
    places[:, 0, 1] = 100.5, 8.5
    heat = place_map(probabilities, places)
    assert np.unravel_index(heat.argmax(), heat.shape) == (8, 100) and heat.max() == 1 and heat.dtype == np.float32
    assert heat[8, 106] == pytest.approx(np.exp(-0.5), abs=1e-3) and heat[64, 64] < 1e-4
    assert not place_map(np.zeros((2, 2), np.float32), places).any()


def test_a_digit_that_is_read_nowhere_has_no_heat_and_that_is_said():
    spec = SimpleNamespace(features=Traced.reader.features, traced=FeatureMap(1, 8, 8, 16))
    heat = explain(Traced(), spec, np.zeros((128, 128), np.uint8), 5)
    assert not heat.any() and not has_evidence(heat)


def test_for_an_answer_something_spoke_however_faintly_it_is_read():
    spec = SimpleNamespace(features=Traced.reader.features, traced=FeatureMap(1, 8, 8, 16))
    heat = explain(Traced(), spec, np.zeros((128, 128), np.uint8), Traced.answer)
    assert has_evidence(heat) and heat.max() == 1


@pytest.mark.parametrize("name", ["resnet18", "torch_cnn"])
@pytest.mark.slow
def test_the_hottest_point_lies_on_the_largest_digit(name):
    predictor = Predictor()
    pictures = generate(TEST, 0, 40, kind="drawn")
    hits = judged = 0
    for pixels, digits, boxes in zip(
        pictures.pixels.numpy(), pictures.digits.tolist(), pictures.boxes.tolist(), strict=True
    ):
        if predictor.classify(pixels, name).max_digit != max(digits):
            continue
        row, column = np.unravel_index(predictor.explain(pixels, name, max(digits)).argmax(), pixels.shape)
        judged += 1
        hits += any(
            digit == max(digits) and x0 <= column < x1 and y0 <= row < y1
            for digit, (x0, y0, x1, y1) in zip(digits, boxes, strict=True)
        )
    assert judged > 25 and hits >= 0.9 * judged


def test_without_a_reader_there_is_a_heat_map_too(tmp_path):
    folder = tmp_path / "torch_cnn" / "tuned"
    folder.mkdir(parents=True)
    for file in ("model.safetensors", "config.json"):
        shutil.copy(CHECKPOINTS / "torch_cnn" / "tuned" / file, folder)
    picture = generate(TEST, 0, 1, kind="drawn").pixels[0].numpy()
    heat = Predictor(tmp_path).explain(picture, "torch_cnn", 8)
    spec = get_model("torch_cnn")
    assert has_evidence(heat) and np.array_equal(heat, heat_map(spec.load(folder).evidence(picture, 8), spec.features))
