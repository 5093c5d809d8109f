"""Protects the page from the open web: routes that are not served, and limits for each client.

Gradio itself limits the size of each uploaded file and the queue.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import shutil
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn.config
from gradio import processing_utils
from gradio.utils import get_upload_folder
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from maxdigit.ui.fetch import fetch
from maxdigit.ui.timed_protocol import TimedProtocol, allow_many_files

# Routes of Gradio that this page does not need. Through the first two anybody could fetch any public URL by way of this
# server; the others are tools for developers, and files shared between visits.
_NOT_SERVED = re.compile(
    r"/gradio_api/(?:file[=/](?:[a-z][a-z0-9+.-]*:|/*https?:)|proxy=|process_recording|deep_link|run-history|dev/|vibe|"
    r"profiling|custom_component)|^/(?:monitoring|openapi.json$)",
    re.IGNORECASE,
)
_CARD = re.compile(r"/card\.png$")  # the preview image of a link, which may have to be made first
_UPLOAD, _TOOLS = re.compile(r"/gradio_api/upload/?$"), re.compile(r"/gradio_api/mcp/")
_PROXIES = ("127.0.0.1", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8")
_MOST_CLIENTS = 20_000  # that are remembered; the one without requests for longest is forgotten first

TOO_MANY = "Too many requests from your address. Wait a moment and try again."
TOO_LARGE = (
    "The request is larger than {limit} MB. Send pictures as files, to /gradio_api/upload, and larger batches in parts."
)
TOO_SLOW = "The request took too long to arrive. Try again."
NO_LENGTH = "An upload must state its length (Content-Length)."
NO_ROOM = "The server has no room for more files just now. Try again in an hour."


@dataclass(frozen=True)
class Limits:
    """The limits for one client. Requests from this machine are not counted, but limited in size."""

    rate: float = 40  # POST requests a second on average: as many as a class behind one address makes while drawing
    burst: int = 240  # POST requests at once, before that rate applies
    at_once: int = 128  # simultaneous requests, including open streams, of which a page has two or three
    body: int = 8_000_000  # bytes of a request
    tool_body: int = 90_000_000  # bytes of a call by a language model, which contains its pictures as text
    upload: int = 2_100_000_000  # bytes of all files of one upload
    all_bodies: int = 400_000_000  # bytes of requests in memory, of all clients together; uploads are not counted
    pause: float = 30  # seconds between two parts of a request
    slowest: int = 4_000  # bytes a second, the lowest average rate of a request's body
    free: int = 1_000_000_000  # bytes of disk space that uploads must leave free


@dataclass
class _Client:
    """The use that one client has made of its limits."""

    tokens: float  # requests that it may make now
    at: float  # the time of that count, by the monotonic clock
    open: int = 0  # requests being answered


@dataclass
class Guard:
    """ASGI middleware that enforces the limits.

    Args:
        app: the application behind it.
        uploads: the folder for uploads, on the disk whose free space is checked.
        limits: for each client.
    """

    app: ASGIApp
    uploads: Path
    limits: Limits = field(default_factory=Limits)
    _clients: OrderedDict[str, _Client] = field(default_factory=OrderedDict, init=False)
    _held: int = field(default=0, init=False)  # bytes of bodies in memory
    _uploading: int = field(default=0, init=False)  # bytes that uploads have announced

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with an error."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        name = client_name(scope)
        client = self._client(name) if name else _Client(0, 0)
        refusal = self._refusal(scope, name, client)
        if refusal:
            await refusal(scope, receive, send)
            return
        client.open += 1
        body = _Body(self, scope, receive)
        self._uploading += body.announced
        try:
            await self.app(scope, body.receive, _noting(body, send))
        except ClientDisconnect:
            pass  # nobody is left to receive an error
        except Exception:
            if not body.trouble:
                raise
        finally:
            client.open -= 1
            self._held -= body.held
            self._uploading -= body.announced
            if body.announced and not body.is_whole:
                asyncio.get_running_loop().call_later(2 * self._left_after, self._sweep)
        if body.trouble and not body.is_answered:
            await body.trouble(scope, receive, send)

    def hold(self, count: int) -> bool:
        """Count bytes of a body as being in memory; False, and not counted, if that exceeds the limit."""
        if self._held + count > self.limits.all_bodies:
            return False
        self._held += count
        return True

    def most_bytes(self, path: str) -> int:
        """The limit for the body of a request for this path."""
        if _UPLOAD.search(path):
            return self.limits.upload
        return self.limits.tool_body if _TOOLS.search(path) else self.limits.body

    @property
    def _left_after(self) -> float:
        """Seconds without a write after which a file counts as left over from an interrupted upload."""
        return 2 * self.limits.pause

    def _sweep(self) -> None:
        """Delete files left over from interrupted uploads. Complete files are in folders of their own."""
        for path in self.uploads.glob("*"):
            with suppress(OSError):
                if path.is_file() and path.stat().st_mtime < time.time() - self._left_after:
                    path.unlink()

    def _refusal(self, scope: Scope, name: str, client: _Client) -> PlainTextResponse | None:
        path, is_post = scope["path"], scope["method"] not in ("GET", "HEAD", "OPTIONS")
        makes_work = is_post or (_CARD.search(path) is not None and scope["query_string"] != b"")
        if _NOT_SERVED.search(path):
            return PlainTextResponse("There is nothing here.", 404)
        if name and (client.open >= self.limits.at_once or (makes_work and not self._takes_one(client))):
            return PlainTextResponse(TOO_MANY, 429, {"Retry-After": "2"})
        if is_post and _UPLOAD.search(path):
            if not _length(scope):
                return PlainTextResponse(NO_LENGTH, 411)
            if self._is_full(_length(scope)):
                return PlainTextResponse(NO_ROOM, 507)
        if _length(scope) > self.most_bytes(path):
            return _too_large(self.most_bytes(path))
        return None

    def _client(self, name: str) -> _Client:
        client = self._clients.setdefault(name, _Client(self.limits.burst, time.monotonic()))
        self._clients.move_to_end(name)
        if len(self._clients) > _MOST_CLIENTS:
            self._clients.popitem(last=False)
        return client

    def _takes_one(self, client: _Client) -> bool:
        """Count a request; False, and not counted, if the client may not make one now."""
        now = time.monotonic()
        client.tokens = min(self.limits.burst, client.tokens + (now - client.at) * self.limits.rate)
        client.at = now
        if client.tokens < 1:
            return False
        client.tokens -= 1
        return True

    def _is_full(self, more: int) -> bool:
        folder = next(place for place in (self.uploads, *self.uploads.parents) if place.exists())
        return shutil.disk_usage(folder).free - self._uploading - more < self.limits.free


class _Body:
    """The body of a request while it arrives."""

    def __init__(self, guard: Guard, scope: Scope, receive: Receive) -> None:
        self.held = 0
        self.trouble: PlainTextResponse | None = None  # why reading was stopped
        self.is_answered = False
        self._guard, self._receive = guard, receive
        self._most, self._is_upload = guard.most_bytes(scope["path"]), bool(_UPLOAD.search(scope["path"]))
        self._count, self._has_ended = 0, False
        self.announced = _length(scope) if self._is_upload else 0  # bytes that it will occupy on the disk
        self.is_whole = False
        self._begin = time.monotonic()

    async def receive(self) -> Message:
        """The next part. If the body is too large or too slow, a disconnection is reported instead."""
        if self._has_ended:  # only a disconnection can follow
            return await self._receive()
        try:
            async with asyncio.timeout(self._guard.limits.pause):
                message = await self._receive()
        except TimeoutError:
            return self._stop(PlainTextResponse(TOO_SLOW, 408))
        size = len(message.get("body", b""))
        self._count += size
        self._has_ended = not message.get("more_body", False)
        self.is_whole = self._has_ended and message["type"] == "http.request"
        if self._count > self._most:
            return self._stop(_too_large(self._most))
        allowed = self._guard.limits.pause + self._count / self._guard.limits.slowest
        if not self._has_ended and time.monotonic() - self._begin > allowed:
            return self._stop(PlainTextResponse(TOO_SLOW, 408))
        if not self._is_upload:
            if not self._guard.hold(size):
                return self._stop(PlainTextResponse(TOO_MANY, 503, {"Retry-After": "5"}))
            self.held += size
        return message

    def _stop(self, trouble: PlainTextResponse) -> Message:
        self.trouble, self._has_ended = trouble, True
        trouble.headers["Connection"] = "close"
        return {"type": "http.disconnect"}


def client_name(scope: Scope) -> str:
    """The client's address, or its network for IPv6; empty for this machine, or a proxy on it that hides the client."""
    host = scope["client"][0] if scope.get("client") else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return str(host)
    if address.is_loopback:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _noting(body: _Body, send: Send) -> Send:
    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start":
            if body.trouble:  # the application's answer to a client that it believes to be gone
                return
            body.is_answered = True
            # Browsers must not interpret uploaded files as pages.
            message["headers"] = [*message.get("headers", ()), (b"x-content-type-options", b"nosniff")]
        if body.is_answered:
            await send(message)

    return noting


def _length(scope: Scope) -> int:
    value = dict(scope["headers"]).get(b"content-length", b"0")
    return int(value) if value.isdigit() else 0


def _too_large(limit: int) -> PlainTextResponse:
    return PlainTextResponse(TOO_LARGE.format(limit=limit // 1_000_000), 413, {"Connection": "close"})


def protection(limits: Limits | None = None) -> dict[str, Any]:
    """Settings for ``launch()`` that protect the page. The call itself limits connections and downloads.

    Args:
        limits: for each client; None for the defaults.
    """
    # Gradio uses uvicorn's default.
    uvicorn.config.HTTP_PROTOCOLS["auto"] = f"{TimedProtocol.__module__}:{TimedProtocol.__name__}"
    processing_utils.async_ssrf_protected_download = fetch  # Gradio's has no limit for the size and the total time
    if "SPACE_ID" in os.environ:  # a Hugging Face Space, which can be reached only through its proxies
        os.environ.setdefault("FORWARDED_ALLOW_IPS", ",".join(_PROXIES))
    allow_many_files()
    uploads = Path(get_upload_folder())
    return {"app_kwargs": {"middleware": [Middleware(Guard, uploads=uploads, limits=limits or Limits())]}}
