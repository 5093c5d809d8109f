"""Building the page without what Gradio makes of it before it is launched, and makes again then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr
from gradio.routes import App

from maxdigit.ui.replaced import replaced


@contextmanager
def unserved() -> Iterator[None]:
    """Let Gradio make no server and no configuration inside the block, which may be used as a decorator too.

    It makes a server of the empty page, one of the complete page, and one more for the queue's settings, which together
    take most of the time of building. ``launch()`` makes the one that serves, and its configuration.
    """
    with (
        replaced(App, "create_app", staticmethod(lambda *_, **__: None)),
        replaced(gr.Blocks, "get_config_file", lambda _: {}),
    ):
        yield
