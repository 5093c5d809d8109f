"""Many people at once: ``python benchmarks/load.py [--people 1 8 32 128] [--seconds 60] [--json FILE]``.

Starts ``app.py`` and uses it as pages do, through Gradio's queue and its event streams: each person draws the strokes
of three MNIST digits and asks once a second, but not before the last answer has come. The drawing grows from request to
request, and when it is complete another one begins. Prints for each number of people the answers per second,
percentiles of the time from request to answer, refusals (the page says that it is busy), errors, and the memory of the
server.

With ``--while-batch N`` the server also answers a batch of N pictures for somebody else. ``--kills N`` kills the
model process N times at even intervals; people without an answer then ask again. ``--soak MINUTES`` runs
for so long with the first number of people, and prints the memory each minute. ``--url`` uses a running server.

Not included: the network and the browser. The simulation of the people uses the same cores; its CPU time
for each answer is printed, too. The first answers are not counted, so that models are loaded.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
PAD = 1000  # units of the pad's side
DIGITS = ((170, 480), (500, 500), (830, 520))  # middles of three digits on it
SIZES = (9.0, 11.0, 13.0)  # units for each of MNIST's pixels
QUESTIONS = 12  # while a drawing grows
PATIENCE = 120.0  # seconds after which an answer counts as lost


class AnswerError(Exception):
    """The server reports an error instead of an answer."""


@dataclass
class Tally:
    """The results of some people's requests."""

    seconds: list[float] = field(default_factory=list)  # from request to answer
    busy: int = 0  # refusals: the server says that it is busy
    repeated: int = 0  # requests that were repeated
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    people: int
    answers_a_second: float
    p50: float  # seconds
    p95: float
    p99: float
    busy: int
    errors: int
    megabytes: float  # of the server's processes, at the end
    own: float  # megabytes that they have written, at the end
    grown: float  # megabytes more than at the beginning
    page_ms: float  # CPU time of the page process for each answer; it hardly depends on other load
    models_ms: float  # and of the model process


@dataclass(frozen=True)
class Used:
    """The server's memory and CPU time so far."""

    megabytes: float  # of its processes together (PSS: memory shared by two counts half for each)
    own: float  # megabytes that they have written: without libraries, whose pages other programs may share
    page: float  # seconds of CPU time
    models: float

    @classmethod
    def by(cls, process: psutil.Process | None) -> Used:
        """Measured from the processes of this server; unknown for a server given by ``--url``."""
        if process is None:
            return cls(*[float("nan")] * 4)
        children = process.children(recursive=True)
        held = [each.memory_full_info() for each in (process, *children)]
        megabytes, own = sum(one.pss for one in held) / 1e6, sum(one.rss - one.shared for one in held) / 1e6
        return cls(megabytes, own, sum(process.cpu_times()[:2]), sum(sum(each.cpu_times()[:2]) for each in children))


class Drawings:
    """Real strokes: MNIST digits of the test split as lines, three to a drawing, made beforehand."""

    def __init__(self, count: int = 60, seed: int = 0) -> None:
        from maxdigit.data.skeletons import glyphs  # here, since it loads PyTorch

        found = glyphs("test", range(3 * count))
        random = np.random.default_rng(seed)
        self._drawings = []
        for number in range(count):
            strokes = []
            for place, glyph in zip(DIGITS, found[3 * number : 3 * number + 3], strict=True):
                scale = random.choice(SIZES)
                for line in glyph.lines:
                    points = (np.array(place) + scale * line).clip(0, PAD).round(1)
                    strokes.append(points.tolist())
            self._drawings.append(strokes)

    def grown(self, drawing: int, share: float) -> str:
        """The first part of a drawing, as the pad sends it."""
        strokes = self._drawings[drawing % len(self._drawings)]
        left = max(2, round(share * sum(map(len, strokes))))
        kept = []
        for points in strokes:
            if left < 2:
                break
            kept.append({"tool": "pen", "size": 40, "points": points[:left]})
            left -= len(points)
        return json.dumps({"version": 1, "strokes": kept})


class Page:
    """A page's view of the server: the event that asks about a drawing, and the values that are sent with it."""

    def __init__(self, client: httpx.AsyncClient, config: dict[str, Any]) -> None:
        self.client = client
        self._parts = {part["id"]: part for part in config["components"]}
        self.events = config["dependencies"]
        self._pad = self.named("pad")
        self._draw = self.event("pad", "change")

    def named(self, name: str) -> int:
        """The component with this ``elem_id``."""
        return next(number for number, part in self._parts.items() if part["props"].get("elem_id") == name)

    def event(self, name: str, kind: str) -> dict[str, Any]:
        """The event of that component that the server handles."""
        target = [self.named(name), kind]
        return next(event for event in self.events if target in event["targets"] and event["backend_fn"])

    def values(self, event: dict[str, Any], changed: dict[int, Any]) -> list[Any]:
        """The values sent with an event: those that the page was opened with, and those changed since."""
        return [changed.get(number, self._parts[number]["props"].get("value")) for number in event["inputs"]]

    async def ask(self, session: str, drawing: str) -> tuple[float, str]:
        """Ask about a drawing; seconds until the answer, and what went wrong (``busy`` for a refusal)."""
        return await self.fire(session, self._draw, {self._pad: drawing})

    async def fire(self, session: str, event: dict[str, Any], changed: dict[int, Any]) -> tuple[float, str]:
        """As :meth:`ask`, for any event."""
        body = {"data": self.values(event, changed), "fn_index": event["id"], "session_hash": session}
        start = time.perf_counter()
        try:
            joined = await self.client.post("/gradio_api/queue/join", json=body)
            if joined.status_code in (429, 503):
                return 0.0, "busy"
            joined.raise_for_status()
            async with asyncio.timeout(PATIENCE):
                return await self._answer(session, start), ""
        except (httpx.HTTPError, TimeoutError, AnswerError) as error:
            return 0.0, f"{type(error).__name__} {error}"

    async def _answer(self, session: str, start: float) -> float:
        """Read the session's stream to the event's end; seconds from ``start`` until the answer was there."""
        answered = 0.0
        async with self.client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
            async for line in stream.aiter_lines():
                message = json.loads(line[5:]) if line.startswith("data:") else {"msg": ""}
                if message["msg"] == "unexpected_error" or message.get("success") is False:
                    raise AnswerError(str(message)[:300])
                if message["msg"] == "process_generating":
                    answered = answered or time.perf_counter() - start
                if message["msg"] == "process_completed":
                    return answered or time.perf_counter() - start
        raise AnswerError("the stream ended without an answer")


async def person(number: int, page: Page, drawings: Drawings, end: float, tally: Tally) -> None:
    """Draw, and ask once a second, until ``end``."""
    session = secrets.token_hex(6)
    await asyncio.sleep((number * 0.618) % 1)  # not all at the same time
    question = number * 5
    while (begin := time.perf_counter()) < end:
        drawing, part = divmod(question, QUESTIONS)
        asked = drawings.grown(number + drawing, (part + 1) / QUESTIONS)
        seconds, trouble = await page.ask(session, asked)
        if trouble and trouble != "busy":
            tally.repeated += 1
            seconds, trouble = await page.ask(session, asked)
        if trouble == "busy":
            tally.busy += 1
        elif trouble:
            tally.errors.append(trouble)
        else:
            tally.seconds.append(seconds)
            question += 1
        await asyncio.sleep(max(0.0, begin + 1 - time.perf_counter()))


async def crowd(url: str, people: int, seconds: float, drawings: Drawings) -> Tally:
    """The results of this many people over this time."""
    tally = Tally()
    async with opened(url) as client:
        page = await visit(client)
        end = time.perf_counter() + seconds
        await asyncio.gather(*(person(number, page, drawings, end, tally) for number in range(people)))
    return tally


def opened(url: str) -> httpx.AsyncClient:
    """A client for many people: as many connections as they need."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=4)
    return httpx.AsyncClient(base_url=url, timeout=PATIENCE, limits=limits, trust_env=False)


async def visit(client: httpx.AsyncClient) -> Page:
    """Open the page."""
    return Page(client, (await client.get("/config")).raise_for_status().json())


async def kill_models(process: psutil.Process, kills: int, seconds: float) -> set[int]:
    """Kill the model process ``kills`` times in so many seconds; return the processes that were killed."""
    killed: set[int] = set()
    for _ in range(kills):
        end = time.perf_counter() + seconds / kills
        for child in process.children():
            with suppress(psutil.Error):  # it has ended already
                if "spawn_main" in " ".join(child.cmdline()):
                    child.kill()
                    killed.add(child.pid)
        await asyncio.sleep(max(0.0, end - time.perf_counter()))
    return killed


async def run_batch(url: str, pictures: int) -> str:
    """Have the server answer a batch of so many pictures; return what went wrong."""
    packed, random = io.BytesIO(), np.random.default_rng(0)
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(pictures):
            png = io.BytesIO()
            pixels = random.integers(0, 60, (128, 128), np.uint8)
            pixels[30:90, 20 + number % 80 : 28 + number % 80] = 255
            Image.fromarray(pixels).save(png, "PNG", compress_level=1)
            archive.writestr(f"{number}.png", png.getvalue())
    async with opened(url) as client:
        page = await visit(client)
        files = {"files": ("pictures.zip", packed.getvalue())}
        (path,) = (await client.post("/gradio_api/upload", files=files)).raise_for_status().json()
        file = {"path": path, "orig_name": "pictures.zip", "meta": {"_type": "gradio.FileData"}}
        event = page.event("batch-start", "click")
        return (await page.fire(secrets.token_hex(6), event, {page.named("batch-files"): [file]}))[1]


def summary(people: int, seconds: float, tally: Tally, before: Used, after: Used) -> Row:
    """The row for some people."""
    found = sorted(tally.seconds) or [float("nan")]

    def percentile(share: float) -> float:
        return found[min(len(found) - 1, int(share * len(found)))]

    rate = len(tally.seconds) / seconds
    times = percentile(0.5), percentile(0.95), percentile(0.99)
    each = 1000 / max(1, len(tally.seconds))
    return Row(
        people,
        rate,
        *times,
        tally.busy,
        len(tally.errors),
        after.megabytes,
        after.own,
        after.megabytes - before.megabytes,
        each * (after.page - before.page),
        each * (after.models - before.models),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=[1, 8, 32, 128])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--while-batch", type=int, default=0, metavar="N", help="pictures in somebody else's batch")
    parser.add_argument("--kills", type=int, default=0, metavar="N", help="of the model process during the run")
    parser.add_argument("--soak", type=float, default=0, metavar="MINUTES", help="run for so long and print the memory")
    parser.add_argument("--url", help="of a running server; its memory is not measured")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")
    args = parser.parse_args()
    drawings = Drawings()
    print(f"load average at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with server(args.url) as (url, process):
        asyncio.run(crowd(url, 2, 5, drawings))  # not counted
        rows = soak(url, process, args, drawings) if args.soak else measure(url, process, args, drawings)
    if args.json:
        args.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


def measure(url: str, process: psutil.Process | None, args: argparse.Namespace, drawings: Drawings) -> list[Row]:
    """Measure and print the table and the errors."""
    rows = []
    print(
        "people  answers/s    p50 s    p95 s    p99 s   busy  errors  memory MB  grown MB  CPU ms each: page  models"
        "  people"
    )
    for people in args.people:
        before, used = Used.by(process), time.process_time()

        async def both(people: int = people) -> tuple[Tally, str]:
            batch = asyncio.create_task(run_batch(url, args.while_batch)) if args.while_batch else None
            kills = (
                asyncio.create_task(kill_models(process, args.kills, args.seconds)) if args.kills and process else None
            )
            tally = await crowd(url, people, args.seconds, drawings)
            trouble = ""
            if kills is not None:
                killed = await kills
                left = sum(map(psutil.pid_exists, killed))
                print(f"{len(killed)} processes killed, {left} left over, {tally.repeated} questions asked once more")
            if batch is not None:
                print(f"the batch {'is done' if batch.done() else 'goes on'} as the people leave")
                trouble = batch.result() if batch.done() else ""
                batch.cancel()
            return tally, trouble

        tally, trouble = asyncio.run(both())
        row = summary(people, args.seconds, tally, before, Used.by(process))
        rows.append(row)
        theirs = 1000 * (time.process_time() - used) / max(1, len(tally.seconds))
        print(
            f"{people:6}  {row.answers_a_second:9.1f}  {row.p50:7.3f}  {row.p95:7.3f}  {row.p99:7.3f}  {row.busy:5}"
            f"  {row.errors:6}  {row.megabytes:9.0f}  {row.grown:8.0f}  {row.page_ms:17.1f}  {row.models_ms:6.1f}"
            f"  {theirs:6.1f}",
            flush=True,
        )
        for error in sorted({*tally.errors, *filter(None, [trouble])}):
            print(f"        {tally.errors.count(error)} x {error}")
    return rows


def soak(url: str, process: psutil.Process | None, args: argparse.Namespace, drawings: Drawings) -> list[Row]:
    """Print the memory each minute, then how much more of its own the server has in the last fifth than in the second.

    All of its memory also changes with other programs, which share libraries with it or no longer do.
    """
    rows = []
    for minute in range(round(args.soak)):
        before = Used.by(process)
        tally = asyncio.run(crowd(url, args.people[0], 60, drawings))
        rows.append(row := summary(args.people[0], 60, tally, before, Used.by(process)))
        print(
            f"minute {minute + 1}: {row.megabytes:.0f} MB, {row.own:.0f} MB of its own, p95 {row.p95:.3f} s, "
            f"{row.errors} errors",
            flush=True,
        )
    fifth = max(1, len(rows) // 5)
    early, late = (
        statistics.median(row.own for row in part) for part in (rows[fifth : 2 * fifth] or rows, rows[-fifth:])
    )
    print(f"memory of its own: {early:.0f} MB, then {late:.0f} MB: {late / early - 1:+.1%}")
    return rows


@contextmanager
def server(url: str | None) -> Iterator[tuple[str, psutil.Process | None]]:
    """The app, started if no address is given, and ended with the block."""
    if url:
        yield url, None
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "app.py", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                httpx.get(f"{address}/config", timeout=PATIENCE, trust_env=False).raise_for_status()
                break
            except httpx.TransportError:
                if process.poll() is not None:
                    raise SystemExit("app.py ended by itself; start it alone to see why.") from None
                time.sleep(0.1)
        yield address, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


if __name__ == "__main__":
    main()
