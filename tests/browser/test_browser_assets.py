"""The scripts and styles that the page names in its head for browsers to load ahead."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browser_support import LAPTOP, VISITED
from playwright.sync_api import Browser, expect
from ui_support import FakePredictor, served

from maxdigit.ui.assets import assets


def files_of(browser: Browser, address: str) -> list[str]:
    """The names of the scripts and styles that the page requests until it can be used."""
    paths: list[str] = []
    with browser.new_page(**LAPTOP) as page:
        page.add_init_script(VISITED)
        page.on("request", lambda request: paths.append(urlsplit(request.url).path))
        page.goto(address)
        expect(page.locator(".pad-canvas")).to_be_visible()
        expect(page.locator(".answer")).to_be_visible()
    return [Path(path).name for path in paths if path.startswith("/assets/")]


def test_exactly_the_files_of_the_first_view_are_loaded_ahead(
    browser: Browser, predictor: FakePredictor, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = assets.PRELOAD.read_text(encoding="utf-8").split()
    assert all(f"./assets/{name}" in assets.preload_tags() for name in listed)
    (tmp_path / "none.txt").touch()
    monkeypatch.setattr(assets, "PRELOAD", tmp_path / "none.txt")
    with served(predictor, runs) as address:
        found = files_of(browser, address)
    assert set(found) == set(listed), "after an update of Gradio: python docs/make_preload_list.py"


def test_each_file_is_loaded_once(browser: Browser, url: str) -> None:
    assert sorted(files_of(browser, url)) == sorted(assets.PRELOAD.read_text(encoding="utf-8").split())
