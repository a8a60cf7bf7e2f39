"""Measures a planner on held-out problems and writes the pages of its training."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path

from ..evals.worlds.base import held_out
from .held_out import Measured, measure
from .journal import Journal
from .page.outputs import MOST, outputs_page
from .page.report import Sides, report_page
from .planner.backend import local_sampler
from .planner.grammars import schema_for
from .planner.model import Start
from .recipe import Recipe
from .rl import prompt_maker
from .sources.worlds import common_rules, world_of

REPORT, OUTPUTS_PAGE = "report.html", "outputs.html"


@dataclass(frozen=True)
class Compared:
    """A planner before and, when it is there, after its training; `numbers` are those of the newest."""

    before: Measured
    numbers: dict[str, float]


def measured(name: str, planner: Start, recipe: Recipe) -> Measured:
    """What a planner does on the world's held-out problems, taking the likeliest token each time."""
    planner.model.train(False)
    world = world_of(recipe.data)
    asked = (world.problem(held_out(number)) for number in range(recipe.data.held_out))
    schema = schema_for(planner.card, common_rules(asked))
    return measure(
        name,
        world,
        local_sampler(planner.model, planner.tokenizer, planner.card, temperature=0.0, schema=schema),
        prompt_maker(planner),
        problems=recipe.data.held_out,
        max_tokens=recipe.rl.max_tokens,
    )


def write_curves(folder: Path, recipe: Recipe, how: str) -> None:
    """Write the report of a training by rows, which is not rewarded: its curves."""
    _write_report(folder, f"{how}, seed {recipe.seed}.", {})


def write_pages(folder: Path, recipe: Recipe, planner: Start, before: Compared | None) -> Compared:
    """Measure, and write report and outputs as far as the training has come."""
    found = measured("before RL" if before is None else "after RL", planner, recipe)
    sides = {"before RL": found} if before is None else {"before RL": before.before, "after RL": found}
    about = [recipe.about, f"World {recipe.data.world}, {recipe.rl.steps} steps, seed {recipe.seed}."]
    _write_report(folder, " ".join(filter(None, about)), sides)
    journal = Journal(folder)
    newest, total = deque(journal.outputs(), maxlen=MOST), sum(1 for _ in journal.outputs())
    (folder / OUTPUTS_PAGE).write_text(outputs_page(f"Plans of {folder.name}", newest, total=total), encoding="utf-8")
    numbers = {"success": found.success, "tokens": found.tokens, "dollars": found.dollars}
    if found.regret is not None:
        numbers["regret"] = found.regret
    return Compared(before.before if before else found, numbers)


def _write_report(folder: Path, about: str, sides: Sides) -> None:
    text = report_page(f"Training of {folder.name}", about, list(Journal(folder).numbers()), sides)
    (folder / REPORT).write_text(text, encoding="utf-8")
