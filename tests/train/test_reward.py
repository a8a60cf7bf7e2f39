"""The reward: what a plan is worth falls with what it spends, and none of the known hacks pays."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from support.training import MARKET, episode_of, expected_reward, problem_with, rollout_of, with_subtask

from foreplan.evals.graders.base import Grade
from foreplan.evals.worlds.base import Outcome
from foreplan.evals.worlds.market.pool import HOPELESS
from foreplan.evals.worlds.market.problem import setup_of
from foreplan.evals.worlds.market.world import subtask_of
from foreplan.planner.plan import Forecast, Plan
from foreplan.train.errors import RecipeError
from foreplan.train.execute.market import Kept
from foreplan.train.reward.base import total
from foreplan.train.reward.calibration import SuccessForecast, TokenForecast, scaled_pinball
from foreplan.train.reward.compose import RewardConfig, compose, read_reward
from foreplan.train.reward.overlong import Overlong
from foreplan.train.reward.remember import Remembered
from foreplan.train.reward.spend import Spend
from foreplan.train.reward.structure import Structure
from foreplan.train.rollout import Episode, Expected

REWARD = compose(RewardConfig())
SOLVABLE = problem_with(4, 5, 3)
WITH_HOPELESS = problem_with(4, HOPELESS, 3)


def best(problem) -> Plan:
    return MARKET.best_plan(problem, cover=True)


def changed(plan: Plan, own: str, **fields: object) -> Plan:
    """The plan with other fields in one subtask."""
    return with_subtask(plan, own, lambda each: each.model_copy(update=fields))


# --- spend -----------------------------------------------------------------------------------------------------------


@given(
    bills=st.lists(st.floats(0, 1), min_size=4, max_size=4),
    more=st.floats(1e-6, 1),
    at=st.integers(0, 3),
    chances=st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_the_reward_of_a_run_falls_strictly_as_any_spend_rises(bills, more, at, chances):
    plan = best(SOLVABLE)
    keys = ["", *(each.id for each in plan.subtasks)]

    def worth(dollars: list[float]) -> float:
        outcome = Outcome(
            Grade(reward=sum(chances) / 3),
            solved=dict(zip(keys[1:], chances, strict=True)),
            spent_tokens=dict.fromkeys(keys[1:], 100),
            spent_dollars=dict(zip(keys, dollars, strict=True)),
        )
        return total(REWARD.score([Episode(SOLVABLE, rollout_of(SOLVABLE, plan), (outcome,))])[0])

    dearer = [bill + (more if place == at else 0.0) for place, bill in enumerate(bills)]
    assert worth(dearer) < worth(bills)


@given(seed=st.integers(0, 500), draw=st.integers(0, 50))
@settings(max_examples=40)
def test_outcome_less_spend_is_the_utility_of_the_run(seed, draw):
    problem = MARKET.problem(seed)
    plan, setup = best(problem), setup_of(problem)
    outcome = MARKET.outcome(problem, plan, draw=draw)
    episode = Episode(problem, rollout_of(problem, plan), (outcome,))
    config = RewardConfig(structure=0, structure_floor=0, success=0, tokens=0)
    assert total(compose(config).score([episode])[0]) == pytest.approx(outcome.utility / setup.scale)


def test_spend_is_charged_on_failure_too():
    plan = best(SOLVABLE)
    failed = Outcome(Grade(reward=0.0), solved={}, spent_tokens={}, spent_dollars={"": 1e-4, plan.subtasks[0].id: 1e-3})
    assert total(Spend(0.002).score(Episode(SOLVABLE, rollout_of(SOLVABLE, plan), (failed,)))) < -0.1


# --- hacks: none of them pays ----------------------------------------------------------------------------------------


def test_filler_subtasks_do_not_pay():
    plan = best(SOLVABLE)
    filler = plan.subtasks[0].model_copy(update={"id": "p9", "goal": "p9 1", "depends_on": (), "budget": 200})
    assert all(part.id != "p9" for part in SOLVABLE.parts)
    padded = plan.model_copy(update={"subtasks": (*plan.subtasks, filler)})
    assert expected_reward(SOLVABLE, padded) < expected_reward(SOLVABLE, plan)


@given(number=st.integers(1, 5))
def test_padding_with_trivial_subtasks_pays_less_with_each(number):
    plan = best(SOLVABLE)
    sure = Forecast(success=1.0, tokens_p50=200, tokens_p90=238)
    trivial = plan.subtasks[0].model_copy(update={"depends_on": (), "budget": 100, "forecast": sure})

    def padded(count: int) -> Plan:
        extra = [trivial.model_copy(update={"id": f"easy{at}", "goal": "say hello"}) for at in range(count)]
        return plan.model_copy(update={"subtasks": (*plan.subtasks, *extra)})

    assert expected_reward(SOLVABLE, padded(number)) < expected_reward(SOLVABLE, padded(number - 1))


def test_a_part_planned_twice_does_not_pay():
    plan = best(SOLVABLE)
    again = plan.subtasks[-1].model_copy(update={"id": "again"})
    assert expected_reward(SOLVABLE, plan.model_copy(update={"subtasks": (*plan.subtasks, again)})) < expected_reward(
        SOLVABLE, plan
    )


def test_over_declared_dependencies_do_not_pay():
    plan = best(SOLVABLE)
    chain = [each.id for each in plan.subtasks]
    declared = changed(plan, chain[2], depends_on=tuple(chain[:2]))
    assert expected_reward(SOLVABLE, declared) < expected_reward(SOLVABLE, plan)


@pytest.mark.parametrize("problem", [SOLVABLE, WITH_HOPELESS], ids=["solvable", "hopeless"])
def test_dropping_a_part_does_not_pay_even_when_it_is_hopeless(problem):
    plan = best(problem)
    for at in range(len(plan.subtasks)):
        kept = plan.subtasks[:at] + plan.subtasks[at + 1 :]
        assert expected_reward(problem, plan.model_copy(update={"subtasks": kept})) < expected_reward(problem, plan)


def test_spending_on_a_hopeless_part_does_not_pay():
    plan = best(WITH_HOPELESS)
    hopeless = next(part.id for part in WITH_HOPELESS.parts if part.difficulty > 1)
    worths = [expected_reward(WITH_HOPELESS, changed(plan, hopeless, budget=each)) for each in (100, 400, 1600, 6400)]
    assert worths == sorted(worths, reverse=True)
    assert len(set(worths)) == 4


def test_forecasting_a_failure_and_failing_does_not_pay():
    plan = best(SOLVABLE)
    never = Forecast(success=0.0, tokens_p50=200, tokens_p90=400)
    failing = plan.model_copy(
        update={
            "success": 0.0,
            "subtasks": tuple(each.model_copy(update={"budget": 100, "forecast": never}) for each in plan.subtasks),
        }
    )
    strict = RewardConfig(success=1.0, tokens=0.0)
    assert expected_reward(SOLVABLE, failing, strict) < expected_reward(SOLVABLE, plan, strict)


def test_weights_that_make_planned_failure_pay_are_refused(tmp_path):
    with pytest.raises(ValidationError, match="pay to forecast a failure"):
        RewardConfig(outcome=0.5, success=0.4, tokens=0.2)
    (tmp_path / "reward.toml").write_text("[reward]\noutcome = 0.1\n")
    with pytest.raises(RecipeError, match="pay to forecast a failure"):
        read_reward(tmp_path / "reward.toml")
    (tmp_path / "reward.toml").write_text("[reward]\nspend = nan\n")
    with pytest.raises(RecipeError, match="spend"):
        read_reward(tmp_path / "reward.toml")
    (tmp_path / "reward.toml").write_text("[reward]\nspend = 0.5\n")
    assert read_reward(tmp_path / "reward.toml") == RewardConfig(spend=0.5)


def test_forecasting_the_cap_does_not_pay():
    plan = best(SOLVABLE)
    own = plan.subtasks[0]
    honest = own.forecast
    small = changed(plan, own.id, budget=honest.tokens_p50 // 2)
    at_cap = Forecast(success=honest.success, tokens_p50=honest.tokens_p50 // 2, tokens_p90=honest.tokens_p50 // 2)
    assert _tokens(changed(small, own.id, forecast=at_cap)) < _tokens(small)


def test_sandbagging_does_not_pay():
    plan = best(SOLVABLE)
    own = plan.subtasks[0]
    worst = own.forecast.model_copy(update={"success": 0.1, "tokens_p50": 30_000, "tokens_p90": 36_000})
    assert expected_reward(SOLVABLE, changed(plan, own.id, forecast=worst)) < expected_reward(SOLVABLE, plan)


def test_saying_no_plan_at_all_is_worst():
    nothing = Episode(SOLVABLE, replace(rollout_of(SOLVABLE, best(SOLVABLE)), plan=None))
    assert total(REWARD.score([nothing])[0]) < 0


# --- forecasts -------------------------------------------------------------------------------------------------------


@given(chance=st.integers(0, 8), said=st.floats(0, 1))
def test_honest_forecasts_of_success_score_best_and_never_below_silence(chance, said):
    plan, pool = best(SOLVABLE), [True] * chance + [False] * (8 - chance)
    own = plan.subtasks[0].id
    audits = tuple(Outcome(Grade(reward=0.0), spent_tokens={own: 300}, solved={own: ok}) for ok in pool)

    def score(forecast: float) -> float:
        said_so = changed(plan, own, forecast=Forecast(success=forecast, tokens_p50=1, tokens_p90=1))
        episode = Episode(SOLVABLE, rollout_of(SOLVABLE, said_so), audits[:1], audits)
        return sum(each.value for each in SuccessForecast(1.0).score(episode) if each.about.endswith(".success"))

    assert score(said) <= score(chance / 8) + 1e-12
    assert score(chance / 8) >= 0


@given(
    needs=st.lists(st.integers(60, 40_000), min_size=8, max_size=8),
    said=st.integers(60, 40_000),
    quantile=st.sampled_from((0.5, 0.9)),
)
def test_honest_forecasts_of_tokens_score_best(needs, said, quantile):
    def loss(forecast: float) -> float:
        return sum(scaled_pinball(quantile, need, forecast) for need in needs)

    assert min(loss(need) for need in needs) <= loss(said) + 1e-9


@given(need=st.floats(0, 1e9), said=st.floats(0, 1e9), quantile=st.sampled_from((0.5, 0.9)))
def test_the_token_score_is_bounded(need, said, quantile):
    assert 0 <= scaled_pinball(quantile, need, said) <= 1


def test_audits_weigh_one_over_their_share_and_capped_runs_score_no_tokens():
    plan = best(SOLVABLE)
    audited = episode_of(SOLVABLE, plan)
    whole = total(TokenForecast(1.0).score(audited))
    assert total(TokenForecast(1.0).score(replace(audited, audit_share=0.25))) == pytest.approx(4 * whole)
    assert TokenForecast(1.0).score(replace(audited, audits=())) == []


def test_the_plans_own_forecast_is_of_success_under_its_budgets():
    plan, own = best(SOLVABLE), SuccessForecast(1.0)

    def score(said: float, came: float) -> float:
        rollout = rollout_of(SOLVABLE, plan.model_copy(update={"success": said}))
        found = Episode(SOLVABLE, rollout, expected=Expected(came, came, {}, {}, {}))
        return total(each for each in own.score(found) if each.about == "plan")

    for came in (0.0, 0.3, 1.0):
        assert score(came, came) == max(score(said / 10, came) for said in range(11))


# --- structure and length --------------------------------------------------------------------------------------------


def test_the_weight_of_structure_falls_to_its_floor():
    weights = [Structure(0.5, 0.1, 4).at(step).now for step in range(6)]
    assert weights == pytest.approx([0.5, 0.4, 0.3, 0.2, 0.1, 0.1])


def test_an_answer_at_once_is_right_structure_where_there_is_nothing_to_plan():
    trivial = next(p for p in map(MARKET.problem, itertools.count()) if p.answer is not None)
    direct = best(trivial)
    planned = Plan(
        mode="plan", answer=None, synthesis="", success=1.0, subtasks=(subtask_of(setup_of(SOLVABLE), 0, None),)
    )
    assert expected_reward(trivial, planned) < expected_reward(trivial, direct)
    assert expected_reward(trivial, direct) > 0.9


def test_plans_near_the_length_limit_are_charged_softly():
    plan = best(SOLVABLE)
    charges = [
        total(Overlong(100, 20).score(Episode(SOLVABLE, replace(rollout_of(SOLVABLE, plan), completion_ids=[5] * n))))
        for n in (70, 80, 90, 100, 120)
    ]
    assert charges == pytest.approx([0.0, 0.0, -0.5, -1.0, -1.0])


def _tokens(plan: Plan) -> float:
    return total(TokenForecast(1.0).score(replace(episode_of(SOLVABLE, plan), audits=Kept(SOLVABLE).audits(plan))))


class Counting:
    """A reward that notes what it is asked."""

    def __init__(self, reward):
        self.reward, self.asked = reward, []

    def at(self, step):
        return CountingAt(self.reward.at(step), self.asked)

    def score(self, group):
        raise AssertionError

    curves = score


class CountingAt(Counting):
    def __init__(self, reward, asked):
        super().__init__(reward)
        self.asked = asked

    def score(self, group):
        self.asked.append("score")
        return self.reward.score(group)

    def curves(self, episode):
        self.asked.append("curves")
        return self.reward.curves(episode)


def test_a_remembered_reward_says_the_same_and_is_asked_once_a_step():
    reward = compose(RewardConfig(structure=2.0, structure_floor=1.0, anneal_steps=10))
    fewer = best(SOLVABLE).model_copy(update={"subtasks": best(SOLVABLE).subtasks[:1]})
    group = [episode_of(SOLVABLE, best(SOLVABLE)), episode_of(SOLVABLE, fewer)]
    counting = Counting(reward)
    remembered = Remembered(counting)
    for step in (0, 5, 5, 0):
        now = remembered.at(step)
        assert now.score(group) == now.score(list(group)) == reward.at(step).score(group)
        assert now.curves(group[0]) is now.curves(group[0])
        assert now.curves(group[0]).keys() == reward.at(step).curves(group[0]).keys()
    assert counting.asked == ["score", "curves"] * 3
    assert remembered.at(0).score(group[::-1]) == reward.at(0).score(group[::-1])
