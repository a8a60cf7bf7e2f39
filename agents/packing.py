"""What a subtask gets of its parents' digests: those it declares and no others, packed into its memory budget.

What does not fit goes along by handle, unseen, so that it stays within reach of a worker that asks for it.
"""

from __future__ import annotations

from typing import NamedTuple

from ..core.events import Compressed
from ..memory.digest import Claim, Digest
from ..memory.pack import Packed, pack
from ..memory.text.size import Counter, upper_bound_tokens
from ..planner.plan import Subtask
from .counting import counter_of
from .scope import Scope

_PARENTS_SHARE = 0.4
"""At most this part of a subtask's budget goes into its parents' digests."""
_EMBEDDED_PARENTS_TOKENS = 20_000
"""What an extractive worker reads of its parents' digests, which costs nothing."""


class Inherited(NamedTuple):
    """The parents' digests as far as they fit, and the claims that do not, the most valuable first."""

    digests: tuple[Digest, ...]
    left_out: tuple[Claim, ...]


def inherit(scope: Scope, subtask: Subtask, parents: tuple[Digest, ...]) -> Inherited:
    """What is worth most to the subtask, within its memory budget. A choice that was needed is told as `Compressed`."""
    cap_tokens, counter = _room(scope, subtask)
    parents = _once(parents)
    packed = pack(parents, goal=subtask.goal, cap_tokens=cap_tokens, counter=counter)
    claims = {claim.id: claim for digest in parents for claim in digest.claims}
    if packed.digests != parents:
        scope.emit(
            Compressed(
                subtask=subtask.id,
                compressor="pack",
                tokens_in=counter(Packed(parents, (), "", 0).render()),
                tokens_out=packed.tokens,
                kept=len(claims) - len(packed.left_out),
                dropped=len(packed.left_out),
            )
        )
    return Inherited(packed.digests, tuple(claims[each] for each in packed.left_out))


def _once(digests: tuple[Digest, ...]) -> tuple[Digest, ...]:
    """The digests without claims that one before has already."""
    seen: set[str] = set()
    once = []
    for digest in digests:
        fresh = {claim.id: claim for claim in digest.claims if claim.id not in seen}
        seen.update(fresh)
        once.append(digest.model_copy(update={"claims": tuple(fresh.values())}))
    return tuple(once)


def _room(scope: Scope, subtask: Subtask) -> tuple[int, Counter]:
    """The memory budget, and the counter of the worker that reads it."""
    models = scope.context.models
    if models.embedded:
        return _EMBEDDED_PARENTS_TOKENS, upper_bound_tokens
    return int(subtask.budget * _PARENTS_SHARE), counter_of(models.worker_named(subtask.worker))
