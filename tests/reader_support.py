"""Runs with readers of all sorts, for the tests of readings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from maxdigit.models import torch_cnn
from maxdigit.models.run_folder import READER
from maxdigit.training.training_forms import save_weights


def put_run(folder: Path, reader: dict[str, np.ndarray] | bytes | None) -> Path:
    """An untrained torch_cnn whose reader is this."""
    save_weights(torch_cnn.build(), folder)
    (folder / "config.json").write_text("{}")
    if isinstance(reader, bytes):
        (folder / READER).write_bytes(reader)
    elif reader is not None:
        save_file(reader, folder / READER)
    return folder


def head(weight: tuple[int, ...] = (11, 128), value: float = 0.0) -> dict[str, np.ndarray]:
    return {"weight": np.full(weight, value, np.float32), "bias": np.eye(11, dtype=np.float32)[7] * 20}
