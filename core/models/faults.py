"""Faults of endpoints, decided once: any exception of a client goes in, a `ModelError` with its kind comes out.

===========================================  ==================  ======  =========================
what happened                                kind                repeat  may have been billed
===========================================  ==================  ======  =========================
401, 403, 402, 429 insufficient_quota        auth                no      no
404                                          not_found           no      no
4xx that says the context is too long        context_overflow    no      no
4xx that names a refused feature             bug, with .feature  no      no
4xx by a content filter                      refused             no      no
429                                          transient           yes     no
408, 409, 5xx, timeout, cut connection       transient           yes     yes
connection never made                        transient           yes     no
other 4xx                                    bug                 no      no
an answer that arrived broken or empty       transient           yes     yes
an answer that is no chat completion         malformed           no      yes
===========================================  ==================  ======  =========================

Laws: the message says which endpoint and model; the server's own words are cut, cleaned of control characters, and
never show the key.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from ..errors import FaultKind, ModelError, UnsupportedFeature

MAX_QUOTED_CHARS = 400

MIN_KEY_CHARS = 6
"""Shorter keys are place-holders for servers that need none ("x", "none"): taking them out would garble the words."""

_OVERFLOW = re.compile(
    r"context[ _-]?(length|window|size)|maximum context|prompt is too long|too many (input )?tokens"
    r"|input tokens exceed|max_model_len|exceeds? the (model'?s )?(maximum|context)",
    re.IGNORECASE,
)
_QUOTA = re.compile(r"insufficient_quota|exceeded your current quota|billing|credit balance", re.IGNORECASE)
_FILTER = re.compile(r"content[ _-]?(filter|policy|management)|safety system|responsible ?ai", re.IGNORECASE)
_REFUSAL = re.compile(
    r"unsupported|not support|unrecognized|unknown|unexpected|not permitted|extra|invalid|not allowed", re.I
)
_BOUNDS = re.compile(r"(min|max)(Length|Items|imum)\b|\bpattern\b.*(schema|permitted|support)")
_PARAMETERS = re.compile(
    r"'stream'|reasoning_effort|max_completion_tokens|max_tokens|temperature|\bseed\b|stream_options|tool_choice"
    r"|\brole\b.{0,80}(system|developer)|(system|developer).{0,20}\b(role|message)",
    re.I,
)
_STRUCTURED = re.compile(
    r"response_format|json_schema|structured.?output|guided|grammar|\bschema\b|\btools?\b|function.?call", re.I
)
_NEVER_SENT = {"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "InvalidURL", "ProxyError",
               "LocalProtocolError", "ConnectionRefusedError", "gaierror", "UnicodeEncodeError"}  # fmt: skip
_TIMED_OUT = {"APITimeoutError", "TimeoutException", "TimeoutError", "ReadTimeout", "WriteTimeout"}
_DISCONNECTED = {"APIConnectionError", "TransportError", "NetworkError", "ConnectionError", "ProtocolError", "OSError"}
_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)
"""What a client raises on JSON of another shape than it expects."""
_BROKEN_BODY = {"JSONDecodeError", "UnicodeDecodeError", "APIResponseValidationError", "ValidationError"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fault happened: the endpoint's URL, the model's name, and the key, so that it can be kept out."""

    endpoint: str
    model: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.model} at {self.endpoint}"

    def quote(self, words: object) -> str:
        """The server's words, safe to show: one line, cut, without control characters and without the key."""
        text = str(words)[: 4 * MAX_QUOTED_CHARS]
        text = text.replace(self.key, "[key]") if len(self.key) >= MIN_KEY_CHARS else text
        text = " ".join("".join(each if each.isprintable() else " " for each in text).split())
        return text if len(text) <= MAX_QUOTED_CHARS else text[: MAX_QUOTED_CHARS - 1] + "…"


class BrokenAnswer(ValueError):
    """A chat completion that arrived incomplete: the endpoint is the right one, and may do better next time."""


def model_error(error: Exception, place: Place) -> ModelError:
    """The `ModelError` for whatever a client raised; one of ours is returned as it is."""
    if isinstance(error, ModelError):
        return error
    status = _status(error)
    if status is not None and status >= 400:
        return _status_error(status, error, place)
    kinds = {cls.__name__ for each in _chain(error) for cls in type(each).__mro__}
    words = place.quote(" ".join(dict.fromkeys(str(each) for each in _chain(error))))
    if isinstance(error, BrokenAnswer) or _is_cut_json(error):
        return ModelError(f"{place} sent a broken answer: {words}", hint="If this lasts, look at the server's log.")
    if kinds & _NEVER_SENT:
        return unreachable(place, words)
    if kinds & _TIMED_OUT:
        return timed_out(place, words)
    if kinds & _DISCONNECTED:
        return cut(place, words)
    if kinds & _BROKEN_BODY or isinstance(error, _UNREADABLE):
        return not_a_completion(place, words)
    # An error object within a stream has no status: OpenAI's client raises a bare APIError.
    return _stream_error(error, place, words)


def unreachable(place: Place, words: str) -> ModelError:
    """The connection was never made, so nothing can have been billed."""
    return ModelError(
        f"Cannot reach {place}: {words}",
        hint="Check base_url and that the server runs; `foreplan doctor` tries it.",
        unbilled=True,
    )


def timed_out(place: Place, words: str) -> ModelError:
    """The endpoint took too long."""
    return ModelError(f"{place} gave no answer in time: {words}", hint="Raise timeout_s if the model is that slow.")


def cut(place: Place, words: str) -> ModelError:
    """The connection broke while the answer was awaited or under way."""
    return ModelError(f"The connection to {place} was cut: {words}", hint="If this lasts, look at the server's log.")


def not_a_completion(place: Place, words: str) -> ModelError:
    """The endpoint answered with something that is no chat completion."""
    return ModelError(
        f"{place} answered with something that is no chat completion: {words}",
        hint="Check that base_url is an OpenAI-compatible endpoint (it usually ends in /v1).",
        kind="malformed",
    )


def refused(place: Place, words: str, *, unbilled: bool = False) -> ModelError:
    """The model or its content filter declined."""
    return ModelError(
        f"{place} declined to answer: {words or 'no reason given'}",
        hint="Word the brief differently, or choose another model.",
        kind="refused",
        unbilled=unbilled,
    )


def retry_after_s(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Seconds to wait by `Retry-After` (seconds or a date, RFC 9110 10.2.3) or `retry-after-ms`; None if unsaid."""
    lowered = {str(name).lower(): str(value).strip() for name, value in headers.items()}
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        seconds = _finite(lowered.get(name, ""))
        if seconds is not None:
            return max(0.0, seconds * unit_s)
    try:
        until = parsedate_to_datetime(lowered.get("retry-after", ""))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())


def _status_error(status: int, error: Exception, place: Place) -> ModelError:
    words, all_words = place.quote(_server_words(error)), f"{error} {getattr(error, 'body', '')}"[:20_000]
    if status in (401, 402, 403) or (status == 429 and _QUOTA.search(all_words)):
        return _auth(status, place, words)
    if status in (408, 409, 429) or status >= 500:
        wait_s = retry_after_s(_headers(error))
        return ModelError(
            f"{place} answered {status}: {words}",
            hint="Foreplan tries again by itself; if this lasts, lower concurrency or wait.",
            retry_after_s=wait_s,
            unbilled=status == 429,
        )
    if _OVERFLOW.search(all_words):
        hint = "Use a model with a larger context window, or lower its max_completion_tokens."
        return _final(place, status, words, hint, "context_overflow")
    if _FILTER.search(all_words):
        return refused(place, words, unbilled=True)
    if status == 404:
        hint = "Check the model's name and base_url; `foreplan doctor` lists the models that are served."
        return _final(place, status, words, hint, "not_found")
    return _unsupported(status, place, words, all_words)


def _auth(status: int, place: Place, words: str) -> ModelError:
    if status in (401, 403):
        hint = "Check the key (api_key in the settings, OPENAI_API_KEY) and that it may use this model."
    else:
        hint = "The account behind this key is out of credit: add some, or use another key."
    return _final(place, status, words, hint, "auth")


def _final(place: Place, status: int, words: str, hint: str, kind: FaultKind) -> ModelError:
    return ModelError(f"{place} answered {status}: {words}", hint=hint, kind=kind, unbilled=True)


def _unsupported(status: int, place: Place, words: str, all_words: str) -> ModelError:
    message = f"{place} refuses the request ({status}): {words}"
    feature = _feature(all_words) if _REFUSAL.search(all_words) else ""
    if not feature:
        return ModelError(message, hint="This will not pass by itself.", kind="bug", unbilled=True)
    hint = "If it names a parameter, set the endpoint's quirks (`foreplan doctor` shows them)."
    return UnsupportedFeature(message, feature=feature, hint=hint)


def _feature(words: str) -> str:
    """Which part of a request is refused; of several parameters the one named first, for the next is the advice."""
    if _BOUNDS.search(words):
        return "bounds"
    named = _PARAMETERS.search(words)
    if named:
        name = named[0].lower().strip("'")
        return "system_message" if "system" in name or "developer" in name else name
    return "structured" if _STRUCTURED.search(words) else ""


def _stream_error(error: Exception, place: Place, words: str) -> ModelError:
    if _OVERFLOW.search(words):
        return ModelError(f"{place}: {words}", hint="Use a larger context window.", kind="context_overflow")
    if _FILTER.search(words):
        return refused(place, words)
    if type(error).__module__.split(".")[0] == "openai":
        return cut(place, words)
    return ModelError(f"{place} failed with {type(error).__name__}: {words}", kind="bug")


def _status(error: Exception) -> int | None:
    for each in (error, getattr(error, "response", None)):
        status = getattr(each, "status_code", None)
        if isinstance(status, int):
            return status
    return None


def _headers(error: Exception) -> Mapping[str, str]:
    headers = getattr(getattr(error, "response", None), "headers", None)
    return headers if isinstance(headers, Mapping) else {}


def _server_words(error: Exception) -> Any:
    body = getattr(error, "body", None)
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        inner = inner.get("message") if isinstance(inner, Mapping) else inner
        return inner or body.get("message") or body.get("detail") or error
    return error


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__


def _is_cut_json(error: Exception) -> bool:
    """Whether JSON began well and then broke, unlike a page of HTML."""
    return isinstance(error, json.JSONDecodeError) and error.doc.lstrip()[:1] == "{"


def _finite(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
