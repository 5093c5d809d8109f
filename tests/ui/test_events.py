"""The settings of the page's events."""

from __future__ import annotations

import inspect
from pathlib import Path

from ui_support import FakePredictor

from maxdigit.ui.app import build_app


def test_no_event_that_carries_values_waits_in_the_browser(tmp_path: Path) -> None:
    """Gradio sends one that waited with the values of the one before it, and one that may not wait not at all."""
    carrying = {}
    for event in build_app(FakePredictor(), tmp_path, tmp_path, review=True).fns.values():
        taken = inspect.signature(event.fn).parameters.values() if event.fn else ()
        if any("EventData" in str(one.annotation) for one in taken):
            carrying[event.fn.__qualname__] = event.trigger_mode
    assert len(carrying) > 10
    assert {name: mode for name, mode in carrying.items() if mode != "multiple"} == {}
