"""Models that cannot answer: what is wrong with them is told, they are greyed out, and the others answer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from ui_support import FakePredictor, served

from maxdigit import CHECKPOINTS
from maxdigit.errors import CheckpointError, MaxDigitError
from maxdigit.inference import predict
from maxdigit.inference.predict import Predictor
from maxdigit.ui.troubles import troubles_html

BLANK = np.zeros((128, 128), np.uint8)


@pytest.fixture
def checkpoints(tmp_path: Path) -> Path:
    """Two models, as they are committed."""
    for name in ("torch_cnn", "keras_cnn"):
        shutil.copytree(CHECKPOINTS / name / "tuned", tmp_path / name / "tuned")
    return tmp_path


def test_a_model_that_cannot_answer_is_greyed_out_with_the_reason(checkpoints: Path) -> None:
    weights = checkpoints / "keras_cnn" / "tuned" / "model.keras"
    assert not Predictor(checkpoints).troubles()
    for damage in (lambda: weights.write_bytes(weights.read_bytes()[:-1000]), weights.unlink):
        damage()
        predictor = Predictor(checkpoints)
        assert predictor.available() == ["keras_cnn", "torch_cnn", "ensemble"]
        assert predictor.sound() == ["torch_cnn"]
        shown = troubles_html(predictor.troubles())
        assert 'value="keras_cnn"' in shown and 'value="ensemble"' in shown and "torch_cnn" not in shown
        assert "Keras CNN cannot answer." in shown and str(checkpoints) not in shown
        with pytest.raises(CheckpointError, match="weights|calibrated"):
            predictor.classify(BLANK, "keras_cnn")
        assert predictor.classify(BLANK, "torch_cnn").probabilities.sum() == pytest.approx(1, abs=1e-4)


def test_weights_of_another_run_are_told_before_anybody_asks(checkpoints: Path) -> None:
    calibration = checkpoints / "torch_cnn" / "tuned" / "calibration.json"
    kept = json.loads(calibration.read_text())
    calibration.write_text(json.dumps({**kept, "weights": {"model.safetensors": "0" * 64}}))
    assert "SHA-256 differs" in str(Predictor(checkpoints).troubles()["torch_cnn"])


def test_a_framework_that_cannot_be_loaded_costs_its_models_only(
    checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = predict.load_trained

    def without_keras(model: str, folder: Path) -> object:
        if model == "keras_cnn":
            raise ImportError("libtensorflow_cc.so.2: cannot open shared object file")
        return load(model, folder)

    monkeypatch.setattr(predict, "load_trained", without_keras)
    predictor = Predictor(checkpoints)
    with pytest.raises(CheckpointError, match=r"Keras CNN needs a package .*libtensorflow.* pip install"):
        predictor.classify(BLANK, "keras_cnn")
    assert list(predictor.troubles()) == ["keras_cnn", "ensemble"]
    assert predictor.classify(BLANK, "torch_cnn").model == "torch_cnn"
    monkeypatch.setattr(predict, "_REMEMBERED", 0.0)
    assert not predictor.troubles(), "after a while it may be tried again"


def test_nothing_is_said_where_all_can_answer() -> None:
    assert troubles_html({}) == ""


def test_a_reason_is_harmless_in_the_page() -> None:
    assert "<img" not in troubles_html({"resnet18": MaxDigitError("<img src=x onerror=alert(1)>")})


def test_a_page_that_is_opened_is_told(tmp_path: Path) -> None:
    import asyncio
    import secrets

    from benchmarks.load import opened, visit

    class Damaged(FakePredictor):
        def troubles(self) -> dict[str, MaxDigitError]:
            return {"torch_cnn": CheckpointError("It is damaged.")}

    async def open_page(url: str) -> str:
        async with opened(url) as client:
            page = await visit(client)
            number, session = page.named("troubles"), secrets.token_hex(6)
            event = next(one for one in page.events if number in one["outputs"])
            body = {"data": [], "fn_index": event["id"], "session_hash": session}
            (await client.post("/gradio_api/queue/join", json=body)).raise_for_status()
            async with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as lines:
                return "".join([line async for line in lines.aiter_lines()])

    with served(Damaged(["resnet18", "torch_cnn"]), tmp_path) as url:
        assert "PyTorch CNN cannot answer. It is damaged." in asyncio.run(open_page(url.rstrip("/")))
