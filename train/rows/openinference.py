"""Spans under the names of OpenInference, as Arize Phoenix and others read them: one a line.

Names: https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ...memory.plain import plain_data
from ...memory.trace.reader import read_spans
from ...memory.trace.record import TraceRecord
from .base import Exporter, Json
from .row import TraceRow

_KINDS = {
    "invoke_workflow": "CHAIN", "plan": "CHAIN", "invoke_agent": "AGENT", "chat": "LLM", "execute_tool": "TOOL",
    "retrieval": "RETRIEVER",
}  # fmt: skip
_ALIASES = {
    "gen_ai.request.model": "llm.model_name",
    "gen_ai.usage.input_tokens": "llm.token_count.prompt",
    "gen_ai.usage.output_tokens": "llm.token_count.completion",
    "gen_ai.usage.cache_read.input_tokens": "llm.token_count.prompt_details.cache_read",
    "gen_ai.usage.reasoning.output_tokens": "llm.token_count.completion_details.reasoning",
    "foreplan.budget.dollars": "llm.cost.total",
    "gen_ai.tool.name": "tool.name",
    "gen_ai.agent.name": "agent.name",
    "foreplan.run.goal": "input.value",
}
_CHAT_ONLY = frozenset({"foreplan.budget.dollars"})
_STATUS = {"unset": "UNSET", "ok": "OK", "error": "ERROR"}


class OpenInference(Exporter):
    """One row a span, in the order the spans ended; spans that were cut off come last, without an end."""

    name = "openinference"
    needs = "a span"

    def rows(self, runs: Iterable[TraceRow]) -> Iterator[Json]:
        """Rows with `name`, `context`, `parent_id`, times, status and `attributes`."""
        for run in runs:
            for record in read_spans(run.trace):
                yield _row(run, record)


def _row(run: TraceRow, record: TraceRecord) -> Json:
    return {
        "name": record.name,
        "context": {"trace_id": record.trace_id, "span_id": record.span_id},
        "parent_id": record.parent_span_id,
        "start_time": iso_time(record.start_unix_nano),
        "end_time": None if record.end_unix_nano is None else iso_time(record.end_unix_nano),
        "status_code": _STATUS[record.status],
        "status_message": record.message,
        "attributes": _attributes(run, record),
    }


def _attributes(run: TraceRow, record: TraceRecord) -> dict[str, Any]:
    """OpenInference's names for what has one; everything under its own name in `metadata`."""
    given = record.attributes
    kind = _KINDS.get(str(given.get("gen_ai.operation.name")), "CHAIN")
    named = {
        alias: given[name]
        for name, alias in _ALIASES.items()
        if name in given and (kind == "LLM" or name not in _CHAT_ONLY)
    }
    return {
        "openinference.span.kind": kind,
        "session.id": run.run,
        **named,
        **_total(named),
        **_content(run, record),
        "metadata": json.dumps(plain_data(given), ensure_ascii=False),
    }


def _total(named: Mapping[str, Any]) -> dict[str, int]:
    counts = [named.get(f"llm.token_count.{part}") for part in ("prompt", "completion")]
    whole = [each for each in counts if isinstance(each, int)]
    return {"llm.token_count.total": sum(whole)} if whole else {}


def _content(run: TraceRow, record: TraceRecord) -> dict[str, Any]:
    """What the whole run and its plan gave, at their spans."""
    if record.name == "invoke_workflow" and run.report:
        return {"output.value": run.report, "output.mime_type": "text/plain"}
    if record.name == "plan" and run.plan is not None:
        return {"output.value": json.dumps(run.plan, ensure_ascii=False), "output.mime_type": "application/json"}
    return {}


def iso_time(unix_nano: int) -> str:
    """A time of a trace in UTC, as ISO 8601; times beyond the calendar become 1970."""
    try:
        return datetime.fromtimestamp(unix_nano / 1e9, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC).isoformat()
