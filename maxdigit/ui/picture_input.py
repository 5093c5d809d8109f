"""An upload box that passes the file on unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import ImageData
from gradio.utils import get_upload_folder, is_in_or_equal

from maxdigit.errors import PictureError
from maxdigit.ui import texts

MAX_BYTES = 60_000_000  # of a single picture: phones of 200 megapixels save up to 50 MB; batches may be larger


class PictureInput(gr.Image):
    """Gradio's picture box, except that the server does not open the file before our own reader does.

    Gradio would decode the picture first and show a bare error for one it cannot read; the reader of
    :mod:`maxdigit.preparation.files` knows more forms, and says in a sentence what is wrong and what to do.
    """

    is_template = True  # drawn in the page by Gradio's own Image

    def preprocess(self, payload: ImageData | None) -> str | None:
        """The path of the uploaded file.

        Raises:
            PictureError: the path is none of an uploaded file.
        """
        if payload is None:
            return None
        if not (payload.path and was_uploaded(payload.path)):  # Gradio looks at it only where it says that it is a file
            raise PictureError(texts.FILE_GONE)
        return payload.path

    def example_payload(self) -> Any:
        """What "Use via API" shows as the picture to send."""
        return {"path": "picture.png", "meta": {"_type": "gradio.FileData"}, "orig_name": "picture.png"}


def was_uploaded(path: str) -> bool:
    """Whether a path leads into the folder where uploads are kept."""
    try:
        return is_in_or_equal(path, get_upload_folder())
    except (OSError, ValueError):  # a NUL character, or too long
        return False


def existing(path: str, limit: int | None = MAX_BYTES) -> Path:
    """The uploaded file, if the server still has it and it has no more than ``limit`` bytes.

    Raises:
        PictureError: it has been tidied away, or is larger than a single picture may be.
    """
    file = Path(path)
    if not file.is_file():
        raise PictureError(texts.FILE_GONE)
    if limit is not None and file.stat().st_size > limit:
        raise PictureError(texts.FILE_TOO_LARGE)
    return file
