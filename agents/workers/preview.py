"""What is shown of a tool's output: all of it when it is short, else its places that bear on the subtask.

The whole stays in the artifact store and can be read on from any offset.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from ...memory.documents.base import Document
from ...memory.documents.index import DocumentIndex
from ...memory.documents.passages import split
from ...memory.documents.readers.base import clean
from ..tools.base import Excerpt
from ..tools.read import PAGE_CHARS
from ..tools.search import excerpt_of

PLACES = 3
MAX_TEXT_CHARS = 2_000_000
"""Longer output of a tool is cut: nobody reads on so far by handle."""


async def preview(excerpts: Iterable[Excerpt], query: str) -> list[Excerpt]:
    """The excerpts, each long one replaced by its passages most relevant to `query`, or by its beginning."""
    shown: list[Excerpt] = []
    for excerpt in excerpts:
        if excerpt.end - excerpt.start <= PAGE_CHARS:
            shown.append(excerpt)
        else:
            shown.extend(await asyncio.to_thread(_places, excerpt, query))
    return shown


def whole(text: str, *, title: str, source: str) -> Excerpt:
    """Output of a tool that says nothing of its origin, as one excerpt."""
    tidy = clean(text[:MAX_TEXT_CHARS])
    return Excerpt(tidy, 0, len(tidy), title, source)


def _places(excerpt: Excerpt, query: str) -> list[Excerpt]:
    index = DocumentIndex.in_memory([Document(excerpt.title, excerpt.shown, excerpt.source)])
    found = [excerpt_of(index, passage) for passage in index.search(query, limit=PLACES)]
    index.close()
    if found:
        return sorted(found, key=lambda place: place.start)
    head = split(excerpt.shown)[0]
    return [Excerpt(excerpt.shown, head.start, head.end, excerpt.title, excerpt.source)]
