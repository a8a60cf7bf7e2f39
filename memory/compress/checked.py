"""Compress and check in one step, and tell what happened: the only way in which a compressor's claims should go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...core.events import Compressed, Emit, silent
from ..artifacts import ArtifactStore
from ..checks import Verified, verify
from ..text.size import Counter, upper_bound_tokens
from .base import Compressor, Excerpt, fitting, size


async def compress_checked(
    compressor: Compressor,
    goal: str,
    excerpts: Sequence[Excerpt],
    *,
    subtask: str,
    cap_tokens: int,
    artifacts: ArtifactStore,
    counter: Counter = upper_bound_tokens,
    emit: Emit = silent,
) -> Verified:
    """A digest of at most `cap_tokens` in which every claim is borne out by its evidence.

    Args:
        compressor: makes the digest.
        goal: what the digest is for.
        excerpts: what is made small.
        subtask: whose digest it is.
        cap_tokens: its greatest size, in the counter's tokens.
        artifacts: where evidence is read.
        counter: tokens of a text; an upper bound by default.
        emit: is told tokens in and out, and what became of the claims.
    """
    draft = await compressor.compress(goal, excerpts, subtask=subtask, cap_tokens=cap_tokens)
    checked = verify(draft, artifacts)
    claims = fitting(checked.digest.claims, cap_tokens, counter)
    lost = len(checked.digest.claims) - len(claims)
    result = replace(
        checked,
        digest=checked.digest.model_copy(update={"claims": tuple(claims)}),
        dropped=checked.dropped + lost,
    )
    emit(
        Compressed(
            subtask=subtask,
            compressor=compressor.name,
            tokens_in=sum(counter(excerpt.text) for excerpt in excerpts),
            tokens_out=size(claims, counter),
            kept=max(0, checked.kept - lost),
            repaired=checked.repaired,
            dropped=result.dropped,
        )
    )
    return result
