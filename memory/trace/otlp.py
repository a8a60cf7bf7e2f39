"""Lines of a trace go in while a run writes them; its spans come out at an OpenTelemetry collector (OTLP over HTTP).

Spans have the names, ids and attributes that they have in the trace, whose secrets are gone already. Content that is
kept whole (brief, messages, plan, digests, report) stays at home. Law: a collector that is slow, dead or hostile
neither slows nor fails a run: a bounded queue and a thread of its own stand between, and what was lost is counted.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from .record import CONTENT, TraceRecord

PATIENCE_S = 2.0
"""How long the end of a run waits for what is still on its way."""

_DELAY_MS = 500
_TIMEOUT_S = 5.0
_MAX_EVENTS = 128
"""Events of one span; OpenTelemetry's own default."""

_SCOPE = InstrumentationScope("foreplan")
_STATUS = {"unset": StatusCode.UNSET, "ok": StatusCode.OK, "error": StatusCode.ERROR}

# Without a handler anywhere Python prints a library's warnings to the terminal; ours are told as one note at the end.
logging.getLogger("opentelemetry").addHandler(logging.NullHandler())


class OtlpSender:
    """Sends the spans of a run to a collector as they end. It is an `OnRecord` of a `TraceWriter`.

    Args:
        endpoint: where traces go, such as `http://localhost:4318/v1/traces`; None for what the standard variables
            (`OTEL_EXPORTER_OTLP_ENDPOINT` and its kin) say.
        headers: HTTP headers to send, beside those of the standard variables.
        shown: what to call the collector, when something was lost.
    """

    def __init__(
        self, endpoint: str | None = None, headers: Mapping[str, str] | None = None, *, shown: str = ""
    ) -> None:
        self.shown = shown or endpoint or ""
        self._counted = _Counted(OTLPSpanExporter(endpoint=endpoint, headers=dict(headers or {}), timeout=_TIMEOUT_S))
        self._processor = BatchSpanProcessor(self._counted, schedule_delay_millis=_DELAY_MS)
        self._resource = Resource.create({"service.name": "foreplan"})
        self._events: dict[str, list[Event]] = {}
        self._handed = 0

    def __call__(self, record: TraceRecord) -> None:
        """Take one line of the trace; returns at once."""
        if record.type == "open":
            self._events[record.span_id] = []
        elif record.type == "event":
            self._keep_event(record)
        elif record.type == "span":
            self._handed += 1
            events = self._events.pop(record.span_id, [])
            if (span := _span(record, events, self._resource)) is not None:
                self._processor.on_end(span)

    @property
    def lost(self) -> int:
        """Spans that the collector has not taken so far."""
        return self._handed - self._counted.taken

    def close(self) -> None:
        """Send what waits, for `PATIENCE_S` seconds at most; what is on its way after that is given up."""
        # The library waits half a minute for a collector that does not answer, so it waits in a thread of its own.
        ending = threading.Thread(target=self._processor.shutdown, daemon=True)
        ending.start()
        ending.join(PATIENCE_S)
        self._counted.give_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _keep_event(self, record: TraceRecord) -> None:
        events = self._events.get(record.span_id)
        if events is not None and len(events) < _MAX_EVENTS and CONTENT not in record.attributes:
            events.append(Event(record.name, _attributes(record.attributes), record.start_unix_nano))


class _Counted(SpanExporter):
    """Counts what the collector took."""

    def __init__(self, exporter: OTLPSpanExporter) -> None:
        self._exporter = exporter
        self._given_up = False
        self.taken = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send one batch, in the processor's thread."""
        if self._given_up:
            return SpanExportResult.FAILURE
        result = self._exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            self.taken += len(spans)
        return result

    def give_up(self) -> None:
        """Stop the repetition of a call that fails."""
        if not self._given_up:
            self._given_up = True
            self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def shutdown(self) -> None:
        """Called by the processor once all is sent."""
        self.give_up()


def _span(record: TraceRecord, events: Sequence[Event], resource: Resource) -> ReadableSpan | None:
    """The span that a line tells of; None when its ids, which an earlier process may have written, are none."""
    try:
        context = _context(record.trace_id, record.span_id)
        parent = _context(record.trace_id, record.parent_span_id) if record.parent_span_id else None
    except ValueError:
        return None
    return ReadableSpan(
        name=record.name,
        context=context,
        parent=parent,
        resource=resource,
        attributes=_attributes(record.attributes),
        events=events,
        kind=SpanKind.CLIENT if record.name.startswith("chat ") else SpanKind.INTERNAL,
        status=Status(_STATUS[record.status], record.message or None if record.status == "error" else None),
        start_time=max(0, record.start_unix_nano),
        end_time=max(0, record.end_unix_nano or 0),
        instrumentation_scope=_SCOPE,
    )


def _context(trace_id: str, span_id: str) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _attributes(values: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as OTLP takes them: numbers of 64 bits, words, and JSON for the rest."""
    return {name: _value(value) for name, value in values.items() if value is not None}


def _value(value: Any) -> str | bool | int | float:
    if isinstance(value, str | bool | float):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    return json.dumps(value, ensure_ascii=False)
