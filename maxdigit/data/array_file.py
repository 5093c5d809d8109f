"""One array of numbers from a file: NumPy's ``.npy`` or a pickle, plain or compressed, in a ``.npz`` or alone in a ZIP.

The format is recognised by the first bytes, not by the name. A pickle can run any code when it is read, so pickles are
read with an unpickler that only accepts what a NumPy array of numbers consists of; anything else is refused before it
is called.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from maxdigit import git_lfs
from maxdigit.data.clutter import is_clutter
from maxdigit.errors import CompetitionFileError

_NPY, _ZIP = b"\x93NUMPY", b"PK\x03\x04"
_COMPRESSED: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}


_PICKLE = b"\x80"  # of protocol 2 and later


class _TooLargeError(Exception):
    """A file unpacks to more bytes than are allowed."""


def holds_array(path: Path) -> bool:
    """Whether a file seems to be one of those that :func:`read_array` reads; False where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(8).startswith((_NPY, _ZIP, _PICKLE, *_COMPRESSED))
    except OSError:
        return False


def read_array(path: Path, most_bytes: int | None = None) -> NDArray[Any]:
    """The array in a file: integers, floats or booleans, of any shape.

    Args:
        path: the file.
        most_bytes: how many bytes it may unpack to; None for any number.

    Raises:
        CompetitionFileError: it cannot be read, unpacks to more, or holds anything but one such array.
    """
    try:
        with path.open("rb") as file:
            if file.read(len(_ZIP)) == _ZIP:
                return _from_zip(path, most_bytes)
            file.seek(0)
            return _from_stream(file, path, most_bytes)
    except OSError as error:
        raise CompetitionFileError(
            "{path} cannot be read ({reason}). Put the competition's own file there.",
            path=path,
            reason=error.strerror or error,
        ) from error


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most_bytes: int | None = None) -> NDArray[Any]:
    """The array in a file of an open archive; as :func:`read_array`."""
    try:
        with archive.open(member) as file:
            return _from_stream(file, member.filename, most_bytes)
    except CompetitionFileError:
        raise
    except Exception as error:  # damaged, encrypted, of an unknown method: zipfile raises many kinds
        raise _refused(member.filename, error) from error


def _from_zip(path: Path, most_bytes: int | None) -> NDArray[Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not is_clutter(member.filename)]
            if len(members) == 1:
                return read_member(archive, members[0], most_bytes)
    except zipfile.BadZipFile as error:
        raise _refused(path, error) from error
    raise CompetitionFileError(
        "{path} holds {count} files; one array is needed. Unpack it, and choose that file.",
        path=path,
        count=len(members),
    )


def _from_stream(file: Any, path: Path | str, most_bytes: int | None) -> NDArray[Any]:
    source = _Source(file, most_bytes)
    try:
        for start, unpacked in _COMPRESSED.items():
            if source.peek(len(start)) == start:
                source = _Source(unpacked(source), most_bytes)
                break
        if source.peek(len(git_lfs.START)) == git_lfs.START:
            raise CompetitionFileError(
                "{path} is a Git LFS pointer: a text that stands for the file. Fetch the file itself: git lfs pull",
                path=path,
            )
        is_npy = source.peek(len(_NPY)) == _NPY
        found = _npy(source) if is_npy else _unpickled(source)
    except CompetitionFileError:
        raise
    except _TooLargeError:
        raise CompetitionFileError(
            "{path} unpacks to more than {limit} MB. Split it into several files.",
            path=path,
            limit=(most_bytes or 0) // 1_000_000,
        ) from None
    except Exception as error:  # a broken or hostile file can raise anything
        raise _refused(path, error) from error
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "buif":
        raise CompetitionFileError("{path} should hold one array of numbers. Download it again.", path=path)
    return found


def _refused(path: Path | str, error: Exception) -> CompetitionFileError:
    return CompetitionFileError(
        "{path} is not an array of numbers (a pickle or .npy), or holds more than that ({error}). It was not opened "
        "any further. Download it again from the competition.",
        path=path,
        error=error,
    )


class _Source:
    """A file's bytes in order, of which the next ones can be peeked at. Has no file descriptor.

    Args:
        file: anything with ``read`` and ``readline``.
        most: bytes that may be read; None for any number.
    """

    def __init__(self, file: BinaryIO | _Source, most: int | None) -> None:
        self._file, self._left, self._ahead = file, most, b""

    def peek(self, count: int) -> bytes:
        """The next bytes, which stay unread."""
        if len(self._ahead) < count:
            self._ahead += self._file.read(count - len(self._ahead))
        return self._ahead[:count]

    def read(self, count: int = -1) -> bytes:
        """The next bytes: as many as are asked for, unless the file ends."""
        if count < 0:
            count = 2**62 if self._left is None else self._left + 1
        if self._ahead:
            ahead, self._ahead = self._ahead[:count], self._ahead[count:]
            return self._counted(ahead + self._file.read(count - len(ahead)) if count > len(ahead) else ahead)
        return self._counted(self._file.read(count if self._left is None else min(count, self._left + 1)))

    def readline(self) -> bytes:
        """The next bytes up to the end of a line."""
        ahead, newline, rest = self._ahead.partition(b"\n")
        self._ahead = rest
        return self._counted(ahead + newline if newline else ahead + self._file.readline())

    def _counted(self, content: bytes) -> bytes:
        if self._left is not None:
            self._left -= len(content)
            if self._left < 0:
                raise _TooLargeError
        return content


def _npy(source: _Source) -> NDArray[Any]:
    try:
        return np.lib.format.read_array(source, allow_pickle=False)
    except ValueError as error:
        if "allow_pickle" in str(error):  # NumPy's message would advise allow_pickle
            raise ValueError("its elements are Python objects") from None
        raise


# ---- Pickles


def _unpickled(source: _Source) -> Any:
    result = _ArrayUnpickler(source, encoding="latin1").load()  # latin1: what Python 2 pickled
    if isinstance(result, (list, tuple)) and result and all(isinstance(one, _Array) for one in result):
        return np.stack([one.array for one in result])
    return result.array if isinstance(result, _Array) else result


class _Placeholder:
    """Replaces ``numpy.ndarray`` while a pickle is read, which may refer to it but not call it."""


class _Array:
    """An array assembled from a pickle's parts without running NumPy's own state handling."""

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
        if not isinstance(code, str) or code not in {f"{kind}{size}" for kind in "uifb" for size in (1, 2, 4, 8)}:
            raise pickle.UnpicklingError(f"numbers of the type {code!r} were not expected")
        self._code, self._order = code, "<"

    def __setstate__(self, state: Any) -> None:
        self._order = state[1] if state[1] in ("<", ">", "|", "=") else "<"

    def resolve(self) -> np.dtype[Any]:
        return np.dtype(self._order + self._code)


def _reconstruct(*_arguments: Any) -> _Array:
    return _Array()


def _frombuffer(data: Any, dtype: Any, shape: Any, order: Any) -> _Array:
    """Protocol 5 pickles hold an array's bytes in one buffer."""
    if not isinstance(dtype, _DType):
        raise pickle.UnpicklingError("an array of numbers was expected")
    result = _Array()
    result.array = np.frombuffer(data, dtype.resolve()).reshape(shape, order=order)
    return result


def _encode(text: str, encoding: str) -> bytes:
    """Protocol 2 pickles hold bytes as latin-1 text."""
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"the encoding {encoding!r} was not expected")
    return text.encode("latin-1")


# Every name that a pickled array of numbers refers to, in old and new NumPy, and what replaces it here.
_STAND_INS: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _Placeholder,
    ("numpy", "dtype"): _DType,
    ("_codecs", "encode"): _encode,
}
for _module in ("numpy.core", "numpy._core"):
    _STAND_INS[(f"{_module}.multiarray", "_reconstruct")] = _reconstruct
    _STAND_INS[(f"{_module}.numeric", "_frombuffer")] = _frombuffer


# The unpickler written in Python: the one in C allocates memory for as many memo entries as a pickle claims to have,
# so ten bytes could take all of it. It is slower for many small values, but an array is one large one.
class _ArrayUnpickler(pickle._Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _STAND_INS[(module, name)]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None
