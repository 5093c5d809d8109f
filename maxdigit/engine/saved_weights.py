"""Reads trained weights as arrays, without the framework that wrote them and without executing code."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from maxdigit.errors import CheckpointError
from maxdigit.git_lfs import is_pointer

TORCH_WEIGHTS = "model.safetensors"
TORCH_INDEX = "model.safetensors.index.json"  # if the weights are in several files: which tensor is in which
KERAS_WEIGHTS = "model.keras"

_KERAS_TENSORS = "model.weights.h5"  # in the archive that model.keras is
_LARGEST = 1 << 30  # bytes of that: a damaged archive may claim any size

Arrays = dict[str, NDArray[np.float32]]


class Tensors:
    """Arrays by name, each of which is taken once; any that remain belong to another model."""

    def __init__(self, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        self._arrays = dict(arrays)

    def take(self, name: str, *shape: int) -> NDArray[np.float32]:
        """The array of that name.

        Raises:
            ValueError: there is none, or it has another shape.
        """
        array = self._arrays.pop(name, None)
        if array is None:
            raise ValueError(f"{name} is not there")
        if array.shape != shape:
            raise ValueError(f"{name} has the shape {array.shape} and not {shape}")
        return array

    def close(self) -> None:
        """Check that all arrays were taken.

        Raises:
            ValueError: some were not.
        """
        if self._arrays:
            raise ValueError(f"{next(iter(self._arrays))} belongs to no layer")


def unreadable(path: Path, error: Exception) -> CheckpointError:
    """The error for weights in a file or folder that cannot be used."""
    files = [path] if path.is_file() else sorted(path.glob("model*"))
    if any(map(is_pointer, files)):
        return CheckpointError(
            "The weights in {path} are Git LFS pointers: texts that stand for the files. "
            "Fetch the files themselves: git lfs pull",
            path=path,
        )
    if not all(os.access(file, os.R_OK) for file in files):
        return CheckpointError(
            "The weights in {path} may not be read by the user that runs this program. "
            "Let that user read them: chmod a+r",
            path=path,
        )
    reason = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
    reason = reason.partition(" If this is a pickle")[0]  # then how to execute its code
    return CheckpointError(
        "The weights in {path} are missing, damaged, or of another model ({reason}). "
        "Restore them from the repository or train the model again with train.py.",
        path=path,
        reason=reason,
    )


def read_torch(folder: Path) -> Tensors:
    """The weights of a PyTorch model, one file or several, as float32.

    Raises:
        OSError, ValueError, SafetensorError: they are missing or damaged.
    """
    single = folder / TORCH_WEIGHTS
    if single.is_file():
        names = [TORCH_WEIGHTS]
    else:
        index = json.loads((folder / TORCH_INDEX).read_text(encoding="utf-8"))
        names = sorted({Path(str(name)).name for name in index["weight_map"].values()})
    arrays: Arrays = {}
    for name in names:
        for key, value in load_file(folder / name).items():
            if not key.endswith("num_batches_tracked"):  # counts the steps of training
                arrays[key] = value.astype(np.float32)
    return Tensors(arrays)


def read_keras(folder: Path) -> Tensors:
    """The variables of a Keras model by layer and number, such as ``conv2d/0``.

    Raises:
        OSError, ValueError, KeyError, zipfile.BadZipFile: the file is missing or damaged.
    """
    with zipfile.ZipFile(folder / KERAS_WEIGHTS) as archive:
        if archive.getinfo(_KERAS_TENSORS).file_size > _LARGEST:
            raise ValueError(f"{_KERAS_TENSORS} is too large")
        return Tensors(_read_hdf5(io.BytesIO(archive.read(_KERAS_TENSORS))))


def _read_hdf5(file: IO[bytes]) -> Arrays:
    import h5py  # here: only the Keras CNN needs it

    arrays: Arrays = {}

    def keep(path: str, item: h5py.Group | h5py.Dataset) -> None:
        # layers/conv2d/vars/0; visititems follows no links, so that all of it is in this file.
        parts = path.split("/")
        if isinstance(item, h5py.Dataset) and parts[0] == "layers" and "seed_generator" not in parts:
            if item.external:
                raise ValueError(f"{path} lies in another file")
            arrays[f"{parts[1]}/{parts[-1]}"] = np.asarray(item, np.float32)

    with h5py.File(file, "r") as tensors:
        tensors.visititems(keep)
    return arrays
