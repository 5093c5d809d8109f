"""A Keras file can hold code, in a Lambda layer; of such a file only the numbers are read."""

from __future__ import annotations

import base64
import json
import marshal
import shutil
import zipfile
from pathlib import Path

import pytest

from maxdigit import CHECKPOINTS
from maxdigit.models.registry import get_model

COMMITTED = CHECKPOINTS / "keras_cnn" / "tuned" / "model.keras"


@pytest.mark.slow
@pytest.mark.parametrize("way", ["load", "load_native"])
def test_code_in_a_keras_file_never_runs(tmp_path: Path, way: str) -> None:
    """The committed file, its network described as a layer that writes a file when it is called or loaded."""
    trace = tmp_path / "ran"
    code = compile(f"open({str(trace)!r}, 'w').close()", "attack", "exec")
    packed = base64.b64encode(marshal.dumps(code)).decode("ascii")
    function = {"class_name": "__lambda__", "config": {"code": packed, "defaults": None, "closure": None}}
    layer = {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "attack", "function": function}}
    network = {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "attack", "layers": [layer], "build_input_shape": [None, 128, 128, 1]},
        "build_config": {"input_shape": [None, 128, 128, 1]},
    }
    with zipfile.ZipFile(COMMITTED) as whole, zipfile.ZipFile(tmp_path / "model.keras", "w") as file:
        for name in whole.namelist():
            file.writestr(name, json.dumps(network) if name == "config.json" else whole.read(name))
    shutil.copy(COMMITTED.with_name("config.json"), tmp_path)
    assert getattr(get_model("keras_cnn"), way)(tmp_path), "its numbers are ours, so it loads"
    assert not trace.exists()
