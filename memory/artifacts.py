"""Artifact store: raw text kept once under the sha256 of its UTF-8 bytes; spans of it are evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .evidence import EvidenceRef


@dataclass(frozen=True, slots=True)
class Artifact:
    """Stored text with where it came from. `source` is a path relative to its folder, a URL or a tool's name."""

    sha256: str
    text: str
    title: str = ""
    source: str = ""


class ArtifactStore(Protocol):
    """Content-addressed text. Putting equal text twice keeps it once, with the first title and source."""

    def put(self, text: str, *, title: str = "", source: str = "") -> str:
        """Keep `text` and return its hash. Durable when it returns. Lone surrogates are replaced first."""

    def get(self, sha256: str) -> Artifact:
        """The artifact under this hash.

        Raises:
            UnknownArtifact: when there is none, or what is stored does not have that hash.
        """

    def span(self, ref: EvidenceRef) -> str:
        """The exact text of a span.

        Raises:
            UnknownArtifact: when there is no such artifact, or the span reaches beyond its end.
        """
