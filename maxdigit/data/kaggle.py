"""The competition's own files, for those who have them: pickled arrays of pictures and a CSV of labels.

A pickle can run any code when it is read. These are read with an unpickler that knows how a NumPy array of
numbers is put together and nothing else; whatever asks for more is refused before it is called.
"""

from __future__ import annotations

import csv
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maxdigit.errors import CompetitionFileError

PICTURES_SHAPE = (128, 128)
TRAIN_PICTURES, TRAIN_LABELS, TEST_PICTURES = "train_max_x", "train_max_y.csv", "test_max_x"
_COLUMNS = ["Id", "Label"]


def load_training(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """``train_max_x`` and ``train_max_y.csv`` of a folder: pictures uint8 ``(N, 128, 128)`` and labels ``(N,)``.

    Raises:
        CompetitionFileError: a file is missing or not of the right form, or the two differ in length.
    """
    pictures, labels = read_pictures(folder / TRAIN_PICTURES), read_labels(folder / TRAIN_LABELS)
    if len(pictures) != len(labels):
        raise CompetitionFileError(
            f"{folder / TRAIN_PICTURES} holds {len(pictures)} pictures, but {TRAIN_LABELS} has {len(labels)} labels. "
            "Use the two files of the same download."
        )
    return pictures, labels


def load_test(folder: Path) -> NDArray[np.uint8]:
    """``test_max_x`` of a folder: pictures uint8 ``(N, 128, 128)``. Raises CompetitionFileError."""
    return read_pictures(folder / TEST_PICTURES)


def read_pictures(path: Path) -> NDArray[np.uint8]:
    """A pickled array of pictures: uint8, shape ``(N, 128, 128)``, 0..255.

    Raises:
        CompetitionFileError: the file is missing, damaged, holds more than an array of numbers, or its pictures
            have another size or values outside 0..255.
    """
    array = _unpickle(path)
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "uif":
        raise CompetitionFileError("{path} should hold one array of numbers. Download it again.", path=path)
    if array.ndim != 3 or array.shape[1:] != PICTURES_SHAPE or not len(array):
        raise CompetitionFileError(
            "{path} holds an array of shape {shape}; (N, 128, 128) is needed.", path=path, shape=array.shape
        )
    low, high = array.min(), array.max()
    if not (np.isfinite(low) and np.isfinite(high) and low >= 0 and high <= 255):
        raise CompetitionFileError(
            "{path} has pixel values from {low} to {high}; 0 to 255 are needed.", path=path, low=low, high=high
        )
    pictures = np.empty(array.shape, np.uint8)
    for row, source in enumerate(array):  # one by one: the whole, rounded, would take gigabytes
        pictures[row] = source.round()
    return pictures


def read_labels(path: Path) -> NDArray[np.int64]:
    """The labels of a CSV with the columns Id and Label, in the order of the Ids, which run from 0: int64 ``(N,)``.

    Raises:
        CompetitionFileError: the file is missing, has other columns, or a row does not make sense.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            if next(reader, None) != _COLUMNS:
                raise CompetitionFileError(f"{path} should begin with the line Id,Label.")
            labels: dict[int, int] = {}
            for row in filter(None, reader):  # blank lines are let pass
                if len(row) != 2 or not all(cell.isdecimal() and len(cell) < 10 for cell in row):
                    raise _bad_row(path, reader.line_num)
                number, label = map(int, row)
                if label > 9 or number in labels:
                    raise _bad_row(path, reader.line_num)
                labels[number] = label
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CompetitionFileError(f"{path} cannot be read ({error}). Put the competition's own file there.") from error
    if sorted(labels) != list(range(len(labels))) or not labels:
        raise CompetitionFileError(f"{path} should have the Ids 0, 1, 2 and so on, each once.")
    return np.array([labels[number] for number in range(len(labels))], np.int64)


def _bad_row(path: Path, line: int) -> CompetitionFileError:
    return CompetitionFileError(
        f"{path}, line {line}: two whole numbers are needed, an Id that has not come before and a Label from 0 to 9."
    )


def write_submission(path: Path, answers: NDArray[np.integer]) -> None:
    """Write answers, one a picture, in the competition's form: Id,Label.

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


class _Placeholder:
    """Stands for ``numpy.ndarray`` while a pickle is read: it can be named there, but not called."""


class _Array:
    """An array being put together from a pickle's parts; nothing of NumPy's own state machinery runs."""

    def __init__(self) -> None:
        self.array: NDArray[Any] | None = None

    def __setstate__(self, state: Any) -> None:
        _version, shape, dtype, is_fortran, data = state
        if isinstance(data, str):  # Python 2's bytes, which the unpickler takes for latin-1 text
            data = data.encode("latin-1")
        if not isinstance(dtype, _DType) or not isinstance(data, bytes):
            raise pickle.UnpicklingError("an array of numbers was expected")
        flat = np.frombuffer(data, dtype.resolve())
        self.array = flat.reshape(shape, order="F" if is_fortran else "C")


class _DType:
    """The type of an array's numbers, by its code, such as ``f4``. Only plain numbers are let through."""

    def __init__(self, code: Any, *_flags: Any) -> None:
        if not isinstance(code, str) or code not in {f"{kind}{size}" for kind in "uif" for size in (1, 2, 4, 8)}:
            raise pickle.UnpicklingError(f"numbers of the type {code!r} were not expected")
        self._code, self._order = code, "<"

    def __setstate__(self, state: Any) -> None:
        self._order = state[1] if state[1] in ("<", ">", "|", "=") else "<"

    def resolve(self) -> np.dtype[Any]:
        return np.dtype(self._order + self._code)


def _reconstruct(*_arguments: Any) -> _Array:
    return _Array()


def _frombuffer(data: Any, dtype: Any, shape: Any, order: Any) -> _Array:
    """Protocol 5 pickles bring an array's bytes in one piece."""
    if not isinstance(dtype, _DType):
        raise pickle.UnpicklingError("an array of numbers was expected")
    result = _Array()
    result.array = np.frombuffer(data, dtype.resolve()).reshape(shape, order=order)
    return result


def _encode(text: str, encoding: str) -> bytes:
    """Protocol 2 pickles carry bytes as latin-1 text."""
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"the encoding {encoding!r} was not expected")
    return text.encode("latin-1")


# Every name that a pickled array of numbers asks for, old NumPy and new, and what stands for it here.
_STAND_INS: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _Placeholder,
    ("numpy", "dtype"): _DType,
    ("_codecs", "encode"): _encode,
}
for _module in ("numpy.core", "numpy._core"):
    _STAND_INS[(f"{_module}.multiarray", "_reconstruct")] = _reconstruct
    _STAND_INS[(f"{_module}.numeric", "_frombuffer")] = _frombuffer


# The unpickler written in Python: the one in C makes room for as many remembered values as a pickle claims to have,
# so ten bytes could take all of the memory. Slower for many small values, but an array is one large one.
class _ArrayUnpickler(pickle._Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _STAND_INS[(module, name)]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None


def _unpickle(path: Path) -> Any:
    try:
        with path.open("rb") as file:  # read as it goes, for the whole may be gigabytes
            result = _ArrayUnpickler(file, encoding="latin1").load()  # latin1: what Python 2 pickled
    except OSError as error:
        raise CompetitionFileError(
            "{path} cannot be read ({reason}). Put the competition's own file there.", path=path, reason=error.strerror
        ) from error
    except Exception as error:  # a broken or hostile pickle can raise anything
        raise CompetitionFileError(
            "{path} is not a pickled array of pictures, or holds more than that ({error}). It was not opened any "
            "further. Download it again from the competition.",
            path=path,
            error=error,
        ) from error
    return result.array if isinstance(result, _Array) else result
