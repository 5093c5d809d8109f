"""Gradio's scripts and styles: what is served, how, and for how long browsers may keep it."""

from __future__ import annotations

import gzip
import http.client
import urllib.parse
from collections.abc import Iterator

import brotli
import pytest
from ui_support import FakePredictor, served

from maxdigit.ui.assets.assets import FOLDER

SCRIPT = max(FOLDER.glob("*.js"), key=lambda path: path.stat().st_size).name
STYLE = max(FOLDER.glob("*.css"), key=lambda path: path.stat().st_size).name
FONT = next(FOLDER.glob("*.woff2")).name


@pytest.fixture(scope="module", params=[None, "/demo"])
def address(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[str]:
    with served(FakePredictor(), tmp_path_factory.mktemp("runs"), root_path=request.param) as url:
        yield url


def get(address: str, path: str, accepted: str = "", method: str = "GET") -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(address).netloc)
    connection.request(method, path, headers={"Accept-Encoding": accepted})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


@pytest.mark.parametrize("name", [SCRIPT, STYLE, FONT])
def test_files_arrive_as_they_are_and_may_be_kept(address: str, name: str) -> None:
    response, content = get(address, f"/assets/{name}")
    assert response.status == 200 and content == (FOLDER / name).read_bytes()
    assert response.headers["Content-Encoding"] is None
    assert "immutable" in response.headers["Cache-Control"] and response.headers["Vary"] == "Accept-Encoding"
    media_types = {"js": "javascript", "css": "text/css", "woff2": "font/woff2"}
    assert media_types[name.rsplit(".", 1)[1]] in response.headers["Content-Type"]


def test_scripts_and_styles_are_compressed_as_the_browser_accepts(address: str) -> None:
    for name in (SCRIPT, STYLE):
        original = (FOLDER / name).read_bytes()
        for accepted, used, decompress in (
            ("gzip, deflate, br, zstd", "br", brotli.decompress),
            ("gzip, deflate", "gzip", gzip.decompress),
        ):
            response, content = get(address, f"/assets/{name}", accepted)
            assert response.headers["Content-Encoding"] == used and decompress(content) == original
            assert len(content) < len(original) / 2 and int(response.headers["Content-Length"]) == len(content)
    response, content = get(address, f"/assets/{FONT}", "gzip, br")
    assert response.headers["Content-Encoding"] is None, "fonts are compressed already"


def test_the_headers_alone_can_be_asked_for(address: str) -> None:
    response, content = get(address, f"/assets/{SCRIPT}", method="HEAD")
    assert response.status == 200 and content == b"" and int(response.headers["Content-Length"]) > 0


@pytest.mark.parametrize("name", ["missing.js", "../index.html", "%2e%2e/index.html", "", "."])
def test_nothing_but_these_files_is_served(address: str, name: str) -> None:
    response, content = get(address, f"/assets/{name}")
    assert 400 <= response.status < 500, content[:100]
    assert response.headers["Cache-Control"] is None
