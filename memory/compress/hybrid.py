"""Compress with a model, check what it says, and let extracted sentences fill what it left out or got wrong.

In go the same things as for every compressor; out come the model's checked claims first, then quotes. When the model
fails for good the digest is extractive and says why in its failures, so that nothing is lost but the rewording.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...core.errors import BudgetExhausted, ModelError
from ..artifacts import ArtifactStore
from ..checks import verify
from ..digest import Claim, Digest
from ..text.size import Counter, upper_bound_tokens
from .base import Compressor, Excerpt, fitting, size
from .extractive import extract

MODEL_SHARE = 0.75
"""The part of the size that the model's claims may take; the rest is kept for what it missed."""


class Hybrid:
    """A model's claims where they hold, the source's own sentences where they do not.

    Args:
        model: the compressor that asks a model.
        artifacts: where its evidence is read for the checks.
        counter: tokens of a text; an upper bound by default.
    """

    name = "hybrid"

    def __init__(self, model: Compressor, artifacts: ArtifactStore, *, counter: Counter = upper_bound_tokens) -> None:
        self._model = model
        self._artifacts = artifacts
        self._counter = counter

    async def compress(self, goal: str, excerpts: Sequence[Excerpt], *, subtask: str, cap_tokens: int) -> Digest:
        """See `Compressor.compress`."""
        try:
            draft = await self._model.compress(
                goal, excerpts, subtask=subtask, cap_tokens=int(cap_tokens * MODEL_SHARE)
            )
        except (ModelError, BudgetExhausted) as error:
            draft = Digest(subtask=subtask, failures=(f"compressed without a model: {error.message[:200]}",))
        checked = verify(draft, self._artifacts)
        missing = " ".join([goal, *(claim.text for claim, _ in checked.reasons)])
        room = cap_tokens - size(checked.digest.claims, self._counter) - 1
        quotes = extract(missing, excerpts, room, self._counter) if room > 0 else []
        claims = [*checked.digest.claims, *_new(quotes, checked.digest.claims)]
        return checked.digest.model_copy(update={"claims": tuple(fitting(claims, cap_tokens, self._counter))})


def _new(quotes: Sequence[Claim], claims: Sequence[Claim]) -> list[Claim]:
    """The quotes whose evidence no claim has yet."""
    return [quote for quote in quotes if not any(_overlap(quote, claim) for claim in claims)]


def _overlap(left: Claim, right: Claim) -> bool:
    return any(
        a.artifact == b.artifact and a.start < b.end and b.start < a.end for a in left.evidence for b in right.evidence
    )
