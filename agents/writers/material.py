"""Material: the claims a writer may use, each under a short handle, and the parts that are missing.

Handles (`c1`, `c2` …) are what the model writes behind a sentence; code turns them into numbered citations. Only claims
whose checks held are material: what is unsupported never reaches the writer as something to cite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...memory.digest import Claim, Digest
from ...planner.plan import Plan
from ..report import Missing
from ..roles import Writing


@dataclass(frozen=True)
class Part:
    """What one subtask left for the report."""

    subtask: str
    goal: str
    claims: tuple[tuple[str, Claim], ...]
    open_questions: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"## {self.goal}", *(f"[{handle}] {_statement(claim)}" for handle, claim in self.claims)]
        return "\n".join([*lines, *(f"open: {question}" for question in self.open_questions)])


@dataclass(frozen=True)
class Material:
    """Everything a report is made from, in plan order."""

    parts: tuple[Part, ...]
    missing: tuple[Missing, ...]

    def claims(self) -> dict[str, Claim]:
        """All claims by handle."""
        return dict(pair for part in self.parts for pair in part.claims)


def gather(writing: Writing) -> Material:
    """The material in a run's digests. A claim found by several subtasks is listed once, where it comes first."""
    handles: dict[str, str] = {}
    parts = tuple(_parts(writing.plan, writing.digests, handles))
    return Material(parts, (*_missing(writing.plan, writing.digests), *_unplanned(writing.plan_cut_short)))


def _parts(plan: Plan, digests: Sequence[Digest], handles: dict[str, str]) -> Iterator[Part]:
    goals = {subtask.id: subtask.goal for subtask in plan.subtasks}
    for digest in digests:
        fresh = [claim for claim in digest.claims if claim.supported and claim.evidence and claim.id not in handles]
        for claim in fresh:
            handles.setdefault(claim.id, f"c{len(handles) + 1}")
        claims = tuple({handles[claim.id]: claim for claim in fresh}.items())
        if claims or digest.open_questions:
            yield Part(digest.subtask, goals.get(digest.subtask, digest.subtask), claims, digest.open_questions)


def _missing(plan: Plan, digests: Sequence[Digest]) -> Iterator[Missing]:
    by_id = {digest.subtask: digest for digest in digests}
    for subtask in plan.subtasks:
        digest = by_id.get(subtask.id)
        if digest is None or _left_nothing(digest):
            reason = "it was not run" if digest is None else _why(digest)
            yield Missing(subtask=subtask.id, goal=subtask.goal, reason=reason)


def _unplanned(cut_short: str) -> Iterator[Missing]:
    if cut_short:
        yield Missing(subtask="", goal="What the rest of the plan would have asked for", reason=cut_short)


def _left_nothing(digest: Digest) -> bool:
    return digest.state != "done" and not any(claim.supported for claim in digest.claims)


def _why(digest: Digest) -> str:
    reason = "; ".join(digest.failures)[:500]
    return reason or {"capped": "its budget ran out", "skipped": "it was skipped"}.get(
        digest.state, "nothing was found"
    )


def _statement(claim: Claim) -> str:
    value = f" ({claim.value}{' ' + claim.unit if claim.unit else ''})" if claim.value and not _says(claim) else ""
    return f"{claim.text}{value}"


def _says(claim: Claim) -> bool:
    return claim.value is not None and claim.value in claim.text
