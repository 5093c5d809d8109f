"""Temperature scaling: what is fitted, that it is applied wherever a model is asked, and that no answer changes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from maxdigit import CHECKPOINTS
from maxdigit.data.kinds import TEST_KINDS
from maxdigit.data.pictures import generate
from maxdigit.data.splits import VALIDATION
from maxdigit.errors import CheckpointError
from maxdigit.models import torch_cnn
from maxdigit.models.calibration import (
    COLDEST,
    FARTHEST,
    HOTTEST,
    Scaling,
    Scalings,
    on_black,
    read_scalings,
    weight_digests,
)
from maxdigit.models.reading_classifier import load_trained
from maxdigit.models.registry import get_model
from maxdigit.training.calibrate import calibrate
from maxdigit.training.metrics import answer
from maxdigit.training.temperature import fit_scaling, fit_temperature
from maxdigit.training.torch_loop import save_weights


def softmax(logits):
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """An untrained torch_cnn, far too sure of what it does not know: its last layer is a hundred times too large."""
    torch.manual_seed(2)  # eight pictures do not find every untrained model too sure
    model = torch_cnn.build()
    model.classify.weight.data *= 100
    folder = tmp_path_factory.mktemp("run")
    save_weights(model, folder)
    return folder


@pytest.mark.parametrize("temperature", [0.1, 0.7, 1.0, 2.5, 15.0])
def test_scaling_probabilities_is_dividing_logits(temperature):
    logits = np.random.default_rng(1).normal(0, 3, (500, 10))
    offsets = tuple(np.linspace(-1, 1, 10))
    scaled = Scaling(temperature, offsets)(softmax(logits).astype(np.float32))
    assert scaled.dtype == np.float32
    assert np.abs(scaled - softmax(logits / temperature + np.array(offsets))).max() < 1e-5


def test_zeros_stay_harmless():
    certain = np.eye(10, dtype=np.float32)
    for temperature in (COLDEST, 1.0, HOTTEST):
        scaled = Scaling(temperature)(certain)
        assert np.isfinite(scaled).all() and np.allclose(scaled.sum(1), 1, atol=1e-6)
        assert (scaled.argmax(1) == np.arange(10)).all()


def test_no_answer_changes_even_where_two_chances_are_next_to_equal():
    near = np.full((1, 10), 0.05, np.float32)
    near[0, 3], near[0, 7] = 0.3, np.nextafter(np.float32(0.3), np.float32(1))
    random = softmax(np.random.default_rng(2).normal(0, 5, (20_000, 10))).astype(np.float32)
    for probabilities in (near, random):
        for temperature in (COLDEST, 0.5, 3.0, HOTTEST):
            assert (Scaling(temperature)(probabilities).argmax(1) == probabilities.argmax(1)).all()


@pytest.mark.parametrize("true", [0.4, 1.0, 2.5])
def test_the_temperature_that_spoilt_the_probabilities_is_found_again(true):
    """Labels drawn from softmax(z), probabilities given as softmax(z T): T makes them honest again."""
    random = np.random.default_rng(3)
    logits = random.normal(0, 2, (40_000, 10))
    labels = (softmax(logits).cumsum(1) > random.random((40_000, 1))).argmax(1)
    found = fit_temperature(softmax(logits * true), labels)
    assert found == pytest.approx(true, rel=0.03)


def test_the_temperature_found_is_the_best_of_many():
    random = np.random.default_rng(4)
    probabilities, labels = softmax(random.normal(0, 2, (300, 10))), random.integers(0, 10, 300)
    probabilities[np.arange(200), labels[:200]] += 2
    probabilities /= probabilities.sum(1, keepdims=True)

    def loss(temperature):
        return -np.log((p := probabilities ** (1 / temperature))[np.arange(300), labels] / p.sum(1)).mean()

    found = fit_temperature(probabilities, labels)
    assert COLDEST < found < HOTTEST
    assert loss(found) <= min(loss(t) for t in np.geomspace(COLDEST, HOTTEST, 2_000)) + 1e-12


def test_the_offsets_that_spoilt_the_probabilities_are_found_again():
    """Labels drawn from softmax(z), probabilities given as softmax(z T - b T): T and b make them honest again."""
    random = np.random.default_rng(6)
    offsets = np.linspace(-1, 1, 10)
    logits = random.normal(0, 2, (5_000, 10))
    labels = (softmax(logits).cumsum(1) > random.random((5_000, 1))).argmax(1)
    found = fit_scaling(softmax((logits - offsets) * 1.5), labels)
    assert found.temperature == pytest.approx(1.5, rel=0.03)
    assert np.abs(np.array(found.offsets) - offsets).max() < 0.1
    assert sum(found.offsets) == pytest.approx(0, abs=1e-9)


def test_labels_that_never_occur_keep_offsets_in_bounds():
    labels = np.full(50, 9)
    found = fit_scaling(softmax(np.random.default_rng(7).normal(0, 2, (50, 10))), labels)
    assert all(np.isfinite(found.offsets)) and max(map(abs, found.offsets)) <= FARTHEST
    assert COLDEST <= found.temperature <= HOTTEST


@pytest.mark.parametrize("seed", [3, 4, 5, 11])
def test_a_fit_on_a_few_pictures_is_no_worse_than_none(seed):
    """Almost the same answer to 12 pictures, as an untrained model gives it: whole Newton steps diverge there."""
    random = np.random.default_rng(seed)
    probabilities = softmax(random.normal(0, 0.05, 10) + random.normal(0, 0.005, (12, 10)))
    rows, labels = np.arange(12), np.array([7, 6, 7, 6, 7, 9, 7, 7, 7, 8, 4, 9])
    scaled = fit_scaling(probabilities, labels)(probabilities)
    assert -np.log(scaled[rows, labels]).mean() < -np.log(probabilities[rows, labels]).mean()


def test_faultless_and_hopeless_models_get_the_ends_of_the_range():
    labels = np.arange(10)
    right = np.full((10, 10), 0.08) + 0.2 * np.eye(10)
    assert fit_temperature(right, labels) == pytest.approx(COLDEST)
    assert fit_temperature(right, (labels + 1) % 10) == pytest.approx(HOTTEST)


@pytest.mark.slow
def test_a_fitted_model_is_less_wrong(folder):
    raw = torch_cnn.load(folder)
    found = calibrate("torch_cnn", folder, 8)
    calibration = found.calibration
    assert min(calibration.textured.temperature, calibration.black.temperature) > 2, "it was far too sure"
    assert calibration.loss_after < calibration.loss_before
    assert calibration.calibration_error_after < calibration.calibration_error_before
    kept = json.loads((folder / "calibration.json").read_text())
    assert read_scalings(folder) == Scalings(calibration.textured, calibration.black)
    assert kept["textured"]["offsets"] == list(calibration.textured.offsets)
    assert (kept["split"], kept["seed"], kept["count"]) == ("validation", VALIDATION.seed, 8)
    assert tuple(kept["kinds"]) == TEST_KINDS and len(found.labels) == 8 * len(TEST_KINDS)

    before, factors = answer(raw, "validation", "textured", 8)
    loaded, _ = answer(load_trained("torch_cnn", folder), "validation", "textured", 8)
    assert (found.labels[:8] == factors.labels).all()
    assert np.abs(loaded - found.probabilities[:8]).max() < 1e-5
    assert loaded.max(1).mean() < before.max(1).mean(), "the loaded model is the calibrated one"


def test_without_a_calibration_the_model_is_left_as_it_is(tmp_path):
    save_weights(torch_cnn.build(), tmp_path)
    assert read_scalings(tmp_path) is None
    pictures = np.random.default_rng(5).integers(0, 256, (3, 128, 128), np.uint8)
    plain, loaded = get_model("torch_cnn").load(tmp_path), load_trained("torch_cnn", tmp_path)
    assert (plain.predict(pictures) == loaded.predict(pictures)).all()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"temperature": "warm"}',
        '{"temperature": NaN}',
        '{"temperature": 0}',
        '{"temperature": 1, "offsets": [0, 1]}',
        '{"temperature": 1, "offsets": [0, 0, 0, 0, 0, 0, 0, 0, 0, NaN]}',
        '{"temperature": 1, "offsets": 3}',
        '{"textured": {"temperature": 1}}',
        '{"textured": {"temperature": 1}, "black": 3}',
        '{"textured": {"temperature": 1}, "black": {"temperature": 0}}',
    ],
)
def test_a_damaged_calibration_is_named_with_its_remedy(text, tmp_path):
    (tmp_path / "calibration.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"calibration\.json is damaged .* python -m maxdigit calibrate"):
        load_trained("torch_cnn", tmp_path)


def test_each_picture_is_scaled_by_its_background():
    pictures = np.zeros((4, 128, 128), np.uint8)
    pictures[0::2] = np.random.default_rng(8).integers(0, 256, (128, 128))
    probabilities = softmax(np.random.default_rng(9).normal(0, 2, (4, 10))).astype(np.float32)
    textured, black = Scaling(2.0, tuple(np.linspace(-1, 1, 10))), Scaling(0.5)
    found = Scalings(textured, black)(probabilities, pictures)
    assert (found[0::2] == textured(probabilities[0::2])).all() and (found[1::2] == black(probabilities[1::2])).all()
    assert (Scalings(textured, black)(probabilities[:1], pictures[:1]) == found[:1]).all()


@pytest.mark.parametrize("kind", TEST_KINDS)
def test_the_kinds_of_pictures_are_told_apart_by_their_background(kind):
    pixels = generate(VALIDATION, 0, 8, kind=kind).pixels.numpy()
    assert (on_black(pixels) == (kind != "textured")).all()


def test_an_older_calibration_holds_for_both_backgrounds(tmp_path):
    (tmp_path / "calibration.json").write_text(json.dumps({"temperature": 1.5}))
    assert read_scalings(tmp_path) == Scalings(Scaling(1.5), Scaling(1.5))


def test_weights_other_than_those_that_were_calibrated_are_refused(tmp_path):
    save_weights(torch_cnn.build(), tmp_path)
    (tmp_path / "calibration.json").write_text(json.dumps({"temperature": 1.5, "weights": weight_digests(tmp_path)}))
    assert load_trained("torch_cnn", tmp_path)
    save_weights(torch_cnn.build(), tmp_path)
    with pytest.raises(CheckpointError, match=r"model\.safetensors is missing, damaged, or not the file .* calibrate"):
        load_trained("torch_cnn", tmp_path)
    (tmp_path / "calibration.json").write_text(json.dumps({"temperature": 1.5}))
    assert load_trained("torch_cnn", tmp_path), "older calibrations do not tell of which weights they are"


def test_the_committed_calibrations_are_of_the_committed_weights():
    runs = [path.parent for path in CHECKPOINTS.glob("*/*/calibration.json") if weight_digests(path.parent)]
    assert runs
    for folder in runs:
        assert json.loads((folder / "calibration.json").read_text())["weights"] == weight_digests(folder), folder
