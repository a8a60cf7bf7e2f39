"""Calibration metrics against closed forms and scikit-learn."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreplan.evals.errors import DataError
from foreplan.evals.metrics.calibration import (
    auroc,
    brier,
    expected_calibration_error,
    reliability_curve,
    wilson_interval,
)

CHANCES = st.floats(0, 1, allow_nan=False)
ROWS = st.lists(st.tuples(CHANCES, st.booleans()), min_size=1, max_size=80)
GRID_ROWS = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), st.booleans()), min_size=1)


def columns(rows: list[tuple[float, bool]]) -> tuple[list[float], list[bool]]:
    return [said for said, _ in rows], [came for _, came in rows]


@given(ROWS, st.integers(1, 12))
def test_the_parts_of_brier_add_up_to_its_score(rows: list[tuple[float, bool]], bins: int) -> None:
    found = brier(*columns(rows), bins=bins)
    assert found.score == pytest.approx(found.reliability - found.resolution + found.uncertainty, abs=1e-12)
    assert found.reliability >= 0


@given(GRID_ROWS)
def test_brier_of_few_distinct_forecasts_is_murphys(rows: list[tuple[float, bool]]) -> None:
    forecasts, outcomes = columns(rows)
    base = sum(outcomes) / len(rows)
    reliability = resolution = 0.0
    for value in set(forecasts):
        came = [outcome for said, outcome in rows if said == value]
        share = sum(came) / len(came)
        reliability += len(came) * (value - share) ** 2 / len(rows)
        resolution += len(came) * (share - base) ** 2 / len(rows)
    found = brier(forecasts, outcomes)
    assert found.reliability == pytest.approx(reliability, abs=1e-12)
    assert found.resolution == pytest.approx(resolution, abs=1e-12)


@given(ROWS)
@settings(deadline=None)
def test_brier_is_that_of_scikit_learn(rows: list[tuple[float, bool]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    forecasts, outcomes = columns(rows)
    expected = metrics.brier_score_loss(outcomes, forecasts, labels=[False, True])
    assert brier(forecasts, outcomes).score == pytest.approx(expected, abs=1e-12)


def test_brier_of_known_forecasters() -> None:
    outcomes = [True, False, False, False] * 25
    perfect = brier([float(came) for came in outcomes], outcomes)
    assert (perfect.score, perfect.reliability, perfect.skill) == (0, 0, 1)
    assert perfect.resolution == pytest.approx(perfect.uncertainty) == pytest.approx(3 / 16)
    base_rate = brier([0.25] * 100, outcomes)
    assert base_rate.resolution == pytest.approx(0, abs=1e-12)
    assert base_rate.skill == pytest.approx(0, abs=1e-12)
    assert brier([0.3, 0.9], [True, True]).skill is None


def test_a_base_rate_said_with_a_little_noise_has_no_resolution() -> None:
    draw = random.Random(3)
    outcomes = [draw.random() < 0.3 for _ in range(5_000)]
    noisy = [0.3 + draw.uniform(-0.001, 0.001) for _ in outcomes]
    assert brier(noisy, outcomes).resolution < 0.002


@given(ROWS, st.randoms())
def test_no_result_depends_on_the_order_of_rows(rows: list[tuple[float, bool]], draw: random.Random) -> None:
    shuffled = list(rows)
    draw.shuffle(shuffled)
    assert reliability_curve(*columns(shuffled)) == reliability_curve(*columns(rows))
    assert brier(*columns(shuffled)) == brier(*columns(rows))
    assert auroc(*columns(shuffled)) == auroc(*columns(rows))


@given(ROWS, st.integers(1, 12))
def test_a_reliability_curve_holds_each_row_once(rows: list[tuple[float, bool]], bins: int) -> None:
    curve = reliability_curve(*columns(rows), bins=bins)
    assert sum(each.count for each in curve) == len(rows)
    assert 1 <= len(curve) <= bins or len(curve) <= len({said for said, _ in rows})
    assert [each.forecast for each in curve] == sorted(each.forecast for each in curve)
    assert all(0 <= each.low <= each.observed <= each.high <= 1 for each in curve)
    error = sum(each.count * abs(each.forecast - each.observed) for each in curve) / len(rows)
    assert expected_calibration_error(*columns(rows), bins=bins) == pytest.approx(error, abs=1e-12)


def test_bins_have_equal_mass_however_forecasts_crowd() -> None:
    draw = random.Random(7)
    forecasts = [draw.random() ** 6 for _ in range(1_000)]
    curve = reliability_curve(forecasts, [draw.random() < said for said in forecasts])
    assert [each.count for each in curve] == [100] * 10
    assert expected_calibration_error(forecasts, [True] * 1_000) > 0.8


def test_the_reliability_curve_is_scikit_learns_where_there_are_no_ties() -> None:
    calibration = pytest.importorskip("sklearn.calibration")
    draw = random.Random(11)
    forecasts = [draw.random() for _ in range(1_001)]
    outcomes = [draw.random() < said**2 for said in forecasts]
    observed, said = calibration.calibration_curve(outcomes, forecasts, n_bins=5, strategy="quantile")
    curve = reliability_curve(forecasts, outcomes, bins=5)
    # A row may be one bin further: 1,001 rows have no five equal parts.
    assert [each.forecast for each in curve] == pytest.approx(list(said), abs=0.002)
    assert [each.observed for each in curve] == pytest.approx(list(observed), abs=0.005)


@given(GRID_ROWS)
@settings(deadline=None)
def test_auroc_is_that_of_scikit_learn_with_ties(rows: list[tuple[float, bool]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    forecasts, outcomes = columns(rows)
    found = auroc(forecasts, outcomes)
    if len(set(outcomes)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(metrics.roc_auc_score(outcomes, forecasts))


@given(ROWS)
def test_auroc_depends_on_the_order_of_forecasts_alone(rows: list[tuple[float, bool]]) -> None:
    forecasts, outcomes = columns(rows)
    ranks = sorted(set(forecasts))
    by_rank = [ranks.index(said) / len(ranks) for said in forecasts]
    assert auroc(by_rank, outcomes) == auroc(forecasts, outcomes)


@given(st.integers(1, 200).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count))))
@settings(deadline=None)
def test_the_interval_is_scipys(case: tuple[int, int]) -> None:
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(*case).proportion_ci(method="wilson")
    assert wilson_interval(*case) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(
    ("forecasts", "outcomes"),
    [([], []), ([0.5], []), ([1.5], [True]), ([-0.1], [True]), ([float("nan")], [True]), ([float("inf")], [False])],
)
def test_what_is_no_forecast_is_refused(forecasts: list[float], outcomes: list[bool]) -> None:
    for metric in (brier, reliability_curve, expected_calibration_error, auroc):
        with pytest.raises(DataError):
            metric(forecasts, outcomes)
    with pytest.raises(DataError, match="bins"):
        brier([0.5], [True], bins=0)
