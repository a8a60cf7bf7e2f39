"""Condense: passages of a tool's long output go in, the places among them that matter to a goal come out.

Used only where the user has set a compressor of its own: it is asked once for each long output, from the subtask's
account, and its claims are checked like all claims. What is shown are the spans that bear them out, word for word, so
that a worker reads and quotes the source and not a retelling.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...core.ledger import Account
from ...core.models.base import Message, OutputSchema, Reply
from ...core.models.model import Model
from ...core.models.roles import Models
from ...memory.compress.base import Excerpt as Source
from ...memory.compress.checked import compress_checked
from ...memory.compress.hybrid import Hybrid
from ...memory.compress.model import ModelCompressor
from ...memory.digest import Digest
from ...memory.evidence import EvidenceRef
from ...memory.text.size import upper_bound_tokens
from ..roles import Assignment
from ..tools.base import Excerpt

CAP_BYTES = 3_000
"""What the claims of one output may come to; what is shown of it is about as long."""
ANSWER_TOKENS = 1_500
LEAST_LEFT = 3
"""A call is made only when the attempt has this many times its likely price left: the answer comes first."""
_JOIN_CHARS = 120
"""Places that lie closer together are shown as one."""


def compressor_of(models: Models) -> Model | None:
    """The compressor, if the user has set one of its own: a role that only falls back to a worker is none."""
    if models.embedded or any(models.compressor is each for each in (models.worker, *models.workers.values())):
        return None
    return models.compressor


class Condenser:
    """Asks one compressor, on behalf of one assignment.

    Args:
        model: the compressor.
        assignment: whose goal, account and artifacts are used.
    """

    def __init__(self, model: Model, assignment: Assignment) -> None:
        self._model = model
        self._assignment = assignment

    async def places(self, passages: Sequence[Excerpt], tokens_left: int | None) -> list[Excerpt]:
        """Where it stands, in the order of the text; nothing when the call cannot be afforded.

        Args:
            passages: stretches of one text.
            tokens_left: what the attempt may still use; None for no limit.
        """
        if not passages or not _affordable(passages, tokens_left):
            return []
        assignment, whole = self._assignment, passages[0]
        sha256 = assignment.artifacts.put(whole.text, title=whole.title, source=whole.source)
        model = ModelCompressor(_Told(self._model, assignment), assignment.account)
        checked = await compress_checked(
            Hybrid(model, assignment.artifacts),
            assignment.subtask.goal,
            [Source(sha256, each.shown, each.start, each.title) for each in passages],
            subtask=assignment.subtask.id,
            cap_tokens=CAP_BYTES,
            artifacts=assignment.artifacts,
            emit=assignment.emit,
        )
        return [Excerpt(whole.text, *span, whole.title, whole.source) for span in _spans(checked.digest)]


class _Told:
    """The model as a compressor calls it, with its calls told and its answers bounded."""

    def __init__(self, model: Model, assignment: Assignment) -> None:
        self._model = model
        self._emit = assignment.emit

    async def call(self, messages: Sequence[Message], *, account: Account, output: OutputSchema | None = None) -> Reply:
        return await self._model.call(
            messages, account=account, output=output, max_completion_tokens=ANSWER_TOKENS, emit=self._emit
        )


def _affordable(passages: Iterable[Excerpt], tokens_left: int | None) -> bool:
    likely = sum(upper_bound_tokens(each.shown) for each in passages) // 3 + ANSWER_TOKENS
    return tokens_left is None or tokens_left >= LEAST_LEFT * likely


def _spans(digest: Digest) -> list[tuple[int, int]]:
    """The places of the digest's evidence, in order, those that lie close together as one."""
    refs = {ref for claim in digest.claims for ref in claim.evidence}
    spans: list[tuple[int, int]] = []
    for ref in sorted(refs, key=_place):
        if spans and ref.start - spans[-1][1] <= _JOIN_CHARS:
            spans[-1] = (spans[-1][0], max(spans[-1][1], ref.end))
        else:
            spans.append(_place(ref))
    return spans


def _place(ref: EvidenceRef) -> tuple[int, int]:
    return ref.start, ref.end
