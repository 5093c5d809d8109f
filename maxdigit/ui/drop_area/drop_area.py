"""A place for files as a Gradio component. Its template, style and script lie beside this module.

Not ``gr.File``, which takes either files or a folder, forgets in which folder a file lay, and lists each of thousands.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from maxdigit.errors import MaxDigitError
from maxdigit.inference.bulk import MAX_PICTURES, GivenFile
from maxdigit.ui import texts
from maxdigit.ui.picture_input import was_uploaded
from maxdigit.ui.widget import widget

MOST_FILES = 2 * MAX_PICTURES  # pictures, and what may lie among them
MAX_FILE_BYTES = 200_000_000  # the competition's test_max_x has 164 MB
_LONGEST_NAME = 1_000


@dataclass(frozen=True)
class Dropped:
    """The value of a drop area."""

    files: tuple[GivenFile, ...] = ()
    is_uploading: bool = False  # more are on their way


class DropArea(gr.HTML):
    """Takes files and folders that are dropped anywhere on its tab, or chosen, and lists them; each can be removed.

    Files are uploaded at once, many in one request. ``change`` fires when that begins, when it ends, and when something
    is removed; the value is text that :func:`dropped` reads.
    """

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        super().__init__(
            value,
            **widget(Path(__file__).parent, "DROP"),
            limits={"files": MOST_FILES, "bytes": MAX_FILE_BYTES},
            **kwargs,
        )

    def api_info(self) -> dict[str, Any]:
        """What a program would send: JSON text."""
        return {"type": "string", "description": "JSON text: paths of uploaded files, and their names"}


def dropped(value: Any) -> Dropped:
    """The files in a drop area's value.

    Raises:
        MaxDigitError: it names a file that was not uploaded, or is not what a drop area sends.
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
