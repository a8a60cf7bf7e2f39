"""Run directories for tests of the run page: written event by event, large, cut off or hostile."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from foreplan.core.events import (
    Event,
    LessonLearned,
    Noted,
    PlanItem,
    PlanReady,
    PlanRevised,
    Retried,
    RunEnded,
    RunStarted,
    Spent,
    SubtaskEnded,
    SubtaskStarted,
    ToolCalled,
)
from foreplan.memory.artifacts import FolderArtifacts
from foreplan.memory.rundir import RunDir, RunDirs
from foreplan.memory.trace import TraceWriter
from foreplan.planner.brief import Brief

BEGAN = 1_795_000_000.0
GOAL = "Which dams of the northern bays still stand?"
SOURCE = "\n".join(f"Dam {n} was built in {1800 + n}. It cost {n * 100} crowns." for n in range(60))


html = pytest.importorskip("lxml.html")


def small_run() -> list[Event]:
    """A plan of four, of which one fails and one is dropped by a revision; models, prices, a budget, a retry."""
    at = BEGAN
    spent: Any = {"prompt_tokens": 900, "cached_tokens": 300, "completion_tokens": 100, "reasoning_tokens": 40}
    return [
        RunStarted(at=at, run="r", goal=GOAL, budget_tokens=20_000, budget_dollars=1.0),
        Spent(at=at + 1, account="planner", model="deep", dollars=0.25, seconds=1, **spent),
        PlanItem(at=at + 1, subtask="find", goal="Find the dams", forecast_tokens=800, budget_tokens=2_000),
        PlanItem(at=at + 1, subtask="date", goal="Date them", depends_on=("find",), forecast_tokens=500),
        PlanItem(at=at + 1, subtask="cost", goal="What they cost", depends_on=("find",), forecast_tokens=500),
        PlanItem(at=at + 1, subtask="join", goal="Compare", depends_on=("date", "cost")),
        PlanReady(at=at + 1, mode="plan", subtasks=4),
        SubtaskStarted(at=at + 1, subtask="find", worker="small"),
        Spent(at=at + 3, account="subtask:find", model="tiny", dollars=0.01, seconds=1, **spent),
        SubtaskEnded(at=at + 3, subtask="find", state="done", claims=3, tokens=1_000, seconds=2),
        SubtaskStarted(at=at + 3, subtask="date", worker="small"),
        SubtaskStarted(at=at + 3, subtask="cost", worker="small"),
        ToolCalled(at=at + 4, subtask="cost", tool="fetch", detail="https://dams.example", error="HTTP 404"),
        LessonLearned(at=at + 4, subtask="cost", tool="fetch", kind="not_found", text="fetch failed as not_found"),
        SubtaskEnded(at=at + 4, subtask="cost", state="failed", seconds=1, reason="no ledger of costs"),
        Retried(at=at + 5, account="subtask:date", reason="429: busy", attempt=1, wait_s=1),
        SubtaskEnded(at=at + 8, subtask="date", state="done", claims=2, tokens=400, seconds=5),
        PlanRevised(at=at + 8, revision=1, kept=("find", "date"), dropped=("cost",), reason="There are no costs."),
        PlanItem(at=at + 8, subtask="join", goal="Compare", depends_on=("date",), budget_tokens=1_000),
        SubtaskStarted(at=at + 8, subtask="join", worker="small"),
        SubtaskEnded(at=at + 9, subtask="join", state="done", claims=1, seconds=1),
        Noted(at=at + 9, text="plates.pdf is encrypted", level="warning"),
        Spent(at=at + 10, account="writer", model="deep", dollars=0.25, seconds=1, **spent),
        RunEnded(at=at + 10, state="partial", tokens=3_200, dollars=0.51, seconds=10, calls=3),
    ]  # fmt: skip


def large_run(subtasks: int, levels: int = 8) -> list[Event]:
    """A layered plan, eight subtasks at a time, every ninth of them failed."""
    ids = [f"part-{n}" for n in range(subtasks)]
    per_level = max(1, subtasks // levels)
    parents = {
        n: ids[max(0, n - per_level) : max(0, n - per_level) + 2] if n >= per_level else [] for n in range(subtasks)
    }
    events: list[Event] = [RunStarted(at=BEGAN, run="r", goal=GOAL)]
    events += [
        PlanItem(
            at=BEGAN, subtask=name, goal=f"Find out about {name}", depends_on=tuple(parents[n]), forecast_tokens=1_000
        )
        for n, name in enumerate(ids)
    ]
    events.append(PlanReady(at=BEGAN, mode="plan", subtasks=subtasks))
    for n, name in enumerate(ids):
        start = BEGAN + n // 8
        state, reason = ("failed", "nothing there") if n % 9 == 8 else ("done", "")
        events += [
            SubtaskStarted(at=start, subtask=name, worker="small"),
            Spent(at=start, account=f"subtask:{name}", model="tiny", prompt_tokens=500 + n, completion_tokens=100),
            SubtaskEnded(at=start + 1, subtask=name, state=state, tokens=600 + n, seconds=1, reason=reason),  # type: ignore[arg-type]
        ]
    return [*events, RunEnded(at=BEGAN + subtasks / 8 + 1, state="partial", tokens=1, calls=subtasks)]


def write_run(
    home: Path,
    events: Iterable[Event],
    *,
    report: str | None = None,
    spans: Sequence[tuple[str, str]] = (),
    goal: str = GOAL,
    run: str = "r",
) -> RunDir:
    """A run's directory: the trace of these events, and a report whose citation N is the Nth (source, quotation)."""
    directory = RunDirs(home).create(run)
    brief = Brief(goal=goal, constraints=("Use the archive only.",))
    directory.write(directory.brief, brief)
    store = FolderArtifacts(directory.artifacts)
    with TraceWriter(directory.trace) as trace:
        trace.keep("brief", brief)
        for event in events:
            trace(event)
        if report is not None:
            citations = [_citation(store, n, *span) for n, span in enumerate(spans, start=1)]
            trace.keep("report", {"markdown": report, "citations": citations, "missing": [], "removed": 0})
    return directory


def write_lines(directory: RunDir, events: Iterable[Mapping[str, Any]]) -> RunDir:
    """Append events to a trace as they are, however wrong: faster than a writer, which cleans them."""
    frame = {"type": "event", "trace_id": "t", "span_id": "s", "name": "n", "start_unix_nano": 0}
    with directory.trace.open("a", encoding="utf-8", errors="replace") as trace:
        trace.writelines(json.dumps({**frame, "event": event}, ensure_ascii=False) + "\n" for event in events)
    return directory


def _citation(store: FolderArtifacts, number: int, source: str, quote: str) -> dict[str, Any]:
    start = source.index(quote)
    ref = {
        "artifact": store.put(source, title="The archive", source="a.txt"),
        "start": start,
        "end": start + len(quote),
    }
    return {"number": number, "ref": ref, "quote": quote, "title": "The archive", "source": "a.txt"}


def tree_of(page: str) -> Any:
    """The parsed page."""
    return html.document_fromstring(page)


def text_of(element: Any) -> str:
    """All text of an element, on one line, with a space between its parts."""
    return " ".join(" ".join(element.itertext()).split())
