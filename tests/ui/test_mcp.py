"""The tools for language models, through the official client of the Model Context Protocol, on a served page."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import sys
import threading
import zipfile
from collections.abc import Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, Tool
from PIL import Image
from ui_support import FakePredictor, ReadingPredictor, served

import app
from maxdigit.ui.app import build_app, launch_options
from maxdigit.ui.mcp_tools import ToolServer


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(FakePredictor(["resnet18", "torch_cnn"]), tmp_path_factory.mktemp("runs"), mcp=True) as address:
        yield address


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Ink in the left half of a dark, noisy ground, as a PNG: the predictor says 5, or near it."""
    pixels = np.random.default_rng(1).integers(0, 60, (128, 128), np.uint8)
    pixels[20:70, :64] = 255
    path = tmp_path / "picture.png"
    Image.fromarray(pixels).save(path)
    return path


def sent(content: bytes, form: str = "image/png") -> str:
    return f"data:{form};base64,{base64.b64encode(content).decode()}"


def session(url: str, use: Callable[[ClientSession], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with streamable_http_client(f"{url}gradio_api/mcp/") as (reader, writer, _):
            async with ClientSession(reader, writer) as client:
                await client.initialize()
                return await use(client)

    return asyncio.run(run())


def call(url: str, tool: str, **arguments: Any) -> CallToolResult:
    return session(url, lambda client: client.call_tool(tool, arguments))


def told(result: CallToolResult) -> str:
    (content,) = result.content
    assert content.type == "text"
    return content.text


def answer(result: CallToolResult) -> Any:
    assert not result.isError, told(result)
    return json.loads(told(result))


def refusal(result: CallToolResult) -> str:
    assert result.isError, told(result)
    return told(result)


def test_three_tools_are_there_and_say_what_they_take(url: str) -> None:
    tools: dict[str, Tool] = {tool.name: tool for tool in session(url, lambda client: client.list_tools()).tools}
    assert list(tools) == ["classify", "compare", "batch"]
    for tool in tools.values():
        assert "largest" in tool.description and "Returns:" in tool.description
        assert all(field["description"].endswith(".") for field in tool.inputSchema["properties"].values())
        assert "FileData" not in json.dumps(tool.inputSchema)
    image, model = tools["classify"].inputSchema["properties"].values()
    assert image["type"] == "string" and "data:image/png;base64" in image["description"]
    assert model["enum"] == ["resnet18", "torch_cnn"] and model["default"] == "resnet18"
    assert tools["classify"].inputSchema["required"] == ["image"]
    assert tools["batch"].inputSchema["properties"]["files"]["items"] == {"type": "string"}


def test_a_picture_sent_as_data_is_classified(url: str, picture: Path) -> None:
    given = answer(call(url, "classify", image=sent(picture.read_bytes()), model="torch_cnn"))
    assert set(given) == {"model", "max_digit", "probabilities", "milliseconds", "digits"}
    assert given["model"] == "torch_cnn" and given["digits"] is None
    assert given["max_digit"] in {4, 5, 6}
    assert len(given["probabilities"]) == 10 and sum(given["probabilities"]) == pytest.approx(1, abs=1e-4)
    assert given["max_digit"] == int(np.argmax(given["probabilities"]))


def test_what_is_read_is_told_with_its_place(tmp_path: Path) -> None:
    pixels, png = np.zeros((128, 128), np.uint8), io.BytesIO()
    pixels[20:52, 30:36] = 255
    Image.fromarray(pixels).save(png, "PNG")
    with served(ReadingPredictor(["resnet18"]), tmp_path, mcp=True) as address:
        given = answer(call(address, "classify", image=sent(png.getvalue())))
    assert given["digits"] == [{"digit": 8, "probability": 0.99, "x": 33.0, "y": 36.0}]


def test_a_picture_that_was_uploaded_is_classified_by_its_path_or_address(url: str, picture: Path) -> None:
    files = {"files": ("50 %25 é.png", picture.read_bytes())}
    (path,) = httpx.post(f"{url}gradio_api/upload", files=files).json()
    for image in (path, f"{url}gradio_api/file={quote(path)}"):
        assert answer(call(url, "classify", image=image))["max_digit"] in {4, 5, 6}


def test_every_model_is_asked_about_one_picture(url: str, picture: Path) -> None:
    rows = answer(call(url, "compare", image=sent(picture.read_bytes())))
    assert [row["model"] for row in rows] == ["resnet18", "torch_cnn"]


def test_many_pictures_are_answered_in_one_call(url: str, picture: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.write(picture, "a.png")
        file.writestr("b.png", b"nothing")
    files = [sent(picture.read_bytes()), sent(packed.getvalue(), "application/zip")]
    first, second, third = answer(call(url, "batch", files=files, model="resnet18"))
    assert (first["name"], second["name"], third["name"]) == ("1.png", "a.png", "b.png")
    assert first["probabilities"] == second["probabilities"] and first["max_digit"] in {4, 5, 6}
    assert "not a picture" in third["error"]


def test_what_cannot_be_answered_gets_a_sentence_and_the_server_goes_on(url: str, picture: Path) -> None:
    image = sent(picture.read_bytes())
    unknown = refusal(call(url, "classify", image=image, model="resnet19"))
    assert "'resnet19' is not one of ['resnet18', 'torch_cnn']" in unknown
    assert "not a picture" in refusal(call(url, "classify", image=sent(b"three digits, honestly\n" * 50)))
    assert "'image' is a required property" in refusal(call(url, "classify"))
    assert "no pictures" in refusal(call(url, "batch", files=[]))
    assert "Unknown tool" in refusal(call(url, "on_change", image=image))
    assert answer(call(url, "classify", image=image))["model"] == "resnet18"


def test_files_in_the_forms_of_message_contents_are_taken(url: str, picture: Path) -> None:
    encoded = base64.b64encode(picture.read_bytes()).decode()
    uri = f"data:image/png;base64,{encoded}"
    expected = answer(call(url, "classify", image=uri))["probabilities"]
    for image in (
        {"type": "image", "data": encoded, "mimeType": "image/png"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": encoded}},
        {"type": "image_url", "image_url": {"url": uri}},
        {"type": "resource", "resource": {"uri": "file:///picture.png", "mimeType": "image/png", "blob": encoded}},
        {"data": uri},
        [uri],
    ):
        assert answer(call(url, "classify", image=image))["probabilities"] == expected
    for files in (uri, {"type": "image", "data": encoded}, json.dumps([uri])):
        (row,) = answer(call(url, "batch", files=files))
        assert row["probabilities"] == expected


def test_errors_tell_why_and_repeat_no_picture(url: str) -> None:
    large = sent(bytes(200_000))
    for arguments in ({"image": {"picture": large}}, {"image": [large, large]}, {"image": large, "model": large}):
        said = refusal(call(url, "classify", **arguments))
        assert "is not" in said and len(said) < 1_000
    assert len(refusal(call(url, "batch", files=[[large]]))) < 1_000
    assert "host is not known" in refusal(call(url, "classify", image="https://no.such.host.invalid/a.png"))
    assert "private network" in refusal(call(url, "classify", image="http://127.0.0.1:1/a.png"))


@pytest.mark.parametrize("form", ["{path}", "file://{path}", "{url}gradio_api/file={path}"])
def test_a_file_of_the_server_cannot_be_read(url: str, picture: Path, form: str) -> None:
    named = form.format(path=picture, url=url)
    for result in (call(url, "classify", image=named), call(url, "batch", files=[named])):
        assert "max_digit" not in refusal(result)


def test_a_file_of_the_server_cannot_be_read_by_what_gradio_takes_for_a_file(url: str, picture: Path) -> None:
    """Gradio's client, which runs in the server, would open the path."""
    file = {"path": str(picture), "meta": {"_type": "gradio.FileData"}, "orig_name": "picture.png"}
    for tool, arguments in (
        ("classify", {"image": file}),
        ("batch", {"files": [file]}),
        ("classify", {"image": sent(picture.read_bytes()), "model": file}),
    ):
        assert "is not " in refusal(call(url, tool, **arguments))
    demo = build_app(FakePredictor(), picture.parent)
    demo.config = demo.get_config_file()  # as `launch` does
    server = ToolServer(demo)
    for arguments in ({"image": file}, {"files": [file]}):  # without a look at the schema before
        with pytest.raises(ValueError, match="file cannot be used"):
            server.convert_strings_to_filedata(arguments, [])
    assert isinstance(server.convert_strings_to_filedata({"model": file}, [])["model"], str)


def test_nothing_is_fetched_from_the_server_s_own_network(url: str, picture: Path) -> None:
    asked = []

    class Inside(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(picture.read_bytes())

    with HTTPServer(("127.0.0.1", 0), Inside) as inside:
        threading.Thread(target=inside.serve_forever, daemon=True).start()
        refusal(call(url, "classify", image=f"http://127.0.0.1:{inside.server_port}/picture.png"))
        inside.shutdown()
    assert not asked


def test_many_calls_at_once_are_all_answered_and_what_was_sent_is_deleted_with_the_uploads(
    tmp_path: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = sent(picture.read_bytes())

    async def forty(client: ClientSession) -> list[CallToolResult]:  # as many as the server has threads for them
        return await asyncio.gather(*(client.call_tool("classify", {"image": image}) for _ in range(40)))

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "sent"))
    with served(FakePredictor(), tmp_path, mcp=True) as address:
        for result in session(address, forty):
            assert answer(result)["max_digit"] in {4, 5, 6}
        assert list((tmp_path / "sent").rglob("*.png"))
    assert not list((tmp_path / "sent").rglob("*.png"))


def test_there_are_no_tools_unless_they_are_asked_for() -> None:
    assert launch_options()["mcp_server"] is False
    assert launch_options(mcp=True)["mcp_server"] is True


def test_without_the_package_one_sentence_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", "--mcp"])
    monkeypatch.setattr(app, "find_spec", lambda _: None)
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "--mcp needs a package that is not installed. Install it with: pip install 'gradio[mcp]'\n"
    )
