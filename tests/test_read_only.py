"""The app where nothing can be written to but the temporary folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from PIL import Image, ImageDraw
from support import REPOSITORY
from ui_support import free_port

# Python loads this at the start of each process. Writing anywhere else fails as it does on such a file system, and is
# written down, since what fails may be dealt with in silence.
SITE = """
import errno, os, sys

ALLOWED = (os.environ["TMPDIR"], "/dev/", "/proc/")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}

def refuse(event, arguments):
    if event == "open":
        path, _, flags = arguments
        writes = isinstance(path, (str, bytes)) and bool(flags & WRITES)
    else:
        path = arguments[0] if event in CHANGES else None
        writes = isinstance(path, (str, bytes, os.PathLike)) and (event == "os.rename" or arguments[-1] in (-1, None))
    if writes and not os.path.abspath(os.fsdecode(path)).startswith(ALLOWED):
        with open(os.path.join(os.environ["TMPDIR"], "refused"), "a") as file:
            file.write(f"{event} {os.fsdecode(path)}\\n")
        raise OSError(errno.EROFS, "Read-only file system", path)

sys.addaudithook(refuse)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the paths that may be written to are those of Unix")
def test_on_a_read_only_file_system_the_app_starts_and_answers(tmp_path: Path) -> None:
    temporary, site = tmp_path / "tmp", tmp_path / "site"
    temporary.mkdir()
    site.mkdir()
    (site / "sitecustomize.py").write_text(SITE)
    picture = Image.new("L", (200, 120), 240)
    ImageDraw.Draw(picture).line([(60, 20), (60, 100)], 10, 8)
    picture.save(tmp_path / "one.png")
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "app.py", "--host", "127.0.0.1", "--port", str(port)],
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(temporary), "HOME": str(tmp_path / "home"), "PYTHONPATH": str(site)},
    )
    address = f"http://127.0.0.1:{port}/"
    try:
        while process.poll() is None:
            try:
                httpx.get(address, trust_env=False).raise_for_status()
                break
            except httpx.TransportError:
                time.sleep(0.2)
        client = Client(address, verbose=False)
        answer = client.predict(handle_file(tmp_path / "one.png"), api_name="/classify")
        assert answer["max_digit"] == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    finally:
        process.kill()
    refused = temporary / "refused"
    written = refused.read_text().splitlines() if refused.exists() else []
    assert [line for line in written if "__pycache__" not in line] == [], "nothing else was tried"
