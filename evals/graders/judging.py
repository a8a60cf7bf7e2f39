"""A Foreplan model as a judge: its calls are reserved from an account and settled there, like any other call."""

from __future__ import annotations

from ...core.errors import ModelError
from ...core.events import Emit, silent
from ...core.ledger import Account
from ...core.models.model import Model
from .base import GradingFault, Judge, Judgement, Question

MAX_VERDICT_TOKENS = 2_000
"""Room for an answer where a grader file does not say how much; a model that thinks takes it from here too."""

_ABOUT_THE_OUTPUT = frozenset({"refused", "malformed", "context_overflow"})
"""Faults that a prompt causes; those of the endpoint or the key are raised, since no output caused them."""


def judge_of(model: Model, account: Account, emit: Emit = silent) -> Judge:
    """The judge that asks `model` and pays from `account`.

    A judgement's tokens are those its call was settled at; attempts that failed before it are in the ledger only.
    """

    async def judge(question: Question) -> Judgement:
        try:
            reply = await model.call(
                question.messages,
                account=account,
                output=question.output,
                effort=question.effort,
                max_completion_tokens=question.max_completion_tokens or MAX_VERDICT_TOKENS,
                seed=question.seed,
                temperature=question.temperature,
                emit=emit,
            )
        except ModelError as error:
            if error.kind not in _ABOUT_THE_OUTPUT:
                raise
            raise GradingFault(f"the judge gave no verdict ({error.kind})") from error
        return Judgement(reply.text, reply.usage.total_tokens)

    return judge
