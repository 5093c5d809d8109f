"""Make the README's screenshots of the app, and its recording: ``python docs/make_screenshots.py [FOLDER]``.

Opens the app with the committed models in Chromium (on the path, or named by ``CHROMIUM``), draws 3, 8 and 5 as a mouse
would, and takes pictures in light and dark, and of Compare and Training. For the recording the pointer moves slowly
enough for each frame to be taken, and each frame is then shown for its duration at normal speed. The card that social
networks show for a link to the page is made too; with ``--card``, only that.
"""

from __future__ import annotations

import argparse
import io
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from maxdigit import CHECKPOINTS
from maxdigit.inference.predict import DEFAULT_MODEL, Predictor
from maxdigit.ui.app import build_app, launch_options
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.pad.example import LINES, Line, example_drawing
from maxdigit.ui.social_card import CARD, card_for, to_png
from maxdigit.ui.view_state import ViewState

LAPTOP = {"viewport": {"width": 1280, "height": 720}}
PAGES = {
    "Compare": ".side-by-side-card:last-child .bar-best",
    "Training": ".charts .xtick text",
}  # and the element that shows that it has loaded
STAGE = {"viewport": {"width": 1120, "height": 720}}  # of the recording
WIDTH = 720  # pixels of the recording
FRAME = 32  # milliseconds
REACH = 0.03  # of the pad's width: how far the pen moves in a frame

# Chromium's screenshots show no pointer, without which it cannot be seen what is pressed. The pad draws its own.
POINTER = """() => {
  const pointer = document.createElement("div");
  pointer.style = "position: fixed; left: 0; top: 0; z-index: 9999; pointer-events: none";
  pointer.innerHTML = `<svg width="22" height="28" viewBox="0 0 22 28"><path d="M1 1v20l5-4.6 3.4 8 3.8-1.6-3.4-7.8H17z"
    fill="#111" stroke="#fff" stroke-width="1.5"/></svg>`;
  document.body.append(pointer);
  addEventListener("pointermove", (event) => {
    pointer.style.transform = `translate(${event.clientX}px, ${event.clientY}px)`;
    pointer.hidden = Boolean(event.target.closest?.(".pad-sheet"));
  }, true);
}"""


REST = """() => new Promise((done) => {
  const end = () => (watch.disconnect(), done());
  const watch = new MutationObserver(() => (clearTimeout(timer), (timer = setTimeout(end, 2000))));
  let timer = setTimeout(end, 2000);
  setTimeout(end, 20000); // something may move for ever
  watch.observe(document.body, { attributes: true, characterData: true, childList: true, subtree: true });
})"""


def main() -> None:
    """Serve, draw, and save."""
    parser = argparse.ArgumentParser(description="Make the README's screenshots and its recording.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path(__file__).parent)
    parser.add_argument("--card", action="store_true", help="make only the card for links")
    args = parser.parse_args()
    folder = args.folder
    predictor = Predictor()
    shown = ViewState("draw", example_drawing())
    CARD.write_bytes(to_png(card_for(shown, DEFAULT_MODEL, predictor=predictor, evaluation=Evaluation())))
    if args.card:
        return
    folder.mkdir(parents=True, exist_ok=True)
    demo = build_app(predictor, CHECKPOINTS)
    _, address, _ = demo.launch(**launch_options(), prevent_thread_lock=True, quiet=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
            args=["--no-sandbox", "--disable-background-networking"],
        )
        for theme in ("light", "dark"):
            page = _new_page(browser, LAPTOP)
            page.goto(f"{address}?__theme={theme}")
            _draw(page)
            page.locator(".bar-best").click()
            page.locator(".bar-asked").wait_for()
            _rest(page)
            page.screenshot(path=folder / f"laptop-{theme}.png")
            page.close()
        page = _new_page(browser, LAPTOP)
        page.goto(f"{address}?__theme=light")
        _draw(page)
        for tab, landmark in PAGES.items():
            page.get_by_role("tab", name=tab, exact=True).click()
            page.locator(landmark).last.wait_for()
            _rest(page)
            page.screenshot(path=folder / f"{tab.lower()}.png")
        page.close()
        _record(browser, f"{address}?__theme=light", folder / "recording.webp")
        browser.close()
    demo.close()


def _new_page(browser: Browser, options: dict[str, Any]) -> Page:
    """A page of a returning visitor, for whom no example is drawn."""
    page = browser.new_page(**options)
    page.set_default_timeout(400_000)  # for a machine that trains at the same time
    page.add_init_script('localStorage.setItem("maxdigit-visited", "1")')
    return page


def _draw(page: Page) -> None:
    page.locator(".pad-canvas").wait_for()
    page.wait_for_timeout(1000)
    for line in LINES:
        for number, point in enumerate(line):
            page.mouse.move(*_on_pad(page, point))
            if number == 0:
                page.mouse.down()
        page.mouse.up()
    _read(page, len(LINES))
    _rest(page)


def _rest(page: Page) -> None:
    """Wait until the page has not changed for a while: all requests are answered, and the bars have stopped."""
    page.evaluate(REST)
    page.wait_for_function("!document.querySelector('.server-notice')")  # which a busy machine shows


def _read(page: Page, count: int) -> None:
    """Wait for an answer to a drawing in which ``count`` digits are read."""
    page.wait_for_function(
        "(count) => document.querySelectorAll('.answer-answered .answer-reads b').length === count", arg=count
    )


def _on_pad(page: Page, point: tuple[float, float]) -> tuple[float, float]:
    box = page.locator(".pad-canvas").bounding_box()
    assert box
    return box["x"] + point[0] * box["width"], box["y"] + point[1] * box["height"]


class Recording:
    """Frames of a page on which a pointer moves, and how long each is shown."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._frames: list[Image.Image] = []
        self._milliseconds: list[int] = []
        self._hand = (0.0, 0.0)

    def show(self, milliseconds: int) -> None:
        """Add a frame of the page in its current state."""
        frame = Image.open(io.BytesIO(self._page.screenshot())).convert("RGB")
        self._frames.append(frame.resize((WIDTH, round(WIDTH * frame.height / frame.width)), Image.Resampling.LANCZOS))
        self._milliseconds.append(milliseconds)

    def move(self, path: Line) -> None:
        """Move the pointer along places on the page, three for each frame, for smooth lines."""
        for number, place in enumerate(path, 1):
            self._page.mouse.move(*place)
            if number % 3 == 0:
                self._page.wait_for_timeout(5 * FRAME)
                self.show(FRAME)
        self._hand = path[-1]

    def reach(self, place: tuple[float, float]) -> None:
        """Move the pointer straight to a place."""
        self.move(_paced([self._hand, place], 3 * 8))

    def draw(self, line: Line, digits: int) -> None:
        """Draw a line, from pen down to pen up, after which ``digits`` digits are read."""
        self.reach(line[0])
        self._page.mouse.down()
        self.move(line[1:])
        self._page.mouse.up()
        self.show(3 * FRAME)
        _read(self._page, digits)
        _rest(self._page)
        self.show(8 * FRAME)

    def press(self, target: Locator, milliseconds: int, wait: Callable[[], object]) -> None:
        """Press a target, wait for the effect, and show it for a while."""
        box = target.bounding_box()
        assert box
        self.reach((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2))
        self.show(6 * FRAME)
        self._page.mouse.down()
        self._page.mouse.up()
        wait()
        _rest(self._page)
        self.show(milliseconds)

    def save(self, path: Path) -> None:
        """Write a looping animated WebP."""
        first, *others = self._frames
        first.save(path, save_all=True, append_images=others, duration=self._milliseconds, loop=0, quality=80, method=6)


def _record(browser: Browser, address: str, path: Path) -> None:
    """Record: three digits are drawn, a bar is pressed, the 8 is erased, and the view inside the network is shown."""
    page = _new_page(browser, STAGE)
    page.goto(address)
    page.locator(".pad-canvas").wait_for()
    page.wait_for_timeout(1000)
    page.evaluate(POINTER)
    recording = Recording(page)
    recording.move([_on_pad(page, (0.05, 0.5))])
    recording.show(15 * FRAME)
    for number, line in enumerate(LINES, start=1):
        length = sum(math.dist(*ends) for ends in zip(line, line[1:], strict=False))
        recording.draw([_on_pad(page, point) for point in _paced(line, 1 + 3 * round(length / REACH))], number)
    recording.show(10 * FRAME)
    recording.press(page.locator(".bar-best"), 1600, page.locator(".bar-asked").wait_for)
    recording.press(page.locator(".finds button").nth(1), 2000, lambda: _read(page, len(LINES) - 1))
    maps = page.locator(".inside-maps button")
    recording.press(page.locator(".inside-toggle"), 10 * FRAME, maps.first.wait_for)
    page.locator(".inside-body").evaluate("(body) => body.scrollIntoView()")
    recording.show(1600)
    recording.press(maps.nth(1), 2600, page.locator(".inside-chosen").wait_for)
    recording.save(path)
    page.close()


def _paced(line: Line, count: int) -> Line:
    """``count`` points on a line, closer to one another at its ends, as a hand starts and stops gradually."""
    corners = np.array(line)
    reached = np.concatenate([[0], np.hypot(*np.diff(corners, axis=0).T).cumsum()])
    share = np.linspace(0, 1, count)
    places = reached[-1] * share**2 * (3 - 2 * share)
    return list(zip(*(np.interp(places, reached, corners[:, axis]).tolist() for axis in (0, 1)), strict=True))


if __name__ == "__main__":
    main()
