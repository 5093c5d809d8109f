"""What a network reads: from cells to digits, whatever the reader's file is like, and measured by counting."""

from __future__ import annotations

import json
import logging
import pickle
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_support import run
from PIL import Image
from reader_support import head, put_run
from safetensors.numpy import save_file

from maxdigit import CHECKPOINTS
from maxdigit.data.pictures import generate
from maxdigit.data.sample import draw_sample
from maxdigit.data.splits import TEST
from maxdigit.inference.ensemble import Ensemble
from maxdigit.inference.predict import Prediction, Predictor
from maxdigit.models import torch_cnn
from maxdigit.models.reader import MAX_READINGS, NOTHING, Reader, Reading, Reads, cell_centres, find_readings
from maxdigit.models.reading_classifier import DEFAULTS, READER_SETTINGS, ReadingClassifier, digest, load_trained
from maxdigit.models.registry import MODELS, FeatureMap, get_model
from maxdigit.models.run_folder import READER
from maxdigit.training import choose_readings
from maxdigit.training.metrics import measure, measure_blank, score_readings
from maxdigit.training.reading_scores import Tally, match

MAP = FeatureMap(channels=11, cells=12, first=20.0, step=8.0)
PLACES = cell_centres(MAP)
SEEN = Reader(
    np.eye(13, 11, dtype=np.float32)[np.newaxis],
    np.zeros((1, 13), np.float32),
    MAP,
    threshold=0.5,
    apart=0.0,
    faintest=0.2,
)


def cells(*seen: tuple[int, int, int, float]) -> np.ndarray:
    """Cells that see nothing but, for each (row, column, digit, probability), that digit."""
    found = np.zeros((11, 12, 12), np.float32)
    found[NOTHING] = 1
    for row, column, digit, probability in seen:
        found[:, row, column] = 0
        found[digit, row, column], found[NOTHING, row, column] = probability, 1 - probability
    return found


def test_cells_of_the_same_digit_side_by_side_are_one_digit_between_them():
    found = find_readings(cells((3, 4, 8, 0.9), (3, 5, 8, 0.9), (9, 1, 2, 0.7)), PLACES, 0.5, 0)
    assert [(reading.digit, round(reading.probability, 4)) for reading in found] == [(2, 0.7), (8, 0.9)]
    assert (found[1].x, found[1].y) == pytest.approx((20 + 4.5 * 8, 20 + 3 * 8))


def test_the_same_digit_farther_away_is_another_and_other_digits_keep_their_distance():
    two = cells((3, 1, 8, 0.9), (3, 6, 8, 0.8))
    assert [reading.digit for reading in find_readings(two, PLACES, 0.5, 0)] == [8, 8]
    side_by_side = cells((3, 4, 8, 0.9), (3, 5, 3, 0.8))
    assert [reading.digit for reading in find_readings(side_by_side, PLACES, 0.5, 0)] == [8, 3]
    assert [reading.digit for reading in find_readings(side_by_side, PLACES, 0.5, 8)] == [8], "the surer one"


def test_what_is_less_sure_than_the_threshold_is_not_read():
    faint = cells((3, 1, 8, 0.9), (3, 6, 5, 0.6))
    assert [reading.digit for reading in find_readings(faint, PLACES, 0.7, 0)] == [8]
    assert find_readings(cells(), PLACES, 0.5, 0) == ()


def test_no_more_than_the_eight_surest_are_read():
    many = cells(*((row, column, 4, 0.6 + row / 100 + column / 1000) for row in (0, 4, 8) for column in (0, 4, 8)))
    found = find_readings(many, PLACES, 0.5, 0)
    assert len(found) == MAX_READINGS and min(reading.probability for reading in found) == pytest.approx(0.604)
    assert [reading.x for reading in found] == sorted(reading.x for reading in found)


def reader_of(zones: int) -> Reader:
    """A reader whose heads are random, another for each zone."""
    random = np.random.default_rng(1)
    weight = random.normal(size=(zones, 13, 11)).astype(np.float32)
    return replace(SEEN, weight=weight, bias=random.normal(size=(zones, 13)).astype(np.float32))


@pytest.mark.parametrize(
    ("zones", "cell", "zone"),
    [
        *((1, (4, 7), 0), (1, (0, 0), 0)),
        *((9, (0, 0), 0), (9, (0, 5), 1), (9, (0, 11), 2), (9, (6, 0), 3), (9, (4, 7), 4), (9, (10, 1), 4)),
        *((9, (5, 11), 5), (9, (11, 0), 6), (9, (11, 10), 7), (9, (11, 11), 8)),
    ],
)
def test_what_a_reader_sees_in_a_cell_is_what_the_head_of_its_zone_says(zones, cell, zone):
    reader = reader_of(zones)
    maps = np.random.default_rng(2).normal(size=(2, 11, 12, 12)).astype(np.float32)
    outputs = reader.weight[zone] @ maps[1][:, *cell] + reader.bias[zone]
    powers = np.exp(outputs[:11])
    found, places = reader.see(maps)
    assert found.shape == (2, 11, 12, 12) and found.dtype == np.float32 and np.array_equal(found, reader.cells(maps))
    assert found[1][:, *cell] == pytest.approx(powers / powers.sum(), abs=1e-5)
    looks = np.array([20 + 8 * cell[1], 20 + 8 * cell[0]])
    assert places[1][:, *cell] == pytest.approx(looks + outputs[11:], abs=1e-4)
    assert len(reader.read(maps)) == 2


@pytest.mark.parametrize("zones", [1, 9])
def test_readings_are_those_of_what_is_seen_in_all_cells(zones):
    reader = reader_of(zones)
    maps = np.random.default_rng(3).normal(size=(20, 11, 12, 12)).astype(np.float32)
    found = reader.read(maps)
    assert sum(map(len, found)) > 100
    for readings, cell, place in zip(found, *reader.see(maps), strict=True):
        expected = find_readings(cell, place, reader.threshold, reader.apart)
        assert [reading.digit for reading in readings] == [reading.digit for reading in expected]
        values = [[(one.probability, one.x, one.y) for one in each] for each in (readings, expected)]
        assert np.allclose(*values, atol=1e-3)


def test_a_digit_lies_where_its_cells_say_and_never_outside_the_picture():
    two, places = cells((3, 4, 8, 0.9), (3, 6, 8, 0.9)), PLACES.copy()
    places[0, 3, 4] -= 4
    assert len(find_readings(two, places, 0.5, 0)) == 1, "20 pixels from one another"
    places[0, 3, 4] -= 1
    assert [reading.x for reading in find_readings(two, places, 0.5, 0)] == [20 + 4 * 8 - 5, 20 + 6 * 8]
    places[:, 3, 6] = places[:, 3, 4]
    assert [reading.x for reading in find_readings(two, places, 0.5, 0)] == [20 + 4 * 8 - 5], "both see the same"
    far = replace(SEEN, bias=np.pad(np.full((1, 2), -500, np.float32), ((0, 0), (11, 0))))
    assert (far.see(np.zeros((1, 11, 12, 12), np.float32))[1] == 0).all()


def settings(folder: Path, **changed: object) -> None:
    chosen = {"threshold": 0.8, "apart": 16.0, "faintest": 0.1, "reader_sha256": digest(folder)} | changed
    (folder / READER_SETTINGS).write_text(json.dumps(chosen))


@pytest.mark.parametrize(
    ("reader", "reason"),
    [
        (None, "is missing"),
        (b"no tensors", "damaged or of another model"),
        (head((11, 256)), r"damaged or of another model .*\(1, 13, 256\)"),
        (head((4, 11, 128)), r"damaged or of another model .*\(4, 11, 128\)"),
        (head(value=np.nan), "not finite"),
        ({"bias": np.zeros(11, np.float32)}, "damaged or of another model .*weight"),
    ],
)
def test_without_a_reader_that_fits_there_are_no_readings_and_the_rest_works(reader, reason, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        classifier = load_trained("torch_cnn", put_run(tmp_path, reader))
    assert len(caplog.records) == 1, "one line"
    assert caplog.records[0].levelno == logging.WARNING
    assert re.search(reason, caplog.text)
    pictures = np.zeros((2, 128, 128), np.uint8)
    probabilities, readings = classifier.read(pictures)
    assert readings is None and np.array_equal(probabilities, classifier.predict(pictures))


def test_settings_count_for_the_reader_they_were_chosen_for_alone(tmp_path, caplog):
    put_run(tmp_path, head())
    settings(tmp_path)
    reader = load_trained("torch_cnn", tmp_path).reader
    assert (reader.threshold, reader.apart, reader.faintest) == (0.8, 16.0, 0.1) and not caplog.records
    save_file(head(value=0.1), tmp_path / READER)
    assert load_trained("torch_cnn", tmp_path).reader.threshold == DEFAULTS[0]
    assert "chosen for another reader" in caplog.text


@pytest.mark.parametrize("changed", [{"threshold": 1.5}, {"apart": None}, {"threshold": "much"}, {"faintest": 0}])
def test_damaged_settings_leave_the_default_ones(changed, tmp_path, caplog):
    settings(put_run(tmp_path, head()), **changed)
    assert load_trained("torch_cnn", tmp_path).reader.threshold == DEFAULTS[0]
    assert len(caplog.records) == 1 and "is damaged" in caplog.text


@pytest.mark.parametrize("name", MODELS)
def test_answers_and_maps_come_from_one_pass_and_are_those_of_each_alone(name):
    spec = get_model(name)
    classifier = spec.load(CHECKPOINTS / name / "tuned")
    pictures = np.stack([draw_sample(seed, kind="drawn").pixels for seed in range(3)])
    expected = classifier.predict(pictures)
    probabilities, maps = classifier.predict_with_maps(pictures)
    features = spec.features
    assert maps.shape == (3, features.channels, features.cells, features.cells) and maps.dtype == np.float32
    assert np.array_equal(probabilities, expected) and np.ptp(maps) > 0
    assert np.allclose(classifier.predict_with_maps(pictures[1:2])[1][0], maps[1], atol=1e-3), "each its own"
    assert np.array_equal(classifier.predict(pictures), expected), "looking changes nothing"


@pytest.mark.slow
def test_maps_of_many_pictures_are_in_their_order():
    classifier = torch_cnn.load(CHECKPOINTS / "torch_cnn" / "tuned")
    pictures = np.random.default_rng(1).integers(0, 255, (70, 128, 128), np.uint8)
    _, maps = classifier.predict_with_maps(pictures)
    assert len(maps) == 70 and np.allclose(maps[66:], classifier.predict_with_maps(pictures[66:])[1], atol=1e-3)


def test_threads_get_the_maps_of_their_own_pictures_and_no_hook_stays():
    classifier = torch_cnn.load(CHECKPOINTS / "torch_cnn" / "tuned")
    pictures = np.random.default_rng(2).integers(0, 255, (12, 1, 128, 128), np.uint8)
    expected = [classifier.predict_with_maps(picture)[1] for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda picture: classifier.predict_with_maps(picture)[1], pictures))
    assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))
    assert not classifier.model.feature_layer._forward_hooks, "training copies the model"


def test_resnet18_reads_the_digits_that_are_there():
    predictor = Predictor()
    pictures = generate(TEST, 0, 40, kind="drawn")
    right = there = 0
    for pixels, digits, boxes in zip(
        pictures.pixels.numpy(), pictures.digits.numpy(), pictures.boxes.numpy(), strict=True
    ):
        prediction = predictor.classify(pixels, "resnet18")
        right += match(prediction.digits, digits[digits >= 0], boxes[digits >= 0])[0]
        there += int((digits >= 0).sum())
    assert right > 0.85 * there


class Answers:
    """A classifier with the same answer for all, and readings of its own."""

    def __init__(self, digit: int, readings: tuple[Reading, ...] | None) -> None:
        self.digit, self.readings = digit, readings

    def predict(self, pictures):
        return np.full((len(pictures), 10), 0.02, np.float32) + 0.8 * np.eye(10, dtype=np.float32)[self.digit]

    def read(self, pictures):
        return self.predict(pictures), None if self.readings is None else [self.readings] * len(pictures)


EIGHT, TWO = Reading(8, 0.9, 40.0, 60.0), Reading(2, 0.99, 90.0, 60.0)


def test_the_ensemble_reads_what_its_weightiest_member_reads():
    ensemble = Ensemble([(Answers(1, (TWO,)), 0.3), (Answers(8, (TWO, EIGHT)), 0.7)])
    pictures = np.zeros((2, 128, 128), np.uint8)
    probabilities, readings = ensemble.read(pictures)
    assert readings == [(TWO, EIGHT)] * 2 and np.array_equal(probabilities, ensemble.predict(pictures))
    assert Ensemble([(Answers(1, (TWO,)), 0.3), (Answers(8, None), 0.7)]).read(pictures)[1] is None
    assert isinstance(ensemble, Reads) and isinstance(ReadingClassifier(Answers(1, None), None, None), Reads)


@pytest.mark.parametrize(
    ("digits", "contradicted"),
    [(None, False), ((), False), ((EIGHT, TWO), False), ((TWO,), True), ((EIGHT, Reading(9, 0.6, 1, 1)), True)],
)
def test_an_answer_that_is_not_the_largest_reading_is_contradicted(digits, contradicted):
    prediction = Prediction("resnet18", Answers(8, None).predict([0])[0], 1.0, digits)
    assert prediction.is_contradicted is contradicted
    assert pickle.loads(pickle.dumps(prediction)).digits == digits


def test_a_prediction_for_programs_is_rounded_and_says_what_was_read():
    shares = np.full(10, 1 / 30, np.float32)
    shares[8] = 0.7
    told = Prediction("resnet18", shares, 12.3456, (TWO,)).to_json()
    assert json.loads(json.dumps(told)) == {
        "model": "resnet18",
        "max_digit": 8,
        "probabilities": [0.0333333] * 8 + [0.7, 0.0333333],
        "milliseconds": 12.35,
        "digits": [TWO.rounded()],
    }
    assert Prediction("resnet18", shares, 1.0).to_json()["digits"] is None


def test_the_predictor_says_what_was_read(tmp_path):
    folder = tmp_path / "torch_cnn" / "tuned"
    folder.mkdir(parents=True)
    settings(put_run(folder, head()))
    prediction = Predictor(tmp_path).classify(np.zeros((128, 128), np.uint8), "torch_cnn")
    assert len(prediction.digits) == MAX_READINGS and {reading.digit for reading in prediction.digits} == {7}
    assert all(0 <= value <= 128 for reading in prediction.digits for value in (reading.x, reading.y))


def test_the_command_line_prints_what_was_read(tmp_path):
    picture = tmp_path / "picture.png"
    Image.fromarray(draw_sample(3).pixels).save(picture)
    result = run("classify", picture, "--json", "--whole")
    digits = json.loads(result.stdout)["digits"]
    assert len(digits) >= 2 and all(list(digit) == ["digit", "probability", "x", "y"] for digit in digits)


BOXES = np.array([[30, 50, 50, 80], [80, 50, 100, 80], [-1, -1, -1, -1]])


def test_readings_are_matched_to_digits_once_and_by_value_first():
    digits, boxes = np.array([8, 2]), BOXES[:2]
    assert match((EIGHT, TWO), digits, boxes) == (2, 0)
    assert match((EIGHT, Reading(3, 0.99, 40, 61)), digits, boxes) == (1, 0), "the surer 3 does not take the 8's place"
    assert match((Reading(3, 0.9, 40, 61),), digits, boxes) == (0, 1)
    assert match((EIGHT, replace(EIGHT, x=42.0)), digits, boxes) == (1, 0), "read twice is right once"
    assert match((replace(EIGHT, x=63.0),), digits, boxes) == (0, 0), "13 pixels beside the box"
    assert match((), digits, boxes) == match((EIGHT,), digits[:0], boxes[:0]) == (0, 0)


def test_what_was_read_is_counted():
    tally, digits = Tally(), np.array([8, 2, -1])
    tally.add((EIGHT, TWO), digits, BOXES, 8)
    tally.add((Reading(3, 0.9, 40, 60), Reading(1, 0.6, 5, 5)), digits, BOXES, 8)
    tally.add((), digits, BOXES, 2)
    assert (tally.pictures, tally.digits, tally.readings) == (3, 6, 4)
    assert (tally.right, tally.misread, tally.missed, tally.invented) == (2, 1, 3, 1)
    assert (tally.contradicted, tally.contradicted_right, tally.answers_right) == (1, 1, 2)
    assert tally.f1 == pytest.approx(0.4)
    found = score_readings(tally)
    assert (found.right, found.misread, found.missed, found.invented) == (0.33333, 0.16667, 0.5, 0.25)
    assert (found.contradicted, found.accuracy_contradicted, found.accuracy_not_contradicted) == (
        0.33333,
        1.0,
        0.5,
    )
    assert found.right_interval95[0] < 1 / 3 < found.right_interval95[1]


def test_measuring_tells_how_well_a_model_reads_if_it_does():
    result, _ = measure(Answers(8, (EIGHT, TWO)), "test", "drawn", 8)
    assert result.readings.readings == 16 and result.readings.digits >= 8
    assert measure_blank(Answers(8, (EIGHT, TWO)), "test", 4).invented_per_picture == 2
    assert measure(Answers(8, None), "test", "drawn", 8)[0].readings is None
    assert measure_blank(Answers(8, None), "test", 4).invented_per_picture is None


def test_settings_are_those_that_read_best():
    """A digit that is read at 0.85, and beside it, at 0.75, another that is not there."""
    pictures = generate(TEST, 0, 1, kind="drawn")
    digits, boxes = pictures.digits.clone(), pictures.boxes.clone()
    digits[:], boxes[:] = -1, -1
    digits[0, 0], boxes[0, 0] = 8, boxes.new_tensor([50, 40, 70, 60])  # its centre is cell (4, 5)
    seen = np.log(cells((4, 5, 8, 0.85), (4, 9, 3, 0.75)).clip(1e-6))[np.newaxis]
    answers = np.eye(10, dtype=np.float32)[[8]]
    picture = replace(pictures, digits=digits, boxes=boxes)
    search = choose_readings.Search(SEEN)
    search.add(answers, seen, picture)
    best = search.best()
    assert best.threshold == 0.8 and best.apart == 0 and (best.tally.right, best.tally.invented) == (1, 0)
    assert best.faintest == 0.05
    assert (best.spoken_for, best.spoken_for_absent) == (1, pytest.approx(1 / 9)), "of the nine absent digits, the 3"
    beside = np.log(cells((4, 5, 8, 0.85), (4, 6, 3, 0.84)).clip(1e-6))[np.newaxis]
    search = choose_readings.Search(SEEN)
    search.add(answers, beside, picture)
    assert search.best().apart == 8 and search.best().tally.f1 == 1


def test_what_is_chosen_is_written_for_the_reader_it_was_chosen_for(tmp_path):
    put_run(tmp_path, head())
    chosen = choose_readings.choose_settings("torch_cnn", tmp_path, 2)
    reader = load_trained("torch_cnn", tmp_path).reader
    assert reader.threshold == chosen.threshold and reader.apart == chosen.apart
    assert reader.faintest == chosen.faintest
    assert json.loads((tmp_path / READER_SETTINGS).read_text())["reader_sha256"] == digest(tmp_path)
    (tmp_path / READER).unlink()
    assert choose_readings.choose_settings("torch_cnn", tmp_path, 2) is None
