"""The app as it is started from the command line, in a browser."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request

import pytest
from browser_support import Opener, answered, draw, shares
from playwright.sync_api import expect
from support import REPOSITORY
from ui_support import free_port

from maxdigit.inference.predict import Predictor


def test_app_py_serves_the_page_with_the_trained_models(opened: Opener) -> None:
    address = f"http://127.0.0.1:{free_port()}/"
    command = [sys.executable, "app.py", "--host", "127.0.0.1", "--port", address.rsplit(":", 1)[1].rstrip("/")]
    server = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL)
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(address).close()
                break
            except OSError:
                assert server.poll() is None, "app.py ended by itself"
                time.sleep(0.25)
        page = opened(address=address)
        if Predictor().available():
            draw(page)
            expect(answered(page)).to_contain_text("The largest digit is", timeout=60_000)
            assert sum(shares(page)) == pytest.approx(100, abs=0.6)
        else:
            expect(page.locator(".answer-words p")).to_contain_text("python train.py")
        page.context.close()  # before its server goes
    finally:
        server.terminate()
        server.wait(20)
