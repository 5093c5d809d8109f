"""A person's own settings of Keras, for other programs, change nothing here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import REPOSITORY

_ASK = """
import numpy as np
from maxdigit import CHECKPOINTS
from maxdigit.models.registry import get_model

spec, folder = get_model("keras_cnn"), CHECKPOINTS / "keras_cnn" / "tuned"
native = spec.load_native(folder)
picture = np.zeros((128, 128), np.uint8)
picture[30:70, 20:26] = picture[30:70, 60:66] = picture[30:70, 100:106] = 255
assert native.model.dtype_policy.name == "float32" and native.model.input_shape == (None, 128, 128, 1)
assert abs(native.predict(picture[None]) - spec.load(folder).predict(picture[None])).max() < 0.01
assert native.evidence(picture, 1).shape == (spec.features.cells,) * 2
maps, traced = native.trace(picture, np.ones_like)
assert traced.shape == (spec.traced.cells,) * 2 and np.isfinite(traced).all() and traced.any()
assert maps.shape[1] == spec.features.channels
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["torch", "nonsense"])
def test_the_keras_model_answers_whatever_a_person_set_for_keras(tmp_path: Path, backend: str) -> None:
    settings = {"floatx": "float16", "epsilon": 1e-3, "backend": "torch", "image_data_format": "channels_first"}
    (tmp_path / "keras.json").write_text(json.dumps(settings))
    environment = {**os.environ, "KERAS_HOME": str(tmp_path), "KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": ""}
    subprocess.run([sys.executable, "-c", _ASK], cwd=REPOSITORY, env=environment, check=True)
