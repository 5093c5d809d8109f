"""Weights that are there and cannot be used, for a reason that people can mend: they are told which."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from maxdigit.data.mnist import MnistError, load_mnist
from maxdigit.engine import saved_weights
from maxdigit.errors import CheckpointError
from maxdigit.models.registry import MODELS, get_model

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22ea\nsize 943002\n"


def put(folder: Path, model: str, content: bytes) -> None:
    name = "model.keras" if MODELS[model].framework == "keras" else "model.safetensors"
    (folder / name).write_bytes(content)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("form", ["load", "load_native"])
def test_a_git_lfs_pointer_in_place_of_weights_is_told(tmp_path: Path, model: str, form: str) -> None:
    put(tmp_path, model, POINTER)
    with pytest.raises(CheckpointError, match=r"Git LFS pointers.*git lfs pull") as caught:
        getattr(get_model(model), form)(tmp_path)
    assert "safe" not in str(caught.value)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("form", ["load", "load_native"])
def test_no_advice_to_let_code_run_is_passed_on(tmp_path: Path, model: str, form: str) -> None:
    put(tmp_path, model, b"\x80\x04K\x01.")
    with pytest.raises(CheckpointError, match="missing, damaged, or of another model") as caught:
        getattr(get_model(model), form)(tmp_path)
    assert "safe=False" not in str(caught.value) and "pickle" not in str(caught.value)


def test_weights_that_may_not_be_read_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "torch_cnn", b"")
    monkeypatch.setattr(saved_weights.os, "access", lambda *_: False)  # root may read everything
    error = saved_weights.unreadable(tmp_path, PermissionError(13, "Permission denied"))
    assert "may not be read by the user" in str(error) and "chmod a+r" in str(error) and "train" not in str(error)
    monkeypatch.setattr(saved_weights.os, "access", os.access)


def test_a_git_lfs_pointer_in_place_of_mnist_is_told(tmp_path: Path) -> None:
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(POINTER)
    with pytest.raises(MnistError, match="git lfs pull"):
        load_mnist("t10k", tmp_path)
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"x"))
    with pytest.raises(MnistError, match="not the original"):
        load_mnist("t10k", tmp_path)
