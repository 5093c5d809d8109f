"""The endpoints for programs as tools for language models, by the Model Context Protocol (MCP)."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

import gradio.mcp
from gradio.processing_utils import save_base64_to_cache
from gradio_client import handle_file
from gradio_client.utils import get_extension

from maxdigit.errors import PictureError

_FILES = ("image", "files")  # the arguments of the endpoints that are files
_WAYS = "a data URI (data:image/png;base64,...), a web address, or the path that /gradio_api/upload returned"
_AT_ONCE = 8  # calls
_LONGEST = 900  # characters of an error message
_ENCODED = re.compile(r"[A-Za-z0-9+/=_-]{100,}")  # base64
# The names of a file's parts in messages of this protocol and of others.
_DATA, _ADDRESSES, _MIME_TYPES = ("data", "blob"), ("url", "uri"), ("mimeType", "media_type", "mime_type")
_NO_FILE = f"This file cannot be used. Send {_WAYS}."


class ToolServer(gradio.mcp.GradioMCPServer):
    """Gradio's MCP server with its own handling of files and answers.

    Gradio's fails on a list of files, offers clients only web addresses, never deletes files that were sent as data,
    and formats answers in Python's notation. Its client runs in this process and would read any local file that a call
    names; so only data, uploaded files and web addresses are passed on to it.
    """

    def create_mcp_server(self) -> Any:
        """Gradio's server, with a limit for simultaneous calls: each holds a thread that the page needs too."""
        server = super().create_mcp_server()
        handle, turn = server.request_handlers[self.types.CallToolRequest], asyncio.Semaphore(_AT_ONCE)

        async def in_turn(request: Any) -> Any:
            request.params.arguments = _as_told(request.params.arguments)
            async with turn:
                result: Any = await handle(request)
            for part in result.root.content if result.root.isError else ():
                part.text = _short(part.text)
            return result

        server.request_handlers[self.types.CallToolRequest] = in_turn
        return server

    def get_input_schema(
        self, tool_name: str, parameters: dict[str, str] | None = None
    ) -> tuple[dict[str, Any], list[list[str | int]]]:
        """The arguments of a tool, as documented for clients; and no files for Gradio to convert."""
        schema, _ = super().get_input_schema(tool_name, parameters)
        for name, field in schema["properties"].items():
            if name in _FILES:
                many = field["type"] == "array"
                form = {"type": "array", "items": {"type": "string"}} if many else {"type": "string"}
                described = f"{field.get('description', '')} {'Each is' if many else 'It is'} {_WAYS}."
                schema["properties"][name] = {**form, "description": described.strip()}
        return schema, []

    def convert_strings_to_filedata(self, value: dict[str, Any], _places: Any) -> dict[str, Any]:
        """The arguments of a call: files, and text."""
        return {name: self._files(name, given) if name in _FILES else str(given) for name, given in value.items()}

    def postprocess_output_data(self, data: Any, _root: str) -> list[Any]:
        """Answers as JSON."""
        return [self.types.TextContent(type="text", text=json.dumps(answer)) for answer in data]

    def _files(self, name: str, given: Any) -> Any:
        if isinstance(given, list):
            return [self._file(one, f"{number}") for number, one in enumerate(given, start=1)]
        return self._file(given, name)

    def _file(self, given: Any, stem: str) -> dict[str, Any]:
        if not isinstance(given, str):
            raise PictureError(_NO_FILE)
        if given.startswith("data:"):
            path = save_base64_to_cache(given, self.blocks.GRADIO_CACHE, f"{stem}.{get_extension(given) or 'data'}")
            self.blocks.upload_file_set.add(path)  # deleted when uploads are
            return handle_file(path)
        path = unquote(given.partition("/gradio_api/file=")[2]) or given
        if path in self.blocks.upload_file_set:
            return handle_file(path)
        if given.startswith(("http://", "https://")):
            return handle_file(given)  # fetched later by Gradio, which refuses addresses of private networks
        raise PictureError(_NO_FILE)


def _as_told(arguments: Any) -> Any:
    """The arguments, with files in the documented form if a client sent them in another common form."""
    if not isinstance(arguments, dict):
        return arguments
    known = {**arguments}
    if "image" in known:
        image = known["image"]
        known["image"] = _as_text(image[0] if isinstance(image, list) and len(image) == 1 else image)
    if "files" in known:
        files = known["files"]
        if isinstance(files, str) and files.lstrip().startswith("["):  # a list as text
            with suppress(ValueError):
                files = json.loads(files)
        known["files"] = [_as_text(file) for file in (files if isinstance(files, list) else [files])]
    return known


def _as_text(file: Any) -> Any:
    """A file as a data URI or a URL, if it was sent in the form of a message's content."""
    if not isinstance(file, dict):
        return file
    inside = next((file[key] for key in ("source", "image_url", "resource") if isinstance(file.get(key), dict)), file)
    data, address = (next((inside[key] for key in keys if key in inside), None) for keys in (_DATA, _ADDRESSES))
    if isinstance(data, str):
        form = next((inside[key] for key in _MIME_TYPES if key in inside), "image/png")
        return data if data.startswith("data:") else f"data:{form};base64,{data}"
    return address if isinstance(address, str) else file


def _short(text: str) -> str:
    """A shortened error message, without the base64 that it repeats."""
    text = _ENCODED.sub("...", text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST * 2 // 3]} ... {text[-_LONGEST // 3 :]}"


def launch_settings() -> dict[str, Any]:
    """Settings for ``launch()`` that make Gradio offer the tools."""
    # Typed as a class. Launching has no parameter for it.
    setattr(gradio.mcp, "GradioMCPServer", ToolServer)  # noqa: B010
    return {"mcp_server": True}
