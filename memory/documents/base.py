"""What reading a file gives, what a search over documents returns, and the door every document index has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of one document: characters `start` to `end` of its text.

    `document` is the id the index knows it by, `source` its path relative to the named folder (or its URL), `score`
    its relevance to the query (higher is better, comparable within one answer only).
    """

    document: str
    start: int
    end: int
    text: str
    title: str
    source: str
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Document:
    """What a reader gives: the readable text of one source and what it is called. `source` is a path or a URL."""

    title: str
    text: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was not read, and why. `lasting`: only a changed file is worth another try."""

    path: str
    reason: str
    lasting: bool = True


class Sources(Protocol):
    """Documents that can be searched and read."""

    def search(self, query: str, *, limit: int = 6) -> list[Passage]:
        """The passages most relevant to the query, best first. Any query is allowed; nonsense finds nothing."""

    def text(self, document: str) -> str:
        """A document's whole text.

        Raises:
            UnknownDocument: when the index has no such document.
        """

    def __len__(self) -> int:
        """How many documents there are."""
