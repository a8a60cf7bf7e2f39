"""Spend metrics: rank correlation against scipy, regret against what is known of small cases."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreplan.evals.errors import DataError
from foreplan.evals.metrics.spend import budget_utility, cost_regret, oracle_budget, spearman

VALUES = st.integers(-5, 5)
NEEDS = st.lists(st.one_of(st.integers(1, 1_000).map(float), st.just(math.inf)), min_size=1, max_size=6)


@given(st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=40))
@settings(deadline=None)
def test_the_rank_correlation_is_scipys(rows: list[tuple[int, int]]) -> None:
    stats = pytest.importorskip("scipy.stats")
    left, right = [row[0] for row in rows], [row[1] for row in rows]
    found = spearman(left, right)
    if len(set(left)) < 2 or len(set(right)) < 2:
        assert found is None
    else:
        assert found == pytest.approx(stats.spearmanr(left, right).statistic, abs=1e-12)


def test_rank_correlation_sees_order_only() -> None:
    assert spearman([1, 2, 3], [10, 1_000, 1_001]) == pytest.approx(1)
    assert spearman([1, 2, math.inf], [3, 2, 1]) == pytest.approx(-1)
    with pytest.raises(DataError):
        spearman([1], [1, 2])
    with pytest.raises(DataError):
        spearman([1, math.nan], [1, 2])


def test_the_utility_of_a_budget_is_value_won_less_tokens_paid() -> None:
    utility = budget_utility([100, 300, math.inf], value=9, token_price=0.01)
    assert utility(0) == 0
    assert utility(99) == pytest.approx(-0.99)
    assert utility(100) == pytest.approx((9 - 3) / 3)
    assert utility(300) == pytest.approx((18 - 7) / 3)
    budget, best = oracle_budget([100, 300, math.inf], value=9, token_price=0.01)
    assert budget == 300
    assert best == pytest.approx(11 / 3)
    assert oracle_budget([5_000, math.inf], value=9, token_price=0.01) == (0, 0)
    for needs in ([], [-1.0], [math.nan]):
        with pytest.raises(DataError):
            budget_utility(needs, value=1, token_price=1)


@given(NEEDS, st.floats(0, 1_200), st.floats(0.1, 10), st.floats(1e-4, 0.1))
def test_no_budget_beats_the_oracles(needs: list[float], budget: float, value: float, price: float) -> None:
    tokens, best = oracle_budget(needs, value=value, token_price=price)
    utility = budget_utility(needs, value=value, token_price=price)
    assert utility(budget) <= best + 1e-9
    assert utility(tokens) == best >= 0


@given(st.lists(NEEDS, min_size=1, max_size=8), st.lists(st.integers(1, 1_000), min_size=1, max_size=6))
def test_knowing_more_never_costs(tasks: list[list[float]], budgets: list[int]) -> None:
    curves = [budget_utility(needs, value=2, token_price=0.004) for needs in tasks]
    oracle = [oracle_budget(needs, value=2, token_price=0.004)[1] for needs in tasks]
    for budget in budgets:
        found = cost_regret([curve(budget) for curve in curves], oracle, curves, budgets)
        assert -1e-9 <= found.abstaining <= found.constant <= found.regret + 1e-9
    best = cost_regret(oracle, oracle, curves, budgets)
    assert best.regret == 0
    assert best.cut is None or best.cut == 1


def test_regret_in_a_world_of_two_tasks() -> None:
    # One task is solved by 100 tokens, the other by none at all.
    tasks = [[100.0], [math.inf]]
    curves = [budget_utility(needs, value=3, token_price=0.01) for needs in tasks]
    oracle = [oracle_budget(needs, value=3, token_price=0.01)[1] for needs in tasks]
    found = cost_regret([curve(200) for curve in curves], oracle, curves, [50, 100, 200])
    assert (found.constant_tokens, found.abstaining_tokens) == (100, 100)
    assert found.oracle == pytest.approx(1)
    assert found.regret == pytest.approx(1.0)  # 2 tokens' worth on the hopeless task, a mean of 1
    assert found.constant == pytest.approx(0.5)
    assert found.abstaining == pytest.approx(0)
    assert found.cut == pytest.approx(-1)


def test_where_nothing_pays_the_constant_is_to_abstain() -> None:
    curve = budget_utility([math.inf], value=1, token_price=1)
    found = cost_regret([0.0], [0.0], [curve], [10, 100])
    assert (found.constant_tokens, found.constant, found.cut) == (0, 0, None)
    with pytest.raises(DataError):
        cost_regret([], [], [], [10])
    with pytest.raises(DataError):
        cost_regret([1.0], [], [curve], [10])
