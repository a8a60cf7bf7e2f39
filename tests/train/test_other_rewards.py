"""Published rewards do what their papers say; scores of planners hold against plans whose worth is known."""

import itertools
from dataclasses import replace

import pytest
from support.training import MARKET, problem_with, rollout_of, with_subtask

pytest.importorskip("numpy")

from foreplan.evals.metrics.spend import spearman
from foreplan.evals.worlds.base import held_out
from foreplan.evals.worlds.market.baselines import constant_plan
from foreplan.evals.worlds.market.pool import HOPELESS
from foreplan.train.compare.scores import scores
from foreplan.train.credit import Advantages
from foreplan.train.demonstrate import BLIND, WEAK, demonstration, demonstrations
from foreplan.train.reward.base import total
from foreplan.train.reward.others import OTHERS, Alp, GatedCost, GatedMetrics, LengthPenalty, OutcomeOnly
from foreplan.train.rollout import Episode, Expected

PROBLEM = problem_with(4, 5, 3)
PLAN = MARKET.best_plan(PROBLEM)


def came(done: float, tokens: float = 100, dollars: float = 0.001) -> Episode:
    expected = Expected(done, done, {}, {"": dollars}, {"all": tokens})
    return Episode(PROBLEM, rollout_of(PROBLEM, PLAN), expected=expected)


def values(reward, *episodes: Episode) -> list[float]:
    return [total(earned) for earned in reward.score(episodes)]


def test_outcome_only_takes_no_notice_of_spend():
    assert values(OutcomeOnly(), came(1, 10), came(1, 9_000, 1.0), came(0)) == [1, 1, 0]


def test_the_length_penalty_rewards_the_shorter_right_answer_and_never_a_wrong_one():
    short, long, wrong_short, wrong_long = values(
        LengthPenalty(), came(1, 100), came(1, 300), came(0, 100), came(0, 300)
    )
    assert short == 1.25
    assert long == 0.75
    assert wrong_short == 0
    assert wrong_long == -0.25


def test_alp_charges_length_more_where_the_group_solves_more():
    def price(*group: Episode) -> float:
        long, short = values(Alp(), *group)[:2]
        return short - long

    easy = price(came(1, 1_000), came(1, 100), came(1), came(1))
    hard = price(came(1, 1_000), came(1, 100), came(0), came(0))
    assert easy == pytest.approx(2 * hard)


@pytest.mark.parametrize("reward", [GatedMetrics(), GatedCost()])
def test_gated_rewards_charge_nothing_for_a_failure(reward):
    dear, cheap, solved = values(reward, came(0, dollars=0.005), came(0, dollars=0.0001), came(1, dollars=0.001))
    assert dear == cheap == 0 < solved


@pytest.mark.parametrize("reward", OTHERS, ids=lambda each: each.name)
def test_what_is_no_plan_is_worth_least_and_all_of_them_give_advantages(reward):
    nothing = replace(rollout_of(PROBLEM, PLAN), plan=None, text="gibberish")
    group = [came(1), came(0.5, 300), Episode(PROBLEM, nothing)]
    assert min(values(reward, *group)) == values(reward, *group)[2]
    rows = Advantages(reward)(group)
    assert rows[0][0] > rows[2][0]


# --- scores ----------------------------------------------------------------------------------------------------------

HELD_OUT = [MARKET.problem(held_out(number)) for number in range(120)]


def test_the_best_plans_have_no_regret_and_honest_forecasts():
    found = scores(HELD_OUT, [MARKET.best_plan(each, cover=True) for each in HELD_OUT])
    assert 0 <= found.regret < 0.01
    assert found.rho_solvable == pytest.approx(1)
    assert found.rho_all == pytest.approx(1)
    assert found.coverage == found.dep_f1 == 1
    assert found.filler == found.unreadable == 0
    assert (found.ece or 1) < 0.05
    assert (found.brier_skill or 0) > 0.7
    assert (found.pinball_skill or 0) > 0.5


def test_a_constant_budget_has_no_skill():
    found = scores(HELD_OUT, [constant_plan(each, 0, 1_600) for each in HELD_OUT])
    assert found.rho_solvable is None
    assert (found.brier_skill or 0) < 0.01
    assert (found.pinball_skill or 0) < 0.05
    assert found.regret > 0.05


def test_budgets_of_what_waits_for_a_hopeless_part_say_nothing_of_what_can_be_solved():
    """Such a part is never begun: any budget costs as much, so no reward can teach one."""
    problem = problem_with(HOPELESS, 5, 7, 3)
    plan = MARKET.best_plan(problem, cover=True)
    last = plan.subtasks[-1].id
    other = with_subtask(plan, last, lambda each: each.model_copy(update={"budget": 30_000}))
    right, wrong = scores([problem], [plan]), scores([problem], [other])
    assert plan.subtasks[-1].depends_on == (plan.subtasks[0].id,)
    assert right.regret == pytest.approx(wrong.regret)
    assert right.rho_solvable == wrong.rho_solvable == pytest.approx(1)
    assert (wrong.rho_all or 0) < (right.rho_all or 0)


def test_texts_that_are_no_plans_count():
    found = scores(HELD_OUT, [None] * len(HELD_OUT))
    assert found.unreadable == 1
    assert found.regret > 0.4
    assert found.spend == found.success == found.coverage == 0


# --- demonstrations --------------------------------------------------------------------------------------------------


def test_demonstrations_are_right_in_form_and_weak_in_numbers():
    weak = scores(HELD_OUT, [demonstration(each) for each in HELD_OUT])
    assert weak.coverage == weak.dep_f1 == 1
    assert weak.filler == 0
    assert weak.regret > 0.2
    assert (weak.brier_skill or 0) < 0


def test_numbers_of_demonstrations_follow_difficulty_weakly_or_not_at_all():
    def relation(to: float) -> float:
        rows = [
            (subtask.budget, 10 if (cue := subtask.goal.split()[1]) == "x" else int(cue))
            for _, plan in demonstrations(400, seed=0, relation=to)
            for subtask in plan.subtasks
        ]
        return spearman([budget for budget, _ in rows], [cue for _, cue in rows]) or 0.0

    assert 0.2 < relation(WEAK) < 0.5
    assert abs(relation(BLIND)) < 0.08
    assert relation(1.0) > 0.8


def test_demonstrations_never_show_what_is_held_out():
    assert len(list(itertools.islice(demonstrations(5, seed=0), 5))) == 5
    with pytest.raises(ValueError, match="held out"):
        next(demonstrations(1, seed=held_out(0)))
