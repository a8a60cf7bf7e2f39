"""The market: its best plan is the best there is, expectations are exact, simulated outcomes agree with them."""

import itertools
import re
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreplan.core.errors import SettingsError
from foreplan.evals.worlds.base import Problem, held_out
from foreplan.evals.worlds.market.baselines import best_constant, best_constant_abstaining, constant_plan
from foreplan.evals.worlds.market.curves import FAMILIES, Curve
from foreplan.evals.worlds.market.optimum import BUDGETS, best
from foreplan.evals.worlds.market.problem import MIXED, Setup, cue_text, setup_of
from foreplan.evals.worlds.market.prose import VERBS
from foreplan.evals.worlds.market.world import Market, best_utility, offers, regret, subtask_of
from foreplan.planner.codec import decode, encode
from foreplan.planner.plan import Plan
from foreplan.planner.validate import PlanRules, check_plan

MARKET = Market()
TRIED = BUDGETS[3:26]
DIALS: tuple[dict[str, float], ...] = (
    {},
    {"family": MIXED, "noise": 0.3},
    {"fewest_parts": 6, "most_parts": 6, "vary_pool": 1, "distractors": 1.0},
)
WORDS = re.compile(r"all|want|say|p[1-9](<p[1-9](,p[1-9])*)?|[rtcwk]|[0-9x]|\|")


def plan_of(*subtasks) -> Plan:
    return Plan(mode="plan", answer=None, synthesis="", success=0.5, subtasks=subtasks)


def problem_with(*graph: tuple[int, ...], workers: int = 1, **dials: float) -> Problem:
    """The first problem without distractors whose parts depend on each other in just this way."""
    for seed in itertools.count():
        fixed = {"fewest_parts": len(graph), "most_parts": len(graph), "distractors": 0, "trivial": 0}
        problem = MARKET.problem(seed, workers=workers, **fixed, **dials)
        if tuple(spec.parents for spec in setup_of(problem).specs) == graph:
            return problem
    raise AssertionError


def by_brute_force(problem: Problem) -> float:
    """The best expected utility over every set of parts, every worker and every budget."""
    setup: Setup = setup_of(problem)
    every = []
    for at in range(len(setup.specs)):
        blank = subtask_of(setup, at, None)
        every.append(
            [None]
            + [
                blank.model_copy(update={"worker": worker.name, "budget": budget})
                for worker in setup.pool
                for budget in TRIED
            ]
        )
    plans = (plan_of(*(each for each in chosen if each is not None)) for chosen in itertools.product(*every))
    return max(MARKET.expected(problem, plan).utility for plan in plans)


@pytest.mark.parametrize(
    ("graph", "workers", "unsolvable"),
    [
        (((), (0,)), 3, 0),
        (((), ()), 2, 0.5),
        (((), (), (0, 1)), 1, 0),
        (((), (), (1, 0)), 1, 0.4),
        (((), (0,), (0,)), 1, 0),
    ],
)
def test_no_plan_beats_the_best_plan(graph, workers, unsolvable):
    problem = problem_with(*graph, workers=workers, unsolvable=unsolvable)
    found = best(setup_of(problem))
    assert all(TRIED[0] <= each.budget <= TRIED[-1] for each in found.choices.values())
    assert found.utility == pytest.approx(by_brute_force(problem), rel=1e-12)


@pytest.mark.parametrize("dials", DIALS)
def test_the_best_plan_is_valid_and_keeps_its_promise(dials):
    for seed in range(150):
        problem = MARKET.problem(held_out(seed), **dials)
        plan = MARKET.best_plan(problem)
        rules = PlanRules(workers=tuple(each.name for each in offers(problem)))
        assert check_plan(plan, rules) == []
        assert [each.budget for each in decode(encode(plan)).subtasks] == [each.budget for each in plan.subtasks]
        expected = MARKET.expected(problem, plan)
        assert expected.utility == pytest.approx(best_utility(problem), abs=1e-12)
        assert regret(problem, expected.utility) == pytest.approx(0, abs=1e-9)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10_000), change=st.data())
def test_no_change_makes_the_best_plan_better(seed, change):
    problem = MARKET.problem(seed, trivial=0, fewest_parts=2)
    setup = setup_of(problem)
    subtasks = list(MARKET.best_plan(problem, cover=True).subtasks)
    at = change.draw(st.integers(0, len(subtasks) - 1))
    old = subtasks[at]
    updates = {
        "budget": change.draw(st.sampled_from(BUDGETS)),
        "worker": change.draw(st.sampled_from([each.name for each in setup.pool])),
        "on_missing": change.draw(st.sampled_from(["skip", "partial"])),
        "depends_on": tuple(change.draw(st.lists(st.sampled_from([each.id for each in subtasks[:at]] or ["-"])))),
    }
    subtasks[at] = old.model_copy(update=updates)
    if change.draw(st.booleans()):
        subtasks.append(old.model_copy(update={"id": "filler", "goal": change.draw(st.sampled_from(["", old.goal]))}))
    if change.draw(st.booleans()):
        subtasks.pop(change.draw(st.integers(0, len(subtasks) - 1)))
    assert MARKET.expected(problem, plan_of(*subtasks)).utility <= best_utility(problem) + 1e-12


def test_simulated_outcomes_agree_with_expectations():
    problem = problem_with((), (), (0, 1), (2,), workers=3, unsolvable=0, easiest=3, hardest=5)
    plan = MARKET.best_plan(problem, cover=True)
    first, second, join, last = (each.model_copy(update={"budget": 400}) for each in plan.subtasks)
    odd = plan_of(
        first,
        second.model_copy(update={"worker": "ant"}),
        join.model_copy(update={"on_missing": "partial"}),
        last.model_copy(update={"depends_on": (join.id, second.id)}),
        first.model_copy(update={"id": "again", "depends_on": (join.id,)}),
        last.model_copy(update={"id": "blind", "depends_on": (), "goal": "filler"}),
    )
    expected = MARKET.expected(problem, odd)
    outcomes = [MARKET.outcome(problem, odd, draw=draw) for draw in range(4_000)]
    assert 0.02 < min(expected.solved.values()) < 0.8 < max(expected.solved.values()) <= 1
    spread = statistics.stdev(each.utility for each in outcomes) / len(outcomes) ** 0.5
    assert statistics.fmean(each.utility for each in outcomes) == pytest.approx(expected.utility, abs=4 * spread)
    solved, tokens = ([getattr(each, field) or {} for each in outcomes] for field in ("solved", "spent_tokens"))
    for name in expected.solved:
        for seen, exact in ((solved, expected.solved), (tokens, expected.tokens)):
            values = [float(each[name]) for each in seen]
            error = statistics.stdev(values) / len(values) ** 0.5
            # Half a token: simulated tokens are whole.
            assert statistics.fmean(values) == pytest.approx(
                exact[name], abs=4.5 * error + (0.51 if seen is tokens else 1e-3)
            )


@pytest.mark.parametrize("family", FAMILIES)
def test_a_curve_is_what_it_draws(family):
    curve = Curve(family, 700.0, 0.8)
    needs = [curve.draw((number + 0.5) / 20_000) for number in range(20_000)]
    for cap in (100, 500, 1_500, 8_000):
        assert curve.chance(cap) == pytest.approx(sum(need <= cap for need in needs) / len(needs), abs=2e-3)
        assert curve.spend(cap) == pytest.approx(statistics.fmean(min(need, cap) for need in needs), rel=2e-3)
    for share in (0.5, 0.9):
        assert curve.chance(curve.quantile(share)) == pytest.approx(0.8 * share, rel=1e-4)


def test_needs_are_what_outcomes_draw():
    problem = problem_with((), (0,), workers=2)
    first, second = MARKET.best_plan(problem, cover=True).subtasks
    for worker in ("bee", "ant"):
        needs = MARKET.needs(problem, first.goal.split()[0], worker)
        assert len(needs) == 8
        for draw, need in enumerate(needs):
            for budget in (0, 1) if need is None else (need - 1, need):
                tried = first.model_copy(update={"worker": worker, "budget": budget})
                outcome = MARKET.outcome(problem, plan_of(tried, second), draw=draw)
                assert (outcome.solved or {})[first.id] == (budget == need)


def test_problems_are_short_repeatable_and_survive_json():
    for dials in DIALS:
        for seed in range(60):
            problem = MARKET.problem(seed, **dials)
            assert problem == MARKET.problem(seed, **dials)
            assert all(map(WORDS.fullmatch, problem.brief.goal.split())), problem.brief.goal
            read = Problem.model_validate_json(problem.model_dump_json())
            plan = MARKET.best_plan(problem)
            assert MARKET.expected(read, plan) == MARKET.expected(problem, plan)


def read_prose(text: str) -> dict[str, tuple[str, str, frozenset[str], bool]]:
    """What sentences say of each part: the verb, the level, the parents, and whether anybody asks for it."""
    told, before = {}, ""
    for sentence in text.removeprefix("please ").removesuffix(" .").split(" . "):
        names = re.findall(r"p[1-9]", sentence)
        own = (
            re.search(r"(?:comes|leads to|enough for|there is) (p[1-9])", sentence)
            or re.search(r"(p[1-9]) (?:at level|is to be)", sentence)
            or pytest.fail(sentence)
        )[1]
        verb = next((each[0] for each in VERBS.values() if each[0] in sentence or each[1] in sentence), "")
        level = (re.search(r"at level ([0-9x])", sentence) or pytest.fail(sentence))[1]
        parents = {before} if re.match(r"that|with it", sentence) else set(names) - {own}
        told[own] = verb, level, frozenset(parents), "nobody asks" not in sentence
        before = own
    return told


@given(st.integers(0, 10**6))
@settings(deadline=None)
def test_sentences_tell_everything_that_a_list_tells(seed):
    dials = {"trivial": 0, "distractors": 0.5, "most_parts": 6}
    problem = MARKET.problem(seed, prose=1, **dials)
    assert problem.hidden == MARKET.problem(seed, **dials).hidden
    specs = setup_of(problem).specs
    assert read_prose(problem.brief.goal) == {
        spec.name: (
            VERBS[spec.kind][0] if spec.needed else "",
            cue_text(spec.cue),
            frozenset(specs[at].name for at in spec.parents),
            spec.needed,
        )
        for spec in specs
    }


def test_nothing_to_plan_is_answered_at_once():
    problem = MARKET.problem(3, trivial=1)
    plan = MARKET.best_plan(problem)
    assert plan.mode == "direct"
    assert problem.brief.goal == f"say {plan.answer}"
    wrong = plan.model_copy(update={"answer": "no"})
    assert MARKET.outcome(problem, plan).grade.reward == 1
    assert MARKET.outcome(problem, wrong).grade.reward == 0
    assert MARKET.expected(problem, wrong).utility < 0 < MARKET.expected(problem, plan).utility


def test_the_smallest_budget_names_a_part_and_buys_nothing():
    problem = MARKET.problem(4, fewest_parts=4, unsolvable=1, trivial=0, distractors=0)
    covering = MARKET.best_plan(problem, cover=True)
    assert len(covering.subtasks) == 4
    assert not any(MARKET.expected(problem, covering).tokens.values())
    assert MARKET.best_plan(problem).mode == "direct"
    assert 0 < regret(problem, MARKET.expected(problem, covering).utility) < 0.05


def test_constant_budgets_are_the_best_of_their_kind():
    problems = [MARKET.problem(seed) for seed in range(80)]
    best_one, abstaining = best_constant(problems), best_constant_abstaining(problems)

    def mean_regret(worker: int, budget: int) -> float:
        plans = ((each, constant_plan(each, worker, budget)) for each in problems)
        return statistics.fmean(regret(each, MARKET.expected(each, plan).utility) for each, plan in plans)

    assert mean_regret(best_one.worker, best_one.budget) == pytest.approx(best_one.regret)
    assert all(mean_regret(0, budget) >= best_one.regret - 1e-12 for budget in BUDGETS[::4])
    assert 0 < abstaining.regret < best_one.regret


def test_what_is_reserved_and_not_spent_is_billed():
    problem = problem_with((), ())
    plan = MARKET.best_plan(problem, cover=True)
    larger = plan_of(*(each.model_copy(update={"budget": 30_000}) for each in plan.subtasks))
    free = MARKET.problem(
        problem.seed, fewest_parts=2, most_parts=2, workers=1, distractors=0, trivial=0, reservation=0
    )
    assert MARKET.expected(problem, larger).dollars > MARKET.expected(free, larger).dollars


def test_a_dial_out_of_bounds_is_refused():
    with pytest.raises(SettingsError, match="family"):
        MARKET.problem(1, family=99)
