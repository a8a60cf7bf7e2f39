"""A verifier that asks the judge model how likely a digest meets its goal."""

from __future__ import annotations

import json

from ...core.events import Emit, silent
from ...core.ledger import Account
from ...core.models.base import OutputSchema
from ...core.models.model import Model
from ...memory.digest import Digest
from ..prompts import load_prompt
from .base import Verifier

_SCORE = OutputSchema(
    "score",
    {
        "type": "object",
        "properties": {"score": {"type": "number", "minimum": 0, "maximum": 1}},
        "required": ["score"],
        "additionalProperties": False,
    },
)


def judge_with(judge: Model, account: Account, emit: Emit = silent) -> Verifier:
    """A verifier over a model; its calls are reserved from the subtask's own account and told to `emit`."""

    async def verify(goal: str, digest: Digest) -> float:
        claims = "\n".join(f"- {claim.text}" for claim in digest.claims)
        messages = [
            {"role": "system", "content": load_prompt("judge")},
            {"role": "user", "content": f"<goal>\n{goal}\n</goal>\n<answer>\n{claims}\n</answer>"},
        ]
        reply = await judge.call(messages, account=account, output=_SCORE, max_completion_tokens=400, emit=emit)
        return _score(reply.text)

    return verify


def _score(text: str) -> float:
    """The score in a reply; 0 when there is none between 0 and 1, since an unreadable verdict vouches for nothing."""
    try:
        score = float(json.loads(text)["score"])
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return 0.0
    return score if 0 <= score <= 1 else 0.0
