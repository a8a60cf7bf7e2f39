"""A training written for verl: a recipe goes in; parquet files, the reward function and the command line come out.

    DIR/train.parquet, DIR/test.parquet   columns data_source, prompt, ability, reward_model, extra_info
    DIR/reward.py                         compute_score, for `custom_reward_function.path`
    DIR/run.sh                            how to start verl with them

The columns are those of verl's `RLHFDataset` (docs/preparation/prepare_data.rst of verl). Law: what is held out for
evaluation stands in test.parquet only.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...evals.errors import MissingExtra
from ...evals.worlds.base import Problem, held_out, training_seed
from ...memory.files import storage_errors
from ..planner.model import CHAT
from ..recipe import Recipe
from ..sources.worlds import RL_SEEDS, prompt_of, world_of

_REWARD = '''"""What verl pays a plan; written by foreplan train rl --recipe verl."""

from foreplan.train.verl.score import compute_score

__all__ = ["compute_score"]
'''
_LONGEST_PROMPT = 2_048
_ROWS_AT_ONCE = 8
"""Rows of the greatest length that are in a GPU's memory at once."""
_PATH = "actor_rollout_ref.model.path"


def export(recipe: Recipe, folder: Path) -> list[Path]:
    """Write everything; the files that were written.

    Raises:
        MissingExtra: when the library for parquet is missing.
        StorageError: when the folder cannot be written to.
    """
    world = world_of(recipe.data)
    practice = recipe.data.practice or recipe.data.problems
    sets = {
        "train": (world.problem(training_seed(RL_SEEDS + at)) for at in range(practice)),
        "test": (world.problem(held_out(at)) for at in range(recipe.data.held_out)),
    }
    with storage_errors(f"write to {folder}", hint="Name a folder that you may write to."):
        folder.mkdir(parents=True, exist_ok=True)
        written = [_parquet(folder / f"{name}.parquet", rows(found, recipe, name)) for name, found in sets.items()]
        for name, text in (("reward.py", _REWARD), ("run.sh", command(recipe, folder))):
            (folder / name).write_text(text, encoding="utf-8")
            written.append(folder / name)
    return written


def rows(problems: Iterator[Problem], recipe: Recipe, split: str) -> Iterator[dict[str, Any]]:
    """A row for each problem, in verl's form."""
    told = json.loads(recipe.model_dump_json(include={"data", "reward"}))
    for index, problem in enumerate(problems):
        yield {
            "data_source": f"foreplan/{problem.world}",
            "prompt": prompt_of(CHAT, problem),
            "ability": "planning",
            "reward_model": {"style": "rule", "ground_truth": json.dumps({"seed": problem.seed, "recipe": told})},
            "extra_info": {"split": split, "index": index},
        }


def command(recipe: Recipe, folder: Path) -> str:
    """The command line that starts verl with these files; the model's folder is the first argument.

    Whatever follows is handed on, such as `trainer.nnodes=4`. verl refuses an update of more prompts than a batch has,
    and wants to be told how much goes into memory at once: here tokens, for plans differ in length.
    """
    where, config = folder.resolve(), recipe.rl
    options = {
        "algorithm.adv_estimator": "grpo",
        "data.train_files": where / "train.parquet",
        "data.val_files": where / "test.parquet",
        "data.train_batch_size": config.groups,
        "data.max_prompt_length": _LONGEST_PROMPT,
        "data.max_response_length": config.max_tokens,
        "custom_reward_function.path": where / "reward.py",
        "custom_reward_function.name": "compute_score",
        "actor_rollout_ref.rollout.name": "vllm",
        "actor_rollout_ref.rollout.n": config.group,
        "actor_rollout_ref.rollout.temperature": config.temperature,
        "actor_rollout_ref.actor.ppo_mini_batch_size": config.groups,
        "actor_rollout_ref.actor.ppo_epochs": config.updates,
        "actor_rollout_ref.actor.use_dynamic_bsz": True,
        "actor_rollout_ref.actor.ppo_max_token_len_per_gpu": _ROWS_AT_ONCE * (_LONGEST_PROMPT + config.max_tokens),
        "actor_rollout_ref.rollout.log_prob_use_dynamic_bsz": True,
        "actor_rollout_ref.actor.optim.lr": config.learning_rate,
        "actor_rollout_ref.actor.clip_ratio_low": config.epsilon_low,
        "actor_rollout_ref.actor.clip_ratio_high": config.epsilon_high,
        "algorithm.norm_adv_by_std_in_grpo": False,
        "trainer.total_training_steps": config.steps,
        "trainer.save_freq": config.save_every,
    }
    said = " \\\n    ".join(shlex.quote(f"{name}={value}") for name, value in options.items())
    model = 'model="${1:?name the folder of a chat model}"'
    call = f'exec python3 -m verl.trainer.main_ppo \\\n    {said} \\\n    "$@"'
    return f'#!/bin/sh\nset -eu\n{model}\nshift\nset -- {_PATH}="$model" "$@"\n{call}\n'


def _parquet(path: Path, found: Iterator[dict[str, Any]]) -> Path:
    try:
        import pyarrow as pa  # type: ignore[import-untyped]
        import pyarrow.parquet as pq  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingExtra("pyarrow", "Exporting for verl", extra="train") from error
    pq.write_table(pa.Table.from_pylist(list(found)), path)
    return path
