"""The input of the endpoints: files in several forms, and a clear error for everything else.

Gradio checks the input before any function of ours is called, and would answer errors with ``null``.
"""

from __future__ import annotations

import base64
import binascii
import logging
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote_to_bytes

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.data_classes import GradioDataModel, ImageData, ListFiles

from maxdigit.errors import PictureError
from maxdigit.ui import texts
from maxdigit.ui.events import OrderedBlocks
from maxdigit.ui.picture_input import MAX_BYTES, PictureInput, existing, was_uploaded

HOW_TO_SEND = (
    'send {"path": PATH, "meta": {"_type": "gradio.FileData"}} with the PATH that /gradio_api/upload returned '
    "(handle_file of gradio_client makes both), or a data URI: data:image/png;base64,..."
)
_SHORTEST = 60  # characters; shorter text is not taken for base64

_log = logging.getLogger(__name__)


class EndpointInput:
    """A component of an endpoint that accepts any input."""

    form: ClassVar[type[GradioDataModel]]  # what the documentation of the API asks for

    # Switches off Gradio's check. Gradio's constructors set this attribute.
    data_model = property(lambda _: None, lambda _self, _value: None)

    def api_info(self) -> dict[str, Any]:
        """The form, as Gradio documents it."""
        schema = self.form.model_json_schema()
        return {**schema, "additional_description": schema.pop("description", None)}


class EndpointPicture(EndpointInput, PictureInput):
    """One picture."""

    is_template = True
    form = ImageData

    def preprocess(self, payload: Any) -> Path | bytes | None:  # type: ignore[override]
        """The uploaded file, or the data sent instead."""
        source = None if payload is None else _source(payload)
        return existing(str(source)) if isinstance(source, Path) else source


class EndpointFiles(EndpointInput, gr.File):
    """Any number of files."""

    is_template = True
    form = ListFiles

    def preprocess(self, payload: Any) -> list[Path | bytes]:  # type: ignore[override]
        """The uploaded files, or the data sent instead; a single one need not be in a list."""
        given = [] if payload is None else payload if isinstance(payload, list) else [payload]
        sources = [_source(one) for one in given]
        return [existing(str(one), limit=None) if isinstance(one, Path) else one for one in sources]


class Page(OrderedBlocks):
    """The page's blocks, which tell programs what is wrong with their input."""

    async def preprocess_data(self, block_fn: BlockFunction, inputs: list[Any], *args: Any, **kwargs: Any) -> Any:
        """As in Gradio.

        Raises:
            gr.Error: the input is not valid; with a sentence for the program.
        """
        try:
            return await super().preprocess_data(block_fn, inputs, *args, **kwargs)
        except gr.Error:
            raise
        except Exception as error:
            if block_fn.api_visibility != "public":
                raise
            cause = error.__cause__
            if isinstance(cause, PictureError):
                raise gr.Error(str(cause), print_exception=False) from None
            _log.warning("A call of /%s was refused: %s", block_fn.api_name, type(error).__name__)
            names = " and ".join(str(getattr(block, "label", "")) for block in block_fn.inputs)
            raise gr.Error(
                f"The call is not valid: /{block_fn.api_name} takes {names}, as /gradio_api/info describes. "
                f"For a file, {HOW_TO_SEND}",
                print_exception=False,
            ) from None


def _source(given: Any) -> Path | bytes:
    """The file that a program names, or its content.

    Raises:
        PictureError: there is no such file.
    """
    if isinstance(given, dict):
        given = given.get("path") or given.get("url")
    if isinstance(given, str):
        if content := _data(given):
            return content
        if was_uploaded(given):
            return Path(given)
        if given.startswith(("http://", "https://")):
            raise PictureError(
                'A web address must be sent as {"path": ADDRESS, "meta": {"_type": "gradio.FileData"}}, which '
                "handle_file of gradio_client makes. Or send the picture itself, as a data URI: "
                "data:image/png;base64,..."
            )
    raise PictureError(f"This file cannot be used. Instead, {HOW_TO_SEND}")


def _data(text: str) -> bytes:
    """The content of a data URI, or of plain base64; empty if the text is neither.

    Raises:
        PictureError: it is damaged, or larger than a picture may be.
    """
    head, comma, body = text.partition(",") if text.startswith("data:") else ("", "", text)
    if not comma and (len(body) < _SHORTEST or not body.isascii()):
        return b""
    try:
        if comma and not head.endswith(";base64"):
            content = unquote_to_bytes(body)
        else:
            content = base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        if not comma:
            return b""
        raise PictureError(f"The data URI cannot be read: it is not base64. Instead, {HOW_TO_SEND}") from None
    if comma and not content:
        raise PictureError(f"The data URI is empty. Instead, {HOW_TO_SEND}")
    if len(content) > MAX_BYTES:
        raise PictureError(texts.FILE_TOO_LARGE)
    return content
