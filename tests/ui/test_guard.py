"""What stands between the open web and the page: each limit by itself."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from maxdigit.ui import guard
from maxdigit.ui.guard import Guard, Limits, client_name
from maxdigit.ui.timed_protocol import TimedProtocol

OUTSIDE = "203.0.113.7"  # an address that is kept for documentation, and so is nobody's


async def count(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


def ask(limits: Limits, requests: int = 1, **options: Any) -> list[httpx.Response]:
    """What a client from outside gets that asks so often, at once, for the length of what it sends."""
    route = Route("/{path:path}", count, methods=["GET", "POST"])
    guarded = Guard(Starlette(routes=[route]), Path(__file__).parent, limits)

    async def all_of_them() -> list[httpx.Response]:
        transport = httpx.ASGITransport(guarded, client=(options.pop("host", OUTSIDE), 9))
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            method, path = options.pop("method", "POST"), options.pop("path", "/gradio_api/queue/join")
            return await asyncio.gather(*(client.request(method, path, **options) for _ in range(requests)))

    return asyncio.run(all_of_them())


def statuses(*arguments: Any, **options: Any) -> list[int]:
    return [response.status_code for response in ask(*arguments, **options)]


# ---- Limits


def test_a_client_that_asks_too_often_is_told_to_wait() -> None:
    limits = Limits(rate=0.001, burst=5)
    answers = ask(limits, 8)
    assert [answer.status_code for answer in answers].count(200) == 5
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == 3 and refused[0].text == guard.TOO_MANY and refused[0].headers["retry-after"]
    assert statuses(limits, 8, method="GET") == [200] * 8, "looking at the page makes no work"
    assert statuses(limits, 8, host="127.0.0.1") == [200] * 8, "this machine itself, or a proxy that does not say"


def test_a_client_gets_its_share_back_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(guard.time, "monotonic", lambda: now[0])
    limited = Guard(Starlette(), Path(), Limits(rate=2, burst=4))
    client = limited._client("someone")
    assert [limited._takes_one(client) for _ in range(5)] == [True] * 4 + [False]
    now[0] = 1.0
    assert [limited._takes_one(client) for _ in range(3)] == [True] * 2 + [False]


def test_one_client_s_requests_do_not_count_for_another() -> None:
    assert client_name({"client": ("203.0.113.7", 1)}) != client_name({"client": ("203.0.113.8", 1)})
    assert client_name({"client": ("2001:db8::1", 1)}) == client_name({"client": ("2001:db8::2", 1)}), "one network"
    assert client_name({"client": ("::ffff:203.0.113.7", 1)}) == "203.0.113.7"
    assert client_name({"client": ("127.0.0.1", 1)}) == client_name({"client": ("::1", 1)}) == ""
    assert client_name({"client": None}) == ""


def test_on_a_space_the_proxies_of_its_host_say_for_whom_they_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    monkeypatch.delenv("SPACE_ID", raising=False)
    guard.protection()
    assert "FORWARDED_ALLOW_IPS" not in os.environ, "elsewhere nobody is believed but this machine"
    monkeypatch.setenv("SPACE_ID", "someone/maxdigit")
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "192.0.2.1")
    guard.protection()
    assert os.environ["FORWARDED_ALLOW_IPS"] == "192.0.2.1", "the host's own word counts"
    monkeypatch.delenv("FORWARDED_ALLOW_IPS")
    guard.protection()
    clients: list[str] = []

    async def note(scope: Any, *_: Any) -> None:
        clients.append(client_name(scope))

    middleware = ProxyHeadersMiddleware(note, os.environ["FORWARDED_ALLOW_IPS"])
    for forged in ("203.0.113.7", "198.51.100.1, 203.0.113.7"):  # what a client puts before its address counts nothing
        headers = [(b"x-forwarded-for", forged.encode())]
        scope = {"type": "http", "client": ("10.20.1.2", 5), "headers": headers, "scheme": "http"}
        asyncio.run(middleware(scope, None, None))  # type: ignore[arg-type]
    assert clients == ["203.0.113.7"] * 2
    monkeypatch.delenv("FORWARDED_ALLOW_IPS")


def test_many_clients_take_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_MOST_CLIENTS", 10)
    limited = Guard(Starlette(), Path())
    for number in range(50):
        limited._client(str(number))
    assert list(limited._clients) == [str(number) for number in range(40, 50)]


@pytest.mark.parametrize("is_told", [True, False], ids=["its length is told", "it comes in parts"])
def test_a_request_that_is_too_large_is_refused(is_told: bool) -> None:
    async def parts() -> Any:
        for _ in range(4):
            yield b"x" * 500

    limits = Limits(body=1_000)
    (refused,) = ask(limits, content=b"x" * 2_000 if is_told else parts())
    assert refused.status_code == 413 and "larger than 0 MB" in refused.text
    (answer,) = ask(limits, content=b"x" * 1_000)
    assert (answer.status_code, answer.text) == (200, "1000")


def test_uploads_and_calls_of_tools_have_limits_of_their_own() -> None:
    limits = Limits(body=10, tool_body=20, upload=30)
    for path, most in (("/gradio_api/call/classify", 10), ("/gradio_api/mcp/", 20), ("/demo/gradio_api/upload", 30)):
        assert statuses(limits, path=path, content=b"x" * most) == [200]
        assert statuses(limits, path=path, content=b"x" * (most + 1)) == [413]


def test_not_everybody_s_requests_are_held_at_once() -> None:
    assert statuses(Limits(all_bodies=100), content=b"x" * 101) == [503]
    limited = Guard(Starlette(routes=[Route("/{path:path}", count, methods=["POST"])]), Path(), Limits(all_bodies=100))

    async def one_after_the_other() -> list[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(limited), base_url="http://app") as client:
            return [(await client.post("/", content=b"x" * 90)).status_code for _ in range(3)]

    assert asyncio.run(one_after_the_other()) == [200] * 3, "what was answered is let go"


def test_a_request_that_stops_on_its_way_is_not_waited_for() -> None:
    async def stops() -> Any:
        yield b"x"
        await asyncio.sleep(600)

    (answer,) = ask(Limits(pause=0.05), content=stops())
    assert (answer.status_code, answer.text) == (408, guard.TOO_SLOW)


def test_a_request_that_trickles_is_not_waited_for() -> None:
    async def trickles() -> Any:
        while True:
            yield b"x"
            await asyncio.sleep(0.01)

    (answer,) = ask(Limits(pause=0.2, slowest=1_000_000), content=trickles())
    assert (answer.status_code, answer.text) == (408, guard.TOO_SLOW)


def test_uploads_leave_room_on_the_disk() -> None:
    (refused,) = ask(Limits(free=10**18), path="/gradio_api/upload", content=b"x")
    assert (refused.status_code, refused.text) == (507, guard.NO_ROOM)
    assert statuses(Limits(free=10**18)) == [200], "answers need none"

    async def parts() -> Any:
        yield b"x"

    assert statuses(Limits(), path="/gradio_api/upload", content=parts()) == [411], (
        "how much room it needs is not known"
    )


def test_room_that_is_promised_is_not_promised_twice(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    limited = Guard(Starlette(), tmp_path, Limits(free=0))
    assert not limited._is_full(free // 2)
    limited._uploading = 3 * free // 4
    assert limited._is_full(free // 2)


def test_a_client_has_only_so_many_requests_at_a_time() -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def waits(_: Request) -> PlainTextResponse:
        begun.set()
        await may_end.wait()
        return PlainTextResponse("done")

    async def run() -> list[int]:
        limited = Guard(Starlette(routes=[Route("/", waits)]), Path(), Limits(at_once=1))
        transport = httpx.ASGITransport(limited, client=(OUTSIDE, 9))
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            first = asyncio.create_task(client.get("/"))
            await begun.wait()
            second = await client.get("/")
            may_end.set()
            return [(await first).status_code, second.status_code, (await client.get("/")).status_code]

    assert asyncio.run(run()) == [200, 429, 200]


def test_an_address_on_the_internet_has_only_so_many_connections() -> None:
    class Transport:
        aborted = False

        def abort(self) -> None:
            self.aborted = True

        def get_extra_info(self, name: str) -> Any:
            return {"peername": ("8.8.8.8", 5), "sockname": ("127.0.0.1", 80)}.get(name)

        def is_closing(self) -> bool:
            return self.aborted

        def close(self) -> None:
            self.aborted = True

    async def run() -> tuple[list[bool], int]:
        import uvicorn

        config = uvicorn.Config(count, log_level="critical")
        config.load()
        made = []
        for _ in range(TimedProtocol.most_connections + 1):
            protocol, transport = TimedProtocol(config, uvicorn.server.ServerState(), {}), Transport()
            protocol.connection_made(transport)
            made.append((protocol, transport))
        aborted = [transport.aborted for _, transport in made]
        for protocol, _ in made:
            protocol.connection_lost(None)
        return aborted, len(TimedProtocol._open)

    aborted, left = asyncio.run(run())
    assert aborted.count(True) == 1 and aborted[-1] and left == 0
