"""Laws of the worlds fanout and parts: equal seeds, equal problems; the best plan is valid and nothing beats it."""

import subprocess
import sys
from importlib.metadata import version

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreplan.core.errors import SettingsError
from foreplan.evals.graders.plan_match import match
from foreplan.evals.worlds.base import HELD_OUT, Problem, held_out, training_seed
from foreplan.evals.worlds.registry import WORLDS, world
from foreplan.evals.worlds.structure import rules_of
from foreplan.planner.plan import Plan, Subtask
from foreplan.planner.validate import check_plan

FANOUT = {
    "width": st.integers(1, 6),
    "hops": st.integers(1, 4),
    "distractors": st.integers(0, 4),
    "unsolvable": st.floats(0, 1),
    "direct": st.sampled_from((0.0, 0.1, 1.0)),
    "aggregation": st.integers(-1, 4),
}
PARTS = {
    "parts": st.integers(2, 8),
    "choices": st.integers(2, 5),
    "level": st.integers(0, 3),
    "distractors": st.integers(0, 3),
    "unsolvable": st.floats(0, 1),
    "direct": st.sampled_from((0.0, 0.1, 1.0)),
}
SEEDS = st.one_of(st.integers(0, 10_000), st.integers(0, 10_000).map(held_out))
PINNED = {"fanout": "963773bdedbf0086", "parts": "6dc68d135108df68"}
"""Of a few problems; the puzzles are those of `GYM`."""
GYM = "0.1.25"


@st.composite
def problems(draw):
    name = draw(st.sampled_from(("fanout", "parts")))
    if name == "parts":
        pytest.importorskip("reasoning_gym")
    dials = draw(st.fixed_dictionaries(FANOUT if name == "fanout" else PARTS))
    found = world(name, **dials)
    return found, found.problem(draw(SEEDS))


@settings(max_examples=40, deadline=None)
@given(problems(), st.integers(0, 5))
def test_the_best_plan_is_valid_and_solves_all_that_can_be_solved(made, draw):
    found, problem = made
    plan = found.best_plan(problem)
    assert check_plan(plan, rules_of(problem.brief)) == []
    outcome = found.outcome(problem, plan, draw=draw)
    assert outcome.grade.reward == 1
    assert outcome.utility == outcome.best
    assert outcome.spent_tokens is not None
    assert all(outcome.spent_tokens[each.id] <= each.budget for each in plan.subtasks)
    impossible = {part.id for part in problem.parts if part.needed and part.difficulty > 1}
    assert {name for name, solved in (outcome.solved or {}).items() if not solved} == impossible
    if problem.parts:
        assert match(plan.subtasks, problem.parts).quality == 1


@settings(max_examples=100, deadline=None)
@given(problems(), st.data())
def test_no_change_of_the_best_plan_has_more_utility(made, data):
    found, problem = made
    best = found.best_plan(problem)
    plan = changed(best, data) if best.subtasks else data.draw(st.just(best))
    draw = data.draw(st.integers(0, 3))
    assert found.outcome(problem, plan, draw=draw).utility <= found.outcome(problem, best, draw=draw).utility + 1e-12


def changed(plan: Plan, data: st.DataObject) -> Plan:
    """The plan with subtasks left out, said twice, merged, cut loose, or given other budgets and attempts."""
    subtasks: list[Subtask] = []
    for subtask in plan.subtasks:
        what = data.draw(st.sampled_from(("keep", "keep", "drop", "twice", "loose", "budget", "attempts", "merge")))
        known = {each.id for each in subtasks}
        update: dict[str, object] = {"depends_on": tuple(each for each in subtask.depends_on if each in known)}
        if what == "loose":
            update["depends_on"] = ()
        if what == "budget":
            update["budget"] = data.draw(st.integers(100, 20_000))
        if what == "attempts":
            update |= {"attempts": 3, "select": data.draw(st.sampled_from(("vote", "best")))}
        if what == "merge" and subtasks:
            update |= {"goal": f"{subtasks[-1].goal} {subtask.goal}"[:1_000], "budget": 50_000}
        changed_one = subtask.model_copy(update=update)
        if what != "drop":
            subtasks.append(changed_one)
        if what == "twice":
            subtasks.append(changed_one.model_copy(update={"id": f"{subtask.id}-again"}))
    return plan.model_copy(update={"subtasks": tuple(subtasks)})


@settings(max_examples=25, deadline=None)
@given(problems())
def test_equal_seeds_and_dials_give_equal_problems(made):
    found, problem = made
    again = world(problem.world).problem(problem.seed, **problem.hidden["dials"])
    assert again == problem
    assert Problem.model_validate_json(problem.model_dump_json()) == problem
    assert found.problem(problem.seed + 1) != problem


@pytest.mark.parametrize("name", sorted(PINNED))
def test_problems_are_the_same_in_every_process_and_version(name):
    if name == "parts":
        pytest.importorskip("reasoning_gym")
        if version("reasoning-gym") != GYM:
            pytest.skip(f"the pinned puzzles are those of reasoning-gym {GYM}")
    script = (
        "import hashlib\n"
        "from foreplan.evals.worlds.registry import world\n"
        f"text = ''.join(world({name!r}).problem(seed).model_dump_json() for seed in (0, 1, 2, 3, {HELD_OUT}))\n"
        "print(hashlib.sha256(text.encode()).hexdigest()[:16])"
    )
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == PINNED[name]


def test_part_of_the_problems_has_nothing_to_plan_and_part_cannot_be_solved():
    made = [world("fanout").problem(seed) for seed in range(200)]
    direct = [problem for problem in made if not problem.parts]
    assert 10 <= len(direct) <= 35
    assert all(world("fanout").best_plan(problem).mode == "direct" for problem in direct)
    unsolvable = [problem for problem in made if problem.answer is None]
    assert 20 <= len(unsolvable) <= 80


def test_held_out_seeds_are_refused_for_training():
    assert training_seed(5) == 5
    with pytest.raises(ValueError, match="held out"):
        training_seed(held_out(0))


@pytest.mark.parametrize("dials", [{"width": 0}, {"breadth": 3}, {"hops": float("nan")}, {"unsolvable": 2}])
def test_wrong_dials_are_named(dials):
    with pytest.raises(SettingsError, match=next(iter(dials))):
        world("fanout", **dials).problem(0)


@pytest.mark.parametrize("name", ["nowhere", "nowhere:World", "foreplan.evals.worlds.base:Nothing", ":", "a b:C"])
def test_unknown_worlds_are_refused(name):
    with pytest.raises(SettingsError, match="world"):
        world(name)


def test_our_own_worlds_load_by_name():
    for name in WORLDS:
        if name == "parts":
            pytest.importorskip("reasoning_gym")
        made = world(name)
        assert made.name == name
        problem = made.problem(3)
        assert made.outcome(problem, made.best_plan(problem)).grade.reward > 0


def test_a_faulty_plan_earns_nothing_and_says_why():
    found = world("fanout", direct=0)
    problem = found.problem(0)
    plan = Plan(mode="direct", answer=problem.answer or "x", synthesis="", success=1, subtasks=())
    outcome = found.outcome(problem, plan)
    assert (outcome.grade.reward, outcome.utility) == (0, 0)
    assert "cited" in outcome.grade.errors[0]
