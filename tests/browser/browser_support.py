"""What the tests in a browser share: devices, drawing, touching, waiting for the page, accessibility."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FrameLocator, Locator, Page

LAPTOP = {"viewport": {"width": 1280, "height": 720}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}

# Whoever has been here before sees no hand that draws an example.
VISITED = 'localStorage.setItem("maxdigit-visited", "1")'

# A 3, a 1 and a 7, as corners of lines in a square of side 1.
DIGITS = (
    ((0.12, 0.14), (0.30, 0.14), (0.20, 0.26), (0.30, 0.32), (0.28, 0.42), (0.12, 0.44)),
    ((0.66, 0.12), (0.66, 0.44)),
    ((0.36, 0.60), (0.60, 0.60), (0.46, 0.90)),
)

# Resolves when the pad has not moved for 15 frames: the page is put together piece by piece, and whoever measured where
# the pad is before would press beside it.
_STANDS_STILL = """(pad) => new Promise((done) => {
    const place = () => JSON.stringify(pad.getBoundingClientRect());
    let [last, frames] = [place(), 0];
    const look = () => {
        const now = place();
        frames = now === last ? frames + 1 : 0;
        last = now;
        frames < 15 ? requestAnimationFrame(look) : done();
    };
    requestAnimationFrame(look);
})"""

# Resolves when all animations that end have ended, and the next frame is drawn.
_ANIMATED = """async () => {
    const ends = (animation) => animation.effect?.getComputedTiming().iterations !== Infinity;
    await Promise.all(document.getAnimations().filter(ends).map((animation) => animation.finished.catch(() => {})));
    await new Promise(requestAnimationFrame);
}"""

Opener = Callable[..., Page]


def stands_still(page: Page | FrameLocator) -> None:
    """Wait until the pad has stopped moving."""
    page.locator(".pad").evaluate(_STANDS_STILL)


def next_frame(page: Page) -> None:
    """Wait until the browser has drawn a frame."""
    page.evaluate("() => new Promise(requestAnimationFrame).then(() => {})")


def draw(page: Page, lines: tuple = DIGITS) -> None:
    """Draw with the mouse, as a hand would: down, along, up."""
    page.locator(".pad-canvas").scroll_into_view_if_needed()
    box = page.locator(".pad-canvas").bounding_box()
    for line in lines:
        corners = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in line]
        page.mouse.move(*corners[0])
        page.mouse.down()
        for corner in corners[1:]:
            page.mouse.move(*corner, steps=6)
        page.mouse.up()


def strokes_on(page: Page) -> int:
    """How many of the three digits there is ink of on the canvas: looked for at a point of each."""
    return ink_at(page, [line[0] for line in DIGITS])


def ink_at(page: Page, points: Sequence[tuple[float, float]]) -> int:
    """At how many of these points, in shares of the canvas, there is ink on it."""
    return page.evaluate(
        """(points) => {
            const canvas = document.querySelector(".pad-canvas");
            const lit = ([x, y]) => canvas.getContext("2d")
                .getImageData(Math.round(x * canvas.width), Math.round(y * canvas.height), 1, 1).data[0] > 128;
            return points.filter(lit).length;
        }""",
        points,
    )


def download(page: Page, button: str) -> str:
    """What a button saves, as text."""
    with page.expect_download() as saved:
        page.locator(button).click()
    return Path(saved.value.path()).read_text()


def answered(page: Page) -> Locator:
    return page.locator(".answer-answered h2")


def settled(page: Page) -> None:
    """Wait until the page has stayed as it is for a second: then no stroke's answer is still on its way."""
    page.evaluate(
        """() => new Promise((done) => {
            const end = () => (watch.disconnect(), done());
            const watch = new MutationObserver(() => (clearTimeout(timer), (timer = setTimeout(end, 1000))));
            let timer = setTimeout(end, 1000);
            watch.observe(document.body, { attributes: true, characterData: true, childList: true, subtree: true });
        })"""
    )


def shares(page: Page) -> list[float]:
    return [float(text.rstrip("%")) for text in page.locator(".bar-share").all_inner_texts()]


def touch(page: Page, kind: str, x: float = 0, y: float = 0) -> None:
    points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
    page.touch_session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})  # type: ignore[attr-defined]


def swipe(page: Page, x: float, top: float, bottom: float) -> None:
    """A finger from ``bottom`` up to ``top``, which scrolls a page down."""
    page.touch_session = page.context.new_cdp_session(page)  # type: ignore[attr-defined]
    touch(page, "touchStart", x, bottom)
    for step in range(1, 11):
        touch(page, "touchMove", x, bottom + (top - bottom) * step / 10)
        next_frame(page)
    touch(page, "touchEnd")
    settled(page)


def sides(page: Page, selector: str) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of elements on the screen."""
    return page.evaluate(
        """(selector) => [...document.querySelectorAll(selector)].filter((e) => e.getClientRects().length)
            .map((e) => e.getBoundingClientRect()).map((b) => [b.left, b.top, b.right, b.bottom])""",
        selector,
    )


def choose(page: Page, field: str, option: str) -> None:
    page.get_by_label(field, exact=True).click()
    page.get_by_role("option", name=option).click()


def wait_for(is_so: Callable[[], bool], seconds: float = 20) -> None:
    for _ in range(int(seconds / 0.05)):
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")


def serious(page: Page, name: str) -> list[str]:
    """What axe finds serious or critical on the page, a line for each rule."""
    return _found(page, name, {"serious", "critical"})


def flaws(page: Page, name: str) -> list[str]:
    """Whatever axe finds on the page but for Gradio's own footer, a line for each rule."""
    return _found(page, name, {"minor", "moderate", "serious", "critical"}, {"exclude": [["footer"]]})


def _found(page: Page, name: str, impacts: set[str], context: dict | None = None) -> list[str]:
    for _ in range(5):  # what is fading in has little contrast on the way
        lines = [
            f"{name}: {trouble['id']}: {[node['html'][:200] for node in trouble['nodes'][:4]]}"
            for trouble in Axe().run(page, context).response["violations"]
            if trouble["impact"] in impacts
        ]
        if not lines:
            break
        page.evaluate(_ANIMATED)
    return lines
