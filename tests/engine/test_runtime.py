"""How many threads the engine takes, and what it makes of its choice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maxdigit.engine import runtime
from maxdigit.engine.layers import constant
from maxdigit.engine.runtime import Compiled, available_cores, openvino, opset


@pytest.mark.parametrize(
    ("limit", "cores"), [("200000 100000", 2), ("150000 100000", 2), ("5000 100000", 1), ("max 100000", 16), ("", 16)]
)
def test_a_containers_share_of_the_cores_is_what_counts(
    limit: str, cores: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "cpu.max").write_text(limit)
    monkeypatch.setattr(runtime, "_CPU_LIMIT", tmp_path / "cpu.max")
    monkeypatch.setattr(runtime.os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    assert available_cores() == cores
    monkeypatch.setenv("MAXDIGIT_CORES", "1")  # so limit_cores() tells it to a worker
    assert available_cores() == 1


def test_threads_are_not_bound_to_cores_and_no_more_than_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    module, op = openvino(), opset()
    assert module is not None
    monkeypatch.setattr(runtime, "available_cores", lambda: 1)
    x = op.parameter([-1, 2], np.float32)
    doubled = Compiled(module.Model([op.result(op.multiply(x, constant(2)))], [x], "doubled"))
    properties = doubled._request.get_compiled_model()
    assert properties.get_property("INFERENCE_NUM_THREADS") == 1
    assert properties.get_property("ENABLE_CPU_PINNING") is False
    first = doubled(np.ones((1, 2), np.float32))[0]
    second = doubled(np.full((3, 2), 4, np.float32))[0]
    assert first.tolist() == [[2, 2]] and second.tolist() == [[8, 8]] * 3, "outputs are copies"


def test_without_an_engine_there_are_no_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAXDIGIT_ENGINE", "native")
    assert openvino() is None
    with pytest.raises(ModuleNotFoundError, match="not wanted"):
        opset()
