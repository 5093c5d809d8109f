"""MNIST, bundled as its four gzipped IDX files; nothing is ever downloaded.

MNIST: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits" (CC BY-SA 3.0).
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from maxdigit.errors import MaxDigitError
from maxdigit.git_lfs import is_pointer

FOLDER = Path(__file__).with_name("mnist")
SIZE = 28  # side of an MNIST picture

# SHA-256 of the unpacked files of the original distribution.
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


class MnistError(MaxDigitError):
    """A bundled MNIST file is missing or is not the original."""


@dataclass(frozen=True)
class Mnist:
    """Digit pictures and what they show."""

    images: NDArray[np.uint8]  # (N, 28, 28), white ink on black
    labels: NDArray[np.uint8]  # (N,), 0..9


@lru_cache(maxsize=2)
def load_mnist(part: Literal["train", "t10k"], folder: Path = FOLDER) -> Mnist:
    """The 60,000 training digits (``train``) or the 10,000 test digits (``t10k``).

    Raises:
        MnistError: a file is missing, cut short, or differs from the original distribution.
    """
    images = _read(folder, f"{part}-images-idx3-ubyte", header=16).reshape(-1, SIZE, SIZE)
    labels = _read(folder, f"{part}-labels-idx1-ubyte", header=8)
    return Mnist(images, labels)


def _read(folder: Path, name: str, header: int) -> NDArray[np.uint8]:
    path = folder / f"{name}.gz"
    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        if is_pointer(path):
            raise MnistError(
                "{path} is a Git LFS pointer: a text that stands for the file. Fetch the file itself: git lfs pull",
                path=path,
            ) from error
        raise MnistError(
            "{path} cannot be read ({error}). Restore it from the repository.", path=path, error=error
        ) from error
    if hashlib.sha256(content).hexdigest() != SHA256[name]:
        raise MnistError(
            "{path} is not the original MNIST file (SHA-256 differs). Restore it from the repository.", path=path
        )
    return np.frombuffer(content, np.uint8, offset=header)
