"""The settings of the page's events."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from gradio.state_holder import SessionState
from ui_support import FakePredictor

from maxdigit.ui.app import build_app
from maxdigit.ui.events import OrderedBlocks


def test_no_event_that_carries_values_waits_in_the_browser(tmp_path: Path) -> None:
    """Gradio sends one that waited with the values of the one before it, and one that may not wait not at all."""
    carrying = {}
    for event in build_app(FakePredictor(), tmp_path, tmp_path, review=True).fns.values():
        taken = inspect.signature(event.fn).parameters.values() if event.fn else ()
        if any("EventData" in str(one.annotation) for one in taken):
            carrying[event.fn.__qualname__] = event.trigger_mode
    assert len(carrying) > 10
    assert {name: mode for name, mode in carrying.items() if mode != "multiple"} == {}


class Counted(gr.HTML):
    """Counts how often it is built."""

    built = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        type(self).built += 1
        super().__init__(*args, **kwargs)


@pytest.mark.parametrize("changed", [(0,), (2,), (0, 2), (), (0, 1, 2)])
def test_outputs_that_an_event_leaves_as_they_are_are_not_built_anew(changed: tuple[int, ...]) -> None:
    with OrderedBlocks() as page:
        outputs = [Counted("before") for _ in range(3)]
        event = gr.on([page.load], lambda: {outputs[i]: f"after {i}" for i in changed} or gr.skip(), None, outputs)
    Counted.built = 0
    sent = asyncio.run(page.process_api(page.fns[event["id"]], [], state=SessionState(page)))["data"]
    assert sent == [f"after {i}" if i in changed else gr.skip() for i in range(3)]
    assert Counted.built == 0


def test_an_output_may_get_new_properties_while_others_stay() -> None:
    with OrderedBlocks() as page:
        first, second = gr.Textbox("before"), gr.Textbox("before")
        event = gr.on([page.load], lambda: {second: gr.Textbox(visible=False)}, None, [first, second])
    sent = asyncio.run(page.process_api(page.fns[event["id"]], [], state=SessionState(page)))["data"]
    assert sent[0] == gr.skip() and sent[1]["visible"] is False


def test_a_component_that_is_no_output_of_the_event_is_refused() -> None:
    with OrderedBlocks() as page:
        first, second, other = (gr.HTML() for _ in range(3))
        event = gr.on([page.load], lambda: {first: "after", other: "after"}, None, [first, second])
    with pytest.raises(ValueError, match="not specified as output"):
        asyncio.run(page.process_api(page.fns[event["id"]], [], state=SessionState(page)))
