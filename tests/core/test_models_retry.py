from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tenacity import RetryCallState, stop_after_attempt, stop_after_delay, wait_none

from foreplan.core.errors import ModelError
from foreplan.core.events import Event, Retried, silent
from foreplan.core.ledger import Ledger, free_account
from foreplan.core.limits import Limits
from foreplan.core.models.faults import Place, model_error, retry_after_s
from foreplan.core.models.retry import NEVER, RetryPolicy, wait_as_told

PLACE = Place("http://host/v1", "m", "sk-secret")
NOW = datetime(2030, 1, 1, 12, 0, 0, tzinfo=UTC)


class Failing:
    """Raises the given errors in order, then returns how often it was called."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.calls = list(errors), 0

    async def __call__(self) -> int:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.calls


def transient(retry_after: float | None = None) -> ModelError:
    return ModelError("busy", kind="transient", retry_after_s=retry_after)


async def test_what_may_pass_is_repeated_and_told():
    told: list[Event] = []
    policy = RetryPolicy(wait=wait_none())
    assert await policy.run(Failing(transient(), transient()), account=free_account("a"), emit=told.append) == 3
    assert [(event.account, event.attempt, event.reason) for event in told if isinstance(event, Retried)] == [
        ("a", 1, "busy"),
        ("a", 2, "busy"),
    ]


@pytest.mark.parametrize("kind", ["auth", "refused", "malformed", "context_overflow", "not_found", "bug", "limit"])
async def test_what_will_not_pass_is_not_repeated(kind):
    attempt = Failing(ModelError("no", kind=kind))
    with pytest.raises(ModelError, match="no"):
        await RetryPolicy(wait=wait_none()).run(attempt, account=free_account(), emit=silent)
    assert attempt.calls == 1


async def test_it_gives_up_after_so_many_attempts_with_the_last_fault():
    attempt = Failing(*[transient() for _ in range(9)])
    with pytest.raises(ModelError, match="busy"):
        await RetryPolicy(stop=stop_after_attempt(3), wait=wait_none()).run(
            attempt, account=free_account(), emit=silent
        )
    assert attempt.calls == 3
    attempt = Failing(transient())
    with pytest.raises(ModelError):
        await NEVER.run(attempt, account=free_account(), emit=silent)
    assert attempt.calls == 1


async def test_its_parts_join_with_tenacitys():
    attempt = Failing(*[transient() for _ in range(9)])
    policy = RetryPolicy(stop=stop_after_attempt(2) | stop_after_delay(60), wait=wait_as_told(0, 0) + wait_none())
    with pytest.raises(ModelError):
        await policy.run(attempt, account=free_account(), emit=silent)
    assert attempt.calls == 2


async def test_a_wait_that_outlasts_the_run_is_not_begun():
    account = Ledger(Limits(tokens=None, seconds=30)).account("a")
    attempt = Failing(transient(retry_after=31))
    async with asyncio.timeout(5):
        with pytest.raises(ModelError):
            await RetryPolicy().run(attempt, account=account, emit=silent)
    assert attempt.calls == 1


def waited(error: Exception, attempt: int) -> float:
    state = RetryCallState(retry_object=None, fn=None, args=(), kwargs={})  # type: ignore[arg-type]
    state.attempt_number = attempt
    state.set_exception((type(error), error, None))
    return wait_as_told(0.5, 30)(state)


@given(st.floats(0, 1e6), st.integers(1, 10**6))
def test_what_the_server_asks_for_is_never_undercut(seconds, attempt):
    assert seconds <= waited(transient(seconds), attempt) <= seconds + 1


@given(st.integers(1, 10**6))
def test_without_it_waits_grow_and_stay_bounded(attempt):
    assert 0 <= waited(transient(), attempt) <= min(30, 0.5 * 2 ** min(attempt, 30))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"Retry-After-Ms": "250", "Retry-After": "9"}, 0.25),
        ({"Retry-After": "Tue, 01 Jan 2030 12:00:30 GMT"}, 30.0),
        ({"Retry-After": "Tue, 01 Jan 2030 11:00:00 GMT"}, 0.0),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": ""}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(headers, seconds):
    assert retry_after_s(headers, now=NOW) == seconds


@given(st.text(max_size=40))
def test_any_retry_after_is_read_or_ignored(text):
    seconds = retry_after_s({"Retry-After": text}, now=NOW)
    assert seconds is None or seconds >= 0


class HttpError(Exception):
    """What any vendor's client raises for an HTTP error."""

    def __init__(self, status: int, message: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status_code = status
        self.response = SimpleNamespace(headers=dict(headers or {}), status_code=status)
        self.body: Any = {"error": {"message": message}}


@pytest.mark.parametrize(
    ("status", "message", "kind", "unbilled"),
    [
        (401, "bad key", "auth", True),
        (403, "not yours", "auth", True),
        (402, "pay", "auth", True),
        (404, "no such model", "not_found", True),
        (408, "slow", "transient", False),
        (409, "conflict", "transient", False),
        (429, "slow down", "transient", True),
        (429, "You exceeded your current quota, please check your plan and billing details", "auth", True),
        (500, "oops", "transient", False),
        (503, "overloaded", "transient", False),
        (529, "overloaded", "transient", False),
        (400, "This model's maximum context length is 8192 tokens", "context_overflow", True),
        (413, "prompt is too long: 300000 tokens", "context_overflow", True),
        (400, "blocked by our content management policy", "refused", True),
        (400, "messages[0] is odd", "bug", True),
        (422, "Unsupported parameter: 'temperature' is not supported", "bug", True),
    ],
)
def test_a_fault_of_http_is_classified_once(status, message, kind, unbilled):
    error = model_error(HttpError(status, message), PLACE)
    assert (error.kind, error.unbilled) == (kind, unbilled)
    assert "m at http://host/v1" in error.message
    assert error.hint


@pytest.mark.parametrize(
    ("message", "feature"),
    [
        ("Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.", "structured"),
        ("Invalid schema for response_format 'plan': 'maxLength' is not permitted.", "bounds"),
        ("Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.", "max_tokens"),
        ("Unsupported value: 'messages[0].role' does not support 'system' with this model.", "system_message"),
        ("Unrecognized request argument supplied: reasoning_effort", "reasoning_effort"),
        ("Unsupported value: 'temperature' does not support 0 with this model.", "temperature"),
        ("Unsupported value: 'stream' does not support true with this model.", "stream"),
        ("Unknown parameter: 'stream_options'.", "stream_options"),
        ("tool_choice 'required' is not supported", "tool_choice"),
        ("`tools` is not supported by this model", "structured"),
    ],
)
def test_a_refused_feature_is_named(message, feature):
    assert getattr(model_error(HttpError(400, message), PLACE), "feature", None) == feature


def test_a_limit_that_is_too_large_is_no_refused_parameter():
    error = model_error(HttpError(400, "max_tokens is too large: 100000"), PLACE)
    assert getattr(error, "feature", None) is None


def test_the_servers_words_are_cut_cleaned_and_never_show_the_key():
    error = model_error(HttpError(401, "Bad key sk-secret \x1b[2J\r\n\u202e" + "x" * 100_000), PLACE)
    assert "sk-secret" not in str(error)
    assert "\x1b" not in error.message
    assert "\u202e" not in error.message
    assert len(error.message) < 700


@given(st.builds(HttpError, st.integers(100, 999), st.text(max_size=60)))
def test_any_http_error_becomes_a_model_error(error):
    made = model_error(error, PLACE)
    assert made.kind in {"auth", "not_found", "transient", "context_overflow", "refused", "bug"}


@pytest.mark.parametrize(
    "body", [None, "text", [], {"error": "flat"}, {"error": None}, {"detail": [1]}, {"error": {"message": 3}}]
)
def test_an_error_body_may_be_anything(body):
    error = HttpError(400, "words")
    error.body = body
    assert model_error(error, PLACE).kind == "bug"
