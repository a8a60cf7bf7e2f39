"""Secrets never pass, ordinary text does, and hostile text costs no time."""

import json
import math
import time
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from foreplan.memory.plain import MAX_DEPTH, plain_data
from foreplan.memory.redact import MIN_SECRET_CHARS, MAX_TEXT_CHARS, Redactor

# Put together here, so that no scanner takes this file for a leak.
SHAPES = {
    "openai": "sk-" + "proj-Ab3dEf6hIj9kLm2nOp5q",
    "anthropic": "sk-" + "ant-api03-Ab3dEf6hIj9kLm2nOp5q",
    "github": "ghp_" + "Ab3dEf6hIj9kLm2nOp5qRs8t",
    "huggingface": "hf_" + "Ab3dEf6hIj9kLm2nOp5qRs8t",
    "groq": "gsk_" + "Ab3dEf6hIj9kLm2nOp5qRs8t",
    "tavily": "tvly-" + "dev-Ab3dEf6hIj9kLm2n",
    "slack": "xoxb-" + "123456789012-abcdef",
    "aws": "AKIA" + "IOSFODNN7EXAMPLE",
    "google": "AIza" + "SyAb3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z",
    "jwt": "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "stripe": "sk_" + "live_Ab3dEf6hIj9kLm2n",
    "pem": "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIBOgIBAAJB\n-----END RSA PRIVATE KEY-----",
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("around", ["{}", "key={}", '{{"k": "{}"}}', "before\n{}\nafter", "(see {}.)"])
def test_well_known_shapes_are_removed(name: str, around: str) -> None:
    secret = SHAPES[name]
    clean = Redactor().text(around.format(secret))
    assert "[redacted]" in clean
    assert secret not in clean
    assert secret[8:20] not in clean


@pytest.mark.parametrize(
    ("text", "secret", "stays"),
    [
        ("Authorization: Bearer abc.DEF-123_456", "abc.DEF", "Authorization: Bearer"),
        ("authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz", "Basic"),
        ('{"Authorization": "Token 9f8e7d6c5b4a"}', "9f8e7d6c", "Authorization"),
        ("curl -H 'bearer 0123456789abcdef'", "0123456789", "bearer"),
        ("postgresql://me:s3cret@db.example/x", "s3cret", "postgresql://me:"),
        ("redis://:hunter2@cache:6379/0", "hunter2", "@cache:6379/0"),
        ("https://0123456789abcdef0123@sentry.example/1", "0123456789abcdef", "@sentry.example/1"),
        ("https://h.example/p?a=1&api_key=Zm9vYmFy&b=2", "Zm9vYmFy", "&b=2"),
        ("https://s3.example/o?X-Amz-Signature=deadbeef01&x=1", "deadbeef", "&x=1"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "wJalrXUtnFEMI", "aws_secret_access_key"),
        ("OPENAI_API_KEY='unusual-shape-1'", "unusual-shape", "OPENAI_API_KEY"),
        ('{"password": "correct horse"}', "correct", "password"),
    ],
)
def test_secrets_known_by_their_context_are_removed_and_the_context_stays(text: str, secret: str, stays: str) -> None:
    clean = Redactor().text(text)
    assert secret not in clean
    assert stays in clean


@pytest.mark.parametrize(
    "text",
    [
        "The bearer certificates of 1923 and the basic information about tokens: 1,200 of them.",
        "See https://example.org/a/b?page=2&sort=key#top or write to me@example.org.",
        "The risk-benefit ratio of task-specific disk-based methods was 3:1.",
        "max_tokens: 4096, key figures = 17, monkey=see, secret agent",
        "https://user@example.org/ and git+ssh://git@example.org/repo.git",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert Redactor().text(text) == text


KEY = 'pass"wörd /+%&=\\ 1'


@pytest.mark.parametrize("form", [KEY, quote(KEY, safe=""), quote_plus(KEY), json.dumps(KEY), f"  {KEY}\n"])
def test_a_known_secret_is_removed_in_every_form(form: str) -> None:
    clean = Redactor([KEY]).text(f"it was {form} there")
    assert "wörd" not in clean
    assert "w%C3%B6rd" not in clean
    assert clean.startswith("it was ")
    assert clean.endswith(" there")


@given(
    # White space around a secret is none of it, and what is left has to be long enough to be one.
    secret=st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=6, max_size=30).filter(
        lambda text: len(text.strip()) >= MIN_SECRET_CHARS
    ),
    before=st.text(max_size=20),
    after=st.text(max_size=20),
)
@example(secret="aaaaaa", before="aaa", after="aaaa")
def test_no_known_secret_survives_anywhere(secret: str, before: str, after: str) -> None:
    redactor = Redactor([secret, secret[:7]])
    data = {before + secret: [before + secret + after, {"x": {"y": secret}}]}
    if secret not in "[redacted]":
        assert secret not in redactor.text(before + secret + after)
        assert json.dumps(secret)[1:-1] not in json.dumps(redactor.data(data)).replace("[redacted]", "\0")


def test_place_holders_are_no_secrets() -> None:
    assert Redactor(["", "none", "test "]).text("a test with none") == "a test with none"


def test_fields_named_as_secrets_are_emptied() -> None:
    data = {"x-api-key": "whatever", "Cookie": "a=b", "client_secret": "s", "password": None, "max_tokens": 7}
    clean = Redactor().data(data)
    assert clean == {
        "x-api-key": "[redacted]", "Cookie": "[redacted]", "client_secret": "[redacted]", "password": None,
        "max_tokens": 7,
    }  # fmt: skip


def test_no_half_of_a_secret_stays_at_a_cut() -> None:
    secret = "s3cr3t-" * 20
    for start in (MAX_TEXT_CHARS - 150, MAX_TEXT_CHARS - 70, MAX_TEXT_CHARS - 1):
        clean = Redactor([secret]).data("x" * start + secret + "y" * 10)
        assert "s3cr3t" not in clean
        assert len(clean) < MAX_TEXT_CHARS + 100


@pytest.mark.parametrize("unit", ["a", "://a", "api_key", "Bearer ", "-----BEGIN ", "eyJ", "?key=", "sk-", '"\\', "a@"])
def test_time_is_linear_in_hostile_text(unit: str) -> None:
    def seconds(length: int) -> float:
        text = (unit * length)[:length]
        start = time.process_time()
        Redactor(["a-secret-key"]).text(text)
        return time.process_time() - start

    seconds(1_000)
    # Quadratic time would be a hundred times more for ten times the text.
    assert seconds(500_000) < 35 * seconds(50_000) + 0.2


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
    max_leaves=20,
)


@given(JSON_LIKE)
def test_any_data_becomes_json(value: Any) -> None:
    text = json.dumps(plain_data(value), allow_nan=False, ensure_ascii=False)
    assert json.loads(text.encode()) == plain_data(value)


def test_cycles_depth_and_sharing_end() -> None:
    cycle: list[Any] = []
    cycle += [cycle, cycle]
    deep: Any = "core"
    for _ in range(10_000):
        deep = [deep]
    laughs: Any = ["ha"]
    for _ in range(60):
        laughs = [laughs, laughs]
    for value in (deep, cycle, laughs):
        assert "[cut" in json.dumps(plain_data(value))
    assert json.dumps(plain_data(deep)).count("[") == MAX_DEPTH + 1
    assert plain_data({1: math.inf, "big": 2**70}) == {"1": "inf", "big": hex(2**70)}
