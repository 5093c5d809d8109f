"""A page that cannot load all of its files."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from browser_support import LAPTOP, VISITED, draw, stands_still, strokes_on
from playwright.sync_api import Browser, Page, Route, expect

from maxdigit.ui.texts import english, french


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context(**LAPTOP) as context:
        context.add_init_script(VISITED)
        yield context.new_page()


def fail(page: Page, files: str, times: int) -> list[str]:
    """The next requests for such files get no answer, as on a bad connection; the list of them as it grows."""
    failed: list[str] = []

    def answer(route: Route) -> None:
        if len(failed) < times:
            failed.append(route.request.url)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route(re.compile(files), answer)
    return failed


# A component's script is requested twice, ahead and when it is needed: it takes two failures until it is missing.
@pytest.mark.parametrize(
    ("files", "times"), [(r"/assets/index-\w+\.js", 1), (r"/assets/Blocks-\w+\.js", 2), (r"/assets/core-\w+\.css", 1)]
)
def test_a_file_that_fails_for_a_moment_is_no_trouble(page: Page, url: str, files: str, times: int) -> None:
    failed = fail(page, files, times)
    # Nothing looks into the page before it is reloaded: to the browser, that would be a visitor's doing.
    with page.expect_response(re.compile(files)):
        page.goto(url)
    expect(page.locator(".pad-canvas")).to_be_visible()
    expect(page.locator("#page-incomplete")).to_have_count(0)
    assert len(failed) == times


def test_a_page_that_stays_incomplete_says_so_and_is_reloaded_once(browser: Browser, url: str) -> None:
    with browser.new_page(**LAPTOP, locale="fr-FR") as page:
        pages = []
        page.on("request", lambda request: pages.append(request.url) if request.is_navigation_request() else None)
        fail(page, r"/assets/Blocks-\w+\.js", times=1000)
        with page.expect_event("framenavigated", lambda _: len(pages) == 2):
            page.goto(url)
        expect(page.locator("#page-incomplete")).to_have_text(french.PAGE_INCOMPLETE)
        assert len(pages) == 2
        # Until the visitor reloads it.
        page.unroute_all()
        page.reload()
        expect(page.locator(".pad-canvas")).to_be_visible()
        expect(page.locator("#page-incomplete")).to_have_count(0)


def test_a_file_that_fails_later_does_not_cost_the_drawing(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator(".answer")).to_be_visible()
    stands_still(page)
    draw(page)
    failed = fail(page, r"/assets/.*Plotly.*\.js", times=1000)
    page.get_by_role("tab", name=english.TRAINING).click()
    expect(page.locator("#page-incomplete")).to_have_text(english.PAGE_INCOMPLETE)
    assert failed
    page.get_by_role("tab", name=english.CLASSIFY).click()
    expect(page.locator(".pad-canvas")).to_be_visible()
    assert strokes_on(page) == 3
