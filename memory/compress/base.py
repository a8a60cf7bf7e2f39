"""What a compressor is: a goal and excerpts of artifacts go in, a digest of at most `cap_tokens` comes out.

Laws: each claim's evidence is a span of one of the excerpts' artifacts; the digest's size never exceeds the cap,
whatever the excerpts or a model say; the same input gives the same digest, but for what a model adds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..digest import Claim, Digest
from ..evidence import EvidenceRef
from ..text.size import Counter
from ..text.spans import Span


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Text of a stored artifact, all of it or a stretch.

    Attributes:
        artifact: the artifact's hash.
        text: the text; it must be what the artifact has from `start` on.
        start: where `text` begins in the artifact, in characters.
        title: the artifact's title, which says what its pronouns point to.
    """

    artifact: str
    text: str
    start: int = 0
    title: str = ""

    def ref(self, span: Span) -> EvidenceRef:
        """Evidence for a span of `text`."""
        return EvidenceRef(artifact=self.artifact, start=self.start + span.start, end=self.start + span.end)


class Compressor(Protocol):
    """Makes excerpts small without losing what the goal asks for."""

    name: str

    async def compress(self, goal: str, excerpts: Sequence[Excerpt], *, subtask: str, cap_tokens: int) -> Digest:
        """The digest. Its size, as `size` counts it, is at most `cap_tokens`; it is empty when nothing fits."""


def size(claims: Iterable[Claim], counter: Counter) -> int:
    """Tokens of the claims' texts, one a line: what the next subtask sees of them, handles left out."""
    return counter("\n".join(claim.text for claim in claims))


def fitting(claims: Iterable[Claim], cap_tokens: int, counter: Counter) -> list[Claim]:
    """As many of the claims, in order, as fit together; one that is too large is passed over."""
    taken: list[Claim] = []
    used = 0
    for claim in claims:
        cost = counter(f"{claim.text}\n")
        if used + cost <= cap_tokens:
            used += cost
            taken.append(claim)
    while taken and size(taken, counter) > cap_tokens:
        taken.pop()
    return taken
