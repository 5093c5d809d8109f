"""The ink network gives the same answers wherever it is computed."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from maxdigit.data.pictures import generate
from maxdigit.data.splits import TEST
from maxdigit.engine import runtime
from maxdigit.preparation import finder
from maxdigit.preparation.ink_engine import EngineInkNetwork
from maxdigit.preparation.ink_network import NativeInkNetwork


def sheets(count: int, height: int, width: int) -> np.ndarray:
    """Dark digits on white, cut to this size: uint8 ``(count, height, width, 3)``."""
    drawn = generate(TEST, 0, count, kind="drawn").pixels.numpy()
    return np.repeat(255 - drawn[:, :height, :width, None], 3, axis=3)


@pytest.mark.parametrize("shape", [(1, 128, 96), (3, 64, 128)])
def test_the_engine_sees_the_ink_that_pytorch_sees(shape):
    pictures = sheets(*shape)
    expected, expected_look = NativeInkNetwork(finder.CHECKPOINT)(pictures)
    ink, look = EngineInkNetwork(finder.CHECKPOINT)(pictures)
    assert ink.shape == shape and look.shape == shape[:1] and ink.dtype == look.dtype == np.float32
    assert ink.min() >= 0 and ink.max() > 0.5, "there is ink"
    assert np.abs(ink - expected).max() < 1e-4 and np.abs(look - expected_look).max() < 1e-4


def test_where_openvino_refuses_pytorch_looks(monkeypatch, caplog):
    def refuse(*_, **__):
        raise RuntimeError("unsupported processor")

    monkeypatch.setattr("maxdigit.preparation.ink_engine.Compiled", refuse)
    assert isinstance(finder.load_network(finder.CHECKPOINT), NativeInkNetwork)
    assert "unsupported processor" in caplog.text


def test_pytorch_looks_where_it_is_asked_for(monkeypatch):
    monkeypatch.setenv("MAXDIGIT_ENGINE", "native")
    assert isinstance(finder.load_network(finder.CHECKPOINT), NativeInkNetwork)
    monkeypatch.setenv("MAXDIGIT_ENGINE", "fastest")
    assert isinstance(finder.load_network(finder.CHECKPOINT), EngineInkNetwork)


def test_weights_that_do_not_fit_are_no_finder_and_need_no_pytorch(tmp_path, monkeypatch):
    tensors = load_file(finder.CHECKPOINT)
    save_file({**tensors, "ink.bias": np.zeros(5, np.float16)}, tmp_path / "model.safetensors")
    monkeypatch.setitem(sys.modules, "maxdigit.preparation.ink_network", None)
    assert runtime.openvino() is not None
    assert finder.load_finder(tmp_path / "model.safetensors") is None
