"""What is shown of a tool's output: all of it when it is short, else its places that bear on the subtask.

Which those are, retrieval says, or a compressor where there is one, from what retrieval finds.

The whole stays in the artifact store and can be read on from any offset.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeAlias

from ...memory.documents.base import Document
from ...memory.documents.index import DocumentIndex
from ...memory.documents.passages import split
from ...memory.documents.readers.base import clean
from ..tools.base import Excerpt
from ..tools.read import PAGE_CHARS
from ..tools.search import excerpt_of

PLACES = 3
CONDENSED = 24
"""Passages that a compressor is shown."""
MAX_TEXT_CHARS = 2_000_000
"""Longer output of a tool is cut: nobody reads on so far by handle."""


Condense: TypeAlias = Callable[[Sequence[Excerpt]], Awaitable[list[Excerpt]]]
"""The places that matter among passages of one text; nothing when it cannot tell."""


async def preview(excerpts: Iterable[Excerpt], query: str, condense: Condense | None = None) -> list[Excerpt]:
    """The excerpts, each long one replaced by its passages most relevant to `query`, or by its beginning."""
    shown: list[Excerpt] = []
    for excerpt in excerpts:
        if excerpt.end - excerpt.start <= PAGE_CHARS:
            shown.append(excerpt)
            continue
        found = await asyncio.to_thread(_places, excerpt, query, PLACES if condense is None else CONDENSED)
        places = await condense(_in_order(found)) if condense is not None else []
        shown.extend(places or _in_order(found[:PLACES]))
    return shown


def whole(text: str, *, title: str, source: str) -> Excerpt:
    """Output of a tool that says nothing of its origin, as one excerpt."""
    tidy = clean(text[:MAX_TEXT_CHARS])
    return Excerpt(tidy, 0, len(tidy), title, source)


def _places(excerpt: Excerpt, query: str, limit: int) -> list[Excerpt]:
    """Passages of a long excerpt, best first; its beginning when none has a word of the query."""
    index = DocumentIndex.in_memory([Document(excerpt.title, excerpt.shown, excerpt.source)])
    found = [excerpt_of(index, passage) for passage in index.search(query, limit=limit)]
    index.close()
    if found:
        return found
    head = split(excerpt.shown)[0]
    return [Excerpt(excerpt.shown, head.start, head.end, excerpt.title, excerpt.source)]


def _in_order(places: Sequence[Excerpt]) -> list[Excerpt]:
    return sorted(places, key=lambda place: place.start)
