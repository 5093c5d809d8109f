"""What the server remembers of a visitor: the page's state alone.

Gradio also describes every component of the page anew for every visitor, and for every request of a program, for its
deep links, which this page does not have: a megabyte and 30 ms of CPU time each.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from gradio import Blocks
from gradio.state_holder import SessionState

_begin = SessionState.__init__


def install() -> None:
    """Have Gradio remember no more than this of visitors from now on."""
    SessionState.__init__ = _begin_light  # type: ignore[method-assign]


def _begin_light(self: SessionState, blocks: Blocks) -> None:
    _begin(self, SimpleNamespace(default_config=blocks.default_config, blocks={}))  # type: ignore[arg-type]
    self.blocks_config.config_for_block = _no_description  # type: ignore[method-assign, assignment]


def _no_description(*_: Any) -> dict[str, Any]:
    return {}
