"""The page where others host it: behind nginx under a path and with TLS, in other pages, on a server that restarts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import gradio
import pytest
from browser_support import DIGITS, LAPTOP, VISITED, answered, draw, stands_still, strokes_on
from PIL import Image
from playwright.sync_api import Browser, FrameLocator, Page, expect
from support import REPOSITORY
from ui_support import FakePredictor, free_port, served

from maxdigit.data.sample import draw_sample
from maxdigit.ui.texts import english, french

DIGIT = re.compile(r"\d")
_NGINX = """
daemon off;
pid {folder}/pid;
events {{}}
user root;  # whose folders the ones for temporary files are
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/certificate.pem;
    ssl_certificate_key {folder}/key.pem;
    {location}
  }}
}}
"""


def documented_location(port: int) -> str:
    """What docs/hosting.md tells nginx, with another port of the app."""
    text = (REPOSITORY / "docs" / "hosting.md").read_text(encoding="utf-8")
    location = text.split("```nginx\n")[1].split("```")[0]
    assert location.count("127.0.0.1:7860") == 1
    return location.replace("127.0.0.1:7860", f"127.0.0.1:{port}")


@pytest.fixture
def proxied(predictor: FakePredictor, runs: Path, tmp_path: Path) -> Iterator[str]:
    """The page behind nginx as documented, under /demo and with TLS; its address."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if nginx is None:
        pytest.skip("no nginx on the path")
    key, certificate, log = tmp_path / "key.pem", tmp_path / "certificate.pem", tmp_path / "error.log"
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        ["openssl", "req", "-x509", *kind, "-subj", "/CN=localhost", *files], check=True, capture_output=True
    )
    inner, outer = free_port(), free_port()
    settings = tmp_path / "nginx.conf"
    settings.write_text(_NGINX.format(folder=tmp_path, port=outer, location=documented_location(inner)))
    with served(predictor, runs, port=inner, root_path="/demo"):
        process = subprocess.Popen([nginx, "-c", str(settings), "-e", str(log)])
        try:
            while not (tmp_path / "pid").exists():
                assert process.poll() is None, log.read_text()
                time.sleep(0.02)
            yield f"https://127.0.0.1:{outer}/demo/"
        finally:
            process.terminate()
            process.wait()
            print(log.read_text())  # pytest shows it if the test fails


def test_behind_nginx_under_a_path_with_tls(browser: Browser, proxied: str, tmp_path: Path) -> None:
    Image.fromarray(draw_sample(3).pixels).save(tmp_path / "picture.png")
    with browser.new_page(**LAPTOP, ignore_https_errors=True) as page:
        page.add_init_script(VISITED)
        page.on("console", lambda message: print(message.text))
        page.on("requestfailed", lambda request: print(request.url, request.failure))
        page.goto(proxied)
        expect(page.locator(".pad-canvas")).to_be_visible()
        expect(page.locator(".answer")).to_be_visible()
        draw(page)
        expect(answered(page)).to_have_text(DIGIT)
        page.locator("#link").click()
        page.wait_for_url(f"{proxied}?*")
        page.get_by_role("tab", name=english.UPLOAD).click()
        with page.expect_response(lambda response: "/upload?" in response.url) as sent:
            page.locator("#upload input[type=file]").set_input_files(tmp_path / "picture.png")
        assert sent.value.ok, (sent.value.status, sent.value.text()[:300])
        expect(page.locator("#cropper")).to_be_visible()
        assert page.locator("#cropper img").first.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


@contextmanager
def site(folder: Path) -> Iterator[str]:
    """Another site: the files of a folder."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def end_headers(self) -> None:
            self.send_header("Access-Control-Allow-Origin", "*")  # as Gradio's own host of scripts does
            super().end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}/"  # not 127.0.0.1: another site than the app's
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def draws_and_is_answered(page: Page, inside: Page | FrameLocator) -> None:
    pad = inside.locator(".pad-canvas")
    expect(inside.locator(".answer")).to_be_visible()
    pad.scroll_into_view_if_needed()
    stands_still(inside)
    box = pad.bounding_box()
    assert box is not None
    # By hover: it waits until what is pressed in a frame of another process would arrive there.
    pad.hover(position={"x": 0.3 * box["width"], "y": 0.2 * box["height"]})
    page.mouse.down()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.7 * box["height"], steps=8)
    page.mouse.up()
    expect(inside.locator(".answer-answered h2")).to_have_text(DIGIT)


def test_in_a_frame_of_another_site(browser: Browser, url: str, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(
        f'<h1>Another site</h1><iframe src="{url}" width="1200" height="900"></iframe>'
    )
    with site(tmp_path) as other, browser.new_page(viewport={"width": 1280, "height": 1000}) as page:
        page.goto(other)
        draws_and_is_answered(page, page.frame_locator("iframe"))


def test_as_an_element_of_another_site(browser: Browser, url: str, tmp_path: Path) -> None:
    """By <gradio-app>, with the script that Gradio's package holds in place of the one from Gradio's host."""
    with site(Path(gradio.__file__).parent / "templates" / "frontend") as scripts, site(tmp_path) as other:
        element = f'<script type="module" src="{scripts}gradio.js"></script><gradio-app src="{url}"></gradio-app>'
        (tmp_path / "index.html").write_text(f"<h1>Another site</h1>{element}")
        with browser.new_page(viewport={"width": 1280, "height": 1000}) as page:
            page.goto(other)
            draws_and_is_answered(page, page)


_SERVER = """
import sys, threading
from pathlib import Path
from ui_support import FakePredictor, served

nowhere, hangs, was_asked = Path("no such folder"), Path(sys.argv[2]), Path(sys.argv[3])

class Hanging(FakePredictor):
    def classify(self, picture, model):
        if hangs.exists():
            was_asked.touch()
            threading.Event().wait()
        return super().classify(picture, model)

with served(Hanging(checkpoints=nowhere), nowhere, port=int(sys.argv[1])):
    print("ready", flush=True)
    threading.Event().wait()
"""


@contextmanager
def server(port: int, *files: Path) -> Iterator[str]:
    """The page, served by a process of its own that is killed in the end.

    It gives no answer while the first file is there, and makes the second when it is asked meanwhile.
    """
    paths = {"PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'tests'}"}
    command = [sys.executable, "-c", _SERVER, str(port), *map(str, files)]
    with subprocess.Popen(command, env={**os.environ, **paths}, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.kill()


def test_a_page_goes_on_when_its_server_comes_back(browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    hangs, was_asked = tmp_path / "hangs", tmp_path / "was_asked"
    with browser.new_page(**LAPTOP, locale="fr-FR") as page:
        page.add_init_script(VISITED)
        with server(port, hangs, was_asked) as address:
            page.goto(address)
            expect(page.locator(".pad-canvas")).to_be_visible()
            expect(page.locator(".answer")).to_be_visible()
            draw(page)
            expect(answered(page)).to_have_text(DIGIT)
            page.keyboard.press("Delete")
            expect(answered(page)).to_have_count(0)
            page.evaluate("window.isStillOpen = true")
            hangs.touch()
            draw(page, DIGITS[:1])
            while not was_asked.exists():
                page.wait_for_timeout(20)  # the browser goes on meanwhile
        hangs.unlink()
        notice = page.locator("#server-away")
        expect(notice).to_have_text(french.SERVER_AWAY)
        draw(page, DIGITS[1:])  # while nobody is there
        with server(port, hangs, was_asked):
            expect(notice).to_have_count(0)
            expect(answered(page)).to_have_text(DIGIT)
            assert page.evaluate("window.isStillOpen") and strokes_on(page) == 3, "the page was not loaded anew"
            page.keyboard.press("Delete")
            expect(answered(page)).to_have_count(0)  # and what comes next is answered too
