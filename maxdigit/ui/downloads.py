"""Files that the page offers for download: written aside, and let go after an hour."""

from __future__ import annotations

import csv
import io
import secrets
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

_KEPT = 3600  # seconds
_folder = tempfile.TemporaryDirectory(prefix="maxdigit-")  # gone when the server ends


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """Rows, the column names first, as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def write_download(name: str, text: str) -> str:
    """Write ``text`` to a new file called ``name``, and return its path."""
    root = Path(_folder.name)
    for old in root.iterdir():
        if old.stat().st_mtime < time.time() - _KEPT:
            for file in old.iterdir():
                file.unlink(missing_ok=True)
            old.rmdir()
    folder = root / secrets.token_hex(8)
    folder.mkdir()
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return str(path)
