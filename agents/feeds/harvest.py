"""What is new in a feed's sources: sources and what was seen go in; new documents, as files in a folder, come out.

Laws: new is what has a content hash that was not seen, whatever its name, date or guid; a document is written once; a
source that cannot be read is told of and hinders no other. One run takes so much; what is left is new for the next.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ...memory.documents.readers.base import clean
from ..tools.loading import Mark

MAX_NEW = 1_000
"""Documents of one run."""
MAX_NEW_BYTES = 200_000_000

_URL = re.compile(r"https?://\S+", re.IGNORECASE)
_NAME = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class Seen:
    """What earlier runs saw: hashes of contents, stamps of files, and marks of pages by URL."""

    hashes: frozenset[str] = frozenset()
    stamps: frozenset[str] = frozenset()
    pages: Mapping[str, Mark] = field(default_factory=dict)


@dataclass(frozen=True)
class New:
    """A new document: its title, where it comes from, and its file below the run's folder."""

    title: str
    source: str
    file: str


@dataclass
class Harvest:
    """What one look at the sources gave.

    Attributes:
        documents: what is new.
        marks: hashes to be seen, each with the stamp of its file (empty for what is no file).
        pages: the marks of pages that need not be loaded again while they have them.
        faults: what could not be read, and why, a line each.
        left: how many new documents are left for the next run.
        read: how many sources could be read.
    """

    documents: list[New] = field(default_factory=list)
    marks: dict[str, str] = field(default_factory=dict)
    pages: dict[str, Mark] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    left: int = 0
    read: int = 0


class Basket:
    """Takes new documents into a folder, up to what one run may take."""

    def __init__(self, folder: Path, seen: Seen) -> None:
        self.folder, self.seen = folder, seen
        self.harvest = Harvest()
        self._bytes = 0
        self._names: set[str] = set()

    def is_new(self, sha256: str) -> bool:
        """Whether nobody has seen this content."""
        return sha256 not in self.seen.hashes and sha256 not in self.harvest.marks

    def put(self, data: bytes, sha256: str, *, name: str, stamp: str = "") -> Path | None:
        """Write new content to a file of about this name; None when this run has enough."""
        if len(self._names) >= MAX_NEW or self._bytes + len(data) > MAX_NEW_BYTES:
            self.harvest.left += 1
            return None
        path = self.folder / self._free(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self._bytes += len(data)
        self.harvest.marks[sha256] = stamp
        return path

    def put_text(self, text: str, *, title: str, source: str, date: str = "") -> None:
        """Write what the web gave as Markdown, unless it was seen. `source` is its URL."""
        title, text = " ".join(clean(title).split()), clean(text).strip()
        sha256 = hashlib.sha256(" ".join(f"{title}\n{text}".split()).encode()).hexdigest()
        if not self.is_new(sha256):
            return
        about = f"{f'{date}, ' if date else ''}{source}"
        data = f"# {title}\n\n{about}\n\n{text}\n".encode()
        host, _, rest = source.partition("://")[2].partition("/")
        slug = _NAME.sub("-", title or rest).strip("-.")[:60] or "page"
        path = self.put(data, sha256, name=f"{_NAME.sub('-', host).strip('-.')[:60] or 'web'}/{slug}.md")
        if path is not None:
            self.took(title, source, path)

    def took(self, title: str, source: str, path: Path) -> None:
        """Count a file that `put` has written as a document."""
        self.harvest.documents.append(New(title, source, path.relative_to(self.folder).as_posix()))

    def _free(self, name: str) -> str:
        wanted = PurePosixPath(name)
        free, number = wanted, 2
        while str(free).lower() in self._names:
            free, number = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}"), number + 1
        self._names.add(str(free).lower())
        return str(free)


def is_url(source: str) -> bool:
    """Whether a source is on the web; any other is a path."""
    return _URL.fullmatch(source) is not None


async def collect(sources: Sequence[str], seen: Seen, folder: Path, *, allow_hosts: Collection[str] = ()) -> Harvest:
    """What is new in the sources.

    Args:
        sources: absolute paths and URLs.
        seen: what is not new.
        folder: where the new documents go; it has to exist.
        allow_hosts: hosts that may be reached although their address is private.

    Raises:
        OSError: when a document cannot be written.
    """
    from .folders import gather_folders
    from .web import gather_web

    basket = Basket(folder, seen)
    await gather_web([each for each in sources if is_url(each)], basket, allow_hosts)
    await asyncio.to_thread(gather_folders, [Path(each) for each in sources if not is_url(each)], basket)
    return basket.harvest
