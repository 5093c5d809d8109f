"""The page is compressed for those who accept it; streams and files are left to Gradio."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from ui_support import FakePredictor, served

from maxdigit.ui.page_compression import PageCompression


def test_the_page_and_its_configuration_are_compressed(tmp_path: Path) -> None:
    with served(FakePredictor(["resnet18"]), tmp_path) as address:
        for path in ("", "config"):
            sizes, texts = {}, set()
            for encoding in ("identity", "gzip, deflate, br"):
                with httpx.stream("GET", address + path, headers={"Accept-Encoding": encoding}, timeout=60) as response:
                    texts.add(response.read())
                    sizes[response.headers.get("Content-Encoding")] = response.num_bytes_downloaded
                    assert "Accept-Encoding" in response.headers["Vary"], "caches keep both apart"
            assert sizes["gzip"] < sizes[None] / 3
            assert len(texts) == 1, "with the same content"


@pytest.mark.parametrize(
    ("path", "is_compressed"),
    [
        ("/", True),
        ("/demo", True),
        ("/demo/config", True),
        ("/theme.css", False),
        ("/demo/assets/index.js", False),
        ("/gradio_api/queue/data", False),
        ("/demo/gradio_api/info", False),
    ],
)
def test_only_the_page_is(path: str, is_compressed: bool) -> None:
    inner = Starlette(routes=[Route("/{path:path}", lambda _: PlainTextResponse("digits " * 1000))])

    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(PageCompression(inner))
        async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
            return await client.get(path, headers={"Accept-Encoding": "gzip"})

    response = asyncio.run(get())
    assert response.text.startswith("digits digits")
    assert (response.headers.get("Content-Encoding") == "gzip") is is_compressed
