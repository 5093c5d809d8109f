"""Makes the page use relative URLs, so that it works behind proxies that do not forward its address.

Gradio writes the server's URL into the page as the server sees it. Behind a proxy that serves the page under a path or
another host name, and sends no header that says so, that URL would be wrong.
"""

from __future__ import annotations

import fastapi
from gradio import route_utils

_absolute = route_utils.get_root_url


def install() -> None:
    """Make Gradio give relative URLs to the page, and to other pages that embed it."""
    route_utils.get_root_url = _root_url


def _root_url(request: fastapi.Request, route_path: str, root_path: str | None) -> str:
    """Like Gradio's function, which answers if a root path is set, and all requests but those for the page itself."""
    asked = request.scope["path"]
    if root_path or asked not in ("/", "/config", "/config/"):
        return _absolute(request, route_path, root_path)
    return "." if asked == "/" else ""  # relative to the page; to the URL from which it is embedded
