"""Reduces what the server stores for a visitor to the values of the page's state.

For its deep links, which this page does not use, Gradio also makes a copy of the description of every component for
every visitor and every request of a program: a megabyte and 30 ms of CPU time each. Its lists of components and events
are for pages that change them (`gr.render`), which this one does not: another 27 kB each.
"""

from __future__ import annotations

from collections import ChainMap
from types import SimpleNamespace
from typing import Any

from gradio import Blocks
from gradio.state_holder import SessionState

_begin = SessionState.__init__


def install() -> None:
    """Make Gradio store no more than that from now on."""
    SessionState.__init__ = _begin_light  # type: ignore[method-assign]


def _begin_light(self: SessionState, blocks: Blocks) -> None:
    _begin(self, SimpleNamespace(default_config=blocks.default_config, blocks={}))  # type: ignore[arg-type]
    # A component that an event returns with other properties replaces the page's for this visitor alone.
    self.blocks_config.blocks = ChainMap({}, blocks.default_config.blocks)  # type: ignore[assignment]
    self.blocks_config.fns = blocks.default_config.fns
    self.blocks_config.config_for_block = _no_description  # type: ignore[method-assign, assignment]


def _no_description(*_: Any) -> dict[str, Any]:
    return {}
