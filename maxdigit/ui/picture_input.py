"""Gradio's upload box for pictures, which passes the file on unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import ImageData
from gradio.utils import get_upload_folder, is_in_or_equal

from maxdigit.errors import PictureError
from maxdigit.ui import texts

MAX_BYTES = 60_000_000  # of a single picture: phones with 200 megapixels save up to 50 MB


class PictureInput(gr.Image):
    """``gr.Image``, but the server does not decode the file before :mod:`maxdigit.preparation.files` does.

    Gradio reads fewer formats, and has no explanation for a file that it cannot read.
    """

    is_template = True  # displayed by Gradio's own Image

    def preprocess(self, payload: ImageData | None) -> str | None:
        """The path of the uploaded file.

        Raises:
            PictureError: the path is not that of an uploaded file.
        """
        if payload is None:
            return None
        if not (payload.path and was_uploaded(payload.path)):  # Gradio checks it only if the request marks it as a file
            raise PictureError(texts.FILE_GONE)
        return payload.path

    def example_payload(self) -> Any:
        """The picture in the examples of "Use via API"."""
        return {"path": "picture.png", "meta": {"_type": "gradio.FileData"}, "orig_name": "picture.png"}


def was_uploaded(path: str) -> bool:
    """Whether a path is in the folder of uploads."""
    try:
        return is_in_or_equal(path, get_upload_folder())
    except (OSError, ValueError):  # a NUL character, or too long
        return False


def existing(path: str, limit: int | None = MAX_BYTES) -> Path:
    """The uploaded file, if the server still has it and it has no more than ``limit`` bytes.

    Raises:
        PictureError: it was deleted, or is larger than ``limit``.
    """
    file = Path(path)
    if not file.is_file():
        raise PictureError(texts.FILE_GONE)
    if limit is not None and file.stat().st_size > limit:
        raise PictureError(texts.FILE_TOO_LARGE)
    return file
