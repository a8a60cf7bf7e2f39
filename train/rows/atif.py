"""Trajectories in the Agent Trajectory Interchange Format (ATIF 1.8), checked by the `atif` package: one a line.

The steps: the user's goal; the plan; each subtask in the order they began, with its tool calls and its claims as
observations; the report. Spec: https://github.com/harbor-framework/harbor/blob/main/rfcs/0001-trajectory-format.md
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from ...core.events import subtask_of
from ...evals.errors import MissingExtra
from ...memory.trace.reader import read_kept, read_spans
from ...memory.trace.record import TraceRecord
from .base import Exporter, Json
from .openinference import iso_time
from .row import TraceRow

SCHEMA = "ATIF-v1.8"
_TOKENS = {
    "prompt_tokens": "gen_ai.usage.input_tokens",
    "completion_tokens": "gen_ai.usage.output_tokens",
    "cached_tokens": "gen_ai.usage.cache_read.input_tokens",
}


class Atif(Exporter):
    """One row a run: its whole trajectory."""

    name = "atif"
    needs = "a trace"

    def rows(self, runs: Iterable[TraceRow]) -> Iterator[Json]:
        """Trajectories.

        Raises:
            MissingExtra: when `atif` is not installed.
        """
        try:
            from atif import Trajectory
        except ImportError as error:
            raise MissingExtra("atif", "Exporting ATIF trajectories", extra="traces") from error
        for run in runs:
            yield Trajectory.model_validate(_trajectory(run)).to_json_dict()


@dataclass
class _Part:
    """What was done for one subtask, for the plan or for the report."""

    began: TraceRecord | None = None
    chats: list[TraceRecord] = field(default_factory=list)
    tools: list[TraceRecord] = field(default_factory=list)
    state: str = ""


def _trajectory(run: TraceRow) -> Json:
    parts = _parts(run)
    goals = {each["id"]: each["goal"] for each in (run.plan or {}).get("subtasks", ())}
    claims = dict(_claims(run))
    planner, writer = parts.pop("planner", _Part()), parts.pop("writer", _Part())
    plan = run.example.completion if run.example else json.dumps(run.plan, ensure_ascii=False) if run.plan else ""
    steps: list[Json] = [{"source": "user", "message": run.goal, "timestamp": iso_time(round(run.started * 1e9))}]
    steps += [_said(plan, planner.chats)] if plan else []
    steps += [_worked(goals.get(each, each), part, claims.get(each, ())) for each, part in _in_order(parts)]
    steps += [_said(run.report, writer.chats)] if run.report else []
    return {
        "schema_version": SCHEMA,
        "session_id": run.run,
        "trajectory_id": run.run,
        "agent": {"name": "foreplan", "version": version("foreplan")},
        "steps": [{"step_id": number, **step} for number, step in enumerate(steps, 1)],
        "notes": "The run was cut off before its end." if run.state == "unfinished" else None,
        "final_metrics": {
            "total_prompt_tokens": run.prompt_tokens,
            "total_completion_tokens": run.completion_tokens,
            "total_cached_tokens": run.cached_tokens,
            "total_cost_usd": run.dollars,
            "total_steps": len(steps),
        },
        "extra": {
            "state": run.state,
            "project": run.project,
            "scores": [each.model_dump(mode="json") for each in run.scores],
        },
    }


def _parts(run: TraceRow) -> dict[str, _Part]:
    """Spans by what they were for: `planner`, `writer`, or `subtask:ID`."""
    parts: dict[str, _Part] = defaultdict(_Part)
    for record in read_spans(run.trace):
        operation = record.attributes.get("gen_ai.operation.name")
        if operation == "chat":
            account = str(record.attributes.get("foreplan.budget.account", ""))
            subtask = subtask_of(account)
            parts[account if subtask is None else f"subtask:{subtask}"].chats.append(record)
        elif "foreplan.plan.subtask" in record.attributes:
            part = parts[f"subtask:{record.attributes['foreplan.plan.subtask']}"]
            if operation == "invoke_agent":
                part.began = part.began or record
                part.state = str(record.attributes.get("foreplan.run.state", "")) or part.state
            else:
                part.tools.append(record)
    return dict(parts)


def _in_order(parts: Mapping[str, _Part]) -> list[tuple[str, _Part]]:
    """The subtasks by the time they began."""
    known = [(subtask_of(name), part) for name, part in parts.items()]
    begun = [(subtask, part) for subtask, part in known if subtask is not None and part.began is not None]
    return sorted(begun, key=lambda each: each[1].began.start_unix_nano if each[1].began else 0)


def _said(text: str, chats: Sequence[TraceRecord]) -> Json:
    """A step in which the agent said something."""
    step: Json = {"source": "agent", "message": text, "llm_call_count": len(chats)}
    return step | ({"timestamp": iso_time(chats[0].start_unix_nano)} if chats else {}) | _spent(chats)


def _worked(goal: str, part: _Part, claims: Sequence[str]) -> Json:
    """A step in which a worker did a subtask."""
    calls = [
        {
            "tool_call_id": each.span_id,
            "function_name": str(each.attributes.get("gen_ai.tool.name", each.name)),
            "arguments": {"detail": str(each.attributes.get("foreplan.run.detail", ""))},
        }
        for each in part.tools
    ]
    results: list[Json] = [
        {"source_call_id": each.span_id, "content": each.message or each.status} for each in part.tools
    ]
    results += [{"content": claim} for claim in claims]
    step = _said(goal, part.chats) | ({"timestamp": iso_time(part.began.start_unix_nano)} if part.began else {})
    step |= {"tool_calls": calls} if calls else {}
    step |= {"observation": {"results": results}} if results else {}
    return step | {"extra": {"state": part.state}}


def _spent(chats: Sequence[TraceRecord]) -> Json:
    """Model and metrics of some calls together; nothing without a call, as the format wants it."""
    if not chats:
        return {}
    metrics: dict[str, Any] = {
        field: sum(round(_number(each.attributes.get(name))) for each in chats) for field, name in _TOKENS.items()
    }
    metrics["cost_usd"] = sum(_number(each.attributes.get("foreplan.budget.dollars")) for each in chats)
    return {"model_name": str(chats[-1].attributes.get("gen_ai.request.model", "")), "metrics": metrics}


def _number(value: Any) -> float:
    """A number that a trace claims; 0 for what is none."""
    known = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    return min(max(value, 0), 1e12) if known else 0


def _claims(run: TraceRow) -> Iterator[tuple[str, list[str]]]:
    """The claims that each subtask left."""
    for subtask, digest in read_kept(run.trace, "digest"):
        found = digest.get("claims") if isinstance(digest, dict) else None
        texts = [each.get("text") for each in found or () if isinstance(each, dict)]
        yield subtask, [each for each in texts if isinstance(each, str)]
