"""Settings that the page's events have in common, and their queues."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any
from weakref import WeakValueDictionary

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.blocks import Block
from gradio.components import Component
from gradio.state_holder import SessionState

Values = Mapping[Component, Any]  # what Gradio passes to a function whose inputs are a set
Changes = dict[Block, Any]  # what it returns: a new value, or a component with new properties


def in_steps(changes: Changes) -> Iterator[Changes]:
    """Yields the result of an event in steps: what is ready, then what takes longer.

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

# For inputs and outputs whose values are text or a state. Gradio passes each of the others to another thread and back.
AS_THEY_ARE: dict[str, Any] = {"preprocess": False, "postprocess": False}

# As ASKING, for events that may have to load a model.
SLOW: dict[str, Any] = {**ASKING, "show_progress": "minimal"}

# Events with data of their own (`gr.EventData`) must not wait in the browser, because Gradio would send them with the
# data of the previous event. They are sent at once, and handled in order.
CARRYING: dict[str, Any] = {"trigger_mode": "multiple"}


def data_of(event: gr.EventData, *names: str) -> tuple[Any, ...]:
    """The data of an event by their names. They come from the browser and may be anything; None for what is missing."""
    return tuple(getattr(event, name, None) for name in names)


class OrderedBlocks(gr.Blocks):
    """``gr.Blocks`` that handle each visitor's events that ask a model one after the other, as they arrive.

    Otherwise an old answer could replace a newer one, and a press could be lost. Gradio reads a visitor's state before
    it calls an event's function and writes it afterwards, so that a lock around the function would not be enough: the
    next event could have read the state from before a press that is still being answered.

    Outputs that an event leaves as they are cost nothing. Gradio builds each of them anew, in each step, and keeps a
    copy for each visitor.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # A lock for each visitor; it exists as long as an event holds it or waits for it. It is fair.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def process_api(self, block_fn: BlockFunction | int, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """As in Gradio: an event, or one step of an event that has several."""
        event, visitor = self.fns[block_fn] if isinstance(block_fn, int) else block_fn, kwargs.get("session_hash")
        if event.concurrency_id != _PAGE or not visitor:
            return await super().process_api(block_fn, *args, **kwargs)
        async with self._turns.setdefault(visitor, asyncio.Lock()):
            return await super().process_api(block_fn, *args, **kwargs)

    async def postprocess_data(
        self, block_fn: BlockFunction, predictions: list[Any] | dict[Any, Any], state: SessionState | None
    ) -> list[Any]:
        """As in Gradio: what is sent for each of an event's outputs."""
        if predictions == gr.skip():
            return [gr.skip() for _ in block_fn.outputs]
        if not _is_changes(predictions):
            return await super().postprocess_data(block_fn, predictions, state)
        event = copy(block_fn)
        event.outputs = [block for block in block_fn.outputs if block in predictions]
        sent = iter(await super().postprocess_data(event, predictions, state))
        return [next(sent) if block in predictions else gr.skip() for block in block_fn.outputs]

    def handle_streaming_diffs(
        self,
        block_fn: BlockFunction,
        data: list[Any],
        session_hash: str | None,
        run: str | None,
        final: bool,
        simple_format: bool = False,
    ) -> list[Any]:
        """As in Gradio: what is sent in a step of an event that has several.

        When an event that asks a model is over, nothing is sent. Gradio would send the last step again, and by then the
        page may show the answer to a press.
        """
        sent = super().handle_streaming_diffs(block_fn, data, session_hash, run, final, simple_format)
        return [gr.skip() for _ in sent] if final and block_fn.concurrency_id == _PAGE else sent


def _is_changes(predictions: Any) -> bool:
    """Whether an event's function returned its outputs by component, and at least one."""
    return isinstance(predictions, dict) and bool(predictions) and all(isinstance(key, Block) for key in predictions)
