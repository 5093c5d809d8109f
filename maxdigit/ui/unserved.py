"""Building the page without what Gradio makes of it before it is launched, and makes again then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr
from gradio.routes import App


@contextmanager
def unserved() -> Iterator[None]:
    """Let Gradio make no server and no configuration inside the block, which may be used as a decorator too.

    It makes a server of the empty page, one of the complete page, and one more for the queue's settings, which together
    take most of the time of building. ``launch()`` makes the one that serves, and its configuration.
    """
    create, configure = App.create_app, gr.Blocks.get_config_file
    App.create_app = staticmethod(lambda *_, **__: None)  # type: ignore[method-assign, assignment]
    gr.Blocks.get_config_file = lambda _: {}  # type: ignore[method-assign, assignment, typeddict-item]
    try:
        yield
    finally:
        App.create_app = staticmethod(create)  # type: ignore[method-assign]
        gr.Blocks.get_config_file = configure  # type: ignore[method-assign]
