"""Addresses that programs name: what is fetched, and that nothing of the host's own network is."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from maxdigit.ui import fetch as module
from maxdigit.ui.fetch import fetch, is_public


class Server(ThreadingHTTPServer):
    """Answers any path by what ``answers`` has for it: a status, headers and parts of a body."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, tuple[int, dict[str, str], list[bytes]]] = {}
        self.asked: list[tuple[str, str]] = []  # path and host
        self.may_end = threading.Event()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Host"]))
        status, headers, parts = self.server.answers[self.path]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        for part in parts:
            try:
                self.wfile.write(part)
            except ConnectionError:
                return
        if self.path == "/endless":
            self.server.may_end.wait(60)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """On 127.0.0.1, which passes for public here, as the only address."""
    monkeypatch.setattr(module, "is_public", lambda address: address == "127.0.0.1")
    with Server() as started:
        threading.Thread(target=started.serve_forever, daemon=True).start()
        yield started
        started.may_end.set()
        started.shutdown()


def named(server: Server, path: str, host: str = "127.0.0.1") -> str:
    return f"http://{host}:{server.server_port}{path}"


def refusal(url: str, folder: Path) -> str:
    with pytest.raises(gr.Error) as raised:
        asyncio.run(fetch(url, str(folder)))
    assert not list(folder.iterdir()), "nothing is kept"
    assert raised.value.print_exception is False and raised.value.message.endswith("or another address.")
    return raised.value.message


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "100.100.100.200", "224.0.0.1", "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1%eth0", "fd00::1",
        "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1", "2001:0:1::1",
        "localhost", "",
    ],
)  # fmt: skip
def test_addresses_of_private_networks_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_other_addresses_are(address: str) -> None:
    assert is_public(address)


def test_a_file_is_fetched(server: Server, tmp_path: Path) -> None:
    server.answers = {"/a.png": (302, {"Location": "/b.png"}, []), "/b.png": (200, {}, [b"pic", b"ture"])}
    path = Path(asyncio.run(fetch(named(server, "/a.png"), str(tmp_path))))
    assert path.read_bytes() == b"picture" and path.is_relative_to(tmp_path)


def test_a_redirect_into_a_private_network_is_not_followed(server: Server, tmp_path: Path) -> None:
    server.answers = {"/a.png": (302, {"Location": named(server, "/secret", "127.0.0.2")}, [])}
    assert "private network" in refusal(named(server, "/a.png"), tmp_path)
    server.answers = {"/a.png": (302, {"Location": "file:///etc/passwd"}, [])}
    assert "http and https" in refusal(named(server, "/a.png"), tmp_path)
    server.answers = {"/a.png": (302, {"Location": "/a.png"}, [])}
    assert "redirects more than 5 times" in refusal(named(server, "/a.png"), tmp_path)


def looked_up(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let names be looked up with these answers, one after the other; the names that were are in what is returned."""
    names: list[str] = []

    async def getaddrinfo(_loop: Any, host: Any, *_: Any, **__: Any) -> list[Any]:
        names.append(host)
        found = answers[min(len(names), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in found]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return names


def test_a_name_that_leads_elsewhere_at_the_second_look_gains_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers = {"/a.png": (200, {}, [b"picture"])}
    names = looked_up(monkeypatch, ["127.0.0.1"], ["127.0.0.2"])
    asyncio.run(fetch(named(server, "/a.png", "rebinding.example"), str(tmp_path)))
    assert names[0] == "rebinding.example" and "rebinding.example" not in names[1:], "it is looked up once"
    (path, host), *more = server.asked
    assert path == "/a.png" and host.startswith("rebinding.example") and not more


def test_a_name_with_one_private_address_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up(monkeypatch, ["127.0.0.1", "10.0.0.1"])
    assert "private network" in refusal(named(server, "/a.png", "both.example"), tmp_path)
    assert not server.asked


def test_what_is_too_large_or_too_slow_is_not_waited_for(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1_000_000)
    server.answers = {"/large": (200, {}, [b"x" * 100_000] * 20), "/endless": (200, {}, [b"x"])}
    assert "larger than 1 MB" in refusal(named(server, "/large"), tmp_path)
    monkeypatch.setattr(module, "SECONDS", 0.5)
    assert "did not answer" in refusal(named(server, "/endless"), tmp_path)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://example.org/a.png", "http and https"),
        ("http://", "http and https"),
        ("http://[::1", "cannot be reached"),
        ("http://8.8.8.8:99999999/a.png", "cannot be reached"),
        (f"http://{'x' * 300}/a.png", "cannot be reached"),
        ("http://127.0.0.1/a.png", "private network"),
        ("http://2130706433/a.png", "private network"),  # 127.0.0.1 as one number
        ("http://0x7f.1/a.png", "private network"),
        ("http://[::ffff:7f00:1]/a.png", "private network"),
    ],
)
def test_what_is_no_address_is_refused(url: str, said: str, tmp_path: Path) -> None:
    assert said in refusal(url, tmp_path)


def test_a_status_other_than_ok_is_told(server: Server, tmp_path: Path) -> None:
    server.answers = {"/none.png": (404, {}, [b"no"])}
    assert "answers with status 404" in refusal(named(server, "/none.png"), tmp_path)
