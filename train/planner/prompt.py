"""What a trained planner is asked: a brief goes in, the tokens of its prompt come out.

Law: these functions are the only ones that make a planner's prompt, for training and for running alike, so the two are
the same byte for byte. What follows a prompt is made by `completion_ids` alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

from ...core.models.base import Message
from ...planner.brief import Brief
from ...planner.codec import encode
from ...planner.messages import WorkerOffer, planner_messages
from ...planner.plan import Plan
from ...planner.validate import PlanRules
from ..errors import RecipeError
from ..tiny.folder import Card

Said: TypeAlias = str | list[Message]
"""A prompt or a completion as rows have it: text, or chat messages."""


def prompt_said(
    card: Card,
    brief: Brief,
    rules: PlanRules,
    *,
    workers: Sequence[WorkerOffer] = (),
    lessons: Sequence[str] = (),
) -> Said:
    """What a planner with this card is asked, as rows have it.

    Raises:
        TrainError: when it is a tiny planner and the brief is none of the world market.
    """
    if card.prompt == "market":
        from ..tiny.prompt import tiny_prompt, tiny_prompt_ids

        tiny_prompt_ids(brief, workers)
        return tiny_prompt(brief, workers)
    return planner_messages(brief, rules, workers=workers, lessons=lessons)


def tiny_workers(workers: Sequence[WorkerOffer]) -> list[WorkerOffer]:
    """Those of a pool whose names a tiny planner knows; it leaves the choice to the run where there is none."""
    from ..tiny.words import WORKERS

    return [each for each in workers if each.name in WORKERS]


def plan_said(card: Card, plan: Plan) -> Said:
    """A plan as a planner with this card says it, as rows have it."""
    text = encode(plan) if card.codec == "compact" else json_text(plan)
    return text if card.prompt == "market" else [{"role": "assistant", "content": text}]


def json_text(plan: Plan) -> str:
    """A plan as JSON without blanks, which is how it is written under a schema."""
    return json.dumps(plan.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":"))


def prompt_ids(tokenizer: Any, said: Said) -> list[int]:
    """The tokens of a prompt: chat messages by the tokenizer's template up to where the answer begins.

    Raises:
        RecipeError: when the tokenizer has no chat template for messages, or does not know a word of the text.
    """
    if isinstance(said, str):
        return _known(tokenizer, said)
    if tokenizer.chat_template is None:
        raise RecipeError(
            "The model's tokenizer has no chat template, and the prompts are chat messages.",
            hint="Train a chat model, or give rows whose prompts are text.",
        )
    # A template is a program of the model's maker; transformers runs it in a sandbox.
    encoded = tokenizer.apply_chat_template(said, add_generation_prompt=True, tokenize=True, return_dict=True)
    return list(encoded["input_ids"])


def completion_ids(tokenizer: Any, said: Said) -> list[int]:
    """The tokens of a completion, with the end token.

    Raises:
        RecipeError: when the tokenizer does not know a word of it.
    """
    text = said if isinstance(said, str) else "".join(str(message.get("content") or "") for message in said)
    return [*_known(tokenizer, text), tokenizer.eos_token_id]


def _known(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False)
    # A tokenizer of bytes never says that it does not know; the tiny planner's does.
    if tokenizer.unk_token_id is not None and tokenizer.unk_token_id in ids:
        raise RecipeError(
            f"The model's tokenizer does not know all words of {text[:60]!r}.",
            hint="A tiny planner reads and writes plans of the world market only; choose another --model.",
        )
    return ids
