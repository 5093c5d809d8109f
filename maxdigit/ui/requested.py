"""Which part of the page a request reads: for middleware."""

from __future__ import annotations

from starlette.types import Scope


def requested_path(scope: Scope) -> str | None:
    """The path of a GET or HEAD request, without that under which the page is served; None for everything else."""
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return None
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
