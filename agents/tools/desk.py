"""Desk: what one attempt has before it. Excerpts and claims go in; each gets a short handle that the model can cite.

`p1`, `p2` … are spans of stored artifacts, `c1`, `c2` … the parents' claims, `d1`, `d2` … values computed here. Laws:
raw text is in the artifact store before its handle exists; a handle never changes its meaning; equal spans share one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...memory.artifacts import ArtifactStore
from ...memory.digest import Claim, Digest
from ...memory.evidence import EvidenceRef
from ...memory.text.locate import locate
from .base import Excerpt
from .delimit import restored

MAX_SEARCHED_CHARS = 400_000
_HANDLE = re.compile(r"\b([pcd])(\d{1,6})\b")


@dataclass(frozen=True, slots=True)
class Piece:
    """A span of an artifact under a handle. `length` is that of the whole artifact, in characters."""

    handle: str
    ref: EvidenceRef
    title: str
    source: str
    length: int


class Desk:
    """Handles of one attempt. Parents' claims are numbered in the order in which they are given.

    `left_out` are claims of theirs that are not shown for room; their handles go on from those that are.
    """

    def __init__(
        self, artifacts: ArtifactStore, parents: Sequence[Digest] = (), left_out: Sequence[Claim] = ()
    ) -> None:
        self.artifacts = artifacts
        self.pieces: dict[str, Piece] = {}
        self.derived: dict[str, Claim] = {}
        claims = (claim for digest in parents for claim in digest.claims)
        self.given: dict[str, Claim] = {f"c{number}": claim for number, claim in enumerate(claims, start=1)}
        first = len(self.given) + 1
        self.left_out: dict[str, Claim] = {f"c{number}": claim for number, claim in enumerate(left_out, start=first)}
        self._inputs: dict[str, Claim] = {}
        self._by_ref: dict[EvidenceRef, Piece] = {}

    @property
    def inherited(self) -> dict[str, Claim]:
        """All claims of the parents, shown or not, by handle."""
        return {**self.given, **self.left_out}

    def lay(self, excerpts: Iterable[Excerpt]) -> list[Piece]:
        """Store the excerpts' texts and hand out handles; an excerpt that is here already keeps its own."""
        return [self._lay(excerpt) for excerpt in excerpts if excerpt.shown.strip()]

    def add_derived(self, claim: Claim, inputs: Iterable[Claim]) -> str:
        """A handle for a computed claim; what it was computed from is remembered with it."""
        self._inputs.update({each.id: each for each in inputs})
        for handle, known in self.derived.items():
            if known.id == claim.id:
                return handle
        handle = f"d{len(self.derived) + 1}"
        self.derived[handle] = claim
        return handle

    def with_inputs(self, claims: Iterable[Claim]) -> list[Claim]:
        """The claims, each derived one after those it was computed from, without repetitions."""
        ordered: dict[str, Claim] = {}

        def add(claim: Claim) -> None:
            for claim_id in claim.derivation.inputs.values() if claim.derivation else ():
                if claim_id in self._inputs and claim_id not in ordered:
                    add(self._inputs[claim_id])
            ordered.setdefault(claim.id, claim)

        for claim in claims:
            add(claim)
        return list(ordered.values())

    def place(self, quote: str, handles: Sequence[str]) -> EvidenceRef | None:
        """Where the words of `quote` stand: in what the handles name, else in the same sources, else on the desk."""
        named = [ref for handle in handles for ref in self.refs(handle)]
        wholes = [EvidenceRef(artifact=sha256, start=0, end=MAX_SEARCHED_CHARS) for sha256 in _artifacts(named)]
        others = [piece.ref for piece in self.pieces.values()]
        for ref in dict.fromkeys([*named, *wholes, *others]):
            text = self.artifacts.get(ref.artifact).text
            found = locate(restored(quote), text[ref.start : ref.end])
            if found is not None:
                return EvidenceRef(artifact=ref.artifact, start=ref.start + found.start, end=ref.start + found.end)
        return None

    def refs(self, handle: str) -> tuple[EvidenceRef, ...]:
        """The spans that a handle stands for."""
        claim = self.claim(handle)
        return claim.evidence if claim is not None else (self.pieces[handle].ref,)

    def text(self, handle: str) -> str:
        """The text under a `p` handle."""
        return self.artifacts.span(self.pieces[handle].ref)

    def claim(self, handle: str) -> Claim | None:
        """The claim under a `c` or `d` handle, or None."""
        return self.given.get(handle) or self.left_out.get(handle) or self.derived.get(handle)

    def handles_in(self, words: str) -> list[str]:
        """The handles named in `words` that exist, in order, each once. `[p1, p2]` and `p1 and p2` name the same."""
        named = (match[0] for match in _HANDLE.finditer(words[:1_000].lower()))
        return [handle for handle in dict.fromkeys(named) if handle in self.pieces or self.claim(handle) is not None]

    def _lay(self, excerpt: Excerpt) -> Piece:
        sha256 = self.artifacts.put(excerpt.text, title=excerpt.title, source=excerpt.source)
        ref = EvidenceRef(artifact=sha256, start=excerpt.start, end=min(excerpt.end, len(excerpt.text)))
        return self._by_ref.get(ref) or self._number(ref, excerpt.title, excerpt.source, len(excerpt.text))

    def _number(self, ref: EvidenceRef, title: str, source: str, length: int) -> Piece:
        piece = Piece(f"p{len(self.pieces) + 1}", ref, title, source, length)
        self.pieces[piece.handle] = self._by_ref[ref] = piece
        return piece


def _artifacts(refs: Iterable[EvidenceRef]) -> list[str]:
    return list(dict.fromkeys(ref.artifact for ref in refs))
