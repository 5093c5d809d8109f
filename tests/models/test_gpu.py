"""Where the host has a graphics processor of its own, batches are answered on it. Here the CPU stands in for one."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest
import torch

from maxdigit import CHECKPOINTS
from maxdigit.data.pictures import generate
from maxdigit.data.splits import TEST
from maxdigit.models import gpu
from maxdigit.models.engine_classifier import EngineClassifier
from maxdigit.models.registry import get_model
from maxdigit.models.torch_classifier import TorchClassifier

pytestmark = pytest.mark.slow


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures the stand-in was asked about, call by call."""
    counts: list[int] = []
    answer = TorchClassifier.predict_with_maps

    def noting(self: TorchClassifier, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        counts.append(len(pictures))
        return answer(self, pictures)

    monkeypatch.setattr(TorchClassifier, "predict_with_maps", noting)
    return counts


@pytest.mark.parametrize("has_gpu", [True, False])
def test_many_pictures_go_to_the_gpu_and_few_do_not(
    asked: list[int], monkeypatch: pytest.MonkeyPatch, has_gpu: bool
) -> None:
    target = torch.device("cpu") if has_gpu else None
    monkeypatch.setattr(gpu, "device", lambda: target)
    monkeypatch.setattr("maxdigit.models.engine_classifier.device", lambda: target)
    classifier = get_model("torch_cnn").load(CHECKPOINTS / "torch_cnn" / "tuned")
    assert isinstance(classifier, EngineClassifier)
    pictures = generate(TEST, 0, gpu.MANY, kind="drawn").pixels.numpy()
    many = classifier.predict(pictures)
    few = np.concatenate([classifier.predict(pictures[:8]), classifier.predict(pictures[8:])])
    assert asked == ([gpu.MANY] if has_gpu else [])
    np.testing.assert_allclose(many, few, atol=0.01)


def test_no_gpu_where_there_is_no_driver(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr(gpu, "_DRIVER", tmp_path / "none")
    assert gpu.device() is None


def test_zero_gpu_finds_a_function_that_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    spaces = ModuleType("spaces")
    functions: list[object] = []
    spaces.GPU = functions.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "spaces", spaces)
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    gpu.satisfy_zero_gpu()
    assert functions == []
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    gpu.satisfy_zero_gpu()
    assert len(functions) == 1 and callable(functions[0])
