"""What the files of a batch are: pictures, archives or arrays of them, tables of labels, or none of these."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from maxdigit.data.clutter import TABLES, is_clutter, is_system_file, suffix_of
from maxdigit.data.kaggle import is_pictures_file, read_packed_pictures, read_pictures
from maxdigit.data.label_table import MAX_BYTES, parse_label_table
from maxdigit.errors import CompetitionFileError, MaxDigitError
from maxdigit.inference.bulk import (
    MAX_ARRAY_BYTES,
    BatchError,
    GivenFile,
    check_count,
    label_of,
    members_of,
    natural_order,
    plain_name,
)

_FEW = 3  # names in a sentence


@dataclass
class Contents:
    """The files of a batch by what they are."""

    files: list[GivenFile] = field(default_factory=list)  # as for :func:`maxdigit.inference.bulk.read_batch`
    names: list[str] = field(default_factory=list)  # of the pictures in them
    labels: dict[str, int] = field(default_factory=dict)  # by :func:`maxdigit.inference.bulk.plain_name`
    tables: list[str] = field(default_factory=list)  # names of the files with labels
    passed_over: list[str] = field(default_factory=list)  # names of files that are neither
    troubles: list[MaxDigitError] = field(default_factory=list)

    @property
    def labelled(self) -> int:
        """The number of pictures with a label."""
        return sum(label_of(self.labels, name) is not None for name in self.names)


def tell_apart(given: Sequence[GivenFile]) -> Contents:
    """Find out what each file is, by its name and, for archives, arrays and tables, its contents.

    Files are read only as far as needed to count pictures; pictures are not opened. System files
    are not mentioned. Nothing is raised: ``troubles`` lists what is wrong, and the other files can be used.
    """
    found, tables = Contents(), _Tables()
    for file in sorted(given, key=lambda file: natural_order(file.name)):  # folders come in the disk's order
        if is_system_file(file.name):
            continue
        try:
            if suffix_of(file.name) in TABLES:
                _table(file.name, _content(file.path, tables.most_bytes), found, tables)
                continue
            if is_clutter(file.name):  # before archives, since office documents are ZIP archives too
                found.passed_over.append(file.name)
                continue
            if zipfile.is_zipfile(file.path):
                found.names += _names_in_archive(file, found, tables)
            elif is_pictures_file(file.name):
                found.names += map(str, range(_length(file.path, _version(file.path))))
            else:
                found.names.append(file.name)
        except MaxDigitError as error:
            found.troubles.append(error)
            found.passed_over.append(file.name)
        else:
            found.files.append(file)
    if len(tables.labels) == 1:
        found.labels = tables.labels[0]
    found.troubles += _troubles(found)
    return found


@dataclass
class _Tables:
    """The tables of labels found so far."""

    labels: list[dict[str, int]] = field(default_factory=list)
    # Bytes that are read of all tables together: an archive may claim to hold any number.
    left: int = field(default_factory=lambda: 2 * MAX_BYTES)

    @property
    def most_bytes(self) -> int:
        """The bytes of the next table that are read."""
        return min(self.left, MAX_BYTES) + 1


def _names_in_archive(file: GivenFile, found: Contents, tables: _Tables) -> list[str]:
    """The names of the pictures in an archive, in the order of reading; enters its other files in ``found``."""
    names: list[str] = []
    try:
        with zipfile.ZipFile(file.path) as archive:
            members = members_of(archive)
            version = _version(file.path)
            for member in members.arrays:
                names += map(str, range(_packed_length(file.path, version, member.filename)))
            for member in members.others:
                name = f"{file.name}/{member.filename}"
                if suffix_of(name) in TABLES:
                    with archive.open(member) as packed:
                        _table(name, packed.read(tables.most_bytes), found, tables)
                else:
                    found.passed_over.append(name)
    except MaxDigitError:
        raise
    except Exception as error:  # damaged, encrypted, of an unknown method: zipfile raises many kinds
        raise BatchError(
            "{name} cannot be read as a ZIP archive ({error}). Pack it again.", name=file.name, error=error
        ) from error
    return [*names, *(member.filename for member in members.pictures)]


def _table(name: str, content: bytes, found: Contents, tables: _Tables) -> None:
    """Enter a file that may be a table of labels, if it is one."""
    if len(content) > tables.left:
        tables.left = 0
        found.passed_over.append(name)
        return
    tables.left -= len(content)
    try:
        tables.labels.append({plain_name(row.name): row.label for row in parse_label_table(content, name)})
        found.tables.append(name)
    except CompetitionFileError as error:
        found.passed_over.append(name)
        if suffix_of(name) != ".txt":  # which most often are notes
            found.troubles.append(error)


def _troubles(found: Contents) -> Iterator[MaxDigitError]:
    """The errors that concern several files."""
    few = ", ".join(found.passed_over[:_FEW])
    if len(found.tables) > 1:
        yield BatchError(
            "There are {count} tables of labels: {names}. Leave one of them; until then none is used.",
            count=len(found.tables),
            names=", ".join(found.tables[: _FEW + 1]),
        )
    if found.names:
        try:
            check_count(len(found.names))
        except BatchError as error:
            yield error
    elif found.tables:
        yield BatchError("{name} holds labels. Add the pictures that they belong to.", name=found.tables[0])
    elif found.passed_over and not found.troubles:
        yield BatchError(
            "This is neither a picture nor an archive of pictures nor a table of labels: {names}. Add pictures, such "
            "as PNG or JPEG files.",
            names=few,
        )


def _content(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise BatchError(
            "{name} cannot be read ({error}). Add it again.", name=path.name, error=error.strerror or error
        ) from error


def _version(path: Path) -> int:
    """A number that changes when a file is rewritten; 0 if it is gone."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


# An array of 10,000 pictures takes seconds to read, and all files are inspected whenever another is added.
@lru_cache(64)
def _length(path: Path, _version: int) -> int:
    return len(read_pictures(path, MAX_ARRAY_BYTES))


@lru_cache(64)
def _packed_length(path: Path, _version: int, member: str) -> int:
    with zipfile.ZipFile(path) as archive:
        return len(read_packed_pictures(archive, archive.getinfo(member), MAX_ARRAY_BYTES))
