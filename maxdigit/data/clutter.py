"""Recognises files in a folder or an archive that the user does not mean as pictures."""

from __future__ import annotations

from pathlib import PurePosixPath

# Files left by operating systems and file managers, in lower case. Hidden files, which begin with a dot, count too.
_SYSTEM_FILES = {"thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r", "$recycle.bin"}
_SYSTEM_FOLDERS = {"__macosx", "@eadir", "$recycle.bin", "system volume information"}
TABLES = frozenset((".csv", ".tsv", ".txt"))  # files that may hold labels
# Notes, settings, documents, programs, sound and film.
_NO_PICTURES = {
    *TABLES,
    *(".json", ".jsonl", ".md", ".xml", ".yaml", ".yml", ".ini", ".log", ".url", ".lnk", ".html", ".css", ".js", ".py"),
    *(".ipynb", ".pyc", ".pdf", ".doc", ".docx", ".odt", ".xls", ".xlsx", ".ods", ".ppt", ".pptx", ".odp", ".rtf"),
    *(".mp3", ".wav", ".ogg", ".mp4", ".mov", ".avi", ".mkv", ".webm", ".exe", ".dll", ".so"),
}


def is_clutter(name: str) -> bool:
    """Whether a file is certainly not meant as a picture, by its name or its path in an archive."""
    return is_system_file(name) or suffix_of(name) in _NO_PICTURES


def is_system_file(name: str) -> bool:
    """Whether a file was left by an operating system, or is hidden, so that its owner may not know of it."""
    *folders, last = PurePosixPath(name.replace("\\", "/")).parts or ("",)
    return (
        last.startswith(".")
        or not last
        or last.lower() in _SYSTEM_FILES
        or any(folder.lower() in _SYSTEM_FOLDERS for folder in folders)
    )


def suffix_of(name: str) -> str:
    """The extension of a file's name, in lower case."""
    return PurePosixPath(name.replace("\\", "/")).suffix.lower()
