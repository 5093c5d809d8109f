"""Record which of Gradio's files the page loads first, when Gradio is updated: ``python docs/make_preload_list.py``.

Opens the app in Chromium (on the path, or named by ``CHROMIUM``) and writes ``maxdigit/ui/assets/preload.txt``.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect, sync_playwright

from maxdigit import CHECKPOINTS
from maxdigit.inference.predict import Predictor
from maxdigit.ui.app import build_app, launch_options
from maxdigit.ui.assets.assets import PRELOAD


def files_of(page: Page, address: str) -> list[str]:
    """The names of the scripts and styles that the page requests until it can be used, in that order."""
    names = []
    page.on("request", lambda request: names.append(urlsplit(request.url).path))
    page.goto(address)
    expect(page.locator(".pad-canvas")).to_be_visible()
    expect(page.locator(".answer")).to_be_visible()
    return list(dict.fromkeys(Path(name).name for name in names if "/assets/" in name))


def main() -> None:
    """Open the page and write the list."""
    names = PRELOAD.read_text(encoding="utf-8").split()
    PRELOAD.write_text("", encoding="utf-8")  # or the page would load what is on it
    try:
        with tempfile.TemporaryDirectory() as runs, sync_playwright() as playwright:
            found = os.environ.get("CHROMIUM") or shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
            predictor = Predictor(CHECKPOINTS)
            demo = build_app(predictor, Path(runs))
            _, address, _ = demo.launch(prevent_thread_lock=True, quiet=True, **launch_options(predictor=predictor))
            names = files_of(browser.new_page(), address)
            demo.close()
            browser.close()
    finally:
        PRELOAD.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


if __name__ == "__main__":
    main()
