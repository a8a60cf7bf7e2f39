"""The run page in headless Chromium: it opens at once, asks nobody, follows its links, fits phones and paper."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.pages import SOURCE, large_run, small_run, write_run

from foreplan.agents.page.page import run_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

QUOTES = [(SOURCE, "Dam 5 was built in 1805."), (SOURCE, "It cost 700 crowns.")]
REPORT = "Most stand [1]. The cost is known [2]. <script>document.title = 'run'</script>\n"
DENSE = 40


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    api = pytest.importorskip("playwright.sync_api")
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("there is no Chromium on this machine")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield opened
        opened.close()


class Opened:
    """A page in a window of its own, with what it complained about and whom it asked."""

    def __init__(self, browser: Browser, path: Path, width: int = 1280, scheme: str = "light") -> None:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        started = time.perf_counter()
        self.page.goto(path.as_uri(), wait_until="load")
        # Two frames: what is laid out and painted is seen.
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        self.seconds = time.perf_counter() - started


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = write_run(tmp_path_factory.mktemp("home"), small_run(), report=REPORT, spans=QUOTES)
    directory.page.write_text(run_page(directory), encoding="utf-8")
    return directory.page


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = write_run(tmp_path_factory.mktemp("home"), large_run(1_000), report=REPORT, spans=QUOTES)
    directory.page.write_text(run_page(directory), encoding="utf-8")
    return directory.page


@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_opens_without_a_complaint_or_a_request_and_fits(
    browser: Browser, small: Path, width: int, scheme: str
) -> None:
    opened = Opened(browser, small, width, scheme)
    assert opened.complaints == []
    assert opened.requests == [small.as_uri()]
    assert opened.page.title() != "run"
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_citation_opens_the_span_and_leads_back(browser: Browser, small: Path) -> None:
    page = Opened(browser, small).page
    mark = page.locator("mark#cite-2")
    assert not mark.is_visible()
    page.locator("a[href='#cite-2']").first.click()
    assert mark.is_visible()
    assert mark.inner_text() == "It cost 700 crowns."
    assert page.evaluate("document.activeElement.id") == "cite-2"
    box = mark.bounding_box()
    assert box is not None
    assert 0 <= box["y"] <= 900
    page.locator(".source a[href='#ref-2']").click()
    assert not mark.is_visible()
    assert page.evaluate("document.activeElement.id") == "ref-2"


def test_every_link_within_the_page_shows_what_it_leads_to(browser: Browser, small: Path) -> None:
    page = Opened(browser, small, 390).page
    targets = page.evaluate(
        "[...new Set([...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.getAttribute('href')))]"
    )
    assert len(targets) >= 12
    for target in targets:
        page.evaluate("hash => { location.hash = hash }", target)
        assert page.locator(target).evaluate(
            "e => { const box = e.getBoundingClientRect(); return box.bottom > 0 && box.top < innerHeight }"
        ), target


def test_keys_reach_what_scrolls_and_the_focus_is_seen(browser: Browser, small: Path) -> None:
    page = Opened(browser, small, 390).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.hash") == "#main"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    reached = set()
    for _ in range(DENSE):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.hash"))
    assert {"What depends on what", "#cite-1", "#plan"} <= reached


def test_words_stand_out_from_what_is_behind_them(browser: Browser, small: Path) -> None:
    for scheme in ("light", "dark"):
        page = Opened(browser, small, 1280, scheme).page
        for selector in ("main", ".soft", "a", "figcaption", ".of"):
            assert page.locator(selector).first.evaluate(CONTRAST) >= 4.5, (scheme, selector)


def test_a_run_of_1000_subtasks_opens_in_under_two_seconds(browser: Browser, large: Path) -> None:
    fastest = min(Opened(browser, large).seconds for _ in range(3))
    assert fastest < 2
    assert Opened(browser, large, 390).complaints == []


def test_it_prints_dark_on_white_without_what_is_for_screens(browser: Browser, small: Path) -> None:
    page = Opened(browser, small, 1280, "dark").page
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.locator(".source .quote").first.is_visible()
    page.set_viewport_size({"width": 720, "height": 1_000})  # A4 less its margins
    assert page.evaluate("document.documentElement.scrollWidth") <= 720
    assert len(page.pdf()) > 10_000


CONTRAST = """element => {
  const light = text => {
    const [r, g, b] = text.match(/[\\d.]+/g).map(Number)
      .map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let behind = element;
  while (behind && getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement;
  const one = light(getComputedStyle(element).color);
  const other = light(getComputedStyle(behind || document.body).backgroundColor);
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}"""
"""The contrast of an element's words with what is behind them (WCAG 2.1, 1.4.3)."""
