"""Labels from a table of text: CSV as spreadsheets, pandas, NumPy and public data sets write it."""

from __future__ import annotations

import codecs
import csv
import re
from dataclasses import dataclass
from pathlib import Path

from maxdigit.errors import CompetitionFileError

MAX_BYTES = 50_000_000  # two million lines

# Names of columns, in lower case, letters and digits only; the first one found counts. The column without a name is
# pandas' index.
_NAMES = ("id", "name", "file", "path", "filename", "filepath", "image", "imageid", "imagename", "picture", "index", "")
_LABELS = ("label", "maxdigit", "labels", "largest", "digit", "class", "category", "target", "truth", "y")
_DELIMITERS = "\t;,| "  # the first of these that the first line contains separates columns


@dataclass(frozen=True)
class LabelRow:
    """One labelled picture."""

    line: int  # in the file, from 1
    name: str  # an Id or a file's name, as written
    label: int  # 0..9


def read_label_table(path: Path) -> list[LabelRow]:
    """The rows of a table with a column of Ids or names and one of labels, which may be all there is.

    The first line names the columns, or is the first row. Labels may be written as ``9``, ``9.0``, ``9,0`` or ``9e0``.
    Where there is no column of Ids, rows are numbered from 0.

    Raises:
        CompetitionFileError: the file cannot be read, has no such columns, or a row has no label from 0 to 9.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _unreadable(path.name, error) from error
    return parse_label_table(content, path.name)


def parse_label_table(content: bytes, name: str) -> list[LabelRow]:
    """As :func:`read_label_table`, from a table's bytes, of which no more than ``MAX_BYTES`` + 1 are needed.

    Args:
        content: of the file.
        name: of the file, for messages.

    Raises:
        CompetitionFileError: as there.
    """
    lines = _lines(content, name)
    delimiter = ","
    if lines and (told := re.fullmatch(r"sep=(.)", lines[0].strip(), re.IGNORECASE)):  # a line for Excel
        delimiter, lines[0] = told[1], ""
    else:
        first = next((line for line in lines if line.strip()), "")
        delimiter = next((mark for mark in _DELIMITERS if mark in first.strip()), ",")
    try:
        numbered = [
            (number, [cell.strip() for cell in row])
            for number, row in enumerate(csv.reader(lines, delimiter=delimiter, skipinitialspace=True), start=1)
        ]
    except csv.Error as error:
        raise _unreadable(name, error) from error
    rows = [(number, row) for number, row in numbered if any(row)]
    if not rows:
        raise _no_labels(name)
    (named, label, width), has_head = _columns(name, rows[0][1])
    found = [_row(name, number, row, named, label, width) for number, row in rows[has_head:]]
    if not found:
        raise _no_labels(name)
    if named is None:
        return [LabelRow(row.line, str(number), row.label) for number, row in enumerate(found)]
    return found


def whole_number(text: str) -> int | None:
    """The number written as ``9``, ``9.0``, ``9,0`` or ``9.000e+00``; None if it is not an integer of 0 or more."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return int(value) if 0 <= value < 1e9 and value.is_integer() else None


def _lines(content: bytes, name: str) -> list[str]:
    """The file's lines, in any encoding that spreadsheets save."""
    if len(content) > MAX_BYTES:
        raise CompetitionFileError(
            "{name} is larger than {limit} MB. Choose the file with the labels.",
            name=name,
            limit=MAX_BYTES // 1_000_000,
        )
    try:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return content.decode("utf-16").splitlines()
        try:
            return content.decode("utf-8-sig").splitlines()
        except UnicodeDecodeError:
            return content.decode("cp1252").splitlines()
    except UnicodeDecodeError as error:
        raise _unreadable(name, error) from error


def _columns(file: str, first: list[str]) -> tuple[tuple[int | None, int, int], bool]:
    """The columns of names and of labels, the number of columns, and whether the first line is a header."""
    called = ["".join(filter(str.isalnum, cell.lower())) for cell in first]
    label = next((called.index(known) for known in _LABELS if known in called), None)
    if label is not None:
        name = next((called.index(known) for known in _NAMES if known in called), None)
        return (name, label, len(first)), True
    if len(first) <= 2 and _digit(first[-1]) is not None:
        return (0 if len(first) == 2 else None, len(first) - 1, len(first)), False
    raise CompetitionFileError(
        "{name} needs a first line that names its columns, such as Id,Label or name,label.", name=file
    )


def _row(file: str, number: int, row: list[str], name: int | None, label: int, width: int) -> LabelRow:
    digit = _digit(row[label]) if len(row) > label else None
    named = "" if name is None or len(row) <= name else row[name]
    if digit is None or any(row[width:]) or (name is not None and not named):
        raise CompetitionFileError(
            "{name}, line {line}: a name and a label from 0 to 9 are needed there.", name=file, line=number
        )
    return LabelRow(number, named, digit)


def _digit(text: str) -> int | None:
    value = whole_number(text)
    return value if value is not None and value <= 9 else None


def _unreadable(name: str, error: Exception) -> CompetitionFileError:
    return CompetitionFileError("{name} cannot be read as a CSV file ({error}).", name=name, error=error)


def _no_labels(name: str) -> CompetitionFileError:
    return CompetitionFileError(
        "{name} holds no labels. Each line after the first should have a name and a label.", name=name
    )
