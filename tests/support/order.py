"""What holds of the events of every whole run, in whichever way it went."""

from __future__ import annotations

from collections.abc import Sequence

from foreplan.core.events import (
    Event,
    PlanItem,
    PlanReady,
    RunEnded,
    RunStarted,
    Spent,
    SubtaskEnded,
    SubtaskStarted,
    ToolCalled,
)
from foreplan.core.usage import Usage


def check_order(events: Sequence[Event], usage: Usage) -> None:
    """Assert that the events of a run that ended are whole, in a sensible order, and add up to its usage."""
    assert isinstance(events[0], RunStarted)
    assert isinstance(events[-1], RunEnded)
    assert sum(isinstance(event, RunStarted | RunEnded) for event in events) == 2
    assert any(isinstance(event, PlanReady) for event in events)
    known, working = set[str](), set[str]()
    for event in events:
        match event:
            case PlanItem():
                known.add(event.subtask)
            case SubtaskStarted():
                assert event.subtask in known - working
                working.add(event.subtask)
            case ToolCalled():
                assert event.subtask in working
            case SubtaskEnded():
                assert event.subtask in known
                assert event.subtask in working or event.state == "skipped"
                working.discard(event.subtask)
    assert not working
    check_sums(events, usage)


def check_sums(events: Sequence[Event], usage: Usage) -> None:
    """Assert that what was told as spent is what was spent."""
    told = Usage()
    for event in events:
        if isinstance(event, Spent):
            told += Usage(event.prompt_tokens, event.cached_tokens, event.completion_tokens, event.reasoning_tokens)
    assert told == usage
    assert isinstance(events[-1], RunEnded)
    assert events[-1].tokens == usage.total_tokens
