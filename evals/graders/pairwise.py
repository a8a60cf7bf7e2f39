"""Which of two outputs is better: a judge is asked twice, with the outputs' places swapped.

Laws: an output wins only when it wins in both places; anything else is a tie. How often the place decided is reported,
since a judge that prefers what it reads first says nothing about the outputs.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ...core.models.base import OutputSchema
from .base import GradingFault, Item, Judge, Question, Sample
from .judged import MAX_JUDGED_CHARS, case_mark, own_answer, sendable, told_mark, verdict_schema
from .prompts import load_prompt

Choice: TypeAlias = Literal["first", "second", "tie"]
Winner: TypeAlias = Literal["a", "b", "tie"]

_FORM: OutputSchema = verdict_schema("choice", "better", {"type": "string", "enum": ["first", "second", "tie"]})
_CHOICES: dict[str, Choice] = {"first": "first", "second": "second", "tie": "tie"}


@dataclass(frozen=True, slots=True)
class Preference:
    """The verdict on one pair.

    Attributes:
        winner: the output that was preferred in both places, or a tie.
        a_first, b_first: what the judge chose with a, and with b, in the first place; None when it gave no choice.
        errors: why it gave none.
        tokens: what both calls used.
    """

    winner: Winner
    a_first: Choice | None
    b_first: Choice | None
    errors: tuple[str, ...] = ()
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class PositionBias:
    """How far places decided, over many pairs that were judged both ways.

    Attributes:
        pairs: pairs with a choice in both calls.
        consistent: share of them in which both calls meant the same output, or a tie.
        first: share of all choices but ties that fell on the first place; 0.5 is without bias, None with ties only.
        ties: share of pairs that ended as a tie.
    """

    pairs: int
    consistent: float
    first: float | None
    ties: float


async def prefer(judge: Judge, item: Item, a: Sample, b: Sample) -> Preference:
    """Ask which output does the item's task better, both ways round.

    Raises:
        ForeplanError: when the judge cannot be reached or the budget is spent.
    """
    asked = await asyncio.gather(_choice(judge, item, a, b), _choice(judge, item, b, a), return_exceptions=True)
    for each in asked:
        if isinstance(each, BaseException):
            raise each
    (a_first, a_errors, a_tokens), (b_first, b_errors, b_tokens) = (each for each in asked if isinstance(each, tuple))
    winner: Winner = "tie"
    if a_first == "first" and b_first == "second":
        winner = "a"
    elif a_first == "second" and b_first == "first":
        winner = "b"
    return Preference(winner, a_first, b_first, a_errors + b_errors, a_tokens + b_tokens)


def position_bias(preferences: Sequence[Preference]) -> PositionBias:
    """What many preferences tell of the judge's bias for a place."""
    judged = [each for each in preferences if each.a_first is not None and each.b_first is not None]
    choices = [choice for each in judged for choice in (each.a_first, each.b_first) if choice != "tie"]
    same = [each.winner != "tie" or each.a_first == each.b_first == "tie" for each in judged]
    return PositionBias(
        pairs=len(judged),
        consistent=sum(same) / len(judged) if judged else 0.0,
        first=choices.count("first") / len(choices) if choices else None,
        ties=sum(each.winner == "tie" for each in judged) / len(judged) if judged else 0.0,
    )


async def _choice(
    judge: Judge, item: Item, first: Sample, second: Sample
) -> tuple[Choice | None, tuple[str, ...], int]:
    tokens = 0
    try:
        question, mark = _question(item, first, second)
        judgement = await judge(question)
        tokens = judgement.tokens
        better = own_answer(judgement, mark).get("better")
        if not isinstance(better, str) or better not in _CHOICES:
            raise GradingFault("the judge chose neither first, second nor tie")
    except GradingFault as fault:
        return None, (str(fault),), tokens
    return _CHOICES[better], (), tokens


def _question(item: Item, first: Sample, second: Sample) -> tuple[Question, str]:
    """The task and both outputs, in tags that no output can close: the case's mark stands in their names."""
    try:
        task = json.dumps(dict(item), ensure_ascii=False, default=str)
    except (ValueError, RecursionError) as error:
        raise GradingFault("the item cannot be written as JSON") from error
    texts = [sendable(text[:MAX_JUDGED_CHARS]) for text in (task, first.text, second.text)]
    mark = case_mark(texts)
    named = zip(("task", "first", "second"), texts, strict=True)
    shown = "\n".join(f"<{tag}-{mark}>\n{text}\n</{tag}-{mark}>" for tag, text in named)
    rules = {"role": "system", "content": f"{load_prompt('prefer')}\n\n{told_mark(mark)}"}
    return Question((rules, {"role": "user", "content": shown}), _FORM), mark
