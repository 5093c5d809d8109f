"""How the page's events are answered, and how they share the server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gradio.blocks import Block
from gradio.components import Component

Values = Mapping[Component, Any]  # what Gradio hands to a function whose inputs are a set
Changes = dict[Block, Any]  # what such a function gives back: new values, or components with new properties


def in_steps(changes: Changes) -> Iterator[Changes]:
    """What an event gives back, in two steps: what is there, then what takes longer.

    Args:
        changes: new values, in place of some of which there may be a function that makes it.
    """
    later = {block: value for block, value in changes.items() if callable(value)}
    yield {block: value for block, value in changes.items() if block not in later}
    if later:
        yield {block: make() for block, make in later.items()}


# No endpoints for programs, and nothing to see while they are answered.
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

# Of those that come faster than they are answered, only the last counts.
LATEST: dict[str, Any] = {**QUIET, "trigger_mode": "always_last"}

# Whatever asks a model shares one queue: a forward pass keeps one of the server's two cores busy, and an answer can
# never overtake a newer one. Programs have a queue of their own.
ASKING: dict[str, Any] = {**LATEST, "concurrency_limit": 1, "concurrency_id": "page"}
