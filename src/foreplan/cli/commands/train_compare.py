"""`foreplan train compare-rewards`: the same tiny planner is trained under each reward; a page compares them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from foreplan.cli.commands.train import say, say_estimate
from foreplan.core.errors import InputError
from foreplan.memory.files import storage_errors, write_atomic
from foreplan.train.planner.model import need_extra
from foreplan.train.recipe import load_recipe

PAGE = "rewards.html"


def main(**flags: Any) -> int:
    """Train them all; 0 when the page is written.

    Raises:
        ForeplanError: when a recipe or the folder cannot be used.
    """
    recipe = load_recipe(flags["recipe"])
    need_extra("Training")
    from foreplan.train.compare.rewards import compare_rewards, rewards_to_compare
    from foreplan.train.estimate import estimate_comparison
    from foreplan.train.page.compare import compare_page
    from foreplan.train.planner.model import quiet

    quiet()
    folder: Path = flags["output"]
    rewards = rewards_to_compare(recipe)
    wanted = flags["reward"] or list(rewards)
    unknown = [name for name in wanted if name not in rewards]
    if unknown:
        raise InputError(f"There is no reward {unknown[0][:100]!r}.", hint=f"There are: {', '.join(rewards)}.")
    if flags["dry_run"]:
        say_estimate(estimate_comparison(recipe, seeds=flags["seeds"], rewards=len(wanted)), as_json=flags["as_json"])
        return 0
    with storage_errors(f"write to {folder}", hint="Name a folder that you may write to."):
        folder.mkdir(parents=True, exist_ok=True)
    trained = []
    for each in compare_rewards(
        folder,
        recipe=recipe,
        seeds=range(recipe.seed, recipe.seed + flags["seeds"]),
        rewards={name: rewards[name] for name in wanted},
        problems=recipe.data.held_out,
        say=say,
    ):
        trained.append(each)
        say(f"  regret {each.sampled.regret:.3f}, success {each.sampled.success:.2f}, ${each.sampled.spend:.6f} a task")
        # Written anew after each, so that a comparison that is stopped leaves what it has.
        write_atomic(folder / PAGE, compare_page(trained, recipe.about).encode())
    if flags["as_json"]:
        print(json.dumps([asdict(each) for each in trained]))
    say(f"The comparison is in {folder / PAGE}")
    return 0
