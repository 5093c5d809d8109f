"""A browser and the page for it.

Needs Chromium: ``chromium`` on the path, or its path in the environment variable CHROMIUM. Without it these tests are
skipped, except where CI is set.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_support import LAPTOP, VISITED, Opener, stands_still
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from ui_support import FakePredictor, served, write_results, write_run

expect.set_options(timeout=45_000)  # two cores that may be training beside


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found and not os.environ.get("CI"):
        pytest.skip("no Chromium: install it, or set CHROMIUM to its path")
    flags = ["--no-sandbox", "--disable-background-networking"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=flags)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> FakePredictor:
    root = tmp_path_factory.mktemp("checkpoints")
    write_results(root, "resnet18")
    return FakePredictor(checkpoints=root)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder, "resnet18", "tuned")
    write_run(folder, "torch_cnn", "tuned", ceiling=0.9)
    return folder


@pytest.fixture(scope="module")
def url(predictor: FakePredictor, runs: Path) -> Iterator[str]:
    with served(predictor, runs) as address:
        yield address


@pytest.fixture
def opened(browser: Browser, url: str) -> Iterator[Opener]:
    """Opens the page; at the end, no page may have complained or asked another host for anything."""
    contexts, troubles = [], []

    def open_page(
        device: dict = LAPTOP, address: str = url, query: str = "", *, first_visit: str | None = None
    ) -> Page:
        host = address.split("?", maxsplit=1)[0]
        context = browser.new_context(**device)
        context.set_default_timeout(60_000)
        contexts.append(context)
        context.add_init_script(VISITED if first_visit is None else first_visit)
        page = context.new_page()
        page.on("console", lambda message: troubles.append(message.text) if is_trouble(message) else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: troubles.append(request.url) if is_outside(request.url, host) else None)
        page.goto(address + query)
        # The pad, unless the address is a link to a sample.
        expect(page.locator(".pad-canvas:visible, .sample-picture:visible").first).to_be_visible()
        expect(page.locator(".answer")).to_be_visible()
        stands_still(page)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


def is_trouble(message: ConsoleMessage) -> bool:
    """An error, other than that of a request which a reload cut off."""
    is_cut_off = "AbortError" in message.text or "Connection errored out" in message.text
    return message.type == "error" and not is_cut_off


def is_outside(address: str, own: str) -> bool:
    return not address.startswith((own, "data:", "blob:"))
