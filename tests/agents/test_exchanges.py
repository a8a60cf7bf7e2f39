"""The trace keeps what the planner was sent and said, word for word: training rows are made of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.planning import as_json, make_plan, make_subtask
from support.plans import FunctionWorker, context_with

from foreplan.agents.result import RunResult
from foreplan.agents.roles import Assignment
from foreplan.agents.run import resume, run
from foreplan.core.errors import ForeplanError, ModelError
from foreplan.core.models.base import Reply, Request
from foreplan.core.models.quirks import Quirks
from foreplan.core.models.roles import Models
from foreplan.core.testing.models import FunctionModel, model_of, scripted
from foreplan.memory.trace.reader import read_kept
from foreplan.planner.brief import Brief

FIRST = as_json(make_plan(make_subtask("a"), make_subtask("b")))
SECOND = as_json(make_plan(make_subtask("a"), make_subtask("b", goal="Find b elsewhere")))


async def do(assignment: Assignment) -> str:
    if assignment.subtask.goal == "Find b":
        raise ValueError("the page is gone")
    return f"{assignment.subtask.id} is found."


async def play(
    home: Path, backend: FunctionModel, goal: str = "Find a and b.", *, quirks: Quirks | None = None, **changes: Any
) -> tuple[RunResult, list[dict[str, Any]]]:
    planner = model_of(backend, quirks=quirks or Quirks(), api_key="the-planners-own-key")
    context = context_with(FunctionWorker(do), models=Models(planner=planner, writer=scripted("Found.")), **changes)
    result = await run(Brief(goal=goal), context=context, home=home, run_id="r")
    return result, kept(home)


def kept(home: Path) -> list[dict[str, Any]]:
    return [content for _, content in read_kept(home / "runs" / "r" / "trace.jsonl", "messages")]


def saying(*texts: str | ForeplanError) -> FunctionModel:
    said = iter(texts)

    def say(request: Request) -> Reply:
        text = next(said)
        if isinstance(text, ForeplanError):
            raise text
        return Reply(text=text, reasoning="Two things.")

    return FunctionModel(say)


@pytest.mark.parametrize("quirks", [Quirks(), Quirks(system_message=False, structured="prompt"), Quirks(stream=False)])
async def test_plan_and_revision_are_kept_as_they_were_sent_and_said(tmp_path: Path, quirks: Quirks) -> None:
    backend = saying(FIRST, SECOND)
    result, exchanges = await play(tmp_path, backend, quirks=quirks)
    assert result.state == "done"
    assert [each["sent"] for each in exchanges] == [list(request.messages) for request in backend.requests]
    assert [each["said"] for each in exchanges] == [FIRST, SECOND]
    assert [each["revision"] for each in exchanges] == [0, 0]
    assert exchanges[0]["reasoning"] == "Two things."


async def test_the_revision_is_told_what_failed_as_a_lesson(tmp_path: Path) -> None:
    _, (first, second) = await play(tmp_path, saying(FIRST, SECOND))
    assert "<lessons>" not in json.dumps(first["sent"])
    lessons = second["sent"][-1]["content"].partition("<lessons>")[2].partition("</lessons>")[0]
    assert "Find b failed" in lessons
    assert "the page is gone" in lessons


async def test_a_faulty_answer_and_its_repair_are_both_kept(tmp_path: Path) -> None:
    backend = saying(FIRST, "no plan at all", SECOND)
    _, exchanges = await play(tmp_path, backend)
    assert [each["said"] for each in exchanges] == [FIRST, "no plan at all", SECOND]
    assert [each["sent"] for each in exchanges] == [list(request.messages) for request in backend.requests]


async def test_of_a_stream_with_a_fault_what_was_read_is_kept(tmp_path: Path) -> None:
    broken = FIRST.replace('"goal": "Find b"', '"goal": ""')
    backend = saying(broken, SECOND)
    _, exchanges = await play(tmp_path, backend)
    assert broken.startswith(exchanges[0]["said"])
    assert exchanges[0]["said"]
    assert exchanges[1]["sent"] == list(backend.requests[1].messages)


async def test_a_whole_plan_for_approval_is_kept_too_and_once(tmp_path: Path) -> None:
    with pytest.raises(ForeplanError, match="approval"):
        await play(tmp_path, saying(FIRST), approve=True)
    assert kept(tmp_path) == []

    async def approve(plan: Any, fault: str) -> dict[str, Any]:
        return {"decision": "approve"}

    models = Models(planner=model_of(saying(SECOND)), writer=scripted("Found.", "Found."))
    context = context_with(FunctionWorker(do), models=models, approve=True)
    for _ in range(2):
        await resume("r", context=context, home=tmp_path, approve=approve)
    assert [each["said"] for each in kept(tmp_path)] == [FIRST, SECOND]


async def test_no_secret_is_kept(tmp_path: Path) -> None:
    _, exchanges = await play(tmp_path, saying(FIRST, SECOND), "Find a with the-planners-own-key and sk-" + "a1" * 20)
    said = json.dumps(exchanges)
    assert "the-planners-own-key" not in said
    assert "sk-a1" not in said
    assert "[redacted]" in said


async def test_an_endpoint_that_never_answers_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ForeplanError):
        await play(tmp_path, saying(ModelError("no such key", kind="auth")))
    assert kept(tmp_path) == []
