"""The preview images of links: the middleware that serves them, and the tags that name them in the page's head."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode

from anyio import to_thread
from gradio.route_utils import get_root_url
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import Predictor, default_model
from maxdigit.ui import texts
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.links import read_query
from maxdigit.ui.requested import requested_path
from maxdigit.ui.social_card.drawing import CARD, HEIGHT, WIDTH, card_for, to_png
from maxdigit.ui.texts.language import DEFAULT, LANGUAGES

NAME = "card.png"  # the path of the cards, below the page's

_SHARED = ("drawing", "sample", "model")  # the parameters of a link that describe its content
_KEPT = 64  # cached cards, of about 30 kB


class SocialCards:
    """ASGI middleware that serves cards.

    The card of a link to a drawing or a sample shows that picture, and a model's answer; it is made on request. If that
    fails, or another card is being made, the default card is served.

    Args:
        app: the page.
        predictor: answers; None to serve only the default card.
        evaluation: makes samples.
    """

    def __init__(
        self,
        app: ASGIApp,
        predictor: Predictor | None,
        evaluation: Evaluation,
    ) -> None:
        self._app, self._predictor, self._evaluation = app, predictor, evaluation
        self._drawing = threading.Lock()
        self._drawn = lru_cache(_KEPT)(self._draw)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer requests for cards, and pass on everything else."""
        if requested_path(scope) == f"/{NAME}":
            query = _shared(scope)
            content = await to_thread.run_sync(self.card, query, _language(Request(scope)))
            headers = {"Cache-Control": "public, max-age=86400", "Vary": "Accept-Language"}
            await Response(content, media_type="image/png", headers=headers)(scope, receive, send)
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


def card_tags(request: Request) -> str:
    """The tags from which previews are made, for the head of the page that a request asks for."""
    scope = request.scope
    root = get_root_url(request, "/", getattr(scope["app"], "root_path", "") or scope.get("root_path"))
    return _meta_tags(root, urlencode(_shared(scope)), _language(request))


def _meta_tags(root: str, query: str, language: str) -> str:
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
