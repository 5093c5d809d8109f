"""A published Space has no TensorFlow: Keras then computes the heat maps with torch, and they are the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support import REPOSITORY

pytestmark = pytest.mark.slow

_MAPS = """
import sys
from importlib.machinery import PathFinder

if sys.argv[1] == "torch":  # as if TensorFlow were not installed
    find = PathFinder.find_spec
    PathFinder.find_spec = staticmethod(lambda name, *more: None if name == "tensorflow" else find(name, *more))
import numpy as np
from maxdigit import CHECKPOINTS
from maxdigit.data.sample import draw_sample
from maxdigit.models.registry import get_model

classifier = get_model("keras_cnn").load_native(CHECKPOINTS / "keras_cnn" / "tuned")
import keras
assert keras.backend.backend() == sys.argv[1]
sample = draw_sample(3, "drawn")
maps, traced = classifier.trace(sample.pixels, lambda maps: np.ones_like(maps))
evidence = classifier.evidence(sample.pixels, sample.max_digit)
np.savez(sys.argv[2], maps=maps, traced=traced, evidence=evidence, answer=classifier.predict(sample.pixels[None]))
"""


def test_heat_maps_are_the_same(tmp_path: Path) -> None:
    found = {}
    for backend in ("tensorflow", "torch"):
        file = tmp_path / f"{backend}.npz"
        command = [sys.executable, "-c", _MAPS, backend, str(file)]
        said = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        assert said.returncode == 0, said.stderr
        found[backend] = np.load(file)
    for name in ("maps", "traced", "evidence", "answer"):
        expected = found["tensorflow"][name]
        assert expected.dtype == np.float32 and expected.max() > 0
        np.testing.assert_allclose(found["torch"][name], expected, atol=1e-3 * expected.max())
