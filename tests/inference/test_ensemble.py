"""The ensemble: its mean, how its weights are chosen, and what it says when it cannot be asked."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from support import REPOSITORY

from maxdigit.errors import CheckpointError, UnknownModelError
from maxdigit.inference import predict
from maxdigit.inference.ensemble import choose_weights, mix, write_weights
from maxdigit.inference.predict import Predictor
from maxdigit.models.calibration import Calibration, Scaling
from maxdigit.models.registry import MODELS

PICTURES = np.zeros((4, 128, 128), np.uint8)
# What the fake models answer, whatever they are shown.
ROWS = {
    "keras_cnn": np.array([0.55, 0.05] + [0.05] * 8, np.float32),
    "resnet18": np.array([0.05, 0.55] + [0.05] * 8, np.float32),
    "torch_cnn": np.array([0.01, 0.91] + [0.01] * 8, np.float32),
}
ASKED: list[str] = []


class Fake:
    def __init__(self, model: str) -> None:
        self.model, self.row = model, ROWS[model]

    def predict(self, pictures):
        ASKED.append(self.model)
        time.sleep(0.02)
        return np.tile(self.row, (len(pictures), 1))


@pytest.fixture
def checkpoints(tmp_path, monkeypatch) -> Path:
    """A folder in which models can be put, and that needs no weights."""
    ASKED.clear()
    monkeypatch.setattr(predict, "load_trained", lambda model, _: Fake(model))
    return tmp_path


def put(checkpoints: Path, *models: str) -> Predictor:
    for model in models:
        folder = checkpoints / model / "tuned"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
    return Predictor(checkpoints)


def put_weights(checkpoints: Path, text: str) -> None:
    (checkpoints / "ensemble").mkdir()
    (checkpoints / "ensemble" / "ensemble.json").write_text(text)


def geometric(weights: dict[str, float]) -> np.ndarray:
    """The weighted geometric mean of the fake models' answers."""
    product = np.prod([ROWS[name] ** weight for name, weight in weights.items()], axis=0)
    return product / product.sum()


def test_without_chosen_weights_all_count_the_same(checkpoints):
    predictor = put(checkpoints, "keras_cnn", "resnet18", "torch_cnn")
    found = predictor.predict(PICTURES, "ensemble")
    assert found.shape == (4, 10) and found.dtype == np.float32
    assert np.allclose(found, geometric(dict.fromkeys(ROWS, 1 / 3)), atol=1e-6)


def test_chosen_weights_are_used_and_one_without_weight_is_not_asked(checkpoints):
    put_weights(checkpoints, json.dumps({"weights": {"keras_cnn": 0.7, "resnet18": 0.3, "torch_cnn": 0}}))
    predictor = put(checkpoints, "keras_cnn", "resnet18", "torch_cnn")
    prediction = predictor.classify(PICTURES[0], "ensemble")
    assert np.allclose(prediction.probabilities, geometric({"keras_cnn": 0.7, "resnet18": 0.3}), atol=1e-6)
    assert prediction.max_digit == 0 and prediction.model == "ensemble"
    assert ASKED == ["keras_cnn", "resnet18"] and prediction.milliseconds >= 40, "20 ms each, one after another"


def test_the_ensemble_is_there_with_two_models_and_says_why_not_with_one(checkpoints):
    predictor = put(checkpoints, "resnet18")
    assert predictor.available() == predictor.trained() == ["resnet18"]
    with pytest.raises(CheckpointError, match="needs two trained models .* finds 1"):
        predictor.predict(PICTURES, "ensemble")
    put(checkpoints, "torch_cnn")
    assert predictor.available() == ["resnet18", "torch_cnn", "ensemble"]
    assert predictor.trained() == ["resnet18", "torch_cnn"]
    assert predictor.folder("ensemble") == checkpoints / "ensemble"


def test_a_member_that_is_missing_is_named(checkpoints):
    put_weights(checkpoints, json.dumps({"weights": {"keras_cnn": 0.5, "resnet18": 0.5}}))
    predictor = put(checkpoints, "resnet18", "torch_cnn")
    with pytest.raises(CheckpointError, match=r"chosen with keras_cnn, which has no .* python -m maxdigit calibrate"):
        predictor.classify(PICTURES[0], "ensemble")
    assert predictor.available() == ["resnet18", "torch_cnn"]


@pytest.mark.parametrize(
    "weights",
    ["{}", '{"vgg": 1}', '{"resnet18": 0.5}', '{"resnet18": 1.5, "torch_cnn": -0.5}', '{"resnet18": NaN}', "[1]", "7"],
)
def test_damaged_weights_are_named_with_their_remedy(weights, checkpoints):
    put_weights(checkpoints, f'{{"weights": {weights}}}')
    predictor = put(checkpoints, "resnet18", "torch_cnn")
    with pytest.raises(CheckpointError, match=r"ensemble\.json is damaged .* python -m maxdigit calibrate"):
        predictor.predict(PICTURES, "ensemble")
    assert predictor.predict(PICTURES, "resnet18").shape == (4, 10), "the models can still be asked"


def test_a_wrong_name_is_told_all_that_can_be_asked(checkpoints):
    with pytest.raises(UnknownModelError, match=", ".join([*MODELS, "ensemble"])):
        put(checkpoints).folder("vgg")


def simplex(count: int, random: np.random.Generator) -> np.ndarray:
    return random.dirichlet(np.full(10, 0.5), count).astype(np.float32)


def loss(probabilities, weights, labels):
    mixed = mix(list(probabilities.values()), weights)
    return -np.log(mixed[np.arange(len(labels)), labels]).mean()


def test_weights_are_the_best_of_all_tenths():
    random = np.random.default_rng(1)
    labels = random.integers(0, 10, 400)
    truth = np.eye(10, dtype=np.float32)[labels]
    probabilities = {
        "keras_cnn": np.where(labels[:, None] < 3, 0.9, 0.01) * truth + 0.2 * simplex(400, random),
        "resnet18": np.where(labels[:, None] < 3, 0.01, 0.9) * truth + 0.2 * simplex(400, random),
        "torch_cnn": simplex(400, random),
    }
    probabilities = {name: p / p.sum(1, keepdims=True) for name, p in probabilities.items()}
    weights, found, equal = choose_weights(probabilities, labels)
    assert list(weights) == list(probabilities) and sum(weights.values()) == pytest.approx(1)
    tenths = [(a / 10, b / 10, (10 - a - b) / 10) for a in range(11) for b in range(11 - a)]
    assert len(tenths) == 66
    assert found == pytest.approx(min(loss(probabilities, w, labels) for w in tenths), abs=1e-6)
    assert equal == pytest.approx(loss(probabilities, (1 / 3, 1 / 3, 1 / 3), labels), abs=1e-6)
    assert found < equal and weights["resnet18"] > weights["keras_cnn"] > weights["torch_cnn"] == 0


def test_equal_weights_stay_where_no_others_are_better():
    """Three models, each right about its own third: whoever counts for less is missed as much as another helps."""
    labels = np.arange(9) % 3
    near = np.full((9, 10), 0.05, np.float32)
    near[np.arange(9), labels] = 0.55
    weak = np.full((9, 10), 0.1, np.float32)
    probabilities = {
        name: np.where((labels == part)[:, None], near, weak)
        for part, name in enumerate(("keras_cnn", "resnet18", "torch_cnn"))
    }
    weights, found, equal = choose_weights(probabilities, labels)
    assert weights == dict.fromkeys(probabilities, 1 / 3) and found == equal


def test_what_is_written_is_what_is_read(checkpoints):
    labels = np.array([0, 1, 1, 1])
    probabilities = {name: np.tile(ROWS[name], (4, 1)) for name in ("keras_cnn", "torch_cnn")}
    calibrations = {
        name: Calibration(Scaling(), Scaling(), "validation", 2, ("textured",), 4, 0.9, loss, 0.2, 0.1)
        for name, loss in (("keras_cnn", 0.8), ("torch_cnn", 0.6))
    }
    chosen = write_weights(checkpoints / "ensemble", calibrations, probabilities, labels)
    kept = json.loads((checkpoints / "ensemble" / "ensemble.json").read_text())
    assert kept["weights"] == chosen.weights == put(checkpoints, "keras_cnn", "torch_cnn").weights()
    assert kept["losses"] == {"keras_cnn": 0.8, "torch_cnn": 0.6} and kept["loss"] <= kept["loss_equal"]
    assert (kept["split"], kept["seed"], kept["kinds"], kept["count"]) == ("validation", 2, ["textured"], 4)


@pytest.mark.parametrize("weights", [{"resnet18": 0.5, "torch_cnn": 0.5}, {"keras_cnn": 1, "resnet18": 0}])
def test_only_members_that_count_are_loaded_and_nothing_else_loads_a_framework(weights, checkpoints):
    """In a process of its own, where loading a model only notes its name."""
    put(checkpoints, "keras_cnn", "resnet18", "torch_cnn")
    put_weights(checkpoints, json.dumps({"weights": weights}))
    for config in checkpoints.glob("*/tuned/config.json"):
        config.with_name("model.safetensors").touch()  # that there is one is looked at before it is loaded
    code = f"""
import sys
from pathlib import Path
from maxdigit.inference.predict import Predictor
from maxdigit.models.registry import ModelSpec
loaded = set()
ModelSpec.load = lambda spec, folder: loaded.add(spec.name)
predictor = Predictor(Path({str(checkpoints)!r}))
assert predictor.available()[-1] == "ensemble"
predictor.classifier("ensemble")
assert loaded == { {name for name, weight in weights.items() if weight}!r}
assert not {{"torch", "keras", "tensorflow"}} & set(sys.modules)
"""
    result = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
