"""The pictures to be scored, in a folder, a ZIP archive or a Parquet file: listed once and read in parts.

The list is a Parquet file itself, so that only a part of it is in memory, however long it is.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from maxdigit.data.clutter import is_clutter
from maxdigit.errors import MaxDigitError
from maxdigit.inference.bulk import Entry, read_entry, read_member
from maxdigit.inference.predict import Predictor
from maxdigit.scaling import PARQUET, ZIP

_ROWS = 32  # of a Parquet file in memory at once
_BUFFER = 1 << 20  # bytes of buffer for reading a Parquet file: without one, whole row groups would be read
_LIST = pa.schema(
    [
        ("file", pa.binary()),  # its path within the folder, in the system's encoding
        ("place", pa.int64()),  # of the picture in an archive's list of files or among a Parquet file's rows
        ("error", pa.string()),  # why the pictures of the file could not be listed
    ]
)


class ScoreError(MaxDigitError):
    """Pictures cannot be scored as requested."""


@dataclass(frozen=True)
class Source:
    """What is to be scored."""

    path: Path  # a folder, or a ZIP archive or Parquet file
    column: str | None = None  # of a Parquet file, with the pictures; None for the only one that may hold some

    @property
    def folder(self) -> Path:
        """The folder to which the list's paths are relative."""
        return self.path if self.path.is_dir() else self.path.parent

    def fingerprint(self) -> str:
        """A digest of the names, sizes and modification times of all files.

        Raises:
            ScoreError: there is nothing there, or something in it cannot be read.
        """
        total = count = 0  # a sum, so that the order does not matter, which may change
        for name, status in self._files():
            line = b"%s\0%d\0%d" % (os.fsencode(name), status.st_size, status.st_mtime_ns)
            total += int.from_bytes(hashlib.sha256(line).digest()[:16], "big")
            count += 1
        return f"{count}-{total % 2**128:032x}"

    def write_list(self, target: Path, part_size: int) -> int:
        """List all pictures in a Parquet file, a row group for each part; return their number.

        Raises:
            ScoreError: as :meth:`fingerprint`; or the archive or Parquet file cannot be read, or holds no pictures.
        """
        rows, count = self._pictures(), 0
        with pq.ParquetWriter(target, _LIST) as writer:
            while part := list(islice(rows, part_size)):
                writer.write_table(pa.table([list(column) for column in zip(*part, strict=True)], schema=_LIST))
                count += len(part)
        return count

    def _files(self) -> Iterator[tuple[str, os.stat_result]]:
        """The files by their paths within the folder, in the disk's order, without certain non-pictures."""
        try:
            if not self.path.is_dir():
                yield self.path.name, self.path.stat()
                return
            waiting = [""]
            while waiting:
                below = waiting.pop()
                with os.scandir(self.path / below) as entries:
                    for entry in entries:
                        name = below + entry.name
                        if entry.is_dir(follow_symlinks=False):
                            waiting += [] if entry.name.startswith(".") else [f"{name}/"]
                        elif entry.is_file() and not is_clutter(name):
                            yield name, entry.stat()
        except OSError as error:
            raise ScoreError(
                f"{error.filename or self.path} cannot be read ({error.strerror}). Choose another folder, ZIP archive "
                "or Parquet file, or correct its permissions."
            ) from error

    def _pictures(self) -> Iterator[tuple[bytes, int | None, str | None]]:
        is_alone = not self.path.is_dir()
        for name, _ in self._files():
            path, file = self.folder / name, os.fsencode(name)
            try:
                places = _places(path, self.column)
            except ScoreError as error:
                if is_alone:
                    raise
                yield file, None, str(error)
                continue
            if places is None:
                if is_alone:
                    raise ScoreError(f"{path} is no folder, ZIP archive (.zip) or Parquet file (.parquet). Choose one.")
                yield file, None, None
                continue
            for place in places:
                yield file, place, None


class PictureReader:
    """Reads parts of a list; an archive or Parquet file stays open for the next part."""

    def __init__(self, predictor: Predictor, source: Source) -> None:
        self._predictor, self._source = predictor, source
        self._path: Path | None = None  # of the open file
        self._archive: zipfile.ZipFile | None = None
        self._rows: _Rows | None = None

    def read(self, part: pa.Table) -> Iterator[Entry]:
        """The pictures of a part, each prepared when it is needed; unreadable ones have an error."""
        for row in part.to_pylist():
            name, place = os.fsdecode(row["file"]), row["place"]
            path = self._source.folder / name
            called = os.fsencode(name).decode("utf-8", "replace")
            within = f"{called}/" if self._source.path.is_dir() else ""
            if row["error"] is not None:
                yield Entry(called, None, ScoreError(row["error"]))
            elif place is None:
                yield read_entry(self._predictor, called, path)
            elif path.suffix.lower() == ZIP:
                yield self._member(path, place, within)
            else:
                yield self._row(path, place, within)

    def _member(self, path: Path, place: int, within: str) -> Entry:
        if self._path != path or self._archive is None:
            self._path, self._archive, self._rows = path, zipfile.ZipFile(path), None
        entry, _ = read_member(self._predictor, self._archive, self._archive.infolist()[place])
        # Only valid Unicode can be written to a table.
        return replace(entry, name=within + entry.name.encode("utf-8", "replace").decode())

    def _row(self, path: Path, place: int, within: str) -> Entry:
        name = f"{within}{place}"
        try:
            if self._path != path or self._rows is None:
                self._path, self._archive, self._rows = path, None, _Rows(path, self._source.column)
            content = self._rows.get(place)
        except (pa.ArrowException, OSError) as error:
            self._rows = None
            return Entry(name, None, ScoreError("The Parquet file is damaged there ({error}).", error=error))
        if not content:
            return Entry(name, None, ScoreError("The row holds no picture."))
        return read_entry(self._predictor, name, content)


class _Rows:
    """The pictures of a Parquet file. Reading goes forwards: going back starts the row group again."""

    def __init__(self, path: Path, column: str | None) -> None:
        self._file = pq.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER)
        self._column, self._is_struct = _picture_column(self._file.schema_arrow, path, column)
        groups = range(self._file.num_row_groups)
        self._starts = [0, *accumulate(self._file.metadata.row_group(group).num_rows for group in groups)]
        self._first, self._values, self._batches = 0, pa.array([], pa.binary()), iter(())

    def get(self, row: int) -> bytes | None:
        """The content of the picture's cell."""
        group = bisect_right(self._starts, row) - 1
        if row < self._first or self._first + len(self._values) <= self._starts[group]:  # else it is further on
            self._first, self._values = self._starts[group], pa.array([], pa.binary())
            self._batches = self._file.iter_batches(
                _ROWS,
                row_groups=list(range(group, self._file.num_row_groups)),
                columns=[f"{self._column}.bytes" if self._is_struct else self._column],
                use_threads=False,
            )
        while row >= self._first + len(self._values):
            self._first += len(self._values)
            values: pa.Array = next(self._batches).column(0)
            self._values = values.field("bytes") if self._is_struct else values
        content: bytes | None = self._values[row - self._first].as_py()
        return content


def _places(path: Path, column: str | None) -> Iterator[int] | None:
    """The places of an archive's or Parquet file's pictures; None for a file that is neither, by its name."""
    ending = path.suffix.lower()
    try:
        if ending == ZIP:
            with zipfile.ZipFile(path) as archive:
                members = archive.infolist()
            pictures = (not (member.is_dir() or is_clutter(member.filename)) for member in members)
            return (place for place, is_picture in enumerate(pictures) if is_picture)
        if ending == PARQUET:
            with pq.ParquetFile(path) as file:
                _picture_column(file.schema_arrow, path, column)
                return iter(range(file.metadata.num_rows))
    except (zipfile.BadZipFile, pa.ArrowException, OSError, NotImplementedError) as error:
        kind = "ZIP archive" if ending == ZIP else "Parquet file"
        raise ScoreError(f"{path.name} cannot be read as a {kind} ({error}). Make or download it again.") from error
    return None


def _picture_column(schema: pa.Schema, path: Path, wanted: str | None) -> tuple[str, bool]:
    """The column of picture files, and whether they are the field ``bytes`` of a struct, as in Hugging Face's data.

    Raises:
        ScoreError: there is none, not that one, or several.
    """
    plain = {field.name for field in schema if _is_binary(field.type)}
    structs = {
        field.name
        for field in schema
        if pa.types.is_struct(field.type) and any(part.name == "bytes" and _is_binary(part.type) for part in field.type)
    }
    found = sorted(plain | structs)
    names = ", ".join(schema.names)
    if wanted is not None and wanted not in found:
        raise ScoreError(f"{path.name} has no column {wanted!r} of picture files (bytes). Its columns: {names}.")
    if wanted is None and len(found) != 1:
        raise ScoreError(
            f"{path.name} has {len(found)} columns that may hold picture files (bytes); "
            f"{'name the one to read: --column' if found else 'one is needed'}. Its columns: {names}."
        )
    name = wanted or found[0]
    return name, name in structs


def _is_binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
