"""An upload area as a component.

Not ``gr.File``: it takes either files or a folder, forgets which folder a file was in, and lists thousands of files one
by one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maxdigit.errors import MaxDigitError
from maxdigit.inference.bulk import MAX_PICTURES, GivenFile
from maxdigit.ui import texts
from maxdigit.ui.picture_input import was_uploaded
from maxdigit.ui.widget import Widget

MOST_FILES = 2 * MAX_PICTURES  # pictures, and other files among them
MAX_FILE_BYTES = 200_000_000  # the competition's test_max_x has 164 MB
_LONGEST_NAME = 1_000


@dataclass(frozen=True)
class Dropped:
    """The value of a drop area."""

    files: tuple[GivenFile, ...] = ()
    is_uploading: bool = False  # more will follow


class DropArea(Widget):
    """Takes files and folders that are chosen, or dropped anywhere on its tab, and lists them; each can be removed.

    Files are uploaded immediately, many in one request. ``change`` fires when an upload begins, when it ends, and when
    something is removed; the value is text that :func:`dropped` reads.
    """

    folder = Path(__file__).parent
    names = ("DROP",)
    content = "paths of uploaded files, and their names"

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        super().__init__(value, limits={"files": MOST_FILES, "bytes": MAX_FILE_BYTES}, **kwargs)


def dropped(value: Any) -> Dropped:
    """The files in a drop area's value.

    Raises:
        MaxDigitError: the value is malformed, or names a file that was not uploaded.
    """
    if not value:
        return Dropped()
    try:
        told = json.loads(value)
        named = [(str(path), str(name)[:_LONGEST_NAME]) for path, name in told["files"][:MOST_FILES]]
        is_uploading = bool(told["uploading"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise MaxDigitError(texts.FILE_GONE) from error
    if not all(was_uploaded(path) for path, _ in named):
        raise MaxDigitError(texts.FILE_GONE)
    return Dropped(tuple(GivenFile(Path(path), name) for path, name in named), is_uploading)
