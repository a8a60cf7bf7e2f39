"""The toolbox: foreign tools of every kind, and hostile calls, each answered with words for the model."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.tools import BaseTool, StructuredTool, tool
from langgraph.errors import GraphInterrupt
from support.plans import subtask

from foreplan.agents.roles import Assignment
from foreplan.agents.tools.desk import Desk
from foreplan.agents.workers.toolbox import Outcome, Toolbox
from foreplan.core.errors import SettingsError
from foreplan.core.ledger import free_account
from foreplan.core.models.base import ToolCall
from foreplan.memory.artifacts import MemoryArtifacts
from foreplan.memory.documents.base import Document
from foreplan.memory.documents.index import DocumentIndex
from foreplan.memory.lessons import LessonBook
from foreplan.planner.brief import Brief

SOURCES = DocumentIndex.in_memory([Document("Lake", "Lake Orvane is 212 metres deep.", "lake.md")])


def toolbox(*tools: BaseTool, lessons: LessonBook | None = None) -> tuple[Toolbox, Desk]:
    artifacts = MemoryArtifacts()
    desk = Desk(artifacts)
    assignment = Assignment(
        Brief(goal="Orvane"), subtask("a"), (), free_account(), artifacts, sources=SOURCES, tools=tools
    )
    return Toolbox(assignment, desk, lessons or LessonBook()), desk


async def outcome_of(made: BaseTool, **arguments: Any) -> tuple[Outcome, Desk]:
    box, desk = toolbox(made)
    (outcome,) = await box.run([ToolCall("1", made.name, json.dumps(arguments))])
    return outcome, desk


def returning(value: Any) -> BaseTool:
    return StructuredTool.from_function(func=lambda: value, name="give", description="Give.")


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("plain", "plain"),
        ("", "(nothing)"),
        (None, "null"),
        ({"depth": 212}, '{"depth": 212}'),
        ([{"type": "text", "text": "one"}, {"type": "image", "base64": "x" * 9_000}], "one\n(image not shown)"),
        ("lone \ud800 and \x00 null", "lone \ufffd and  null"),
    ],
)
async def test_whatever_a_tool_returns_is_stored_as_text(value: Any, stored: str) -> None:
    outcome, desk = await outcome_of(returning(value))
    assert [desk.text(piece.handle) for piece in outcome.pieces] == [stored]


def raising(error: BaseException) -> BaseTool:
    def fail() -> str:
        raise error

    return StructuredTool.from_function(func=fail, name="fail", description="Fail.")


@pytest.mark.parametrize(
    "error", [ValueError("x" * 9_000), KeyError("k"), RuntimeError(), OSError("\ud800"), RecursionError()]
)
async def test_whatever_a_tool_raises_is_told(error: Exception) -> None:
    outcome, _ = await outcome_of(raising(error))
    assert type(error).__name__ in outcome.error
    assert len(outcome.error) <= 500
    outcome.error.encode()


async def test_an_interrupt_of_a_users_tool_passes_through() -> None:
    with pytest.raises(GraphInterrupt):
        await outcome_of(raising(GraphInterrupt()))


async def test_a_tool_that_breaks_off_is_told_but_a_worker_that_is_cancelled_stops() -> None:
    started = asyncio.Event()

    @tool
    async def broken() -> str:
        """Break off."""
        raise asyncio.CancelledError

    @tool
    async def endless() -> str:
        """Never end."""
        started.set()
        await asyncio.Event().wait()
        return ""

    outcome, _ = await outcome_of(broken)
    assert "broken off" in outcome.error
    working = asyncio.create_task(outcome_of(endless))
    await started.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working


async def test_a_failed_handle_of_one_attempt_says_nothing_about_anothers() -> None:
    lessons = LessonBook()
    first, _ = toolbox(lessons=lessons)
    assert (await first.run([ToolCall("1", "read", '{"handle": "p1"}')]))[0].error
    second, desk = toolbox(lessons=lessons)
    await second.run([ToolCall("1", "search", '{"query": "Orvane"}')])
    (outcome,) = await second.run([ToolCall("2", "read", '{"handle": "p1"}')])
    assert outcome.error == ""
    assert desk.text(outcome.pieces[0].handle) == "Lake Orvane is 212 metres deep."


def test_no_tool_may_pass_for_a_built_in_one() -> None:
    fake = StructuredTool.from_function(func=lambda: "x", name="submit_digest", description="Mine.")
    with pytest.raises(SettingsError, match="submit_digest"):
        toolbox(fake)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["search", "read", "calculate", "submit_digest", "echo", "nope", "", "\ud800", "x" * 500])
KEYS = st.sampled_from(
    ["query", "handle", "start", "expression", "values", "claims", "word", "self", "config", "run_manager"]
)
ARGUMENTS = st.dictionaries(KEYS, JSON, max_size=4).map(json.dumps) | st.text(max_size=40) | JSON.map(json.dumps)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(NAMES, ARGUMENTS), max_size=3))
def test_no_call_raises_and_every_one_is_answered(calls: list[tuple[str, str]]) -> None:
    @tool
    def echo(word: str) -> str:
        """Echo."""
        return word

    box, _ = toolbox(echo)
    outcomes = asyncio.run(box.run([ToolCall(str(n), name, arguments) for n, (name, arguments) in enumerate(calls)]))
    assert len(outcomes) == len(calls)
    for outcome in outcomes:
        outcome.error.encode()
        assert len(outcome.error) < 1_000
