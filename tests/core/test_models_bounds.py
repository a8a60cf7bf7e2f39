from __future__ import annotations

import json
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreplan.core.ledger import Reservation
from foreplan.core.models.base import OutputSchema, Reply, Request, ToolCall
from foreplan.core.models.bounds import PromptBound, bulk_of, message_bytes
from foreplan.core.models.metering import max_chars, parse_usage, settled_usage, shortened, visible_bytes
from foreplan.core.usage import Price, Usage

ENGLISH = "The committee met on Tuesday to consider the budget, and after a long debate it was passed. " * 40
GERMAN = "Der Ausschuß trat am Dienstag zusammen, um über den Haushalt zu beraten, der angenommen wurde. " * 40
CHINESE = "委员会星期二开会讨论预算经过长时间的辩论后获得通过。" * 40
NUMBERS = ", ".join(str(random.Random(1).randrange(10**9)) for _ in range(400))
CODE = "def f(x: int) -> int:\n    return x ** 2 + g[x]['key'] if x else None\n" * 40
BASE64 = "".join(random.Random(2).choices(string.ascii_letters + string.digits + "+/", k=4_000))


def request(text: str, **fields) -> Request:
    return Request(messages=[{"role": "user", "content": text}], max_completion_tokens=100, **fields)


def tokens_as_bad_tokenizers_count(text: str) -> int:
    """A pessimistic tokenizer: each digit, capital, mark and non-ASCII character alone, words in pieces of four."""
    count = run = 0
    for letter in text:
        run = run + 1 if letter.islower() and letter.isascii() else 0
        count += run % 4 == 1 if run else letter != " "
    return count


@pytest.mark.parametrize("text", [ENGLISH, GERMAN, CHINESE, NUMBERS, CODE, BASE64])
@pytest.mark.parametrize("learned_from", ["", ENGLISH, CHINESE, GERMAN])
def test_the_bound_is_above_the_truth_whatever_was_seen_before(text, learned_from):
    bound = PromptBound()
    if learned_from:
        bound.observe(request(learned_from), tokens_as_bad_tokenizers_count(learned_from) + 20)
    assert bound.tokens(request(text)) >= tokens_as_bad_tokenizers_count(text) + 20


def test_the_bound_is_usable_once_it_has_seen_a_call():
    bound, truth = PromptBound(), len(ENGLISH) // 4
    assert bound.tokens(request(ENGLISH)) < 2.5 * truth
    bound.observe(request(ENGLISH), truth)
    assert bound.tokens(request(ENGLISH)) < 1.6 * truth


@given(st.lists(st.integers(0, 10**6), max_size=10))
def test_seeing_more_never_lowers_the_bound_below_what_was_seen(counts):
    bound = PromptBound()
    for count in counts:
        bound.observe(request(ENGLISH), count)
    seen = max(counts, default=0)
    assert bound.tokens(request(ENGLISH)) >= min(seen, 4 * bulk_of(request(ENGLISH)).plain)


def test_tools_and_schema_count():
    tool = {"type": "function", "function": {"name": "f", "parameters": {"description": "x" * 400}}}
    plain = PromptBound().tokens(request("hi"))
    assert PromptBound().tokens(request("hi", tools=[tool])) > plain + 200
    assert PromptBound().tokens(request("hi", output=OutputSchema("o", {"description": "y " * 400}))) > plain + 200


def test_a_local_tokenizer_replaces_the_bound():
    bound = PromptBound(lambda messages, tools: len(messages) + len(tools))
    assert bound.tokens(request(ENGLISH)) == 1


def test_lone_surrogates_are_measured_too():
    assert bulk_of(request("\ud800" * 10)).total >= 10


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details", "cached_tokens",
                         "completion_tokens_details", "reasoning_tokens"]), inner, max_size=5),
))  # fmt: skip
def test_any_usage_reads_as_sane_counts(raw):
    usage = parse_usage(raw)
    assert 0 <= usage.cached_tokens <= usage.prompt_tokens <= 10**9
    assert 0 <= usage.reasoning_tokens <= usage.completion_tokens <= 2 * 10**9


def test_usage_is_read_with_its_details():
    raw = {
        "prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 64}, "completion_tokens_details": {"reasoning_tokens": 40},
    }  # fmt: skip
    assert parse_usage(raw) == Usage(100, 64, 50, 40)


def test_thinking_counted_apart_from_the_completion_is_added():
    thinking = {"completion_tokens_details": {"reasoning_tokens": 100}}
    raw = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 115, **thinking}
    assert parse_usage(raw) == Usage(10, 0, 105, 100)


def settled(said: Usage, *, seen_bytes: int = 40, hidden: bool = False) -> Usage:
    reservation = Reservation("k", "a", 500, 300, Price())
    return settled_usage(said, reservation, prompt_bytes=400, seen_bytes=seen_bytes, hidden_thinking=hidden)


def test_what_is_plausible_is_believed_and_what_is_not_is_bounded():
    assert settled(Usage(100, 60, 10, 5)) == Usage(100, 60, 10, 5)
    assert settled(Usage()) == Usage(500, 0, 40, 0)
    assert settled(Usage(), hidden=True) == Usage(500, 0, 300, 0)
    assert settled(Usage(100, 0, 1, 0), seen_bytes=1_000) == Usage(100, 0, 300, 0)
    assert settled(Usage(3, 0, 10, 0)) == Usage(500, 0, 10, 0)
    assert settled(Usage(100, 0, 5_000, 0)) == Usage(100, 0, 5_000, 0)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.booleans())
def test_settled_usage_is_never_zero_nor_below_what_was_said(prompt, completion, seen_bytes, hidden):
    usage = settled(Usage(prompt, 0, completion, 0), seen_bytes=seen_bytes, hidden=hidden)
    assert usage.prompt_tokens >= max(prompt, 1)
    assert usage.completion_tokens >= max(completion, 1)


def test_an_answer_longer_than_its_limit_allows_is_cut():
    asked = request("hi")
    limit = max_chars(asked)
    reply = Reply("x" * (limit + 5), "r", tuple(ToolCall(str(n), "t", "a" * limit) for n in range(500)))
    short = shortened(reply, asked)
    assert short.finish_reason == "length"
    assert len(short.text) == limit
    assert len(short.tool_calls) < 500
    fine = Reply("x" * limit)
    assert shortened(fine, asked) is fine
    assert visible_bytes(Reply("\ud800", "ä", (ToolCall("1", "ab", "{}"),))) == 3 + 2 + 4
    assert message_bytes(asked) == len(json.dumps(asked.messages))
