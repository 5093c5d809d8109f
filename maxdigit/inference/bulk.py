"""Many pictures at once: files, archives and the competition's arrays, read one by one and answered in small batches.

Nothing is unpacked to disk, and only a few pictures are in memory at a time, whatever an archive claims to hold.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from maxdigit.data.clutter import is_clutter, is_system_file
from maxdigit.data.kaggle import PICTURES_SHAPE, is_pictures_file, read_packed_pictures, read_pictures
from maxdigit.data.label_table import whole_number
from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import Predictor
from maxdigit.models.reader import Reading

MAX_PICTURES = 10_000  # in one go
MAX_PICTURE_BYTES = 60_000_000  # of one file in an archive, unpacked
MAX_ARCHIVE_BYTES = 2_000_000_000  # of all files in one archive, unpacked
MAX_ARRAY_BYTES = MAX_PICTURES * PICTURES_SHAPE[0] * PICTURES_SHAPE[1] * 8 + 1_000_000  # of one array: as 64-bit floats
BATCH = 32  # pictures that go through a model together

_LONGEST_NUMBER = 18  # digits of a name that are compared as a number


class BatchError(MaxDigitError):
    """A batch as a whole cannot be processed."""


@dataclass(frozen=True)
class GivenFile:
    """A file of a batch."""

    path: Path
    called: str = ""  # its name with its folders; empty if the path has it

    @property
    def name(self) -> str:
        """Its name, with forward slashes."""
        return (self.called or self.path.name).replace("\\", "/")


@dataclass(frozen=True)
class Entry:
    """One picture of a batch, or why it cannot be read."""

    name: str
    pixels: NDArray[np.uint8] | None  # (128, 128), prepared; None where it could not be read
    error: MaxDigitError | None = None
    is_doubtful: bool = False  # no writing was found in it, or something was left out that may be a digit


@dataclass(frozen=True)
class Answered:
    """An entry with the probabilities (10,) of every model; empty if the picture could not be read."""

    entry: Entry
    probabilities: dict[str, NDArray[np.float32]]
    # Each model's readings, from left to right; models without a reader are left out.
    readings: dict[str, tuple[Reading, ...]] = field(default_factory=dict)


def read_batch(predictor: Predictor, files: Sequence[GivenFile]) -> tuple[int, Iterator[Entry]]:
    """How many pictures there are, and the pictures one by one, each prepared when it is asked for.

    Args:
        predictor: prepares them.
        files: picture files, ZIP archives of such, or the competition's ``test_max_x``.

    Raises:
        BatchError: there are none, or more than ``MAX_PICTURES``.
        CompetitionFileError: an array of pictures is damaged.
    """
    parts = [_part(predictor, file) for file in files]
    count = sum(number for number, _ in parts)
    check_count(count)
    return count, (entry for _, entries in parts for entry in entries)


def check_count(count: int) -> None:
    """Check that a batch can have so many pictures.

    Raises:
        BatchError: there are none, or more than ``MAX_PICTURES``.
    """
    if not count:
        raise BatchError("There are no pictures in it. Choose picture files, or a ZIP archive that holds some.")
    if count > MAX_PICTURES:
        raise BatchError(
            "These are {count:,} pictures; {most:,} can be taken at once. Split them into several batches.",
            count=count,
            most=MAX_PICTURES,
        )


def answer_batch(predictor: Predictor, entries: Iterable[Entry], models: Sequence[str]) -> Iterator[list[Answered]]:
    """The answers of every model to every picture, a few pictures at a time, in order."""
    entries = iter(entries)
    while group := list(islice(entries, BATCH)):
        readable = [entry for entry in group if entry.pixels is not None]
        rows: dict[str, Iterator[NDArray[np.float32]]] = {}
        read: dict[str, Iterator[tuple[Reading, ...]]] = {}
        if readable:
            pictures = np.stack([entry.pixels for entry in readable])  # type: ignore[misc]
            for model in models:
                probabilities, readings = predictor.read(pictures, model)
                rows[model] = iter(probabilities)
                if readings is not None:
                    read[model] = iter(readings)
        yield [
            Answered(entry, {})
            if entry.pixels is None
            else Answered(
                entry,
                {model: next(rows[model]) for model in models},
                {model: next(found) for model, found in read.items()},
            )
            for entry in group
        ]


def label_of(labels: Mapping[str, int], name: str) -> int | None:
    """A picture's label in a table whose names are those of :func:`plain_name`; None where it has none.

    Looked up by its full name, else without its first folders, else by the file's name without its extension.
    """
    if not labels:
        return None
    parts = name.replace("\\", "/").split("/")
    names = [*("/".join(parts[first:]) for first in range(len(parts) - 1)), parts[-1], PurePosixPath(parts[-1]).stem]
    return next((labels[plain] for plain in map(plain_name, names) if plain in labels), None)


def plain_name(name: str) -> str:
    """A picture's name for comparisons: with forward slashes, and numbers as ``7``, not ``007`` or ``7.0``."""
    number = whole_number(name) if re.fullmatch(r"\d{1,18}(\.0*)?", name) else None
    return name.replace("\\", "/") if number is None else str(number)


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """Sort key for names as people sort them: ``2.png`` before ``10.png``."""
    parts = re.split(r"(\d+)", name)
    return [
        (0, int(part), "") if part.isdecimal() and len(part) <= _LONGEST_NUMBER else (1, 0, part.casefold())
        for part in parts
    ]


def picture_ids(names: Sequence[str]) -> list[int]:
    """The Ids that pictures have in the competition's ``submission.csv``.

    A name that is a number, apart from its extension, gives the Id; the others get the remaining numbers, from 0 in the
    order given. If two names are the same number, no name gives an Id.
    """
    stems = [plain_name(PurePosixPath(name.replace("\\", "/")).stem) for name in names]
    given = [int(stem) if re.fullmatch(r"\d{1,18}", stem, re.ASCII) else None for stem in stems]
    taken = {number for number in given if number is not None}
    if len(taken) < sum(number is not None for number in given):
        return list(range(len(names)))
    left = (number for number in range(2 * len(names)) if number not in taken)
    return [next(left) if number is None else number for number in given]


@dataclass(frozen=True)
class Members:
    """The files in an archive by what they are, in natural order."""

    arrays: list[zipfile.ZipInfo]
    pictures: list[zipfile.ZipInfo]
    others: list[zipfile.ZipInfo]  # neither, by their names; without system files


def members_of(archive: zipfile.ZipFile) -> Members:
    """Classify an archive's files by their names."""
    found = Members([], [], [])
    for member in sorted(archive.infolist(), key=lambda member: natural_order(member.filename)):
        if member.is_dir() or is_system_file(member.filename):
            continue
        if is_clutter(member.filename):
            found.others.append(member)
        else:
            (found.arrays if is_pictures_file(member.filename) else found.pictures).append(member)
    return found


def _part(predictor: Predictor, file: GivenFile) -> tuple[int, Iterator[Entry]]:
    """The number of pictures in one file, and those pictures."""
    if zipfile.is_zipfile(file.path):  # Kaggle's downloads and NumPy's .npz are ZIP archives of arrays
        return _archive(predictor, file.path)
    if is_pictures_file(file.name):
        return _array(read_pictures(file.path, MAX_ARRAY_BYTES))
    return 1, (read_entry(predictor, file.name, each) for each in (file.path,))


def _array(pictures: NDArray[np.uint8]) -> tuple[int, Iterator[Entry]]:
    return len(pictures), (Entry(str(number), picture) for number, picture in enumerate(pictures))


def _archive(predictor: Predictor, path: Path) -> tuple[int, Iterator[Entry]]:
    """The pictures in an archive, its arrays first."""
    with zipfile.ZipFile(path) as archive:
        members = members_of(archive)
        parts = [_array(read_packed_pictures(archive, member, MAX_ARRAY_BYTES)) for member in members.arrays]
    parts.append((len(members.pictures), _members(predictor, path, members.pictures)))
    return sum(count for count, _ in parts), (entry for _, entries in parts for entry in entries)


def _members(predictor: Predictor, path: Path, members: list[zipfile.ZipInfo]) -> Iterator[Entry]:
    left = MAX_ARCHIVE_BYTES
    with zipfile.ZipFile(path) as archive:
        for member in members:
            if left <= 0:
                error = BatchError("The archive unpacks to more than 2 GB, so it was not read to its end.")
                yield Entry(member.filename, None, error)
                continue
            entry, size = read_member(predictor, archive, member)
            left -= size
            yield entry


def read_member(predictor: Predictor, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> tuple[Entry, int]:
    """A picture in an open archive, and the number of bytes that were unpacked for it."""
    name = member.filename
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name.replace("\\", "/")).parts:
        return Entry(name, None, BatchError("Its name points out of the archive, so it was left alone.")), 0
    try:
        with archive.open(member) as file:
            content = file.read(MAX_PICTURE_BYTES + 1)  # whatever size the archive claims
    except Exception as error:  # damaged, encrypted, of an unknown method: zipfile raises many kinds
        return Entry(name, None, BatchError("It cannot be unpacked ({error}).", error=error)), 0
    return read_entry(predictor, name, content), len(content)


def read_entry(predictor: Predictor, name: str, source: Path | bytes) -> Entry:
    """A picture, prepared, or why it cannot be read."""
    if isinstance(source, bytes) and len(source) > MAX_PICTURE_BYTES:
        return Entry(name, None, BatchError("It is larger than {limit} MB.", limit=MAX_PICTURE_BYTES // 1_000_000))
    try:
        prepared = predictor.prepare(source)
        return Entry(name, prepared.pixels, is_doubtful=prepared.is_doubtful or not prepared.has_writing)
    except MaxDigitError as error:
        return Entry(name, None, MaxDigitError(error.sentence, **error.values))  # without its traceback
