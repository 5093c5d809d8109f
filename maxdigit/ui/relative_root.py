"""The page asks its own server whatever address the visitor sees, also where a proxy does not pass that address on.

Gradio tells the page the address of its server as the server sees it. A proxy that serves the page under a path, or
under another host's name, and says so in no header would have the page ask where nobody answers.
"""

from __future__ import annotations

import fastapi
from gradio import route_utils

_absolute = route_utils.get_root_url


def install() -> None:
    """Have Gradio tell the page to ask below its own address, and other pages that embed it to ask where it is from."""
    route_utils.get_root_url = _root_url


def _root_url(request: fastapi.Request, route_path: str, root_path: str | None) -> str:
    """As Gradio's, whose answer stands where a path is set, and for all but what a page is made of."""
    asked = request.scope["path"]
    if root_path or asked not in ("/", "/config", "/config/"):
        return _absolute(request, route_path, root_path)
    return "." if asked == "/" else ""  # the address that a page is opened by; that which it is embedded by
