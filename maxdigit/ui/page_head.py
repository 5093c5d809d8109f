"""Puts tags and scripts into the head of the page, where they take effect before Gradio's scripts run.

What Gradio's own setting ``head`` contains is only inserted by its scripts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from maxdigit.ui.requested import requested_path

# Gradio's own tags for previews, which name "Gradio" and a picture on another host.
_GRADIOS = re.compile(rb'\s*<meta\s+(?:property="og:|name="twitter:)[^>]*>')
_HEAD_END = b"<script>window.gradio_config"  # follows those tags


class PageHead:
    """ASGI middleware that inserts HTML into the head of the page, in place of Gradio's tags for previews.

    Args:
        app: the page.
        parts: each returns HTML for the response to a request.
    """

    def __init__(self, app: ASGIApp, parts: Sequence[Callable[[Request], str]]) -> None:
        self._app, self._parts = app, parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and change the response if it is the page."""
        if requested_path(scope) in ("", "/"):
            send = _Response(send, lambda body: self._changed(body, Request(scope))).send
        await self._app(scope, receive, send)

    def _changed(self, body: bytes, request: Request) -> bytes:
        head, mark, rest = body.partition(_HEAD_END)
        if not mark:
            return body
        return _GRADIOS.sub(b"", head) + "".join(part(request) for part in self._parts).encode() + mark + rest


class _Response:
    """A response whose body is changed if it is HTML."""

    def __init__(self, send: Send, change: Callable[[bytes], bytes]) -> None:
        self._send, self._change = send, change
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        """Pass a message on; HTML only when it is complete."""
        if message["type"] == "http.response.start":
            headers = dict(message.get("headers", ()))
            if headers.get(b"content-type", b"").startswith(b"text/html"):
                self._start = message
                return
        elif self._start is not None and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if message.get("more_body", False):
                return
            body = self._change(self._body)
            kept = [pair for pair in self._start.get("headers", ()) if pair[0].lower() != b"content-length"]
            length = (b"content-length", str(len(body)).encode())
            await self._send({**self._start, "headers": [*kept, length]})
            message = {**message, "body": body}
        await self._send(message)
