"""A visitor's events are handled in order: none is answered from a state that an event before it is about to change."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from ui_support import FakePredictor, served

from benchmarks.load import opened, visit
from maxdigit.ui import texts

Lines = list[list[list[int]]]

TWO: Lines = [[[100, 100], [100, 400]], [[600, 600], [600, 900]]]
THREE: Lines = [*TWO, [[900, 100], [900, 400]]]


class Held(FakePredictor):
    """Answers only while ``may_answer`` is set, and says when it is asked meanwhile."""

    may_answer = threading.Event()
    is_asked = threading.Event()

    def classify(self, picture: Any, model: str) -> Any:
        self.is_asked.set()
        assert self.may_answer.wait(60)
        return super().classify(picture, model)


@pytest.fixture(scope="module")
def held() -> Held:
    return Held(["resnet18"])


@pytest.fixture(scope="module")
def url(held: Held, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(held, tmp_path_factory.mktemp("runs")) as address:
        yield address.rstrip("/")


def drawn(lines: Lines) -> str:
    return json.dumps({"version": 1, "strokes": [{"tool": "pen", "size": 40, "points": line} for line in lines]})


Event = tuple[str, str, dict[str, Any]]  # the component, the kind of event, and its data
DRAWN: Event = ("pad", "change", {})
BAR_4: Event = ("answer", "select", {"digit": 4})
ERASE: Event = ("answer", "select", {"erase": 1})


def cards(url: str, held: Held, *events: tuple[Event, Lines]) -> list[str]:
    """The answer cards that the page is sent for events that all arrived while the first was still being answered.

    Args:
        url: of the page.
        held: who answers there.
        events: each with the lines that are on the pad then.
    """
    return asyncio.run(_cards(url, held, *events))


async def _cards(url: str, held: Held, *events: tuple[Event, Lines]) -> list[str]:
    async with opened(url) as client:
        page, session, shown = await visit(client), secrets.token_hex(6), []
        card, pad = page.named("answer"), page.named("pad")
        places: dict[str, int] = {}  # of the card among what an event changes

        async def join(event: Event, lines: Lines) -> None:
            name, kind, data = event
            one = page.event(name, kind)
            values = page.values(one, {pad: drawn(lines)})
            body = {"data": values, "fn_index": one["id"], "session_hash": session}
            more = {"event_data": data, "trigger_id": page.named(name)}
            joined = await client.post("/gradio_api/queue/join", json=body | more)
            places[joined.raise_for_status().json()["event_id"]] = one["outputs"].index(card)

        held.may_answer.clear()
        held.is_asked.clear()
        await join(*events[0])
        async with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
            assert await asyncio.to_thread(held.is_asked.wait, 60)
            for one in events[1:]:
                await join(*one)
            begun, over = 0, 0
            async for message in said(stream.aiter_lines()):
                begun += message["msg"] == "process_starts"
                if begun == len(events):
                    held.may_answer.set()
                if message["msg"] in ("process_generating", "process_completed"):
                    assert message["success"]
                    value = message["output"]["data"][places[message["event_id"]]]
                    shown += [value] if isinstance(value, str) and value else []
                over += message["msg"] == "process_completed"
                if over == len(events):
                    return shown
    raise AssertionError("the stream ended without an answer")


async def said(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, Any]]:
    """The messages of a session's stream that belong to an event."""
    async for line in lines:
        message = json.loads(line[5:]) if line.startswith("data:") else {}
        if message.get("event_id"):
            yield message


def test_a_bar_that_is_pressed_stays_pressed_when_the_drawing_goes_on(url: str, held: Held) -> None:
    *_, last = cards(url, held, (DRAWN, TWO), (BAR_4, TWO), (DRAWN, THREE))
    assert texts.WHY.format(digit=4) in last
    assert last.count("data-erase") == 2 * 3, "the answer is to the drawing of three lines"


def test_the_answer_before_a_press_does_not_come_back(url: str, held: Held) -> None:
    """That to a single digit comes in one step; Gradio sends the last step of an event again when it is over."""
    shown = [texts.WHY.format(digit=4) in card for card in cards(url, held, (DRAWN, TWO[:1]), (BAR_4, TWO[:1]))]
    assert shown == [False, True]


def test_a_digit_that_is_erased_stays_erased_when_its_drawing_arrives_late(url: str, held: Held) -> None:
    *_, last = cards(url, held, (DRAWN, TWO[:1]), (ERASE, TWO), (DRAWN, TWO))
    assert last.count('class="erased"') == 1
