"""Settings that the page's events have in common, and their queues."""

from __future__ import annotations

import inspect
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any
from weakref import WeakValueDictionary

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component
from gradio.context import LocalContext

Values = Mapping[Component, Any]  # what Gradio passes to a function whose inputs are a set
Changes = dict[Block, Any]  # what it returns: a new value, or a component with new properties


def in_steps(changes: Changes) -> Iterator[Changes]:
    """Yields the result of an event in two steps: first what is ready, then what takes longer.

    Args:
        changes: new values; some may be functions that compute them.
    """
    later = {block: value for block, value in changes.items() if callable(value)}
    yield {block: value for block, value in changes.items() if block not in later}
    if later:
        yield {block: make() for block, make in later.items()}


# Private, and without a progress display.
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

# If events arrive faster than they are handled, only the last one is handled.
LATEST: dict[str, Any] = {**QUIET, "trigger_mode": "always_last"}

# All events that ask a model share one queue, with enough concurrency for the model process to answer several
# together. The API has a queue of its own.
_PAGE = "page"
ASKING: dict[str, Any] = {**LATEST, "concurrency_limit": 8, "concurrency_id": _PAGE}

# As above, for events that may have to load a model.
SLOW: dict[str, Any] = {**ASKING, "show_progress": "minimal"}

# Events with data of their own (`gr.EventData`) must not wait in the browser, because Gradio would send them with the
# data of the previous event. They are sent at once, and handled in order.
CARRYING: dict[str, Any] = {"trigger_mode": "multiple"}


def data_of(event: gr.EventData, *names: str) -> tuple[Any, ...]:
    """The data of an event by their names. They come from the browser and may be anything; None for what is missing."""
    return tuple(getattr(event, name, None) for name in names)


class _Queue:
    """A fair lock for the events of one visitor: the one that has waited longest is next, unlike with threading's."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()  # the first holds the lock

    def __enter__(self) -> None:
        turn = threading.Event()
        with self._guard:
            self._waiting.append(turn)
            if len(self._waiting) == 1:
                turn.set()
        turn.wait()

    def __exit__(self, *_: object) -> None:
        with self._guard:
            self._waiting.popleft()
            if self._waiting:
                self._waiting[0].set()


_queues: WeakValueDictionary[str, _Queue] = WeakValueDictionary()


def keep_order(demo: gr.Blocks) -> None:
    """Handle each visitor's events that ask a model in order, so that no old answer replaces a newer one."""
    for event in demo.fns.values():
        if event.concurrency_id == _PAGE and event.fn is not None:
            event.fn = _in_order(event.fn)


def _in_order(function: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.isgeneratorfunction(getattr(function, "func", function)):

        @wraps(function)
        def steps_in_order(*args: Any) -> Iterator[Any]:
            steps, queue = function(*args), _visitor()
            while True:
                with queue:
                    try:
                        step = next(steps)
                    except StopIteration:
                        return
                yield step

        return steps_in_order

    @wraps(function)
    def in_order(*args: Any) -> Any:
        with _visitor():
            return function(*args)

    return in_order


def _visitor() -> _Queue:
    """The lock of the visitor whose event is being handled; it exists as long as an event holds it or waits for it."""
    request = LocalContext.request.get(None)
    session = getattr(request, "session_hash", None)
    return _queues.setdefault(session, _Queue()) if session else _Queue()
