"""Laws of the kit's counting, cutting and timing, for any text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import foreplan.testing
from foreplan.core import testing as kit
from foreplan.core.testing.chat import BadRequest
from foreplan.core.testing.speech import Speech, speak
from foreplan.core.testing.tokens import PrefixCache, cut
from foreplan.core.testing.wire import Wire, pieces
from foreplan.testing import Answer, ByModel, ChatRequest, Constant, Lognormal, Timing, Uniform, count_tokens

TEXT = st.text(st.characters(codec=None), max_size=80)  # lone surrogates too
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(TEXT, st.integers(0, 30))
def test_a_cut_text_is_a_beginning_within_the_limit_and_as_long_as_possible(text, tokens):
    kept = cut(text, tokens)
    assert text.startswith(kept)
    assert count_tokens(kept) <= tokens
    assert kept == text or count_tokens(text[: len(kept) + 1]) > tokens


@given(TEXT, st.integers(1, 9))
def test_pieces_and_their_tokens_add_up(text, chunk_tokens):
    cut_up = list(pieces(text, chunk_tokens))
    assert "".join(piece for piece, _ in cut_up) == text
    assert sum(tokens for _, tokens in cut_up) == count_tokens(text)


@given(TEXT, TEXT, st.lists(st.tuples(st.text("ab", max_size=9), TEXT), max_size=3), st.integers(0, 60))
def test_a_speech_never_counts_more_than_its_limit(reasoning, text, calls, limit):
    speech = Speech(reasoning, text, tuple(calls))
    kept = speech.cut(limit)
    assert kept.tokens <= limit or kept is speech
    assert (kept.finish_reason == "length") == (speech.tokens > limit)


@given(TEXT, TEXT, st.lists(st.tuples(st.text("ab", max_size=9), TEXT), max_size=2))
def test_a_stream_carries_all_tokens_of_its_speech(reasoning, text, calls):
    speech = Speech(reasoning, text, tuple(calls))
    deltas = list(Wire("id", "m", 0, "reasoning_content").deltas(speech, 3))
    assert sum(tokens for _, tokens in deltas) == speech.tokens
    assert "".join(delta.get("content", "") for delta, _ in deltas if delta) == text


@given(st.lists(st.binary(max_size=400), min_size=1, max_size=6))
def test_cached_tokens_are_the_longest_known_beginning_in_blocks(prompts):
    cache = PrefixCache()
    for number, prompt in enumerate(prompts):
        common = max((_common(prompt, earlier) for earlier in prompts[:number]), default=0)
        assert cache.lookup("m", prompt) == common // 64 * 16
    assert cache.lookup("other", prompts[0]) == 0


def _common(one: bytes, other: bytes) -> int:
    length = min(len(one), len(other))
    return next((at for at in range(length) if one[at] != other[at]), length)


@given(VALUE)
def test_any_body_is_read_or_refused(body):
    try:
        request = ChatRequest.parse(body)
    except BadRequest:
        return
    assert request.prompt_tokens > 0


@given(VALUE, VALUE, VALUE, VALUE, VALUE, VALUE)
def test_any_fields_of_a_request_are_read_or_refused(message, tools, choice, form, limit, content):
    body = {
        "model": "m", "messages": [{"role": "user", "content": content, "more": message}], "tools": tools,
        "tool_choice": choice, "response_format": form, "max_completion_tokens": limit,
    }  # fmt: skip
    try:
        request = ChatRequest.parse(body)
    except BadRequest:
        return
    foreplan.testing.Capabilities(schema_bounds=False).refuse(request)
    speech = speak(Answer(json={"a": 1}), request)
    assert isinstance(request.text + request.last, str)
    assert isinstance(request.tool_names, tuple)
    assert request.max_completion_tokens is None or speech.tokens <= request.max_completion_tokens


@given(st.floats(0, 5), st.floats(0.1, 500), st.none() | st.floats(0, 9), st.integers(0, 1000), st.floats(0, 20))
def test_what_is_out_by_a_time_grows_to_the_whole(first_s, speed, total_s, tokens, at_s):
    timing = Timing(first_s, speed, total_s)
    out = timing.out_by(at_s, tokens)
    assert 0 <= out <= tokens
    assert timing.out_by(at_s + 1, tokens) >= out
    assert timing.out_by(max(first_s, timing.due_s(tokens, tokens)) + 0.01, tokens) == tokens


def test_latencies_depend_on_what_is_asked_only():
    def ask(words: str, number: int = 0, model: str = "m") -> ChatRequest:
        return ChatRequest(model, [{"role": "user", "content": words}], number=number)

    for latency in (Lognormal(1.0, seed=4), Uniform(1.0, 4.0, seed=4)):
        assert latency(ask("a", 1)) == latency(ask("a", 2)) != latency(ask("b", 1))
    drawn = [Lognormal(1.0, 0.5, low_s=0.5, high_s=2.0)(ask(str(n))).total_s or 0.0 for n in range(300)]
    assert (min(drawn), max(drawn)) == (0.5, 2.0)
    assert sorted(drawn)[150] == pytest.approx(1.0, abs=0.15)
    by_model = ByModel({"planner": Constant(1.0)})
    assert by_model(ask("a", model="planner")).first_token_s == 1.0
    assert by_model(ask("a")) == Timing()


def test_everything_named_is_there():
    assert foreplan.testing.__all__ == kit.__all__
    assert len(set(kit.__all__)) == len(kit.__all__) > 20
    assert all(getattr(foreplan.testing, name) is getattr(kit, name) for name in kit.__all__)
    with pytest.raises(AttributeError):
        _ = foreplan.testing.nothing


def test_any_answer_gets_over_the_wire():
    speech = Speech("\ud800", "\x00\u2028\ud83d", (("t", "\udfff"),))
    body = json.loads(Wire("id", "m", 0, "reasoning").whole(speech, None))
    assert body["choices"][0]["message"]["content"] == speech.text
    assert body["choices"][0]["message"]["reasoning"] == speech.reasoning
