"""Building the page without the servers that Gradio makes of it before it is launched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gradio.routes import App


@contextmanager
def without_servers() -> Iterator[None]:
    """Let Gradio make no server inside the block, which may be used as a decorator too.

    It makes one of the empty page, one of the complete page, and one more for the queue's settings, which together take
    most of the time of building. ``launch()`` makes the one that serves.
    """
    create = App.create_app
    App.create_app = staticmethod(lambda *_, **__: None)  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        App.create_app = staticmethod(create)  # type: ignore[method-assign]
