"""Reinforcement learning from one end to the other: a recipe goes in, a planner that was paid for its plans comes out.

    world ──► curriculum ──► sampler ──► executor ──► reward ──► credit per token ──► PlannerTrainer

Everything here is wiring; what it is about stands in the modules it names. Law: equal recipes and seeds give equal
trainings, also when one was killed and went on from its last checkpoint.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import PrinterCallback

from ..evals.worlds.base import Problem
from .choices import Choices
from .credit import Advantages
from .curriculum import WorldCurriculum
from .grammar.compact import NUMBERS
from .held_out import scale_of
from .journal import Journal
from .planner.backend import local_sampler
from .planner.grammars import grammar_of, schema_for
from .planner.model import Start
from .planner.prompt import prompt_ids
from .recipe import Recipe
from .reward.base import Reward
from .reward.compose import compose
from .reward.remember import Remembered
from .rollout import Episode, Executor, Sampler
from .running import CHECKPOINTS, Hooks, reporting, trained_by
from .sft import lora
from .simulate import simulation
from .sources.worlds import RL_SEEDS, common_rules, prompt_of, world_of
from .trainer.checkpoints import last_checkpoint
from .trainer.collect import Collector
from .trainer.config import RLConfig
from .trainer.planner_trainer import PlannerTrainer
from .trainer.ports import PromptOf, Publish
from .watch import Watching

_LOOKED_AT = 64
"""Problems that are looked at for what the schema must allow; it is one for all of them."""


def train_rl(
    begun: Start,
    recipe: Recipe,
    output: Path,
    hooks: Hooks,
    *,
    sampler: Sampler | None = None,
    executor: Executor | None = None,
    reward: Reward | None = None,
    publish: Publish | None = None,
) -> Any:
    """Train a planner on a world; the trained model comes out.

    Args:
        begun: the planner to begin with, best one that writes plans already.
        recipe: all choices.
        output: the folder of the training: checkpoints, numbers and sampled plans.
        hooks: what goes along.
        sampler: draws plans; in this process when None.
        executor: finds out what comes of them; the world's simulation when None.
        reward: pays them; the recipe's when None.
        publish: gives new weights to a sampler elsewhere.

    Raises:
        TrainingPaused: when nothing could be executed; a checkpoint was written.
        RecipeError: when the world has no simulation and no executor is given.
    """
    world, paid = world_of(recipe.data), Remembered(reward or compose(reward_config(recipe)))
    schema = schema_for(begun.card, common_rules(world.problem(RL_SEEDS + at) for at in range(_LOOKED_AT)))
    grammar = grammar_of(begun.card, begun.tokenizer, schema)
    if sampler is None and recipe.server.base_url:
        from .remote.connect import connected

        sampler, publish = connected(begun, recipe, output, schema=schema, grammar=grammar)
    sampler = sampler or local_sampler(
        begun.model, begun.tokenizer, begun.card, temperature=recipe.rl.temperature, schema=schema
    )
    choices = Choices(paid, NUMBERS, explore=recipe.rl.explore, steps=recipe.rl.steps)
    journal = Journal(output)
    trainer = PlannerTrainer(
        begun.model,
        begun.tokenizer,
        rl_config(recipe),
        _collector(begun, recipe, paid, sampler, executor or simulation(world, recipe)),
        folder=output / CHECKPOINTS,
        grammar=grammar,
        peft_config=lora(recipe.model),
        choices=choices if begun.card.codec == "compact" else None,
        watch=Watching(paid, journal, regret=regret_of),
        publish=publish,
        callbacks=hooks.callbacks,
        cpu=on_cpu(),
    )
    checkpoint = last_checkpoint(output / CHECKPOINTS) if hooks.resume else None
    journal.cut(int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0)
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return trained_by(trainer)


def _collector(begun: Start, recipe: Recipe, paid: Reward, sampler: Sampler, executor: Executor) -> Collector:
    """Where the episodes of a training come from."""
    world, table = world_of(recipe.data), recipe.rl
    return Collector(
        curriculum=WorldCurriculum(world, first=RL_SEEDS, problems=recipe.data.practice, dials=recipe.data.dials),
        prompt=prompt_maker(begun),
        sampler=sampler,
        executor=executor,
        advantages=Advantages(paid, explore=table.explore, steps=table.steps),
        group=table.group,
        max_tokens=table.max_tokens,
        refills=table.refills,
    )


def rl_config(recipe: Recipe) -> RLConfig:
    """The table `[rl]`, with the recipe's seed and reports where it does not say otherwise."""
    seed = {} if "seed" in recipe.rl.model_fields_set else {"seed": recipe.seed}
    return recipe.rl.model_copy(update={**seed, "trl": {"report_to": reporting(recipe), **recipe.rl.trl}})


def prompt_maker(begun: Start) -> PromptOf:
    """Makes the prompt of a problem, as this planner reads it."""

    def prompt(problem: Problem) -> list[int]:
        return prompt_ids(begun.tokenizer, prompt_of(begun.card, problem))

    return prompt


def reward_config(recipe: Recipe) -> Any:
    """The reward's weights, with the length limit of the sampler."""
    return recipe.reward.model_copy(update={"max_tokens": max(8, recipe.rl.max_tokens)})


def regret_of(episode: Episode) -> float | None:
    """How much worse than the best plan an episode's executions were, as a share of what the task is worth."""
    scale = scale_of(episode.problem)
    if not scale or not episode.outcomes:
        return None
    return sum(each.best - each.utility for each in episode.outcomes) / len(episode.outcomes) / scale


def on_cpu() -> bool:
    """Whether there is no GPU."""
    import torch

    return not torch.cuda.is_available()
