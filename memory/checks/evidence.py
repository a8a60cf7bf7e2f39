"""Each claim has evidence, and all of it can be read: the artifacts are there and the spans are not empty."""

from __future__ import annotations

from dataclasses import dataclass

from ..artifacts import ArtifactStore
from ..digest import Claim
from ..errors import UnknownArtifact
from .base import Failing

_BEFORE_CHARS = 600
"""How far before a span the name may stand that a pronoun in it points to."""


@dataclass(frozen=True)
class Evidence:
    """A claim's evidence as it was read.

    Attributes:
        spans: the exact text of each span.
        context: the titles of their artifacts, then what stands shortly before each span.
        failing: what could not be read.
    """

    spans: tuple[str, ...]
    context: tuple[str, ...]
    failing: tuple[Failing, ...]


def read_evidence(claim: Claim, artifacts: ArtifactStore) -> Evidence:
    """The evidence of a claim. A derived claim may do without: it rests on that of its inputs."""
    spans: list[str] = []
    titles: list[str] = []
    before: list[str] = []
    failing: list[Failing] = []
    for ref in claim.evidence:
        try:
            artifact = artifacts.get(ref.artifact)
            span = artifacts.span(ref)
        except UnknownArtifact as error:
            failing.append(Failing("evidence", error.message[:200]))
            continue
        if not span.strip():
            failing.append(Failing("evidence", f"{ref} is empty"))
            continue
        spans.append(span)
        titles.append(artifact.title)
        before.append(artifact.text[max(0, ref.start - _BEFORE_CHARS) : ref.start])
    if not claim.evidence and claim.kind != "derived":
        failing.append(Failing("evidence", "there is none"))
    return Evidence(tuple(spans), (*titles, *before), tuple(failing))
