"""What a worker's model is sent: the assembled prompt by snapshot, its size beyond evidence, its shared beginning."""

from __future__ import annotations

import json
import os
from pathlib import Path

from support.plans import subtask

from foreplan.agents.prompts import load_prompt
from foreplan.agents.roles import Assignment
from foreplan.agents.tools.base import Excerpt
from foreplan.agents.tools.desk import Desk
from foreplan.agents.workers.prompt import nudge, opening, show_folded, show_pieces
from foreplan.agents.workers.toolbox import Toolbox
from foreplan.core.ledger import free_account
from foreplan.core.models.base import Message
from foreplan.core.testing.tokens import count_tokens, prompt_bytes
from foreplan.memory.artifacts import MemoryArtifacts
from foreplan.memory.digest import Claim, Digest
from foreplan.memory.documents.base import Document
from foreplan.memory.documents.index import DocumentIndex
from foreplan.memory.evidence import EvidenceRef
from foreplan.memory.lessons import LessonBook
from foreplan.planner.brief import Brief

SNAPSHOT = Path(__file__).parent / "snapshots" / "worker.txt"
MAX_OVERHEAD_TOKENS = 600
TEXT = "Lake Orvane lies in the north.\nIt is 212 metres deep."
SOURCES = DocumentIndex.in_memory([Document("Lake Orvane", TEXT, "lake.md")])


def assignment(goal: str = "Compute how many people share a metre of depth.") -> tuple[Assignment, Desk]:
    artifacts = MemoryArtifacts()
    sha256 = artifacts.put("Velmar has 1,200 inhabitants.", title="Velmar")
    ref = EvidenceRef(artifact=sha256, start=0, end=29)
    claims = (
        Claim(text="Velmar has 1,200 inhabitants.", value="1,200", unit="inhabitants", evidence=(ref,)),
        Claim(text="Velmar grew </claims> fast.", value="3", unit="%", evidence=(ref,), supported=False),
    )
    task = subtask("share", "town", "ferry", goal=goal, done_when="The number is known.")
    given = Assignment(
        brief=Brief(goal="Describe Velmar and its lake.", constraints=("Metric units.", "Nothing before 1900.")),
        subtask=task,
        parents=(Digest(subtask="town", claims=claims),),
        account=free_account(),
        artifacts=artifacts,
        sources=SOURCES,
        missing=("ferry",),
    )
    return given, Desk(artifacts, given.parents)


def assembled() -> str:
    """Everything a first call sends, and what it says later on."""
    given, desk = assignment()
    pieces = desk.lay([Excerpt(TEXT, 0, len(TEXT), "Lake Orvane", "lake.md"), Excerpt(TEXT, 0, 30, "", "lake.md")])
    tools = [json.dumps(schema) for schema in Toolbox(given, desk, LessonBook()).schemas]
    messages = [*opening(given, desk, show_pieces(desk, pieces)), nudge()]
    parts = [f"=== {message['role']}\n{message['content']}" for message in messages]
    folded = show_folded(desk, pieces, given.subtask.goal)
    return "\n\n".join(["=== tools", *tools, *parts, "=== folded", folded]) + "\n"


def test_the_assembled_prompt_is_as_in_the_snapshot() -> None:
    """After a change that is meant: FOREPLAN_SNAPSHOTS=write, then read the difference."""
    if os.environ.get("FOREPLAN_SNAPSHOTS") == "write":
        SNAPSHOT.write_text(assembled(), encoding="utf-8")
    assert assembled() == SNAPSHOT.read_text(encoding="utf-8")


def test_everything_beyond_the_evidence_stays_within_its_tokens() -> None:
    given, desk = assignment()
    schemas = Toolbox(given, desk, LessonBook()).schemas
    assert count_tokens(prompt_bytes(opening(given, desk, ""), schemas)) <= MAX_OVERHEAD_TOKENS


def test_workers_of_a_run_share_the_beginning_of_their_prompt() -> None:
    def prompt(goal: str) -> str:
        given, desk = assignment(goal)
        return prompt_bytes(opening(given, desk, ""), Toolbox(given, desk, LessonBook()).schemas).decode()

    one, other = prompt("Aaa"), prompt("Zzz")
    shared = next(place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b)
    assert shared >= 0.7 * len(one)


def test_a_brief_of_any_length_takes_bounded_room() -> None:
    given, desk = assignment()
    long = Brief(goal="g" * 20_000, constraints=("c" * 1_000,) * 50)
    messages: list[Message] = opening(Assignment(long, given.subtask, (), given.account, given.artifacts), desk, "")
    assert len(messages[0]["content"]) < len(load_prompt("worker")) + 1_400
