"""One line of a trace, and the names that stand in it.

Names follow the OpenTelemetry semantic conventions for generative AI (operation names, `gen_ai.usage.*`); what those
do not cover is under `foreplan.plan.*`, `foreplan.budget.*`, `foreplan.memory.*`, `foreplan.run.*`. Ids are hashes of
the run's id, a span's name and its number among its namesakes, so that writing the same run again gives the same ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

TRACE_VERSION = 1

_Nano = Annotated[int, Field(ge=-(2**63), lt=2**63)]

Status = Literal["unset", "ok", "error"]

Kept = Literal["brief", "messages", "plan", "digest", "report"]
"""Content worth keeping whole, for people and for training: `messages` is what the planner was sent and said."""

KEPT_NAMES: dict[Kept, str] = {
    "brief": "foreplan.brief",
    "messages": "gen_ai.client.inference.operation.details",
    "plan": "foreplan.plan",
    "digest": "foreplan.memory.digest",
    "report": "foreplan.report",
}
CONTENT = "foreplan.content"
"""The attribute that holds kept content."""


class TraceRecord(BaseModel):
    """One line of a trace.

    Attributes:
        type: `trace` opens the file, `open` says that a span has begun, `span` that it is over, `event` belongs to the
            span whose id it carries. A span that is opened and never closed was cut off by the end of its process.
        trace_id: 32 hexadecimal digits, one for the whole run.
        span_id: 16 hexadecimal digits.
        parent_span_id: the span this one is part of.
        name: operation and target of a span, or an event's name.
        start_unix_nano: when it began or happened, in nanoseconds since 1970.
        end_unix_nano: when it was over; None while it is open.
        status: `ok` or `error` for a span that is over.
        message: why, when the status is `error`.
        attributes: by OpenTelemetry name.
        event: the typed event of `core.events` behind this line, as JSON.
    """

    model_config = ConfigDict(frozen=True)

    type: Literal["trace", "open", "span", "event"]
    trace_id: str
    span_id: str
    parent_span_id: str | None = None
    name: str
    start_unix_nano: _Nano
    end_unix_nano: _Nano | None = None
    status: Status = "unset"
    message: str = ""
    attributes: dict[str, Any] = {}
    event: dict[str, Any] | None = None


OnRecord: TypeAlias = Callable[[TraceRecord], None]
"""Told the lines of a trace as they are written."""


def trace_id(run: str) -> str:
    """The id of a run's trace."""
    return _hash("trace", run)[:32]


def span_id(run: str, name: str, number: int) -> str:
    """The id of the `number`-th span of this name in a run."""
    return _hash("span", run, name, str(number))[:16]


def unix_nano(seconds: float) -> int:
    """Unix time in seconds as whole nanoseconds, exact to a microsecond."""
    return round(seconds * 1e6) * 1_000


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "backslashreplace")).hexdigest()
