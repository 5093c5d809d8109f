"""Serves the scripts and styles of Gradio's page from memory, compressed once, and lets browsers keep them.

A page has about 80 of them. Gradio reads and compresses each for every request, and has browsers ask again for each. It
also loads them in six steps, as each names the next; the page names all of them, so that browsers load them at once.
"""

from __future__ import annotations

import gzip
import mimetypes
from functools import cache
from pathlib import Path, PurePosixPath

import brotli
import gradio
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from maxdigit.ui.requested import requested_path

FOLDER = Path(gradio.__file__).with_name("templates") / "frontend" / "assets"
# Their names contain hashes of their content.
_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
# The files that the page loads first, in that order: python docs/make_preload_list.py
PRELOAD = Path(__file__).with_name("preload.txt")
_COMPRESSIBLE = (".js", ".css", ".svg", ".json")


def preload_tags() -> str:
    """Tags for the head of the page; none for files that another version of Gradio does not have."""
    tags = []
    for name in PRELOAD.read_text(encoding="utf-8").split():
        if (FOLDER / name).exists():
            how = 'rel="modulepreload"' if name.endswith(".js") else 'rel="preload" as="style"'
            tags.append(f'<link {how} crossorigin href="./assets/{name}" />')
    return "".join(tags)


class Assets:
    """ASGI middleware that answers requests for ``/assets/NAME``, if there is such a file."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._names = frozenset(path.name for path in FOLDER.iterdir())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or pass it on."""
        folder, _, name = (requested_path(scope) or "").rpartition("/")
        if folder == "/assets" and name in self._names:
            accepted = Headers(scope=scope).get("Accept-Encoding", "")
            content, headers = _content(name, next((one for one in ("br", "gzip") if one in accepted), ""))
            await Response(content, headers=headers)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


@cache
def _content(name: str, encoding: str) -> tuple[bytes, dict[str, str]]:
    """A file as it is sent, and its headers."""
    content = (FOLDER / name).read_bytes()
    headers = {**_HEADERS, "Content-Type": mimetypes.guess_type(name)[0] or "application/octet-stream"}
    if encoding and PurePosixPath(name).suffix in _COMPRESSIBLE:
        headers["Content-Encoding"] = encoding
        content = brotli.compress(content, quality=5) if encoding == "br" else gzip.compress(content, 6, mtime=0)
    return content, headers
