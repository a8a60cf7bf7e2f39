"""Preferences: pairs of plans, or judged plans, go in; a planner that writes more of the better ones comes out.

DPO (Rafailov et al. 2023, arXiv 2305.18290) takes pairs, KTO (Ethayarajh et al. 2024, arXiv 2402.01306) single
judgements such as users' ratings; both through TRL. The reference is the model as it was at the beginning.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..evals.worlds.base import Problem
from ..planner.plan import Plan
from .errors import RecipeError
from .planner.prompt import completion_ids, prompt_ids
from .recipe import Recipe
from .running import Hooks, common_arguments, fit
from .sft import lora
from .sources.worlds import RL_SEEDS, expected_value, judged_rows, preference_rows, prompt_of, world_of
from .tiny.folder import Card


def sampled_rows(model: Any, tokenizer: Any, card: Card, recipe: Recipe) -> Iterator[dict[str, Any]]:
    """Rows from a world: groups of plans that the planner itself writes, compared by what comes of them."""
    from .planner.backend import local_sampler

    world, group = world_of(recipe.data), recipe.prefer.group
    sampler = local_sampler(model, tokenizer, card, temperature=1.0)
    wanted = recipe.prefer.steps * recipe.prefer.batch
    problems = [world.problem(RL_SEEDS + at) for at in range(min(recipe.data.problems, wanted))]
    plans: list[list[Plan]] = []
    for at in range(0, len(problems), _AT_ONCE):
        prompts = [prompt_ids(tokenizer, prompt_of(card, each)) for each in problems[at : at + _AT_ONCE]]
        drawn = sampler.sample(prompts, group=group, max_tokens=recipe.prefer.max_tokens, seed=recipe.seed + at)
        texts = [drawn[place : place + group] for place in range(0, len(drawn), group)]
        plans += [[each.plan for each in group if each.plan is not None] for group in texts]

    def value(problem: Problem, plan: Plan) -> float:
        return expected_value(world, problem, plan)

    pairs = preference_rows(card, problems, plans, value)
    return pairs if recipe.prefer.loss == "dpo" else judged_rows(pairs)


_AT_ONCE = 16


def fitting_rows(tokenizer: Any, rows: Iterable[Mapping[str, Any]], recipe: Recipe) -> list[dict[str, Any]]:
    """Rows that are not longer than the limit and whose words the tokenizer knows.

    Raises:
        RecipeError: when none is left, or KTO lacks one of its two labels.
    """
    kept = [dict(row) for row in rows if _longest(tokenizer, row) <= recipe.prefer.max_tokens]
    if not kept:
        raise RecipeError(
            "There are no preferences to train on.",
            hint="DPO needs two plans for one brief with different scores, KTO scored runs; check prefer.max_tokens.",
        )
    if "label" in kept[0] and len({row["label"] for row in kept}) < 2:
        raise RecipeError("All rows have the same label.", hint="KTO needs wanted and unwanted plans: rate some runs.")
    return kept


def train_preferences(
    model: Any, tokenizer: Any, rows: Sequence[Mapping[str, Any]], recipe: Recipe, output: Path, hooks: Hooks
) -> Any:
    """Train `model` on rows with `chosen` and `rejected`, or with `label`; the trained model comes out."""
    from datasets import Dataset  # type: ignore[import-untyped]

    config, kind = _trl(recipe.prefer.loss)
    arguments = config(
        **common_arguments(recipe, recipe.prefer, output, steps=recipe.prefer.steps),
        max_length=recipe.prefer.max_tokens,
        beta=recipe.prefer.beta,
    )
    adapters = lora(recipe.model)
    trainer = kind(
        model=model,
        # With adapters TRL takes the model without them for the reference.
        ref_model=None if adapters else copy.deepcopy(model),
        args=arguments,
        train_dataset=Dataset.from_list([dict(row) for row in rows]),
        processing_class=tokenizer,
        peft_config=adapters,
        callbacks=list(hooks.callbacks),
    )
    return fit(trainer, output, hooks)


def _trl(loss: str) -> tuple[Any, Any]:
    if loss == "dpo":
        from trl.trainer.dpo_config import DPOConfig
        from trl.trainer.dpo_trainer import DPOTrainer

        return DPOConfig, DPOTrainer
    from trl.trainer.kto_config import KTOConfig
    from trl.trainer.kto_trainer import KTOTrainer

    return KTOConfig, KTOTrainer


def _longest(tokenizer: Any, row: Mapping[str, Any]) -> int:
    answers = [row[column] for column in ("chosen", "rejected", "completion") if column in row]
    return len(prompt_ids(tokenizer, row["prompt"])) + max(len(completion_ids(tokenizer, each)) for each in answers)
