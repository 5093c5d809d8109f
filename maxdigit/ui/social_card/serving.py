"""Middleware that serves the preview images of links, and names them in the head of the page."""

from __future__ import annotations

import re
import threading
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode

from anyio import to_thread
from gradio.route_utils import get_root_url
from starlette.requests import Request
from starlette.responses import Response

from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import Predictor, default_model
from maxdigit.ui import texts
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.links import read_query
from maxdigit.ui.social_card.drawing import CARD, HEIGHT, WIDTH, card_for, to_png
from maxdigit.ui.texts.language import DEFAULT, LANGUAGES

NAME = "card.png"  # the path of the cards, below the page's

_SHARED = ("drawing", "sample", "model")  # the parameters of a link that describe its content
_KEPT = 64  # cached cards, of about 30 kB
# Gradio's own tags for previews, which name "Gradio" and a picture on another host.
_GRADIOS = re.compile(rb'\s*<meta\s+(?:property="og:|name="twitter:)[^>]*>')
_HEAD_END = b"<script>window.gradio_config"  # follows those tags

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]


class SocialCards:
    """ASGI middleware that serves cards and names them in the head of the page.

    The card of a link to a drawing or a sample shows that picture, and a model's answer; it is made on request. If that
    fails, or another card is being made, the default card is served.

    Args:
        app: the page.
        predictor: answers; None to serve only the default card.
        evaluation: makes samples.
    """

    def __init__(
        self,
        app: Callable[[Any, _Receive, _Send], Awaitable[None]],
        predictor: Predictor | None,
        evaluation: Evaluation,
    ) -> None:
        self._app, self._predictor, self._evaluation = app, predictor, evaluation
        self._drawing = threading.Lock()
        self._drawn = lru_cache(_KEPT)(self._draw)

    async def __call__(self, scope: Any, receive: _Receive, send: _Send) -> None:
        """Answer requests for cards, change the head of the page, and pass on everything else."""
        path = scope["path"].removeprefix(scope.get("root_path", "")) if scope["type"] == "http" else ""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
        elif path == f"/{NAME}":
            query = _shared(scope)
            content = await to_thread.run_sync(self.card, query, _language(Request(scope)))
            headers = {"Cache-Control": "public, max-age=86400", "Vary": "Accept-Language"}
            await Response(content, media_type="image/png", headers=headers)(scope, receive, send)
        elif path in ("", "/"):
            await self._app(scope, receive, _Head(scope, send).send)
        else:
            await self._app(scope, receive, send)

    def card(self, query: tuple[tuple[str, str], ...], language: str) -> bytes:
        """The card (PNG) for what a link asks for."""
        asks = dict(query)
        is_own = self._predictor is not None and ("drawing" in asks or "sample" in asks)
        if is_own and self._drawing.acquire(blocking=False):
            try:
                return self._drawn(query, language)
            except MaxDigitError:  # the page reports the error
                pass
            finally:
                self._drawing.release()
        return CARD.read_bytes()

    def _draw(self, query: tuple[tuple[str, str], ...], language: str) -> bytes:
        assert self._predictor is not None
        with texts.speaking(language):
            opened = read_query(dict(query))
            names = self._predictor.available()
            model = opened.model if opened.model in names else default_model(names)
            if opened.shown is None or model is None:
                raise MaxDigitError("There is nothing to put on a card.")
            return to_png(card_for(opened.shown, model, predictor=self._predictor, evaluation=self._evaluation))


class _Head:
    """Inserts the tags for the card into the head of the page."""

    def __init__(self, scope: Any, send: _Send) -> None:
        self._request, self._send = Request(scope), send
        self._start: _Message | None = None
        self._body = b""

    async def send(self, message: _Message) -> None:
        """Pass a message on; an HTML page only when it is complete."""
        if message["type"] == "http.response.start":
            headers = dict(message.get("headers", ()))
            if headers.get(b"content-type", b"").startswith(b"text/html"):
                self._start = message
                return
        elif self._start is not None and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if message.get("more_body", False):
                return
            body = self._changed()
            kept = [pair for pair in self._start.get("headers", ()) if pair[0].lower() != b"content-length"]
            length = (b"content-length", str(len(body)).encode())
            await self._send({**self._start, "headers": [*kept, length]})
            message = {**message, "body": body}
        await self._send(message)

    def _changed(self) -> bytes:
        head, mark, rest = self._body.partition(_HEAD_END)
        if not mark:
            return self._body
        app = self._request.scope["app"]
        root = get_root_url(self._request, "/", getattr(app, "root_path", "") or self._request.scope.get("root_path"))
        query = urlencode(_shared(self._request.scope))
        tags = meta_tags(root, query, _language(self._request)).encode()
        return _GRADIOS.sub(b"", head) + tags + mark + rest


def meta_tags(root: str, query: str, language: str) -> str:
    """The tags in the head of the page from which previews are made.

    Args:
        root: the URL of the page, without a slash at its end.
        query: the parameters of the link that describe its content; may be empty.
        language: of the texts.
    """
    said = LANGUAGES[language]
    end = f"?{query}" if query else ""
    named = {
        "og:type": "website",
        "og:title": said.TITLE,
        "og:description": said.TAGLINE,
        "og:url": f"{root}/{end}",
        "og:image": f"{root}/{NAME}{end}",
        "og:image:width": str(WIDTH),
        "og:image:height": str(HEIGHT),
        "og:image:alt": said.CARD_ALT,
    }
    tags = [f'<meta property="{name}" content="{escape(text)}" />' for name, text in named.items()]
    tags.append('<meta name="twitter:card" content="summary_large_image" />')
    tags.append(f'<meta name="description" content="{escape(said.TAGLINE)}" />')
    return "".join(tags)


def _shared(scope: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The parameters of a request that describe its content, in a fixed order."""
    query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    return tuple((name, query[name]) for name in _SHARED if name in query)


def _language(request: Request) -> str:
    wanted = request.headers.get("accept-language", "")[:2].lower()
    return wanted if wanted in LANGUAGES else DEFAULT
