# ruff: noqa: RUF001 - look-alike punctuation is what this file is about
"""Web addresses and e-mail addresses in a text, without the punctuation that follows them."""

from __future__ import annotations

import re
from typing import NamedTuple

from .spans import Span

_URL = re.compile(r"(?:https?://|ftp://|www\.)[^\s<>\"“”«»`{}|\\^]{1,2000}", re.IGNORECASE)
_CLOSERS = {")": "(", "]": "["}


class Link(NamedTuple):
    """An address as it is written, and where."""

    url: str
    span: Span

    @property
    def key(self) -> str:
        """The form under which addresses are equal: host in small letters, no scheme, no final slash."""
        bare = re.sub(r"^[a-zA-Z]+://", "", self.url)
        host, slash, path = bare.partition("/")
        return (host.lower().removeprefix("www.") + slash + path).rstrip("/")


def urls(text: str) -> list[Link]:
    """The web addresses in `text`, in order."""
    found = []
    for match in _URL.finditer(text):
        url = _without_tail(match[0])
        found.append(Link(url, Span(match.start(), match.start() + len(url))))
    return found


def _without_tail(url: str) -> str:
    """Take off stops, commas and brackets that belong to the sentence around the address."""
    while url:
        last = url[-1]
        if last in ".,;:!?'’*_" or (last in _CLOSERS and url.count(last) > url.count(_CLOSERS[last])):
            url = url[:-1]
        else:
            break
    return url
