"""Quote claims from evidence without a model: the sentences of the desk that bear on a question, word for word."""

from __future__ import annotations

from collections.abc import Sequence

from ...memory.digest import Claim
from ...memory.documents.base import Passage
from ...memory.documents.quote import select_sentences
from ...memory.evidence import EvidenceRef
from ..tools.desk import Desk

MAX_CHARS = 1_000
"""What a claim's text may have."""
_STATEMENT_WORDS, _STATEMENT_BYTES = 4, 25


def quoted_claims(desk: Desk, question: str, *, limit: int = 8) -> list[Claim]:
    """At most `limit` sentences of what lies on the desk that bear on the question; each is its own evidence."""
    passages = [
        Passage(piece.ref.artifact, piece.ref.start, piece.ref.end, desk.text(handle), piece.title, piece.source)
        for handle, piece in desk.pieces.items()
    ]
    return claims_of(select_sentences(question, passages, limit))


def claims_of(sentences: Sequence[Passage]) -> list[Claim]:
    """Sentences whose `document` is the hash of a stored artifact, as claims; the better the score, the surer."""
    best = max((sentence.score for sentence in sentences), default=0.0) or 1.0
    return [
        Claim(
            text=sentence.text,
            kind="quote",
            evidence=(EvidenceRef(artifact=sentence.document, start=sentence.start, end=sentence.end),),
            confidence=round(0.2 + 0.6 * max(0.0, sentence.score) / best, 2),
        )
        for sentence in sentences
        if len(sentence.text) <= MAX_CHARS and not _is_heading(sentence.text)
    ]


def _is_heading(text: str) -> bool:
    """Whether a text states nothing: it is marked as a heading, or has under four words (in CJK, eight characters)."""
    return text.startswith("#") or (len(text.split()) < _STATEMENT_WORDS and len(text.encode()) < _STATEMENT_BYTES)
