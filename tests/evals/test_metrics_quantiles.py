"""Scores of token forecasts: against scikit-learn without caps, against the truth with them."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreplan.evals.errors import DataError
from foreplan.evals.metrics.quantiles import QuantileScore, pinball, score_quantile

TOKENS = st.integers(1, 100_000)
QUANTILES = st.sampled_from([0.1, 0.5, 0.9])


def scored(
    quantile: float, forecasts: list[float], spent: list[float], capped: list[bool] | None = None
) -> QuantileScore:
    found = score_quantile(quantile, forecasts, spent, capped or [False] * len(spent))
    assert found is not None
    return found


@given(st.lists(st.tuples(TOKENS, TOKENS), min_size=1, max_size=50), QUANTILES)
@settings(deadline=None)
def test_without_caps_the_loss_is_scikit_learns(rows: list[tuple[int, int]], quantile: float) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    forecasts, needs = [float(said) for said, _ in rows], [float(need) for _, need in rows]
    found = scored(quantile, forecasts, needs)
    logs = [[math.log(value) for value in column] for column in (needs, forecasts)]
    assert found.loss == pytest.approx(metrics.mean_pinball_loss(*logs, alpha=quantile), abs=1e-12)
    assert found.coverage == sum(need <= said for said, need in rows) / len(rows)
    assert found.undecided == 0


@given(st.lists(st.tuples(TOKENS, TOKENS, st.booleans()), min_size=2, max_size=40), TOKENS, QUANTILES)
def test_no_single_number_beats_climatology(rows: list[tuple[int, int, bool]], constant: int, quantile: float) -> None:
    _, spent, capped = zip(*rows, strict=True)
    found = score_quantile(quantile, [constant] * len(rows), spent, capped)
    if all(capped):
        assert found is None
    else:
        assert found is not None
        assert found.loss >= found.climatology_loss - 1e-9
        assert found.skill is None or found.skill <= 1e-6
        assert 0 <= found.coverage <= 1 + 1e-9


@given(st.lists(st.tuples(TOKENS, TOKENS, st.booleans()), min_size=1, max_size=40), st.randoms())
def test_a_score_does_not_depend_on_the_order_of_rows(rows: list[tuple[int, int, bool]], draw: random.Random) -> None:
    shuffled = draw.sample(rows, len(rows))
    assert score_quantile(0.5, *zip(*rows, strict=True)) == score_quantile(0.5, *zip(*shuffled, strict=True))


def censored_world(rows: int = 4_000) -> tuple[list[float], list[float], list[bool]]:
    """Needs that are lognormal, and what is seen of them below caps that are drawn without looking at them."""
    draw = random.Random(5)
    needs = [math.exp(draw.gauss(6, 0.8)) for _ in range(rows)]
    caps = [math.exp(draw.gauss(6.8, 0.9)) for _ in range(rows)]
    spent = [min(pair) for pair in zip(needs, caps, strict=True)]
    return needs, spent, [need > cap for need, cap in zip(needs, caps, strict=True)]


@pytest.mark.parametrize("quantile", [0.5, 0.9])
def test_under_caps_the_score_is_that_of_the_needs_themselves(quantile: float) -> None:
    needs, spent, capped = censored_world()
    assert 0.15 < sum(capped) / len(capped) < 0.4
    for constant in (math.exp(6), math.exp(7.03), math.exp(5)):
        forecasts = [constant] * len(needs)
        truth, seen = scored(quantile, forecasts, needs), scored(quantile, forecasts, spent, capped)
        taken_at_face_value = scored(quantile, forecasts, spent)
        assert seen.coverage == pytest.approx(truth.coverage, abs=0.02)
        assert seen.loss == pytest.approx(truth.loss, rel=0.04)
        assert abs(seen.loss - truth.loss) < abs(taken_at_face_value.loss - truth.loss)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(100, 5_000), QUANTILES)
def test_a_forecast_of_the_cap_is_not_perfect(whole: int, cut: int, cap: int, quantile: float) -> None:
    spent = [cap / 2] * whole + [float(cap)] * cut
    capped = [False] * whole + [True] * cut
    knows_who_is_cut = scored(quantile, spent, spent, capped)
    assert knows_who_is_cut.loss > 0
    assert knows_who_is_cut.coverage <= whole / (whole + cut) + 1e-9
    assert knows_who_is_cut.skill is None or knows_who_is_cut.skill < 1
    beyond = [cap / 2] * whole + [cap * 1.005] * cut
    assert scored(quantile, beyond, spent, capped).loss < knows_who_is_cut.loss


def test_where_all_were_cut_off_nothing_is_known() -> None:
    assert score_quantile(0.5, [100, 100], [100, 100], [True, True]) is None


def test_the_undecided_are_counted() -> None:
    found = scored(0.9, [400, 400, 50, 400], [100, 200, 100, 300], [False, True, True, False])
    assert found.undecided == 0.25
    # Of the two cut off at 100 and 200, the first is above its forecast for sure, the second needs 300: covered.
    assert found.coverage == 0.75


def test_pinball_asks_for_the_quantile() -> None:
    assert pinball(0.9, math.e, 1) == pytest.approx(0.9)
    assert pinball(0.9, 1, math.e) == pytest.approx(0.1)
    assert pinball(0.5, 0, 0) == 0


@pytest.mark.parametrize(
    ("quantile", "forecasts", "spent", "capped"),
    [
        (0.0, [1], [1], [False]),
        (1.0, [1], [1], [False]),
        (0.5, [], [], []),
        (0.5, [1], [1, 2], [False, False]),
        (0.5, [math.nan], [1], [False]),
        (0.5, [1], [math.inf], [False]),
        (0.5, [1], [-1], [True]),
    ],
)
def test_what_cannot_be_scored_is_refused(
    quantile: float, forecasts: list[float], spent: list[float], capped: list[bool]
) -> None:
    with pytest.raises(DataError):
        score_quantile(quantile, forecasts, spent, capped)
