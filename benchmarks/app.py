"""How quick the app is for a visitor: ``python benchmarks/app.py [--runs 5] [--json FILE]``.

Every run starts ``app.py`` on a free port of this machine and opens it in Chromium (on the path, or named by
``CHROMIUM``) as a first-time visitor, with an empty browser cache. Prints the median and spread of
each measure beside its goal; nothing fails because it is slow.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from maxdigit.engine.runtime import cpu_name
from maxdigit.inference.predict import Predictor, default_model, title
from maxdigit.ui import texts
from maxdigit.ui.pad import parse_strokes, render
from maxdigit.ui.picture import data_url

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = """\
Not measured: the example drawn on a first visit; one start before the runs, which fills the disk cache; starting
Chromium; the network, since server and browser are on one machine and share its cores; the 0.15 s of the bars'
animation. A stroke lasts 0.3 s, and answers are requested while it is drawn, so that the pen may be lifted
while one is pending. Times up to an answer end with the frame that shows it; those of a tab begin with the click, in
an idle page, opened again for each tab, with all models loaded by the server. The first Compare of a
run also loads Plotly on the server. Bytes are counted on the wire, including headers. Memory is that of
all processes of the server (PSS), including shared libraries, each page once."""

Line = list[tuple[float, float]]

# A 3, a 1 and a 7, as corners of lines on the pad, 0..1 from its top left corner.
DIGITS: list[Line] = [
    [(0.12, 0.34), (0.28, 0.34), (0.18, 0.47), (0.27, 0.54), (0.24, 0.66), (0.11, 0.66)],
    [(0.50, 0.32), (0.50, 0.68)],
    [(0.70, 0.34), (0.89, 0.34), (0.77, 0.68)],
]
STROKE = 0.3  # seconds
STEPS = 20  # moves of the pointer in a stroke
ROUNDS = 2  # drawings of three strokes, for each model in each run
PATIENCE = 180  # seconds after which a step has failed

# CSS selectors of elements that exist once a tab's content has been loaded.
TABS: dict[str, dict[str, list[str]]] = {
    texts.COMPARE: {
        "tables and chart": ["#measurements td", "#matrix td", "#against .xtick text"],
        "every model's answer": [".side-by-side-card:last-child .bar-best"],
    },
    texts.BATCH: {"": ["#batch-drop .drop-target", "#batch-start"]},
    texts.TRAINING: {
        "charts and results": [
            *(f"#chart-{name} .xtick text" for name in ("accuracy", "loss", "rate", "speed")),
            "#results td",
        ]
    },
    texts.ABOUT: {"": [".reading h3"]},
}

# Records when the pen was last lifted, and when each answered picture first appeared on the card.
WATCH = """() => {
  const answer = document.querySelector("#answer");
  window.shown = new Map();
  addEventListener("pointerdown", () => shown.clear(), true);
  addEventListener("pointerup", () => (window.lifted = performance.now()), true);
  new MutationObserver(() => {
    const picture = answer.querySelector(".answer-answered .answer-picture")?.src;
    if (picture && !shown.has(picture)) requestAnimationFrame(() => shown.set(picture, performance.now()));
  }).observe(answer, { subtree: true, childList: true, attributes: true, characterData: true });
  return performance.now();
}"""

# The time at which the view inside the network has loaded completely, after a picture appeared on the card.
LOOKED = """(picture) => new Promise((done) => {
  const body = document.querySelector(".inside-body");
  const look = () => {
    if (shown.has(picture) && !body.hasAttribute("aria-busy")) done(performance.now());
    else requestAnimationFrame(look);
  };
  look();
})"""

# Clicks on a tab and returns after how many milliseconds each group of elements existed.
OPEN_TAB = """(tab, [groups, patience]) => new Promise((done, fail) => {
  const isThere = (selector) => document.querySelector(selector)?.getClientRects().length > 0;
  const times = groups.map(() => null);
  const start = performance.now();
  const look = () => {
    groups.forEach((group, number) => {
      if (times[number] === null && group.every(isThere)) times[number] = performance.now() - start;
    });
    if (!times.includes(null)) done(times);
    else if (performance.now() - start > 1000 * patience) fail(new Error(`never came: ${groups}`));
    else requestAnimationFrame(look);
  };
  tab.click();
  look();
})"""


@dataclass
class Measure:
    """One row of the table."""

    name: str
    unit: str
    goal: float | None = None  # no more than this
    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The value that is compared with the goal."""
        return statistics.median(self.values)

    def cells(self) -> list[str]:
        """The row."""
        goal = "" if self.goal is None else _amount(self.goal, self.unit)
        is_met = "" if self.goal is None else "yes" if self.median <= self.goal else "NO"
        numbers = [_amount(value, self.unit) for value in (self.median, min(self.values), max(self.values))]
        return [self.name, *numbers, str(len(self.values)), goal, is_met]


class Measures:
    """The rows, in the order of their first values."""

    def __init__(self) -> None:
        self.rows: dict[str, Measure] = {}

    def take(self, name: str, value: float, unit: str, goal: float | None = None) -> None:
        """Add a value to a row."""
        self.rows.setdefault(name, Measure(name, unit, goal)).values.append(value)

    def table(self) -> str:
        """All rows, aligned."""
        head = ["", "median", "lowest", "highest", "n", "goal", "met"]
        lines = [head, *(row.cells() for row in self.rows.values())]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(
                cell.rjust(width) if number else cell.ljust(width)
                for number, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            for line in lines
        )


class Traffic:
    """The requests of a page and the bytes it receives, from now on."""

    def __init__(self, page: Page) -> None:
        self.requests = 0
        self._sizes: dict[str, int] = {}
        self._page = page
        self._stirred = time.monotonic()
        session: CDPSession = page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.dataReceived", self._got)
        session.on("Network.loadingFinished", self._finished)
        session.send("Network.enable")

    @property
    def bytes(self) -> int:
        """Bytes on the wire; for unfinished streams, without their headers."""
        return sum(self._sizes.values())

    def settle(self) -> tuple[int, int]:
        """Wait for a second without traffic; the requests and bytes so far."""
        self._stirred = time.monotonic()
        while time.monotonic() < self._stirred + 1:
            self._page.wait_for_timeout(50)
        return self.requests, self.bytes

    def _asked(self, event: dict[str, Any]) -> None:
        if event["request"]["url"].startswith("http"):  # not a data: or blob: URL
            self.requests += 1
            self._sizes[event["requestId"]] = 0
            self._stirred = time.monotonic()

    def _got(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self._sizes:
            self._sizes[event["requestId"]] += event["encodedDataLength"]
            self._stirred = time.monotonic()

    def _finished(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self._sizes:
            self._sizes[event["requestId"]] = int(event["encodedDataLength"])  # the whole response, including headers
            self._stirred = time.monotonic()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")
    args = parser.parse_args()
    about: dict[str, Any] = {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "versions": {"python": platform.python_version()} | {name: version(name) for name in ("gradio", "openvino")},
    }
    measures = Measures()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
            # No flag for WebGL, which the page needs not: drawing in software would take the visitor's two cores.
            args=["--no-sandbox", "--disable-background-networking"],
        )
        about["versions"]["chromium"] = browser.version
        with _server() as server, _page(browser) as page:
            _open(page, server)
        for number in range(args.runs):
            print(f"run {number + 1} of {args.runs}", file=sys.stderr, flush=True)
            _run(browser, measures.take)
        browser.close()
    print(f"{about['cpu']}, {about['cores']} cores; load average at the start {about['load_average'][0]}")
    print(", ".join(f"{name} {number}" for name, number in about["versions"].items()) + f"; {args.runs} runs")
    print(f"\n{measures.table()}\n\n{LEFT_OUT}")
    if args.json:
        rows = [asdict(row) | {"median": row.median} for row in measures.rows.values()]
        args.json.write_text(json.dumps({**about, "runs": args.runs, "measures": rows}, indent=2) + "\n")


# ---- The visitor's actions


def _run(browser: Browser, take: Callable[..., None]) -> None:
    """One server from its start to its end."""
    predictor = Predictor()
    names = predictor.available()
    first = default_model(names)
    if first is None:
        raise SystemExit("There are no trained models. Train one with: python train.py resnet18")
    start = time.perf_counter()
    with _server() as server:
        with _page(browser) as page:
            _open(page, server)
            take("start of app.py to the page usable", time.perf_counter() - start, "s", 2)
            opened = page.evaluate(WATCH)
            memory = _memory(server)
            lifted, answered = _stroke(page, DIGITS[0])
            take("page usable to the first answer", (answered - opened) / 1000, "s", 1)
            take("  of which after the pen was lifted", (answered - lifted) / 1000, "s")
            used = _memory(server)
            for name in sorted(names, key=lambda name: name != first):
                if name != first:
                    take(f"{title(name)} chosen to its first answer", _choose(page, name), "s")
                for lifted, answered in _draw(page):
                    goal = 0.3 if name == first else None
                    take(f"pen lifted to the answer, {title(name)}", (answered - lifted) / 1000, "s", goal)
                _look_inside(page, name, take)
            for what, held in (
                ("page usable", memory),
                ("first answer given", used),
                ("all models loaded", _memory(server)),
            ):
                take(f"server's memory, {what}", held, "GB", 0.5 if what == "all models loaded" else None)
        with _page(browser) as page:
            _weigh_inside(page, server, take)
        for tab, groups in TABS.items():
            with _page(browser) as page:
                _visit(page, server, tab, groups, take)


def _look_inside(page: Page, name: str, take: Callable[..., None]) -> None:
    """Unfold the view inside the network, draw on, and fold it again."""
    start = time.perf_counter()
    page.locator(".inside-toggle").click()
    page.locator(".inside-body:not([aria-busy]) .inside-maps button").first.wait_for()
    take(f"Inside unfolded to its maps, {title(name)}", time.perf_counter() - start, "s")
    page.get_by_role("button", name=texts.PAD["clear"]).click()
    page.locator(".answer-waiting").wait_for()
    for line in DIGITS:
        lifted, _, picture = _stroke_of(page, line)
        maps = page.evaluate(LOOKED, picture)
        take(f"pen lifted to the maps inside, {title(name)}", (maps - lifted) / 1000, "s", 0.3)
        page.wait_for_timeout(300)
    page.locator(".inside-toggle").click()


def _weigh_inside(page: Page, server: Server, take: Callable[..., None]) -> None:
    """The view's traffic: when it is unfolded, and when a map is pressed."""
    traffic = Traffic(page)
    _open(page, server)
    page.evaluate(WATCH)
    for line in DIGITS:
        _stroke(page, line)
    _, weight = traffic.settle()
    page.locator(".inside-toggle").click()
    page.locator(".inside-maps button").first.wait_for()
    _, unfolded = traffic.settle()
    take("Inside unfolded, over the wire", (unfolded - weight) / 1e6, "MB")
    page.locator(".inside-maps button").first.click()
    page.locator(".inside-exciting").wait_for()
    take("a map pressed, over the wire", (traffic.settle()[1] - unfolded) / 1e6, "MB")


def _visit(page: Page, server: Server, tab: str, groups: dict[str, list[str]], take: Callable[..., None]) -> None:
    """Open the page, then one tab of it."""
    traffic = Traffic(page)
    _open(page, server)
    requests, weight = traffic.settle()
    take("first load, requests", requests, "")
    take("first load, over the wire", weight / 1e6, "MB")
    button = page.locator("#pages").get_by_role("tab", name=tab, exact=True)
    times = button.evaluate(OPEN_TAB, [list(groups.values()), PATIENCE])
    for group, milliseconds in zip(groups, times, strict=True):
        take(f"{tab} clicked to {group or 'its content'}", milliseconds / 1000, "s")
    more, heavier = traffic.settle()
    take(f"{tab} on top, requests", more - requests, "")
    take(f"{tab} on top, over the wire", (heavier - weight) / 1e6, "MB")


def _open(page: Page, server: Server) -> None:
    """Open the page as soon as the server listens, and wait until the pad follows the pointer."""
    while not _listens(server.port):
        if server.process.poll() is not None:
            raise SystemExit("app.py ended by itself; start it alone to see why.")
        time.sleep(0.02)
    page.goto(f"http://127.0.0.1:{server.port}/", wait_until="commit")
    pad, tip = page.locator(".pad-canvas"), page.locator(".pad-tip-on")
    pad.wait_for()
    while not tip.count():
        page.mouse.move(*_place(pad.bounding_box(), (0.5, 0.5)))
        page.mouse.move(*_place(pad.bounding_box(), (0.4, 0.5)))


def _draw(page: Page) -> Iterator[tuple[float, float]]:
    """Clear the pad and draw three digits, again and again; for each stroke, when it ended and when it was answered."""
    for _ in range(ROUNDS):
        page.get_by_role("button", name=texts.PAD["clear"]).click()
        page.locator(".answer-waiting").wait_for()
        for line in DIGITS:
            yield _stroke(page, line)
            page.wait_for_timeout(300)


def _stroke(page: Page, line: Line) -> tuple[float, float]:
    """Draw a line at normal speed; when the pen was lifted and when the answer was shown, by the page's clock."""
    return _stroke_of(page, line)[:2]


def _stroke_of(page: Page, line: Line) -> tuple[float, float, str]:
    """The same, and the picture that the answer is to."""
    box = page.locator(".pad-canvas").bounding_box()
    points = _along(line)
    start = time.perf_counter()
    page.mouse.move(*_place(box, points[0]))
    page.mouse.down()
    for number, point in enumerate(points[1:], 1):
        page.wait_for_timeout(max(0, 1000 * (start + STROKE * number / STEPS - time.perf_counter())))
        page.mouse.move(*_place(box, point))
    page.mouse.up()
    # The pad keeps the drawing over a reload, so that it is known which picture its answer shows.
    drawing = page.evaluate("sessionStorage.getItem('maxdigit-drawing')")
    picture = data_url(render(parse_strokes(drawing)))
    page.wait_for_function("(picture) => shown.has(picture)", arg=picture)
    lifted, answered = page.evaluate("(picture) => [lifted, shown.get(picture)]", picture)
    return lifted, answered, picture


def _choose(page: Page, name: str) -> float:
    """Choose a model; seconds until it has answered, including loading it."""
    start = time.perf_counter()
    page.locator("#model").get_by_label(title(name)).check()
    page.locator("#answer .answer-foot", has_text=title(name)).wait_for()
    return time.perf_counter() - start


def _along(line: Line) -> Line:
    """Evenly spaced points on each part of the line: one for each move, and one at its start."""
    parts = list(pairwise(line))
    places = [number * len(parts) / STEPS for number in range(STEPS)]
    between = []
    for place in places:
        (x0, y0), (x1, y1) = parts[int(place)]
        share = place % 1
        between.append((x0 + share * (x1 - x0), y0 + share * (y1 - y0)))
    return [*between, line[-1]]


def _place(box: Any, point: tuple[float, float]) -> tuple[float, float]:
    """A point of the pad, on the page."""
    return box["x"] + point[0] * box["width"], box["y"] + point[1] * box["height"]


# ---- Server and browser


@dataclass(frozen=True)
class Server:
    """The app, running."""

    process: subprocess.Popen[bytes]
    port: int


@contextmanager
def _server() -> Iterator[Server]:
    """``app.py`` on a free port; ended with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "app.py", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def _page(browser: Browser) -> Iterator[Page]:
    """A page in a new browser profile, which only records that the example was shown."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="en-US")
    context.set_default_timeout(1000 * PATIENCE)
    context.add_init_script('localStorage.setItem("maxdigit-visited", "1")')
    yield context.new_page()
    context.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _memory(server: Server) -> float:
    """Gigabytes of all the server's processes (PSS: memory shared by two counts half for each)."""
    first = psutil.Process(server.process.pid)
    return sum(process.memory_full_info().pss for process in (first, *first.children(recursive=True))) / 1e9


def _amount(value: float, unit: str) -> str:
    return f"{value:.2f} {unit}" if unit else f"{value:.0f}"


if __name__ == "__main__":
    main()
