"""Recognises files in a folder or an archive of pictures that are not pictures of the user."""

from __future__ import annotations

from pathlib import PurePosixPath

# Files left by operating systems and file managers, in lower case. Hidden files, which begin with a dot, count too.
_SYSTEM_FILES = {"thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r", "$recycle.bin"}
_SYSTEM_FOLDERS = {"__macosx", "@eadir", "$recycle.bin", "system volume information"}
# Tables of labels, notes and settings.
_TEXTS = {".csv", ".tsv", ".txt", ".json", ".jsonl", ".md", ".xml", ".yaml", ".yml", ".ini", ".log", ".url", ".lnk"}


def is_clutter(name: str) -> bool:
    """Whether a file is certainly not meant as a picture, by its name or its path in an archive."""
    *folders, last = PurePosixPath(name.replace("\\", "/")).parts or ("",)
    return (
        last.startswith(".")
        or not last
        or last.lower() in _SYSTEM_FILES
        or PurePosixPath(last).suffix.lower() in _TEXTS
        or any(folder.lower() in _SYSTEM_FOLDERS for folder in folders)
    )
