"""The search made before a worker's first model call, so that an easy subtask takes one call.

The goal is asked as it stands, and once more with what the parents found out: names and values that the goal can only
refer to ("the city found before") stand in their claims.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import zip_longest

from ...memory.digest import Claim, Digest
from ...memory.documents.base import Sources
from ...memory.documents.retrieve import retrieve
from ...memory.text.entities import entities
from ...memory.text.words import words
from ..tools.base import Excerpt
from ..tools.search import PASSAGES, excerpt_of, nothing

MAX_HINT_WORDS = 24


def hints(goal: str, parents: Sequence[Digest]) -> str:
    """Names and values of the parents' claims that the goal does not say itself, the surest claims first."""
    said = set(words(goal))
    claims = sorted((claim for digest in parents for claim in digest.claims), key=lambda claim: -claim.confidence)
    found: list[str] = []
    for phrase in dict.fromkeys(phrase for claim in claims for phrase in _phrases(claim)):
        fresh = [word for word in words(phrase) if word not in said]
        if len(found) + len(fresh) > MAX_HINT_WORDS:
            break
        said.update(fresh)
        found.extend(fresh)
    return " ".join(found)


def _phrases(claim: Claim) -> list[str]:
    value = [claim.value] if claim.value else []
    return [*value, *(entity.name for entity in entities(claim.text))]


async def first_search(sources: Sources, goal: str, parents: Sequence[Digest]) -> list[Excerpt]:
    """At most `PASSAGES` excerpts: those found with the hints and those found without them, in turn."""
    return await asyncio.to_thread(_search, sources, goal, hints(goal, parents))


def _search(sources: Sources, goal: str, more: str) -> list[Excerpt]:
    answers = [retrieve(question, sources, PASSAGES) for question in ([f"{more} {goal}"] if more else []) + [goal]]
    in_turn = [passage for turn in zip_longest(*answers) for passage in turn if passage is not None]
    distinct = {(passage.document, passage.start): passage for passage in in_turn}
    found = [excerpt_of(sources, passage) for passage in distinct.values()][:PASSAGES]
    return found or [nothing(goal)]
