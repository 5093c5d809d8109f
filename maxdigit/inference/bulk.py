"""Many pictures at once: files, archives and the competition's arrays, read one by one and answered in small batches.

Nothing is unpacked to disk, and only a handful of pictures is in memory at a time, whatever an archive claims to hold.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from maxdigit.data.kaggle import read_pictures
from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import Predictor

MAX_PICTURES = 10_000  # in one go
MAX_PICTURE_BYTES = 60_000_000  # of one file in an archive, unpacked
MAX_ARCHIVE_BYTES = 2_000_000_000  # of all files in one archive, unpacked
BATCH = 32  # pictures that go through a model together

_ARRAYS = ("train_max_x", "test_max_x")  # how the competition's files of pictures begin
_NAME_COLUMNS, _LABEL_COLUMNS = ("name", "id", "file", "path"), ("label", "max_digit")


class BatchError(MaxDigitError):
    """A batch as a whole cannot be taken."""


@dataclass(frozen=True)
class Entry:
    """One picture of a batch, or why it is none."""

    name: str
    pixels: NDArray[np.uint8] | None  # (128, 128), prepared; None where it could not be read
    error: MaxDigitError | None = None
    is_doubtful: bool = False  # no writing was found in it, or something was left out that may be a digit


@dataclass(frozen=True)
class Answered:
    """An entry with every asked model's probabilities (10,); empty where it could not be read."""

    entry: Entry
    probabilities: dict[str, NDArray[np.float32]]


def read_batch(predictor: Predictor, paths: Sequence[Path]) -> tuple[int, Iterator[Entry]]:
    """How many pictures there are, and the pictures one by one, each prepared when it is asked for.

    Args:
        predictor: prepares them.
        paths: picture files, ZIP archives of such, or the competition's ``test_max_x``.

    Raises:
        BatchError: there are none, or more than ``MAX_PICTURES``.
        CompetitionFileError: an array of pictures is damaged.
    """
    parts = [_part(predictor, path) for path in paths]
    count = sum(number for number, _ in parts)
    if not count:
        raise BatchError("There are no pictures in it. Choose picture files, or a ZIP archive that holds some.")
    if count > MAX_PICTURES:
        raise BatchError(
            "These are {count:,} pictures; {most:,} can be taken at once. Split them into several batches.",
            count=count,
            most=MAX_PICTURES,
        )
    return count, (entry for _, entries in parts for entry in entries)


def answer_batch(predictor: Predictor, entries: Iterable[Entry], models: Sequence[str]) -> Iterator[list[Answered]]:
    """Ask every model about every picture, a few pictures at a time, in order."""
    entries = iter(entries)
    while group := list(islice(entries, BATCH)):
        readable = [entry for entry in group if entry.pixels is not None]
        rows: dict[str, Iterator[NDArray[np.float32]]] = {}
        if readable:
            pictures = np.stack([entry.pixels for entry in readable])  # type: ignore[misc]
            rows = {model: iter(predictor.predict(pictures, model)) for model in models}
        yield [
            Answered(entry, {} if entry.pixels is None else {model: next(rows[model]) for model in models})
            for entry in group
        ]


def read_names_and_labels(path: Path) -> dict[str, int]:
    """The right answers in a CSV, by picture: a column ``name`` or ``Id``, and a column ``Label`` or ``max_digit``.

    Raises:
        BatchError: the columns are not there, or a label is no digit.
    """
    labels: dict[str, int] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = {(column or "").strip().lower(): column for column in reader.fieldnames or ()}
            name = next((columns[known] for known in _NAME_COLUMNS if known in columns), None)
            label = next((columns[known] for known in _LABEL_COLUMNS if known in columns), None)
            if name is None or label is None:
                raise BatchError(
                    "{name} needs a column Id or name, and a column Label, in its first line.", name=path.name
                )
            for row in reader:
                shown = (row[label] or "").strip()
                if shown not in set("0123456789") or not row[name]:
                    raise BatchError(
                        "{name}, line {line}: a name and a label from 0 to 9 are needed there.",
                        name=path.name,
                        line=reader.line_num,
                    )
                labels[row[name].strip()] = int(shown)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BatchError("{name} cannot be read as a CSV file ({error}).", name=path.name, error=error) from error
    if not labels:
        raise BatchError(
            "{name} holds no labels. Each line after the first should have a name and a label.", name=path.name
        )
    return labels


def _part(predictor: Predictor, path: Path) -> tuple[int, Iterator[Entry]]:
    """The number of pictures in one file, and those pictures."""
    if path.name.startswith(_ARRAYS):
        pictures = read_pictures(path)
        return len(pictures), (Entry(str(number), picture) for number, picture in enumerate(pictures))
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not _is_clutter(member)]
        return len(members), _members(predictor, path, members)
    return 1, (_entry(predictor, path.name, each) for each in (path,))


def _members(predictor: Predictor, path: Path, members: list[zipfile.ZipInfo]) -> Iterator[Entry]:
    left = MAX_ARCHIVE_BYTES
    with zipfile.ZipFile(path) as archive:
        for member in members:
            name = member.filename
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name.replace("\\", "/")).parts:
                yield Entry(name, None, BatchError("Its name points out of the archive, so it was left alone."))
                continue
            if left <= 0:
                yield Entry(
                    name, None, BatchError("The archive unpacks to more than 2 GB, so it was not read to its end.")
                )
                continue
            try:
                with archive.open(member) as file:
                    content = file.read(MAX_PICTURE_BYTES + 1)  # whatever size the archive claims
            except Exception as error:  # damaged, encrypted, of an unknown method: zipfile raises many kinds
                yield Entry(name, None, BatchError("It cannot be unpacked ({error}).", error=error))
                continue
            left -= len(content)
            if len(content) > MAX_PICTURE_BYTES:
                yield Entry(
                    name, None, BatchError("It is larger than {limit} MB.", limit=MAX_PICTURE_BYTES // 1_000_000)
                )
            else:
                yield _entry(predictor, name, content)


def _is_clutter(member: zipfile.ZipInfo) -> bool:
    """Folders, and the files that systems put beside a person's own."""
    parts = PurePosixPath(member.filename).parts
    return member.is_dir() or not parts or "__MACOSX" in parts or parts[-1].startswith(".")


def _entry(predictor: Predictor, name: str, source: Path | bytes) -> Entry:
    try:
        prepared = predictor.prepare(source)
        return Entry(name, prepared.pixels, is_doubtful=prepared.is_doubtful or not prepared.has_writing)
    except MaxDigitError as error:
        return Entry(name, None, MaxDigitError(error.sentence, **error.values))  # without its traceback
