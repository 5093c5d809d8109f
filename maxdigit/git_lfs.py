"""Git LFS: where it is not installed, a clone has a few lines of text in place of each large file."""

from __future__ import annotations

from pathlib import Path

START = b"version https://git-lfs.github.com/spec/"  # how such a text begins


def is_pointer(path: Path) -> bool:
    """Whether a file is such a text, and not the file that it stands for; False where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(len(START)) == START
    except OSError:
        return False
