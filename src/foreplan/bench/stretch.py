"""Beyond `calibrated_rl`: the same tiny planner where it is shown less, asked for more, or speaks and works otherwise.

    blind   demonstrations whose numbers do not follow difficulty at all
    parts   problems of up to six parts instead of four
    pools   workers whose skills, prices and speeds differ by problem, and held-out problems have pools never seen
    prose   briefs in sentences, from which parts and dependencies have to be inferred
    json    plans in JSON for prompts of chat messages, which tell of the pool's prices; words of its own
    graph   the world `fanout`: questions in prose, plans in JSON, carried out by the real graph with embedded workers

Each is one training from scratch, imitation and then RL, scored on held-out problems before and after RL.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from foreplan.evals.worlds.base import held_out
from foreplan.evals.worlds.market.baselines import best_constant, best_constant_abstaining
from foreplan.evals.worlds.market.world import Market

if TYPE_CHECKING:
    from foreplan.train.planner.model import Start
    from foreplan.train.recipe import Recipe

PROBLEMS, QUICK_PROBLEMS = 300, 8
GRAPH_PROBLEMS = 60
_QUICK_SFT: Mapping[str, Any] = {"steps": 2}
_QUICK_RL: Mapping[str, Any] = {"steps": 2, "groups": 2, "max_tokens": 60}
_WORD_ROWS = 1_000
_SHOWN = (
    "success", "rho_solvable", "rho_all", "ece", "auroc", "brier_skill", "pinball_skill", "coverage", "dep_f1", "filler"
)  # fmt: skip


class _Training(NamedTuple):
    """What differs from the recipe `tiny-cpu`.

    Attributes:
        problems: to imitate plans of; as many as imitation has rows when None.
        own_words: chat messages and JSON instead of the tiny planner's own forms.
    """

    dials: Mapping[str, float] = {}
    demonstrations: str = "weak"
    world: str = "market"
    problems: int | None = None
    own_words: bool = False
    sft: Mapping[str, Any] = {}
    rl: Mapping[str, Any] = {}


_TRAININGS = {
    "blind": _Training(demonstrations="blind"),
    "parts": _Training({"most_parts": 6}, rl={"max_tokens": 200}),
    "pools": _Training({"vary_pool": 1}),
    "prose": _Training({"prose": 1}, sft={"steps": 1_600}),
    "json": _Training(
        own_words=True,
        sft={"steps": 2_400, "max_tokens": 512},
        rl={"steps": 150, "max_tokens": 256, "learning_rate": 5e-4},
    ),
}
_GRAPH = _Training(
    {"width": 2, "hops": 2, "distractors": 1, "aggregation": 0, "direct": 0.0}, "best", "fanout", own_words=True,
    sft={"steps": 2_000, "max_tokens": 640}, problems=6_400,
    rl={"steps": 60, "groups": 8, "max_tokens": 512, "learning_rate": 3e-4},
)  # fmt: skip


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """One row for each training, of plans drawn at temperature 1.

    Args:
        data: not used.
        quick: two steps of each stage: shows that it runs.

    Returns:
        By name, for the market: `regret_sft` and `regret_rl`; `regret_const` and `regret_const_abstaining`, of the
        constant budgets on the same problems; what else `calibrated_rl` tells of the planner after RL; `spend_ratio`;
        `greedy_regret_rl`; `cpu_minutes`. For `graph`, before and after RL: `score_...`, the mean grade of the reports;
        `coverage_...`, `dep_f1_...` and `filler_...` of the plans and `unreadable_...` of the texts; `brier_...`, of
        the plan's parts; and `score_best`, of the best plans carried out alike; `runs_per_s`, in RL.
    """
    from foreplan.train.compare.tiny import single_thread
    from foreplan.train.planner.model import quiet

    quiet()
    single_thread()
    found = {}
    with tempfile.TemporaryDirectory(prefix="foreplan-bench-") as folder:
        for name, training in _TRAININGS.items():
            found[name] = _on_market(Path(folder) / name, training, quick=quick)
            _say(name, found[name])
        found["graph"] = _on_graph(Path(folder) / "graph", quick=quick)
        _say("graph", found["graph"])
    return found


def _say(name: str, row: Mapping[str, Any]) -> None:
    print(f"{name}: {row}", file=sys.stderr, flush=True)


def _recipe(training: _Training, *, quick: bool) -> Recipe:
    from foreplan.train.compare.tiny import bench_recipe

    base = bench_recipe()
    sft = base.sft.model_copy(update={**training.sft, **(_QUICK_SFT if quick else {})})
    rl = base.rl.model_copy(update={**training.rl, **(_QUICK_RL if quick else {})})
    data = {
        "world": training.world, "dials": dict(training.dials), "demonstrations": training.demonstrations,
        "problems": sft.steps * sft.batch if quick or training.problems is None else training.problems,
    }  # fmt: skip
    return base.model_copy(update={"data": base.data.model_copy(update=data), "sft": sft, "rl": rl})


def _begun(training: _Training, recipe: Recipe) -> Start | None:
    """A planner with words of its own, where that is asked for."""
    if not training.own_words:
        return None
    from foreplan.train.planner.model import CHAT
    from foreplan.train.sources.worlds import demonstration_rows
    from foreplan.train.tiny.own_words import own_words

    few = recipe.data.model_copy(update={"problems": _WORD_ROWS})
    return own_words(demonstration_rows(CHAT, few, seed=0))


def _on_market(folder: Path, training: _Training, *, quick: bool) -> dict[str, Any]:
    from foreplan.train.compare.rewards import measured
    from foreplan.train.compare.tiny import imitated, practised

    recipe, began = _recipe(training, quick=quick), time.process_time()
    planner = imitated(recipe, folder / "sft", begun=_begun(training, recipe))
    trained = practised(planner, recipe, folder / "rl")
    minutes = (time.process_time() - began) / 60
    number = QUICK_PROBLEMS if quick else PROBLEMS
    problems = [Market().problem(held_out(each), **training.dials) for each in range(number)]
    before, after = (measured("", recipe, each, problems) for each in (planner, trained))
    return {
        "regret_sft": before.sampled.regret,
        "regret_rl": after.sampled.regret,
        "greedy_regret_rl": after.greedy.regret,
        "regret_const": best_constant(problems).regret,
        "regret_const_abstaining": best_constant_abstaining(problems).regret,
        **{name: getattr(after.sampled, name) for name in _SHOWN},
        "success_sft": before.sampled.success,
        "spend_ratio": after.sampled.spend / before.sampled.spend,
        "cpu_minutes": minutes,
    }


def _on_graph(folder: Path, *, quick: bool) -> dict[str, Any]:
    from foreplan.bench._graph_runs import Counting, scored, scored_plans
    from foreplan.evals.worlds.registry import world
    from foreplan.train.compare.tiny import imitated, practised, rollouts_of

    recipe, executor = _recipe(_GRAPH, quick=quick), Counting()
    planner = imitated(recipe, folder / "sft", begun=_begun(_GRAPH, recipe))
    began = time.perf_counter()
    trained = practised(planner, recipe, folder / "rl", executor=executor)
    seconds = time.perf_counter() - began
    fanout = world(_GRAPH.world, **_GRAPH.dials)
    problems = [fanout.problem(held_out(each)) for each in range(QUICK_PROBLEMS if quick else GRAPH_PROBLEMS)]
    found: dict[str, Any] = {}
    for stage, each in (("sft", planner), ("rl", trained)):
        drawn = rollouts_of(each, problems, temperature=1.0, max_tokens=recipe.rl.max_tokens)
        found |= {f"{name}_{stage}": value for name, value in scored(problems, drawn).items()}
    best = scored_plans(problems, [fanout.best_plan(each) for each in problems])
    return {**found, "score_best": best["score"], "runs_per_s": executor.runs / seconds}
