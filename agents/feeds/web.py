"""New pages and entries of RSS and Atom feeds: URLs go in, what was not seen goes into the basket.

Each URL is asked for with what its server called its last state, so that an unchanged one costs nothing. An entry is
what the feed itself says; the page behind it is not loaded, because the feed chose that address and the user did not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from ...core.errors import ForeplanError
from ..errors import ToolFailed
from ..tools.guard import GuardedTransport
from ..tools.loading import MAX_BYTES, MAX_SECONDS, UNKNOWN, Mark, Page, load
from ..tools.page import READERS, media_type, read_page
from .entries import Entry, looks_like_feed, read_entries
from .harvest import Basket

_AT_ONCE = 4
_KINDS = (*READERS, "application/rdf+xml", "application/x-rss+xml", "text/rss+xml", "application/x-atom+xml")


async def gather_web(urls: Sequence[str], basket: Basket, allow_hosts: Collection[str]) -> None:
    """Put what is new at these URLs into the basket."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(url: str) -> None:
        try:
            async with slots:
                page = await _loaded(url, allow_hosts, basket.seen.pages.get(url, UNKNOWN))
                entries = await _read(page)
        except ForeplanError as error:
            basket.harvest.faults.append(error.message)
        else:
            _take(url, page, entries, basket)

    await asyncio.gather(*map(one, urls))


async def look_at(url: str, allow_hosts: Collection[str]) -> list[Entry]:
    """What a URL holds now: the entries of a feed, or a page as one entry.

    Raises:
        ForeplanError: when it cannot be loaded or read.
    """
    return await _read(await _loaded(url, allow_hosts, UNKNOWN))


async def _loaded(url: str, allow_hosts: Collection[str], known: Mark) -> Page:
    try:
        async with asyncio.timeout(MAX_SECONDS):
            transport = GuardedTransport(allow_hosts=allow_hosts)
            return await load(transport, url, MAX_BYTES, kinds=_KINDS, known=known)
    except TimeoutError as error:
        raise ToolFailed(f"{url} took longer than {MAX_SECONDS:g} seconds.", kind="transient") from error


async def _read(page: Page) -> list[Entry]:
    """What stands there; nothing when it is as it was."""
    if page.body is None:
        return []
    if looks_like_feed(media_type(page.content_type), page.body):
        return await read_entries(page.body, page.url)
    try:
        async with asyncio.timeout(MAX_SECONDS):
            found = await asyncio.to_thread(read_page, page.body, page.content_type, page.url)
    except TimeoutError as error:
        raise ToolFailed(f"{page.url} took longer than {MAX_SECONDS:g} seconds to read.") from error
    return [Entry(title=found.title, text=found.text, link=page.url)]


def _take(url: str, page: Page, entries: Sequence[Entry], basket: Basket) -> None:
    """Put what is new into the basket. A page that was not taken up whole has to be loaded again next time."""
    harvest = basket.harvest
    harvest.read += 1
    left = harvest.left
    for entry in entries:
        basket.put_text(entry.text, title=entry.title, source=entry.link or url, date=entry.date)
    if harvest.left == left and any(page.mark):
        harvest.pages[url] = page.mark
