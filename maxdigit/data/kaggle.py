"""The competition's own files, in the formats in which people keep them.

The pictures are an array: as it was downloaded (a pickle), or as :mod:`maxdigit.data.array_file` reads it. The labels
are a table: as it was downloaded, as :mod:`maxdigit.data.label_table` reads it, or an array too.
"""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maxdigit.data.array_file import holds_array, read_array, read_member
from maxdigit.data.label_table import read_label_table, whole_number
from maxdigit.errors import CompetitionFileError

PICTURES_SHAPE = (128, 128)
TRAIN_PICTURES, TRAIN_LABELS, TEST_PICTURES = "train_max_x", "train_max_y.csv", "test_max_x"
_COLUMNS = ["Id", "Label"]
_PIXELS = PICTURES_SHAPE[0] * PICTURES_SHAPE[1]
# The highest value that an array scaled to 0..1 may have, and the lowest maximum of one of 0..255: the competition's
# pictures reach 255. Scales between the two would give black pictures.
_MOST_SCALED, _LEAST_BYTES = 1.001, 32
# Other common names of the files, without their extensions.
_OTHER_NAMES = {
    TRAIN_PICTURES: ("train_x", "x_train"),
    TRAIN_LABELS: ("train_y", "y_train", "train_labels"),
    TEST_PICTURES: ("test_x", "x_test"),
}


def load_training(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """``train_max_x`` and ``train_max_y.csv`` of a folder: pictures uint8 ``(N, 128, 128)`` and labels ``(N,)``.

    Raises:
        CompetitionFileError: a file is missing or not of the right form, or the two differ in length.
    """
    pictures, labels = _find(folder, TRAIN_PICTURES), _find(folder, TRAIN_LABELS)
    x, y = read_pictures(pictures), read_labels(labels)
    if len(x) != len(y):
        raise CompetitionFileError(
            f"{pictures} holds {len(x)} pictures, but {labels.name} has {len(y)} labels. "
            "Use the two files of the same download."
        )
    return x, y


def load_test(folder: Path) -> NDArray[np.uint8]:
    """``test_max_x`` of a folder: pictures uint8 ``(N, 128, 128)``. Raises CompetitionFileError."""
    return read_pictures(_find(folder, TEST_PICTURES))


def is_pictures_file(name: str) -> bool:
    """Whether a file, by its name, is one of the competition's arrays of pictures or another array."""
    name = Path(name).name.lower()
    return name.startswith((TRAIN_PICTURES, TEST_PICTURES)) or name.endswith((".npy", ".npz", ".pkl", ".pickle"))


def read_pictures(path: Path, most_bytes: int | None = None) -> NDArray[np.uint8]:
    """An array of pictures: uint8, shape ``(N, 128, 128)``, 0..255.

    Args:
        path: a file as :mod:`maxdigit.data.array_file` reads them.
        most_bytes: how many bytes it may unpack to; None for any number.

    Raises:
        CompetitionFileError: the file is missing, damaged, or holds anything but pictures of that size.
    """
    return as_pictures(read_array(path, most_bytes), path)


def read_packed_pictures(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most_bytes: int) -> NDArray[np.uint8]:
    """The array of pictures in a file of an open archive; as :func:`read_pictures`."""
    return as_pictures(read_member(archive, member, most_bytes), member.filename)


def as_pictures(array: NDArray[Any], path: Path | str) -> NDArray[np.uint8]:
    """Pictures in the formats of public solutions, as uint8 ``(N, 128, 128)``, 0..255.

    Args:
        array: shape ``(N, 128, 128)``, ``(N, 128, 128, 1)``, ``(N, 1, 128, 128)`` or ``(N, 16384)``, or three equal
            channels last; values 0..255 or, scaled, 0..1.
        path: where it was read from, for messages.

    Raises:
        CompetitionFileError: it has another shape or other values.
    """
    if array.shape[1:] == (*PICTURES_SHAPE, 3) and (array == array[..., :1]).all():  # grey, saved as colour
        array = array[..., 0]
    sides = tuple(side for side in array.shape[1:] if side != 1)
    if sides not in (PICTURES_SHAPE, (_PIXELS,)) or not len(array):
        raise CompetitionFileError(
            "{path} holds an array of shape {shape}; (N, 128, 128) is needed.", path=path, shape=array.shape
        )
    low, high = float(array.min()), float(array.max())
    is_scaled = high <= _MOST_SCALED
    if not (np.isfinite([low, high]).all() and low >= 0 and high <= 255 and (is_scaled or high >= _LEAST_BYTES)):
        raise CompetitionFileError(
            "{path} has pixel values from {low} to {high}; 0 to 255, or 0 to 1, are needed. Undo any other scaling.",
            path=path,
            low=f"{low:g}",
            high=f"{high:g}",
        )
    pictures = np.empty((len(array), *PICTURES_SHAPE), np.uint8)
    for row, source in enumerate(array):  # one by one: the whole, rounded, would take gigabytes
        values = source.reshape(PICTURES_SHAPE)
        if is_scaled:
            values = (values.astype(np.float64) * 255).clip(0, 255)
        pictures[row] = values.round()
    return pictures


def read_labels(path: Path) -> NDArray[np.int64]:
    """The labels of a table with the columns Id and Label, in the order of the Ids, which run from 0: int64 ``(N,)``.

    Raises:
        CompetitionFileError: the file is missing, has other columns, or has an invalid row.
    """
    if holds_array(path):
        return _labels_array(path)
    labels: dict[int, int] = {}
    for row in read_label_table(path):
        number = whole_number(row.name)
        if number is None or number in labels:
            raise CompetitionFileError(
                f"{path}, line {row.line}: two whole numbers are needed, an Id that has not come before and a Label "
                "from 0 to 9."
            )
        labels[number] = row.label
    if sorted(labels) != list(range(len(labels))):
        raise CompetitionFileError(f"{path} should have the Ids 0, 1, 2 and so on, each once.")
    return np.array([labels[number] for number in range(len(labels))], np.int64)


def write_submission(path: Path, answers: NDArray[np.integer]) -> None:
    """Write answers, one for each picture, in the competition's format: Id,Label.

    Raises:
        CompetitionFileError: the file cannot be written.
    """
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(_COLUMNS)
            writer.writerows(enumerate(answers.tolist()))
    except OSError as error:
        raise CompetitionFileError(f"{path} cannot be written ({error.strerror}). Choose another place.") from error


def _find(folder: Path, name: str) -> Path:
    """The file in a folder with this name, with or without an extension, or with another common name."""
    if (folder / name).is_file():
        return folder / name
    stems = [Path(name).stem, *_OTHER_NAMES[name]]
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError:
        files = []
    for stem in stems:
        for path in files:
            if path.name.lower().partition(".")[0] == stem:
                return path
    return folder / name  # reading it raises the error


def _labels_array(path: Path) -> NDArray[np.int64]:
    array = read_array(path)
    if array.ndim == 2 and array.shape[1] == 2:  # a table as an array
        if not (array[:, 0] == np.arange(len(array))).all():
            raise CompetitionFileError(f"{path} should have the Ids 0, 1, 2 and so on, each once.")
        array = array[:, 1]
    if not array.size or array.size != len(array) or not np.isin(array, range(10)).all():
        raise CompetitionFileError(
            f"{path} holds an array of shape {array.shape}; (N,) is needed, with a label from 0 to 9 for each picture."
        )
    return array.reshape(-1).astype(np.int64)
