"""Estimates of what more samples buy, against going through all choices, and the law fitted to them."""

import math
import random
import statistics
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreplan.evals.errors import DataError
from foreplan.evals.metrics.coverage import (
    PowerLaw,
    Tally,
    best_of_k,
    coverage,
    coverage_curve,
    fit_power_law,
    majority_at_k,
    pass_at_k,
)

ANSWERS = st.lists(st.sampled_from(["right", "b", "c", None]), min_size=1, max_size=8)


def voted(answers: tuple[str | None, ...]) -> float:
    votes = Counter(answer for answer in answers if answer is not None)
    front = [answer for answer, count in votes.items() if count == max(votes.values())]
    return ("right" in front) / len(front) if front else 0.0


def picked(rows: tuple[tuple[float, float], ...]) -> float:
    top = max(score for score, _ in rows)
    return statistics.fmean(quality for score, quality in rows if score == top)


@given(ANSWERS, st.data())
def test_estimates_are_means_over_all_choices(answers: list[str | None], data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(answers)))
    choices = list(combinations(answers, k))
    right = answers.count("right")
    assert pass_at_k(len(answers), right, k) == pytest.approx(statistics.fmean("right" in each for each in choices))
    assert majority_at_k(answers, "right", k) == pytest.approx(statistics.fmean(map(voted, choices)))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10)), min_size=1, max_size=8), st.data())
def test_best_of_k_is_the_mean_over_all_choices(rows: list[tuple[int, int]], data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(rows)))
    scores, qualities = zip(*rows, strict=True)
    expected = statistics.fmean(picked(each) for each in combinations(rows, k))
    assert best_of_k(scores, qualities, k) == pytest.approx(expected)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_pass_at_k_rises_with_k_and_is_the_share_at_1(case: tuple[int, int]) -> None:
    samples, right = case
    curve = [pass_at_k(samples, right, k) for k in range(1, samples + 1)]
    assert curve == sorted(curve)
    assert curve[0] == pytest.approx(right / samples)
    assert curve[-1] == (right > 0)


@given(st.integers(2, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
@settings(deadline=None)
def test_pass_at_k_is_scipys_hypergeometric(case: tuple[int, int, int]) -> None:
    stats = pytest.importorskip("scipy.stats")
    samples, right, k = case
    assert pass_at_k(samples, right, k) == pytest.approx(stats.hypergeom(samples, right, k).sf(0), abs=1e-9)


@given(ANSWERS, st.data())
def test_no_way_of_choosing_beats_a_perfect_verifier(answers: list[str | None], data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(answers)))
    right = [float(answer == "right") for answer in answers]
    best = pass_at_k(len(answers), answers.count("right"), k)
    assert best_of_k(right, right, k) == pytest.approx(best)
    assert best_of_k([-each for each in right], right, k) <= best + 1e-12
    assert best_of_k([0.0] * len(right), right, k) == pytest.approx(statistics.fmean(right))
    assert majority_at_k(answers, "right", k) <= best + 1e-12


def test_many_samples_are_counted_exactly() -> None:
    assert pass_at_k(10_000, 1, 5_000) == pytest.approx(0.5)
    answers = ["right"] * 60 + [f"wrong {number}" for number in range(68)]
    assert majority_at_k(answers, "right", 64) == pytest.approx(1)
    assert majority_at_k(["right", "wrong"] * 1_000, "right", 500) == pytest.approx(0.5)


def test_the_fit_finds_the_law_it_was_drawn_from() -> None:
    law = PowerLaw(-2.0, -0.4)
    found = fit_power_law([(k, law.coverage(k)) for k in (1, 2, 5, 20, 100)])
    assert found is not None
    assert (found.a, found.b) == pytest.approx((law.a, law.b))
    assert fit_power_law([(1, 0.0), (2, 0.5), (3, 1.0)]) is None
    assert PowerLaw(-1, 300).coverage(1_000) == 0.0


def tasks(count: int = 120, samples: int = 64) -> list[Tally]:
    draw = random.Random(9)
    chances = [draw.betavariate(0.4, 2.0) for _ in range(count)]
    return [Tally(samples, sum(draw.random() < chance for _ in range(samples))) for chance in chances]


def test_the_band_holds_the_fit_and_narrows_with_tasks() -> None:
    few, many = tasks(30), tasks(300)
    ks = (1, 2, 4, 8, 16, 32, 64, 256)
    curve, narrow = coverage_curve(few, ks, resamples=200), coverage_curve(many, ks, resamples=200)
    assert curve is not None
    assert narrow is not None
    assert [point.k for point in curve] == list(ks)
    for point, closer in zip(curve, narrow, strict=True):
        assert point.low <= point.fitted <= point.high
        assert closer.high - closer.low < point.high - point.low
        if point.k > 64:
            assert point.estimated is None
        else:
            assert point.estimated == pytest.approx(coverage(few, point.k))
            assert point.fitted == pytest.approx(point.estimated, abs=0.06)
    assert coverage_curve(few, ks, resamples=50) == coverage_curve(few, ks, resamples=50)


def test_coverage_of_what_is_never_or_always_solved_has_no_law() -> None:
    assert coverage_curve([Tally(8, 0), Tally(8, 8)], [1]) is None
    assert coverage_curve([Tally(8, 8)], [1, 2, 4]) is None
    assert coverage([Tally(8, 0), Tally(8, 8)], 3) == 0.5


def test_what_cannot_be_counted_is_refused() -> None:
    for wrong in (
        lambda: pass_at_k(3, 4, 1),
        lambda: pass_at_k(3, 1, 4),
        lambda: pass_at_k(3, 1, 0),
        lambda: coverage([], 1),
        lambda: coverage_curve([], [1]),
        lambda: majority_at_k([], "a", 1),
        lambda: best_of_k([1.0], [], 1),
        lambda: best_of_k([math.nan], [1.0], 1),
    ):
        with pytest.raises(DataError):
            wrong()
