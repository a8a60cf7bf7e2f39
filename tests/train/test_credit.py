"""Credit: each part of the reward reaches the tokens that cause it, at unchanged prices, with little noise."""

import statistics
from dataclasses import replace

import pytest
from support.training import MARKET, problem_with, with_subtask

pytest.importorskip("numpy")
pytest.importorskip("tokenizers")
pytest.importorskip("torch")

from foreplan.evals.worlds.market.pool import HOPELESS
from foreplan.evals.worlds.market.simulation import happen
from foreplan.planner.codec import encode
from foreplan.planner.plan import Plan
from foreplan.train.credit import Advantages, groups
from foreplan.train.execute.market import Kept, MarketExecutor
from foreplan.train.grammar.compact import plain_plan
from foreplan.train.grammar.reading import read_compact
from foreplan.train.reward.base import causes
from foreplan.train.reward.compose import RewardConfig, compose
from foreplan.train.rollout import Episode, Rollout
from foreplan.train.tiny.words import ids_of

PROBLEM = problem_with(4, 5, 3)
UTILITY_ONLY = RewardConfig(structure=0, structure_floor=0, success=0, tokens=0)


def written(plan: Plan) -> Rollout:
    """The plan as the tiny planner writes it, with the place of each field."""
    ids = ids_of(encode(plain_plan(plan)))
    text, read, spans = read_compact(ids)
    assert read is not None
    return Rollout([1], ids, [-1.0] * len(ids), [True] * len(ids), text, read, spans=spans)


def variant(place: int, **fields: object) -> Plan:
    """The best plan with one subtask changed."""
    plan = MARKET.best_plan(PROBLEM, cover=True)
    subtasks = list(plan.subtasks)
    subtasks[place] = subtasks[place].model_copy(update=fields)
    return plan.model_copy(update={"subtasks": tuple(subtasks)})


def executed(*plans: Plan) -> list[Episode]:
    return MarketExecutor().execute(PROBLEM, [written(each) for each in plans], seed=0)


def tokens_of(rollout: Rollout, subtask: str, name: str) -> range:
    return range(*rollout.spans[subtask, name])


def test_a_budget_is_credited_with_its_part_and_what_waits_for_it_alone():
    plan = MARKET.best_plan(PROBLEM, cover=True)
    first, second, third = (each.id for each in plan.subtasks)
    rollout = written(plan)
    reached = {at for start, end in causes(rollout, [third]) or () for at in range(start, end)}
    assert reached.issuperset(tokens_of(rollout, third, "budget"))
    assert reached.issuperset(tokens_of(rollout, first, "budget"))
    assert reached.isdisjoint(tokens_of(rollout, second, "budget"))
    assert reached.issuperset(tokens_of(rollout, second, "id"))
    assert reached.isdisjoint(at for name in ("success", "tokens_p50") for at in tokens_of(rollout, first, name))


def test_a_worse_budget_is_told_by_its_own_tokens():
    episodes = executed(variant(1), variant(1, budget=30_000), variant(1), variant(1))
    rows = Advantages(compose(UTILITY_ONLY))(episodes)
    first, second, _ = (each.id for each in variant(1).subtasks)
    good, bad = episodes[0].rollout, episodes[1].rollout
    assert all(rows[1][at] < 0 for at in tokens_of(bad, second, "budget"))
    assert all(rows[0][at] > 0 for at in tokens_of(good, second, "budget"))
    assert all(rows[1][at] == pytest.approx(0) for at in tokens_of(bad, first, "budget"))


def test_forecasts_reach_their_own_tokens_only():
    worse = variant(0).subtasks[0].forecast.model_copy(update={"tokens_p50": 36_000, "tokens_p90": 36_000})
    episodes = executed(variant(0), variant(0, forecast=worse))
    rows = Advantages(compose(RewardConfig()))(episodes)
    own = variant(0).subtasks[0].id
    told = {at for at, value in enumerate(rows[1]) if abs(value) > 1e-9}
    wanted = {at for name in ("tokens_p50", "tokens_p90") for at in tokens_of(episodes[1].rollout, own, name)}
    assert told == wanted
    assert all(rows[1][at] < 0 for at in told)


def test_an_episode_that_could_not_be_executed_is_left_out_of_everything():
    plans = [variant(0), variant(0, budget=200), variant(0, budget=30_000)]
    whole = executed(*plans)
    with_error = [*whole, Episode(PROBLEM, written(variant(0, budget=10_000)), error="endpoint down")]
    rows = Advantages(compose(RewardConfig()))(with_error)
    assert rows[:3] == Advantages(compose(RewardConfig()))(whole)
    assert not any(rows[3])


def test_equal_plans_teach_nothing():
    rows = Advantages(compose(RewardConfig()))(executed(variant(0), variant(0)))
    assert not any(value for row in rows for value in row)


def test_prices_do_not_depend_on_what_else_is_in_the_batch():
    """What one budget is worth against another is the same whatever scale the batch gives."""
    ratios = set()
    plans = [variant(0), variant(0, budget=400), variant(0, budget=30_000)]
    episodes = executed(*plans)
    alone = Advantages(compose(UTILITY_ONLY))(episodes)
    other = problem_with(HOPELESS, 9, 9)
    more = MarketExecutor().execute(
        other, [written(MARKET.best_plan(other, cover=True)), written(MARKET.best_plan(other))], seed=0
    )
    together = Advantages(compose(UTILITY_ONLY))([*episodes, *more])
    for place in range(3):
        own = plans[place].subtasks[0].id
        at = tokens_of(episodes[place].rollout, own, "budget").start
        ratios.add(round(alone[place][at] / together[place][at], 6))
    assert len(ratios) == 1


def test_groups_are_runs_of_one_problem():
    other = problem_with(4, HOPELESS, 3)
    episodes = [Episode(each, written(variant(0))) for each in (PROBLEM, PROBLEM, other)]
    assert list(groups(episodes)) == [[0, 1], [2]]
    assert list(groups([replace(episodes[0], error="gone"), *episodes[1:]])) == [[1], [2]]


@pytest.mark.parametrize("budgets", [(400, 566, 336), (800, 1_131, 800), (238, 2_691, 336)])
def test_kept_needs_score_budgets_with_less_noise_and_the_same_mean(budgets):
    """Averaging over all combinations of kept draws, against averaging as many single executions."""
    plan = MARKET.best_plan(PROBLEM, cover=True)
    subtasks = [each.model_copy(update={"budget": to}) for each, to in zip(plan.subtasks, budgets, strict=True)]
    plan = plan.model_copy(update={"subtasks": tuple(subtasks)})
    kept, played = [], []
    for seed in range(400):
        problem = PROBLEM.model_copy(update={"seed": seed})
        found = Kept(problem).expected(plan)
        kept.append(0.002 * 3 * found.reward - sum(found.dollars.values()))
        played.append(statistics.fmean(happen(problem, plan, draw).utility for draw in range(8)))
    exact = MARKET.expected(PROBLEM, plan).utility
    error = statistics.stdev(played) / 400**0.5
    assert statistics.fmean(kept) == pytest.approx(exact, abs=4 * error)
    assert statistics.fmean(played) == pytest.approx(exact, abs=4 * error)
    assert statistics.variance(kept) < 1.02 * statistics.variance(played)
    single = statistics.variance(happen(PROBLEM.model_copy(update={"seed": s}), plan, 0).utility for s in range(400))
    assert statistics.variance(kept) < single / 5


def test_what_shares_its_pay_with_a_budget_is_not_told_how_lucky_the_budget_was():
    episodes = executed(variant(1), variant(1, budget=30_000), variant(1, budget=400))
    rows = Advantages(compose(UTILITY_ONLY))(episodes)
    own = variant(1).subtasks[1].id
    for row, episode in zip(rows, episodes, strict=True):
        budget = tokens_of(episode.rollout, own, "budget")
        assert all(value == pytest.approx(0, abs=1e-6) for at, value in enumerate(row) if at not in budget)
        assert all(abs(row[at]) > 0.1 for at in budget)


def test_while_budgets_explore_layout_hears_of_structure_alone():
    """A part that is given far too much pays better when it waits for a hopeless one; that is not to be learned."""
    problem = problem_with(HOPELESS, 5, 3)
    plan = MARKET.best_plan(problem, cover=True)
    first, second, _ = (each.id for each in plan.subtasks)
    right = with_subtask(plan, second, lambda each: each.model_copy(update={"budget": 36_204}))
    wrong = with_subtask(right, second, lambda each: each.model_copy(update={"depends_on": (first,)}))
    episodes = MarketExecutor().execute(problem, [written(right), written(wrong)], seed=0)
    place = tokens_of(episodes[1].rollout, second, "depends_on").start
    told = Advantages(compose(RewardConfig()))(episodes)[1][place]
    held = Advantages(compose(RewardConfig()), explore=0.1, steps=100)(episodes)[1][place]
    assert told > 0 > held


def test_layout_that_is_right_is_not_shaken_by_what_little_is_left():
    """Two plans that differ in a worker alone: that is told in full, their layout by what is at stake."""
    episodes = executed(variant(0), variant(0, worker="cat"))
    rows = Advantages(compose(UTILITY_ONLY))(episodes)
    own, rollout = variant(0).subtasks[0].id, episodes[1].rollout
    assert all(abs(rows[1][at]) == pytest.approx(1) for at in tokens_of(rollout, own, "worker"))
    assert all(0 < abs(rows[1][at]) < 0.5 for at in tokens_of(rollout, own, "id"))


def test_exploring_pays_unlikely_budgets_at_first_and_filler_never():
    episodes = executed(variant(0), variant(0, budget=400))
    own = variant(0).subtasks[0].id
    place = tokens_of(episodes[0].rollout, own, "budget").start
    rare = [-3.0 if at == place else -1.0 for at in range(len(episodes[0].rollout.completion_ids))]
    episodes[0] = replace(episodes[0], rollout=replace(episodes[0].rollout, logprobs=rare))

    def rows(step: int, explore: float = 0.5) -> list[list[float]]:
        advantages = Advantages(compose(RewardConfig()), explore=explore, steps=100)
        advantages.step = step
        return advantages(episodes)

    plain = rows(0, 0.0)
    gained = [with_bonus - without for with_bonus, without in zip(rows(0)[0], plain[0], strict=True)]
    assert gained[place] == max(gained) > 0
    layout = [at for name in ("id", "depends_on") for at in tokens_of(episodes[0].rollout, own, name)]
    assert all(gained[at] == pytest.approx(0, abs=1e-9) for at in layout)
    assert rows(60)[0][place] - rows(60, 0.0)[0][place] < gained[place]
    assert rows(90) == rows(90, 0.0)


def test_exploring_gives_a_group_of_equal_plans_nothing_to_learn():
    assert not any(
        map(any, Advantages(compose(RewardConfig()), explore=0.5, steps=100)(executed(variant(0), variant(0))))
    )
