"""How the page's events are answered, and how they share the server."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any
from weakref import WeakValueDictionary

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component
from gradio.context import LocalContext

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

# Whatever asks a model shares one queue, from which so many visitors are answered at once that the models' process can
# take what they ask together. Programs have a queue of their own.
_PAGE = "page"
ASKING: dict[str, Any] = {**LATEST, "concurrency_limit": 8, "concurrency_id": _PAGE}


class _Lock:
    """A lock of one visitor's, for as long as somebody holds or awaits it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


_locks: WeakValueDictionary[str, _Lock] = WeakValueDictionary()


def keep_order(demo: gr.Blocks) -> None:
    """See that a page's events that ask a model are answered one after another, so that no answer overtakes a newer."""
    for event in demo.fns.values():
        if event.concurrency_id == _PAGE and event.fn is not None:
            event.fn = _in_order(event.fn)


def _in_order(function: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.isgeneratorfunction(getattr(function, "func", function)):

        @wraps(function)
        def steps_in_order(*args: Any) -> Iterator[Any]:
            steps, turn = function(*args), _visitor()
            while True:
                with turn.lock:
                    try:
                        step = next(steps)
                    except StopIteration:
                        return
                yield step

        return steps_in_order

    @wraps(function)
    def in_order(*args: Any) -> Any:
        with _visitor().lock:
            return function(*args)

    return in_order


def _visitor() -> _Lock:
    """The lock of whoever's event is being answered."""
    request = LocalContext.request.get(None)
    session = getattr(request, "session_hash", None)
    return _locks.setdefault(session, _Lock()) if session else _Lock()
