"""Merge: several digests become one, side by side. No claim, evidence id, open question or failure is lost."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from ..core.events import SubtaskState
from .digest import Claim, Digest


def merge(digests: Sequence[Digest], *, subtask: str, state: SubtaskState = "done") -> Digest:
    """One digest with all that `digests` have, in their order.

    Claims that say the same on the same evidence are kept once, the better borne out one; nothing is reworded, so that
    claim ids, and derivations that name them, stay valid.
    """
    best: dict[Hashable, Claim] = {}
    for claim in (claim for digest in digests for claim in digest.claims):
        same = (claim.id, claim.kind, claim.value, claim.unit, str(claim.derivation))
        kept = best.get(same)
        if kept is None or (claim.supported, claim.confidence) > (kept.supported, kept.confidence):
            best[same] = claim
    return Digest(
        subtask=subtask,
        state=state,
        claims=tuple(best.values()),
        open_questions=tuple(dict.fromkeys(question for digest in digests for question in digest.open_questions)),
        failures=tuple(dict.fromkeys(failure for digest in digests for failure in digest.failures)),
    )
