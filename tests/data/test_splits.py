"""MNIST's files, and the splits of its digits and of the backgrounds."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from maxdigit.data.mnist import FOLDER, MnistError, load_mnist
from maxdigit.data.splits import SPLITS, TRAIN


def test_mnist_is_the_original():
    train, test = load_mnist("train"), load_mnist("t10k")
    assert train.images.shape == (60_000, 28, 28) and test.images.shape == (10_000, 28, 28)
    assert np.bincount(train.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]


@pytest.mark.slow
def test_a_changed_mnist_file_is_refused_by_name(tmp_path):
    for path in FOLDER.glob("t10k*.gz"):
        content = bytearray(gzip.decompress(path.read_bytes()))
        content[-1] ^= 1
        (tmp_path / path.name).write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(MnistError, match=r"t10k-images.*not the original"):
        load_mnist("t10k", tmp_path)


def test_a_missing_or_cut_mnist_file_is_refused_by_name(tmp_path):
    with pytest.raises(MnistError, match="t10k-images"):
        load_mnist("t10k", tmp_path)
    name = "t10k-images-idx3-ubyte.gz"
    (tmp_path / name).write_bytes((FOLDER / name).read_bytes()[:1000])
    with pytest.raises(MnistError, match="cannot be read"):
        load_mnist("t10k", tmp_path)


def test_splits_share_no_digit_picture():
    seen: dict[bytes, str] = {}
    counts = {}
    for name, split in SPLITS.items():
        counts[name] = len(split.digits.labels)
        for image in split.digits.images:
            assert seen.setdefault(image.tobytes(), name) == name
    assert counts == {"train": 54_000, "validation": 6_000, "test": 10_000}


def test_splits_share_no_background_seed():
    last = [split.texture_seed(99_999_999) for split in SPLITS.values()]
    first = [split.texture_seed(0) for split in SPLITS.values()]
    assert first[0] <= last[0] < first[1] <= last[1] < first[2] <= last[2]
    with pytest.raises(ValueError, match="texture number"):
        TRAIN.texture_seed(100_000_000)
