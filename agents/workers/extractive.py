"""ExtractiveWorker: one subtask done without a model. Quoted sentences of the sources come out; no word is generated.

A subtask without parents quotes the few passages that answer its goal best; one with parents goes on from them: it
takes what answers the goal together with them, a second hop through names included, and quotes only what is new.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from ...core.events import ToolCalled
from ...memory.artifacts import ArtifactStore
from ...memory.digest import Claim, Digest
from ...memory.documents.base import Passage, Sources
from ...memory.documents.quote import select_sentences
from ...memory.documents.retrieve import retrieve
from ...memory.evidence import EvidenceRef
from ..roles import Assignment
from .first_search import hints
from .quoting import claims_of

FIRST_PASSAGES = 2
"""Passages that a subtask without parents quotes: more of them crowd out what is found in the second look."""
ALL_PASSAGES = 6
"""Passages that a subtask and its parents quote together."""
SENTENCES_PER_PASSAGE = 2


class ExtractiveWorker:
    """Does subtasks by retrieval and quotation. Spends no token."""

    name = "extractive"

    async def work(self, assignment: Assignment) -> Digest:
        """See `Worker.work`."""
        subtask = assignment.subtask
        if assignment.sources is None:
            return Digest(subtask=subtask.id, state="failed", failures=("there are no sources to quote from",))
        claims = await asyncio.to_thread(self._claims, assignment, assignment.sources)
        assignment.emit(ToolCalled(subtask=subtask.id, tool="search", detail=subtask.goal[:120]))
        if claims:
            return Digest(subtask=subtask.id, claims=tuple(claims))
        # What stands in its parents' digests already may be all there is.
        told = any(parent.claims for parent in assignment.parents)
        return Digest(
            subtask=subtask.id, state="done" if told else "failed", failures=("the sources say nothing more about it",)
        )

    def _claims(self, assignment: Assignment, sources: Sources) -> list[Claim]:
        goal = assignment.subtask.goal
        told = [ref for parent in assignment.parents for claim in parent.claims for ref in claim.evidence]
        found = list(_stored(_found(goal, assignment.parents, sources), sources, assignment.artifacts))
        fresh = [passage for passage in found if not any(_within(ref, passage) for ref in told)]
        room = ALL_PASSAGES - (len(found) - len(fresh)) if assignment.parents else FIRST_PASSAGES
        chosen = fresh[: max(1, room)]
        return claims_of(select_sentences(goal, chosen, SENTENCES_PER_PASSAGE * len(chosen)))


def _found(goal: str, parents: Sequence[Digest], sources: Sources) -> list[Passage]:
    """What answers the goal as it stands, then what answers it with the names that the parents found."""
    found = retrieve(goal, sources, ALL_PASSAGES)
    more = hints(goal, parents)
    further = retrieve(f"{more} {goal}", sources, ALL_PASSAGES) if more else []
    seen = {(passage.document, passage.start) for passage in found}
    return [*found, *(passage for passage in further if (passage.document, passage.start) not in seen)]


def _within(ref: EvidenceRef, passage: Passage) -> bool:
    return ref.artifact == passage.document and passage.start <= ref.start < passage.end


def _stored(passages: Iterable[Passage], sources: Sources, artifacts: ArtifactStore) -> Iterable[Passage]:
    """The passages with the hash of their stored document in place of the index's id."""
    for passage in passages:
        text = sources.text(passage.document)
        sha256 = artifacts.put(text, title=passage.title, source=passage.source)
        yield Passage(sha256, passage.start, passage.end, passage.text, passage.title, passage.source, passage.score)
