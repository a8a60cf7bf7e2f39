"""What each provider of `web_search` is: a query goes in, titled snippets with their addresses come out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from ...errors import ToolFailed

WEB_SEARCH = "web_search"
"""The tool's name, whichever provider answers."""
MAX_SNIPPET_CHARS = 2_000


@dataclass(frozen=True, slots=True)
class WebResult:
    """One hit: its page's title and address, and the words the provider shows of it."""

    title: str
    url: str
    snippet: str


WebSearch: TypeAlias = Callable[[str, int], Awaitable[list[WebResult]]]
"""Query and the most results wanted in, results out, best first.

Raises `ToolFailed`: of kind `transient` when asking again may help, `auth` when the key is wrong.
"""


def results_from(entries: Any, *, url: str, snippet: str) -> list[WebResult]:
    """Results from a provider's list of objects, whatever is in it; `url` and `snippet` name the fields.

    Raises:
        ToolFailed: when it is no list.
    """
    if not isinstance(entries, Iterable) or isinstance(entries, (str, bytes, dict)):
        raise ToolFailed("The search provider did not answer with a list of results.", kind="malformed")
    found = []
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get(url), str) and isinstance(entry.get(snippet), str):
            title = entry.get("title")
            text = entry[snippet].strip()[:MAX_SNIPPET_CHARS]
            if text:
                found.append(WebResult(title[:300] if isinstance(title, str) else "", entry[url][:2_000], text))
    return found
