"""A page whose server has too much to do: it says so, and the answer comes all the same."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from browser_support import LAPTOP, VISITED, answered, draw
from playwright.sync_api import Browser, expect
from ui_support import FakePredictor, served

from maxdigit.ui import guard
from maxdigit.ui.guard import Limits
from maxdigit.ui.texts import english, french

DIGIT = re.compile(r"\d")


# Gives the page the response to its second event's request only after all messages about that event.
_OVERTAKEN = """
(() => {
  const ask = window.fetch.bind(window);
  const over = new Map(); // for each event id, a promise that ends with the event, and the function that ends it
  let joined = 0;
  const end = (name) => {
    if (!over.has(name)) over.set(name, Promise.withResolvers());
    return over.get(name);
  };
  const watch = async (body) => {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ; ) {
      const { value, done } = await reader.read();
      if (done) return;
      const messages = (rest + value).split("\\n\\n");
      rest = messages.pop();
      for (const message of messages.filter((message) => message.includes("process_completed")))
        end(/"event_id": ?"([^"]+)"/.exec(message)[1]).resolve();
    }
  };
  window.fetch = async (...request) => {
    const response = await ask(...request);
    const url = String(request[0].url ?? request[0]);
    if (url.includes("/queue/data")) {
      const [watched, passedOn] = response.body.tee();
      void watch(watched);
      return new Response(passedOn, response);
    }
    if (url.includes("/queue/join") && ++joined === 2) {
      await end((await response.clone().json()).event_id).promise;
      await new Promise((done) => setTimeout(done)); // the page reads the messages too
      window.isOvertaken = true;
    }
    return response;
  };
})();
"""


class Held(FakePredictor):
    """Answers no drawing until it may."""

    may_answer = threading.Event()

    def classify(self, picture: Any, model: str) -> Any:
        assert self.may_answer.wait(120)
        return super().classify(picture, model)


def test_who_waits_in_line_is_told_so(browser: Browser, tmp_path: Path) -> None:
    """Eight others are being answered, which is as many as the server takes at a time."""
    predictor = Held(["resnet18"])
    with served(predictor, tmp_path) as address, browser.new_page(**LAPTOP, locale="fr-FR") as page:
        page.add_init_script(VISITED)
        page.goto(address, wait_until="commit")
        expect(page.locator(".answer")).to_be_visible(timeout=120_000)
        config = httpx.get(f"{address}config", timeout=60).json()
        drawing = '{"version":1,"strokes":[{"tool":"pen","size":40,"points":[[100,100],[900,900]]}]}'
        pad = next(part["id"] for part in config["components"] if part["props"].get("elem_id") == "pad")
        values = {part["id"]: part["props"].get("value") for part in config["components"]} | {pad: drawing}
        event = next(one for one in config["dependencies"] if [pad, "change"] in one["targets"] and one["backend_fn"])
        for number in range(8):
            data = [values[number] for number in event["inputs"]]
            body = {"data": data, "fn_index": event["id"], "session_hash": f"other{number}"}
            httpx.post(f"{address}gradio_api/queue/join", json=body, timeout=60).raise_for_status()
        draw(page)
        expect(page.locator("#server-busy")).to_have_text(french.SERVER_BUSY)
        predictor.may_answer.set()
        expect(answered(page)).to_have_text(DIGIT)
        expect(page.locator("#server-busy")).to_have_count(0)


def test_who_is_turned_away_is_told_so_and_asked_again(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    protection = guard.protection
    limits = Limits(rate=0.001, burst=0)
    monkeypatch.setattr("maxdigit.ui.app.protection", lambda: protection(limits))
    headers = {"X-Forwarded-For": "203.0.113.7"}
    with served(FakePredictor(["resnet18"]), tmp_path) as address:
        with browser.new_page(**LAPTOP, locale="en-US", extra_http_headers=headers) as page:
            page.add_init_script(VISITED)
            page.goto(address, wait_until="commit")
            notice = page.locator("#server-busy")
            expect(notice).to_have_text(english.SERVER_BUSY, timeout=120_000)
            draw(page)
            object.__setattr__(limits, "burst", 1000)
            object.__setattr__(limits, "rate", 1000.0)
            expect(answered(page)).to_have_text(DIGIT)
            expect(notice).to_have_count(0)


def test_messages_may_overtake_the_response_to_their_request(browser: Browser, tmp_path: Path) -> None:
    """As on a fast server: nobody waits, so that there is nothing to tell."""
    with served(FakePredictor(["resnet18"]), tmp_path) as address, browser.new_page(**LAPTOP) as page:
        page.add_init_script(VISITED)
        page.add_init_script(_OVERTAKEN)
        page.clock.install()
        page.goto(address, wait_until="commit")
        expect(page.locator(".answer")).to_be_visible(timeout=120_000)
        page.wait_for_function("window.isOvertaken")
        draw(page)
        expect(answered(page)).to_have_text(DIGIT)
        page.clock.fast_forward(10_000)  # a page that waited for so long would have said so
        expect(page.locator("#server-busy")).to_have_count(0)
