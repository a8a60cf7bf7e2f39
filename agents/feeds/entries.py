"""The entries of an RSS or Atom feed: bytes in, entries with plain text out, read by a process of its own.

Law: what a hostile feed does (entity bombs, deep nesting, megabytes of `<`) it does to that process, which has little
memory and little time. `python -m foreplan.agents.feeds.entries URL` reads the feed on standard input and writes one
JSON object for each entry.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from html.parser import HTMLParser
from typing import Any

from ...core.errors import InputError

TIME_LIMIT_S = 30.0
MAX_ENTRIES = 2_000
MAX_ENTRY_CHARS = 200_000
_MAX_MEMORY_BYTES = 1024**3
_MAX_LABEL_CHARS = 500
_MAX_CHARS = 20_000_000
_WEB = re.compile(r"https?://[^\s<>\"]{1,1990}", re.IGNORECASE)
_BLOCKS = ("p", "div", "br", "li", "tr", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6")
_SILENT = ("script", "style")
_KEPT_VARIABLES = ("PATH", "HOME", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Entry:
    """One entry. `link` is empty unless it leads to the web; `date` is as the feed writes it, and may be empty."""

    title: str
    text: str
    link: str = ""
    date: str = ""


class Unreadable(InputError):
    """This is no feed, or a hostile one."""


async def read_entries(body: bytes, url: str) -> list[Entry]:
    """The entries in a feed's bytes, in its order, the first `MAX_ENTRIES` of them.

    Raises:
        Unreadable: when it is no feed, or cannot be read in the time and memory there is.
    """
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, url,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env=environment,
    )  # fmt: skip
    try:
        async with asyncio.timeout(TIME_LIMIT_S):
            out, _ = await child.communicate(body)
    except TimeoutError as error:
        raise Unreadable(f"{url} took longer than {TIME_LIMIT_S:g} seconds to read") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        raise Unreadable(f"{url} is no RSS or Atom feed, or a damaged one")
    return [Entry(**json.loads(line)) for line in out.splitlines()]


def looks_like_feed(content_type: str, body: bytes) -> bool:
    """Whether it may be a feed rather than a page."""
    head = body[:2_000].lower()
    if b"<html" in head or b"<!doctype html" in head:
        return False
    return any(mark in head for mark in (b"<rss", b"<feed", b"<rdf:rdf")) or content_type.endswith(
        ("rss+xml", "atom+xml", "rdf+xml")
    )


def main() -> int:
    """Read standard input; 1 when it is no feed."""
    _cap_memory()
    import feedparser

    url = sys.argv[1]
    found = feedparser.parse(io.BytesIO(sys.stdin.buffer.read()), response_headers={"content-location": url})
    if not found.get("version"):
        return 1
    for entry in _entries(found.entries[:MAX_ENTRIES]):
        sys.stdout.write(json.dumps(asdict(entry)) + "\n")
    return 0


def _entries(found: list[Any]) -> Iterator[Entry]:
    """The entries that say something, up to `_MAX_CHARS`: a short feed may unfold to a very long one."""
    room = _MAX_CHARS
    for each in found:
        title = " ".join(_plain(str(each.get("title") or "")).split())
        contents = [str(content.get("value") or "") for content in each.get("content") or []]
        text = max((_plain(value) for value in [*contents, str(each.get("summary") or "")]), key=len)
        link = str(each.get("link") or "")
        if not (title or text.strip()):
            continue
        room -= len(text)
        if room < 0:
            return
        yield Entry(
            title=title[:_MAX_LABEL_CHARS] or " ".join(text.split())[:80],
            text=text,
            link=link if _WEB.fullmatch(link) else "",
            date=" ".join(str(each.get("published") or each.get("updated") or "").split())[:60],
        )


class _Text(HTMLParser):
    """Collects the text of a piece of HTML, a line for each of its blocks."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """A block begins, or something that nobody reads."""
        self._silent += tag in _SILENT
        if tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """A block ends."""
        self._silent = max(0, self._silent - (tag in _SILENT))
        if tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        """Text, whose own line breaks are mere spaces."""
        if not self._silent:
            self.pieces.append(data.replace("\n", " "))


def _plain(markup: str) -> str:
    """The text of what may be HTML."""
    if "<" not in markup and "&" not in markup:
        return markup[:MAX_ENTRY_CHARS]
    reader = _Text()
    reader.feed(markup)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.pieces).split("\n"))
    return "\n\n".join(line for line in lines if line)[:MAX_ENTRY_CHARS]


def _cap_memory() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY_BYTES, _MAX_MEMORY_BYTES))
    except (ImportError, ValueError, OSError):
        return  # Windows has no such limit and macOS refuses it; the time limit remains.


if __name__ == "__main__":
    raise SystemExit(main())
