"""Make the README's pictures of the running app anew: ``python docs/make_screenshots.py [FOLDER]``.

Opens the app with the committed models in Chromium (on the path, or named by ``CHROMIUM``), draws 3, 1 and 7 as a mouse
would, and takes pictures at laptop and phone size, in light and dark.
"""

from __future__ import annotations

import math
import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import Page, sync_playwright

from maxdigit.inference.predict import CHECKPOINTS, Predictor
from maxdigit.ui.app import build_app, launch_options

Line = list[tuple[float, float]]

SIZES = {
    "laptop": {"viewport": {"width": 1280, "height": 720}},
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2},
}


def _bow(x: float, y: float, radius: float, start: float, end: float) -> Line:
    """Part of a circle, from one angle to another in degrees, clockwise from the right."""
    angles = [math.radians(start + (end - start) * step / 16) for step in range(17)]
    return [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles]


# Places on the pad, 0..1 from its top left corner.
LINES: list[Line] = [
    [*_bow(0.2, 0.42, 0.075, -150, 90), *_bow(0.2, 0.575, 0.085, -90, 150)],
    [(0.43, 0.43), (0.5, 0.35), (0.5, 0.66)],
    [(0.68, 0.36), (0.86, 0.36), (0.75, 0.67)],
]


def main() -> None:
    """Serve, draw, and save."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    folder.mkdir(parents=True, exist_ok=True)
    demo = build_app(Predictor(), CHECKPOINTS)
    _, address, _ = demo.launch(**launch_options(), prevent_thread_lock=True, quiet=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
            args=["--no-sandbox", "--disable-background-networking"],
        )
        for size, options in SIZES.items():
            for theme in ("light", "dark"):
                page = browser.new_page(**options)
                page.goto(f"{address}?__theme={theme}")
                _draw(page)
                page.locator(".bar-best").click()
                page.locator(".bar-asked").wait_for()
                page.wait_for_timeout(600)
                page.screenshot(path=folder / f"{size}-{theme}.png", full_page=size == "phone")
                page.close()
        browser.close()
    demo.close()


def _draw(page: Page) -> None:
    page.locator(".pad-canvas").wait_for()
    page.wait_for_timeout(1000)
    box = page.locator(".pad-canvas").bounding_box()
    assert box
    for line in LINES:
        for number, (x, y) in enumerate(line):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            if number == 0:
                page.mouse.down()
        page.mouse.up()
    page.locator(".answer-answered").wait_for(timeout=60_000)
    page.wait_for_timeout(1500)


if __name__ == "__main__":
    main()
