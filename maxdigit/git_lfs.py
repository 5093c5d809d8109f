"""Git LFS pointers: a clone without Git LFS has a few lines of text in place of each large file."""

from __future__ import annotations

from pathlib import Path

START = b"version https://git-lfs.github.com/spec/"  # the beginning of such a text


def is_pointer(path: Path) -> bool:
    """Whether a file is a pointer instead of the file itself; False if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(len(START)) == START
    except OSError:
        return False
