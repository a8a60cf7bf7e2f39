"""Kaplan-Meier against scipy and closed forms."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreplan.core.statistics import kaplan_meier, survival_quantile

ROWS = st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=60)


@given(ROWS)
@settings(deadline=None)
def test_the_curve_is_scipys(rows: list[tuple[int, bool]]) -> None:
    stats = pytest.importorskip("scipy.stats")
    ended = [value for value, whole in rows if whole]
    cut = [value for value, whole in rows if not whole]
    expected = stats.ecdf(stats.CensoredData(uncensored=ended, right=cut)).sf
    curve = kaplan_meier([value for value, _ in rows], [whole for _, whole in rows])
    assert [value for value, _ in curve] == list(expected.quantiles)
    assert [share for _, share in curve] == pytest.approx(list(expected.probabilities), abs=1e-12)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=60), st.sampled_from([0.1, 0.25, 0.5, 0.9, 1.0]))
def test_without_cuts_quantiles_are_those_of_the_values(values: list[int], quantile: float) -> None:
    curve = kaplan_meier(values, [True] * len(values))
    place = max(1, math.ceil(quantile * len(values) - 1e-9))
    assert survival_quantile(curve, quantile) == sorted(values)[place - 1]
    assert curve[-1][1] == 0


def test_a_textbook_case() -> None:
    # Six rows, two of them cut off: 5/6, then 5/6 * 3/4, then (nothing at risk ended) the same, then 0.
    curve = kaplan_meier([1, 2, 3, 4, 4, 5], [True, False, True, True, False, True])
    assert [value for value, _ in curve] == [1, 2, 3, 4, 5]
    assert [share for _, share in curve] == pytest.approx([5 / 6, 5 / 6, 5 / 8, 5 / 12, 0])


def test_what_lies_beyond_the_last_cap_is_not_known() -> None:
    curve = kaplan_meier([10, 100, 100], [True, False, False])
    assert curve[-1][0] == 100
    assert curve[-1][1] == pytest.approx(2 / 3)
    assert survival_quantile(curve, 1 / 3) == 10
    assert survival_quantile(curve, 0.5) is None
    assert survival_quantile(kaplan_meier([7, 7], [False, False]), 0.1) is None


def test_nothing_gives_nothing_and_nonsense_is_refused() -> None:
    assert kaplan_meier([], []) == ()
    with pytest.raises(ValueError, match="flags"):
        kaplan_meier([1.0], [])
    with pytest.raises(ValueError, match="not a number"):
        kaplan_meier([math.nan], [True])
