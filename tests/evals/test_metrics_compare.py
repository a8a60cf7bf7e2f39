"""Paired comparisons: against scipy's bootstrap and permutation test, and what is refused."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreplan.evals.errors import DataError
from foreplan.evals.metrics.compare import Comparison, compare, paired_difference, sign_flip_p_value
from foreplan.evals.records import EvalRecord

GAINS = st.lists(st.integers(-4, 4).map(float), min_size=2, max_size=9)


def record(planner: str, task: str, score: float, tokens: int = 100, **more: Any) -> EvalRecord:
    return EvalRecord(
        task=task,
        suite="s",
        planner=planner,
        score=score,
        solved=score == 1,
        forecast_success=0.5,
        tokens=tokens,
        **more,
    )


def side(planner: str, scores: list[float], tokens: int = 100) -> list[EvalRecord]:
    return [record(planner, f"t{place}", score, tokens) for place, score in enumerate(scores)]


@given(GAINS)
@settings(deadline=None, max_examples=40)
def test_the_exact_p_value_is_scipys(gains: list[float]) -> None:
    stats = pytest.importorskip("scipy.stats")
    expected = stats.permutation_test(
        (gains,), lambda values, axis: values.mean(axis=axis), permutation_type="samples", vectorized=True
    )
    assert sign_flip_p_value(gains) == pytest.approx(expected.pvalue)


def test_the_drawn_p_value_is_near_the_exact_one_and_never_zero() -> None:
    # 14 of 16 equal gains point one way: the binomial sign test.
    exact = 2 * sum((1, 16, 120)) / 2**16
    assert sign_flip_p_value([1.0] * 14 + [-1.0] * 2) == pytest.approx(exact, abs=0.0025)
    assert sign_flip_p_value([1.0] * 60) == 1 / 5_001
    assert sign_flip_p_value([0.0] * 20) == 1


@pytest.mark.parametrize("seed", [1, 2])
def test_the_interval_is_scipys_bca(seed: int) -> None:
    stats, numpy = pytest.importorskip("scipy.stats"), pytest.importorskip("numpy")
    draw = random.Random(seed)
    gains = [draw.expovariate(1) - 0.3 for _ in range(40)]
    expected = stats.bootstrap(
        (gains,), numpy.mean, method="BCa", n_resamples=5_000, rng=numpy.random.default_rng(seed)
    ).confidence_interval
    found = paired_difference([0.0] * 40, gains, seed=seed)
    width = expected.high - expected.low
    assert found.low == pytest.approx(expected.low, abs=0.05 * width)
    assert found.high == pytest.approx(expected.high, abs=0.05 * width)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    draw = random.Random(4)
    held = 0
    for trial in range(200):
        gains = [float(draw.random() < 0.4) - float(draw.random() < 0.3) for _ in range(60)]
        found = paired_difference([0.0] * 60, gains, resamples=400, seed=trial)
        held += found.low <= 0.1 <= found.high
    assert 180 <= held <= 199


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20))
@settings(deadline=None, max_examples=30)
def test_exchanging_the_sides_turns_the_difference(rows: list[tuple[float, float]]) -> None:
    a, b = [left for left, _ in rows], [right for _, right in rows]
    forth, back = paired_difference(a, b, resamples=200), paired_difference(b, a, resamples=200)
    assert forth.difference == pytest.approx(-back.difference)
    assert forth.low <= forth.high
    if len(rows) <= 12:
        assert forth.p_value == pytest.approx(back.p_value)


def test_tokens_of_both_sides_are_stated() -> None:
    scores = [0.0, 1.0, 1.0, 0.5]
    equal = compare(side("a", scores), side("b", scores, tokens=104))
    assert (equal.tokens_a, equal.tokens_b, equal.tasks) == (400, 416, 4)
    assert equal.token_ratio == pytest.approx(1.04)
    assert equal.equal_tokens
    dearer = compare(side("a", scores), side("b", scores, tokens=106))
    assert not dearer.equal_tokens
    assert not compare(side("b", scores, tokens=106), side("a", scores)).equal_tokens
    assert compare(side("a", scores, tokens=0), side("b", scores)).token_ratio is None
    assert not compare(side("a", scores, tokens=0), side("b", scores)).equal_tokens


def test_pairs_are_tasks_whatever_their_order() -> None:
    draw = random.Random(2)
    scores = [draw.random() for _ in range(30)]
    a, b = side("a", scores), side("b", [min(1.0, score + 0.05) for score in scores])
    found = compare(a, draw.sample(b, len(b)))
    assert found.measures["score"].p_value < 0.001
    assert 0 < found.measures["score"].low <= found.measures["score"].difference <= found.measures["score"].high
    assert (found.planner_a, found.planner_b) == ("a", "b")
    assert set(found.measures) == {"score", "solved", "tokens", "dollars", "seconds"}


def test_epochs_are_no_further_evidence() -> None:
    once_a, once_b = side("a", [0.0, 1.0, 0.0]), side("b", [1.0, 1.0, 1.0])
    again = [[each.model_copy(update={"epoch": 1}) for each in records] for records in (once_a, once_b)]
    once: Comparison = compare(once_a, once_b)
    assert compare([*once_a, *again[0]], [*once_b, *again[1]]) == once


def test_what_cannot_be_paired_is_refused() -> None:
    scores = [0.0, 1.0]
    with pytest.raises(DataError, match="1 are only in A and 0 only in B, such as 't1'"):
        compare(side("a", scores), side("b", scores[:1]))
    with pytest.raises(DataError, match="no records"):
        compare([], side("b", scores))
    with pytest.raises(DataError, match="2 planners"):
        compare([*side("a", scores), record("c", "t9", 1)], side("b", scores))
    with pytest.raises(DataError, match="twice"):
        compare([*side("a", scores), record("a", "t0", 1)], side("b", scores))
    for a, b in (([], []), ([1.0], []), ([float("nan")], [1.0])):
        with pytest.raises(DataError):
            paired_difference(a, b)
