"""The page behind a proxy that says nothing of the address it is opened by: neither path nor host nor TLS."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from browser_support import LAPTOP, Opener, answered, download, draw
from PIL import Image
from playwright.sync_api import expect
from ui_support import FakePredictor, free_port

from maxdigit.data.sample import draw_sample
from maxdigit.ui.app import build_app, launch_options
from maxdigit.ui.texts import english

PATH = "/tool"


@pytest.fixture
def hidden(predictor: FakePredictor, runs: Path, tmp_path: Path) -> Iterator[str]:
    """The page's address behind such a proxy, which is a server of its own in front of the same application."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on the path")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        ["openssl", "req", "-x509", *kind, "-subj", "/CN=localhost", *files], check=True, capture_output=True
    )
    demo = build_app(predictor, runs)
    inner, outer = free_port(), free_port()

    async def proxy(scope: Any, receive: Any, send: Any) -> None:
        headers = [(name, b"127.0.0.1:%d" % inner if name == b"host" else value) for name, value in scope["headers"]]
        path = scope["path"].removeprefix(PATH)
        await demo.app(
            {**scope, "scheme": "http", "path": path, "raw_path": path.encode(), "headers": headers}, receive, send
        )

    settings = uvicorn.Config(
        proxy, port=outer, lifespan="off", log_level="error", ssl_keyfile=str(key), ssl_certfile=str(certificate)
    )
    server = uvicorn.Server(settings)
    try:
        demo.launch(
            server_port=inner,
            prevent_thread_lock=True,
            quiet=True,
            _frontend=False,
            **launch_options(predictor=predictor),
        )
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"https://127.0.0.1:{outer}{PATH}/"
        server.should_exit = server.force_exit = True
        thread.join()
    finally:
        demo.close(verbose=False)


def test_behind_a_proxy_that_says_nothing_the_page_answers_and_saves(
    opened: Opener, hidden: str, tmp_path: Path
) -> None:
    page = opened({**LAPTOP, "ignore_https_errors": True}, hidden)  # fails if the page asks any other address
    draw(page)
    expect(answered(page)).to_have_text(re.compile(r"\d"))
    page.get_by_role("tab", name=english.BATCH).click()
    for number in (2, 10):
        Image.fromarray(draw_sample(3).pixels).save(tmp_path / f"{number}.png")
    page.locator("#batch-drop .drop-files").set_input_files([tmp_path / f"{number}.png" for number in (10, 2)])
    expect(page.locator("#batch-recognised")).to_contain_text("2 pictures")
    page.locator("#batch-start").click()
    expect(page.locator("#download-submission")).to_be_enabled()
    lines = download(page, "#download-submission").splitlines()
    assert lines[0] == "Id,Label" and [line.split(",")[0] for line in lines[1:]] == ["2", "10"]
    assert download(page, "#download-everything").startswith("name,")
