from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreplan.core.usage import Price, Usage

tokens = st.integers(0, 10**9)
usages = st.builds(Usage, tokens, st.just(0), tokens, st.just(0))


@given(usages, usages)
def test_totals_and_dollars_add_up(a, b):
    price = Price(prompt=2.0, completion=8.0)
    assert (a + b).total_tokens == a.total_tokens + b.total_tokens
    assert price.dollars(a + b) == pytest.approx(price.dollars(a) + price.dollars(b))


def test_cached_tokens_are_part_of_the_prompt_and_reasoning_part_of_the_completion():
    usage = Usage(prompt_tokens=1_000, cached_tokens=400, completion_tokens=100, reasoning_tokens=90)
    assert usage.total_tokens == 1_100
    assert Price(prompt=10.0, completion=20.0, cached=1.0).dollars(usage) == pytest.approx(
        (600 * 10 + 400 * 1 + 100 * 20) / 1e6
    )


def test_without_a_price_for_cached_tokens_they_cost_what_others_cost():
    usage = Usage(prompt_tokens=1_000, cached_tokens=400)
    assert Price(prompt=10.0).dollars(usage) == pytest.approx(0.01)
