"""Attacks on a served page: files of the host, other people's time, what is shown of the program."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from ui_support import FakePredictor, served

from maxdigit import CHECKPOINTS
from maxdigit.errors import CheckpointError
from maxdigit.ui import api, guard
from maxdigit.ui.app import build_app
from maxdigit.ui.guard import Limits
from maxdigit.ui.texts.language import told
from maxdigit.ui.timed_protocol import TimedProtocol

OUTSIDE = "203.0.113.7"  # an address that is kept for documentation, and so is nobody's


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(FakePredictor(["resnet18"]), tmp_path_factory.mktemp("runs")) as address:
        yield address


def raw(url: str, path: str) -> bytes:
    """The answer to a path as it stands, which clients would tidy up."""
    with connected(url) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def connected(url: str) -> socket.socket:
    address = httpx.URL(url)
    return socket.create_connection((address.host, address.port), timeout=60)


@pytest.mark.parametrize("prefix", ["file=", "file/", "file%3D", "file=file://", "file=/gradio_api/file="])
@pytest.mark.parametrize(
    "path",
    [
        __file__,
        "README.md",
        "../../../../../../etc/passwd",
        "%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "..%5c..%5cetc%5cpasswd",
        "/proc/self/environ",
        "//etc/passwd",
        "/etc/passwd%00.png",
    ],
)
def test_no_file_of_the_host_can_be_read(url: str, prefix: str, path: str) -> None:
    answer = raw(url, f"/gradio_api/{prefix}{path}")
    assert b" 40" in answer.splitlines()[0], answer[:300]
    assert b"root:" not in answer and b"maxdigit" not in answer.partition(b"\r\n\r\n")[2].replace(
        __file__.encode(), b""
    )


@pytest.mark.parametrize("folder", ["static", "assets", "svelte", "theme", "gradio_api/custom_component"])
def test_no_file_can_be_read_through_gradio_s_own_folders(url: str, folder: str) -> None:
    up = "/".join(["%2e%2e"] * 12)
    for path in (f"/{folder}/{up}/etc/passwd", f"/{folder}/{up.replace('%2e', '.')}/etc/passwd"):
        answer = raw(url, path)
        assert b" 40" in answer.splitlines()[0] and b"root:" not in answer


@pytest.mark.parametrize(
    "path",
    [
        "gradio_api/file=http://example.org/",
        "gradio_api/file=HTTPS://example.org/",
        "gradio_api/file=%68ttp://example.org/",
        "gradio_api/file/http://example.org/",
        "gradio_api/proxy=http://example.org/",
        "gradio_api/deep_link?session_hash=x",
        "gradio_api/run-history/buckets",
        "gradio_api/custom_component/0/client/x/y",
        "monitoring",
    ],
)
def test_the_server_fetches_nothing_for_a_browser_and_serves_no_tools_for_developers(url: str, path: str) -> None:
    assert raw(url, f"/{path}").startswith(b"HTTP/1.1 404")


def test_what_is_uploaded_is_never_served_as_a_page(url: str) -> None:
    page = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    for name in ("picture.svg", "picture.html", "picture.xhtml", "picture.js"):
        (path,) = httpx.post(f"{url}gradio_api/upload", files={"files": (name, page)}, timeout=60).json()
        answer = httpx.get(f"{url}gradio_api/file={path}", timeout=60)
        assert answer.headers["content-disposition"].startswith("attachment"), name
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["x-content-type-options"] == "nosniff"
    (path,) = httpx.post(f"{url}gradio_api/upload", files={"files": ("picture.png", page)}, timeout=60).json()
    answer = httpx.get(f"{url}gradio_api/file={path}", timeout=60)
    assert answer.headers["content-type"] == "image/png" and answer.headers["x-content-type-options"] == "nosniff"


def test_a_name_that_climbs_stays_in_the_folder_for_uploads(url: str) -> None:
    for name in ("../../../up.png", "..\\..\\up.png", "/etc/up.png"):
        (path,) = httpx.post(f"{url}gradio_api/upload", files={"files": (name, b"x")}, timeout=60).json()
        assert Path(path).resolve().is_relative_to(guard.get_upload_folder())


def test_limits_hold_behind_a_proxy_that_says_for_whom_it_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    protection = guard.protection
    monkeypatch.setattr("maxdigit.ui.app.protection", lambda: protection(Limits(rate=0.001, burst=3)))
    with served(FakePredictor(["resnet18"]), tmp_path) as url:

        def answers(client: str, requests: int) -> list[int]:
            headers, body = {"X-Forwarded-For": client}, {"event_id": "x"}
            sent = [httpx.post(f"{url}gradio_api/reset", json=body, headers=headers) for _ in range(requests)]
            return [answer.status_code for answer in sent]

        assert answers(OUTSIDE, 5) == [200] * 3 + [429] * 2
        assert answers("203.0.113.8", 1) == [200]


def test_messages_do_not_tell_where_the_host_keeps_its_files(url: str) -> None:
    error = CheckpointError("{title} has no trained weights in {folder}.", title="x", folder=CHECKPOINTS / "torch_cnn")
    assert told(error) == "x has no trained weights in checkpoints/torch_cnn."
    with pytest.raises(api.gr.Error) as raised, api.errors_told():
        raise CheckpointError(f"No such file: '{Path.home() / 'a' / 'b.keras'}'")
    assert raised.value.message == "No such file: 'a/b.keras'"
    for page in ("", "config", "gradio_api/info"):
        shown = httpx.get(f"{url}{page}", timeout=60).text
        assert not any(str(place) in shown for place in (CHECKPOINTS.parent, Path.home(), os.getcwd()))


def test_errors_of_the_program_show_nothing_of_it(url: str) -> None:
    """Requests that no page sends: what comes back names no file, no line and no function."""
    bodies: list[tuple[str, Any]] = [
        ("queue/join", {"data": [], "fn_index": 99999, "session_hash": "x"}),
        ("queue/join", {"data": "x", "fn_index": 0, "session_hash": {}}),
        ("call/classify", {"data": [1, 2, 3, 4]}),
        ("run/classify", {"data": [{"path": "README.md", "meta": {"_type": "gradio.FileData"}}, "resnet18"]}),
        ("run/classify", {"data": [{"path": [], "meta": {"_type": "gradio.FileData"}}, "resnet18"]}),
        ("run/batch", {"data": [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, {}]}),
        ("component_server", {"data": [], "component_id": 99999, "fn_name": "x", "session_hash": "x"}),
    ]
    for path, body in bodies:
        answer = httpx.post(f"{url}gradio_api/{path}", json=body, timeout=60)
        if "event_id" in answer.text:
            event = json.loads(answer.text)["event_id"]
            answer = httpx.get(f"{url}gradio_api/{path}/{event}", timeout=60)
        said = answer.text.lower()
        assert not any(word in said for word in ("traceback", "site-packages", ".py", str(CHECKPOINTS.parent))), said


def wait_for(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_uploads_are_deleted_on_schedule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert build_app(FakePredictor(["resnet18"]), tmp_path).delete_cache == (3600, 3600)
    monkeypatch.setattr("maxdigit.ui.app._HOUR", 1)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "sent"))
    with served(FakePredictor(["resnet18"]), tmp_path) as address:
        (path,) = httpx.post(f"{address}gradio_api/upload", files={"files": ("a.png", b"x")}, timeout=60).json()
        assert Path(path).is_relative_to(tmp_path / "sent")
        wait_for(lambda: not Path(path).exists())


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, protection = tmp_path / "sent", guard.protection
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(sent))
    monkeypatch.setattr("maxdigit.ui.app.protection", lambda: protection(Limits(pause=0.5)))
    part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n' + b"x" * 100_000
    head = "POST /gradio_api/upload HTTP/1.1\r\nHost: app\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    with served(FakePredictor(["resnet18"]), tmp_path) as address:
        with connected(address) as connection:
            connection.sendall(f"{head}Content-Length: 1000000\r\n\r\n".encode() + part)
            wait_for(lambda: any(path.is_file() for path in sent.glob("*")))
        wait_for(lambda: not any(path.is_file() for path in sent.glob("*")))


def test_who_comes_to_a_full_queue_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may_end, body = threading.Event(), {"data": [None, "resnet18"]}

    class Slow(FakePredictor):
        def available(self) -> list[str]:
            return ["resnet18"]

    monkeypatch.setattr("maxdigit.ui.app._MAX_WAITING", 3)
    monkeypatch.setattr(api, "_picture", lambda *_: may_end.wait(120))
    with served(Slow(), tmp_path) as address:
        try:
            refused = next(
                answer
                for answer in (
                    httpx.post(f"{address}gradio_api/call/classify", json=body, timeout=60) for _ in range(1000)
                )
                if answer.status_code != 200
            )
            assert refused.status_code == 503 and "Queue is full" in refused.text
            assert httpx.get(address, timeout=60).status_code == 200, "the page itself is served all the same"
        finally:
            may_end.set()


def test_a_jump_of_the_clock_stops_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time
    for jump in (-(10**8), 10**8):
        monkeypatch.setattr(time, "time", lambda jump=jump: now() + jump)
        assert answers_a_drawer(url)
        (path,) = httpx.post(f"{url}gradio_api/upload", files={"files": ("a.png", b"x")}, timeout=60).json()
        assert httpx.get(f"{url}gradio_api/file={path}", timeout=60).content == b"x"


def answers_a_drawer(url: str) -> bool:
    answer = httpx.post(f"{url}gradio_api/run/classify", json={"data": [None, "resnet18"]}, timeout=60)
    return "There is no picture" in answer.text


def test_a_thousand_idle_connections_and_slow_senders_starve_nobody(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    idle = [connected(url) for _ in range(1_000)]
    slow = [connected(url) for _ in range(200)]
    try:
        for connection in slow:
            connection.sendall(b"POST /gradio_api/queue/join HTTP/1.1\r\nHost: app\r\nX-Slow: ")
        assert answers_a_drawer(url)
        for connection in slow:
            connection.sendall(b"x")
        assert answers_a_drawer(url)
    finally:
        for connection in (*idle, *slow):
            connection.close()
    monkeypatch.setattr(TimedProtocol, "most_seconds", 0.2)
    silent, trickling = connected(url), connected(url)
    trickling.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
    for connection in (silent, trickling):
        with connection:
            assert ended(connection), "it was let go"
    with connected(url) as again:  # a second request in one connection is not waited for longer than the first
        again.sendall(b"GET /gradio_api/app_id HTTP/1.1\r\nHost: app\r\n\r\n")
        assert b"200 OK" in again.recv(65536)
        again.sendall(b"GET / HT")
        assert ended(again)


def ended(connection: socket.socket) -> bool:
    """Whether the server ends a connection, for which it has a minute."""
    end = time.monotonic() + 60
    try:
        while time.monotonic() < end:
            if connection.recv(65536) == b"":
                return True
    except ConnectionResetError:
        return True
    return False
