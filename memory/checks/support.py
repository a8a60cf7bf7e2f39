"""A claim is about what its evidence is about: it names nobody its evidence does not, and shares words with it.

Numbers alone would let a claim cite the wrong sentence of the right page. Names may also stand in the artifact's title
or shortly before the span, where a pronoun of the span points to.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..digest import Claim
from ..text.entities import entities
from ..text.numbers import numbers
from ..text.words import STOP_WORDS, terms, words
from .base import Failing
from .numbers import stands

LEAST_SHARED = 0.4
"""The part of a claim's stems, those of the title left out, that its spans must have."""
_TELLING = 10
"""Smaller numbers without a unit stand in too many sentences to tell them apart."""
_SAME_PREFIX = 5
"""Words with as long a common beginning count as one: "France" and "French" do not, "Norway" and "Norwegian" do."""


def check_support(claim: Claim, spans: Sequence[str], context: Sequence[str]) -> list[Failing]:
    """Names that neither spans nor context have, and a claim that has too few words of its spans.

    Args:
        claim: a fact; quotes, derived claims and absences are checked otherwise.
        spans: the texts of its evidence.
        context: titles of the artifacts, and what stands before each span.
    """
    if claim.kind != "fact":
        return []
    known = {word for text in (*spans, *context) for word in words(text)}
    starts = {word[:_SAME_PREFIX] for word in known if len(word) >= _SAME_PREFIX}
    strange = [
        entity.name
        for entity in entities(claim.text)
        if any(
            word not in known and word[:_SAME_PREFIX] not in starts
            for word in words(entity.name)
            if word not in STOP_WORDS
        )
    ]
    wrong = [Failing("support", f"{name} is not in the evidence") for name in strange]
    if not _same_subject(claim.text, spans, context[: len(spans)]):
        wrong.append(Failing("support", "the evidence is about something else"))
    return wrong


def _same_subject(text: str, spans: Sequence[str], titles: Sequence[str]) -> bool:
    """Whether the spans have enough of the words that the titles do not have, or else a telling number of the claim."""
    known = frozenset(terms(" ".join(titles)))
    own = frozenset(term for term in terms(text) if term not in known and not term.isdigit())
    found = own.intersection(terms(" ".join(spans)))
    if len(found) >= LEAST_SHARED * len(own):
        return True
    return any((number.unit or abs(number.value) >= _TELLING) and stands(number, spans) for number in numbers(text))
