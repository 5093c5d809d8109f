"""The engine gives the answers of the frameworks, and makes way for them where it cannot."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from maxdigit import CHECKPOINTS
from maxdigit.data.pictures import TEST_KINDS, generate
from maxdigit.data.splits import TEST
from maxdigit.engine import runtime
from maxdigit.errors import CheckpointError
from maxdigit.models import engine_classifier
from maxdigit.models.engine_classifier import EngineClassifier
from maxdigit.models.registry import MODELS, get_model

# Loads each model and asks it, in a process where nothing can connect; then says what was loaded for that.
CLASSIFY = """
import sys
import numpy as np
from maxdigit.inference.predict import NAMES, Predictor

predictor = Predictor()
picture = np.random.default_rng(0).integers(0, 256, (128, 128), np.uint8)
for name in NAMES:
    assert predictor.classify(picture, name).digits is not None
    assert predictor.explain(picture, name, 3).shape == picture.shape
print(*sorted({name.partition(".")[0] for name, module in sys.modules.items() if module is not None}))
"""


def tuned(name: str) -> Path:
    return CHECKPOINTS / name / "tuned"


@pytest.fixture(scope="module")
def pictures() -> NDArray[np.uint8]:
    return np.concatenate([generate(TEST, 0, 8, kind=kind).pixels.numpy() for kind in TEST_KINDS])


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_the_engine_answers_as_the_framework(
    name: str, pictures: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    native = get_model(name).load_native(tuned(name))
    expected, maps = native.predict_with_maps(pictures)
    decided = np.sort(expected)[:, -1] - np.sort(expected)[:, -2] > 0.02  # the others are ties
    assert decided.sum() > len(pictures) / 2

    found, their_maps = get_model(name).load(tuned(name)).predict_with_maps(pictures)
    assert found.dtype == their_maps.dtype == np.float32 and their_maps.shape == maps.shape
    assert np.abs(found - expected).max() < 0.01
    assert (found.argmax(1) == expected.argmax(1))[decided].all()
    assert np.abs(their_maps - maps).max() < 0.02 * maps.max()

    monkeypatch.setattr(engine_classifier, "computes_in_bfloat16", lambda: False)
    exact, their_maps = get_model(name).load(tuned(name)).predict_with_maps(pictures)
    assert np.abs(exact - expected).max() < 1e-4
    assert np.abs(their_maps - maps).max() < 1e-4 * maps.max()


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_the_engine_traces_a_reading_to_where_the_framework_does(name: str, pictures: NDArray[np.uint8]) -> None:
    spec = get_model(name)
    native, engine = spec.load_native(tuned(name)), spec.load(tuned(name))
    features = spec.features
    change = np.random.default_rng(1).normal(size=(1, features.channels, features.cells, features.cells))
    for picture in pictures[::8]:
        expected_maps, expected = native.trace(picture, lambda _: change.astype(np.float32))
        maps, traced = engine.trace(picture, lambda _: change.astype(np.float32))
        assert np.abs(maps - expected_maps).max() < 1e-4 * expected_maps.max()
        # On average: of cells that are equal but for rounding, poolings may take another here than there.
        assert traced.dtype == np.float32 and np.abs(traced - expected).mean() < 1e-3 * expected.mean()


def test_answers_that_are_not_sure_come_from_float32(
    pictures: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_classifier, "computes_in_bfloat16", lambda: False)
    exact = get_model("torch_cnn").load(tuned("torch_cnn")).predict(pictures)
    monkeypatch.setattr(engine_classifier, "computes_in_bfloat16", lambda: True)
    monkeypatch.setattr(engine_classifier.Convolution, "in_bfloat16", lambda self: self.scaled(*2 * (0 * self.bias,)))
    found = get_model("torch_cnn").load(tuned("torch_cnn")).predict(pictures)  # knows only how the head is biased
    assert np.allclose(found, exact, rtol=1e-4, atol=1e-6)  # bfloat16 would differ by a hundredth


def test_threads_that_ask_at_once_get_their_own_answers(pictures: NDArray[np.uint8]) -> None:
    classifier = get_model("torch_cnn").load(tuned("torch_cnn"))
    alone = [classifier.predict(picture[np.newaxis]) for picture in pictures]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda picture: classifier.predict(picture[np.newaxis]), pictures))
    assert np.array_equal(np.concatenate(alone), np.concatenate(together))


@pytest.mark.slow
def test_asking_models_loads_no_framework_and_tells_nobody(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = f"http://127.0.0.1:{server.getsockname()[1]}"
        home = {"HOME": str(tmp_path), "http_proxy": proxy, "https_proxy": proxy}
        left_out = {"MAXDIGIT_ENGINE", "CI", "no_proxy", "NO_PROXY"}  # in CI OpenVINO's telemetry is quiet anyway
        environment = {key: value for key, value in os.environ.items() if key not in left_out} | home
        done = subprocess.run(
            [sys.executable, "-c", CLASSIFY], env=environment, check=True, capture_output=True, text=True
        )
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()
    loaded = set(done.stdout.split())
    assert "openvino" in loaded and not loaded & {"torch", "tensorflow", "keras", "openvino_telemetry"}
    assert not list(tmp_path.iterdir())


def test_without_openvino_the_framework_answers(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    runtime._load.cache_clear()
    try:
        assert not isinstance(get_model("torch_cnn").load(tuned("torch_cnn")), EngineClassifier)
    finally:
        runtime._load.cache_clear()
    assert "OpenVINO cannot be loaded" in caplog.text


def test_where_openvino_refuses_the_framework_answers(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("unsupported processor")

    monkeypatch.setattr(engine_classifier, "Compiled", refuse)
    classifier = get_model("torch_cnn").load(tuned("torch_cnn"))
    assert not isinstance(classifier, EngineClassifier)
    assert "unsupported processor" in caplog.text


def test_the_framework_answers_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAXDIGIT_ENGINE", "fastest")
    assert isinstance(get_model("torch_cnn").load(tuned("torch_cnn")), EngineClassifier)
    runtime.choose_engine("native")
    assert not isinstance(get_model("torch_cnn").load(tuned("torch_cnn")), EngineClassifier)
    with pytest.raises(ValueError, match="native"):
        runtime.choose_engine("quickest")


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    tensors = load_file(tuned("torch_cnn") / "model.safetensors")

    def refused(changed: dict[str, NDArray[np.generic]], reason: str) -> None:
        save_file(changed, tmp_path / "model.safetensors")
        with pytest.raises(CheckpointError, match=reason):
            get_model("torch_cnn").load(tmp_path)

    refused({**tensors, "classify.weight": np.zeros((10, 5), np.float16)}, r"classify\.weight has the shape \(10, 5\)")
    refused({**tensors, "more": np.zeros(3, np.float16)}, "more belongs to no layer")
    refused({key: value for key, value in tensors.items() if key != "classify.bias"}, r"classify\.bias is not there")


def test_a_part_of_resnet18_that_is_missing_is_named(tmp_path: Path) -> None:
    shutil.copytree(tuned("resnet18"), tmp_path, dirs_exist_ok=True)
    (tmp_path / "model-00003-of-00004.safetensors").unlink()
    with pytest.raises(CheckpointError, match="missing, damaged"):
        get_model("resnet18").load(tmp_path)


@pytest.mark.slow
def test_a_keras_archive_that_is_cut_or_claims_too_much_is_refused(tmp_path: Path) -> None:
    whole = (tuned("keras_cnn") / "model.keras").read_bytes()
    (tmp_path / "model.keras").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match=r"model\.keras"):
        get_model("keras_cnn").load(tmp_path)
    with zipfile.ZipFile(tmp_path / "model.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("model.weights.h5", "w", force_zip64=True) as file:
            for _ in range(1025):
                file.write(bytes(1 << 20))
    with pytest.raises(CheckpointError, match="too large"):
        get_model("keras_cnn").load(tmp_path)
