"""What the latency server says in the kill tests: a planner that changes its mind, workers that find weights.

Each call of the planner names different parts, so a plan that were begun anew after a crash would be another plan; no
plan asks for a part twice, so what a worker states was in its own evidence. The weight of a part follows from its name,
so any result can be checked without knowing which plan was made.
"""

from __future__ import annotations

import json
import random
import re
import zlib
from typing import Any

from foreplan.core.testing.chat import Answer, ChatRequest, Script

SUBTASKS = 10
PARTS = 200
_PART = re.compile(r"Find what part (\d+) weighs\.")
_PAGE = re.compile(r"Part (\d+) weighs (\d+) kg\.")
_HANDLE = re.compile(r"<data\s+([^\s>]+)")
_CLAIM = re.compile(r"^\s*(?:[-*]\s+)?\[(c\d+)\]\s+(\S.*?)\.?\s*$", re.MULTILINE)


def weight(part: int) -> int:
    """What a part weighs, in kg."""
    return 1_000 + zlib.crc32(str(part).encode()) % 9_000


def pages() -> dict[str, str]:
    """One page a part, by file name."""
    return {f"part-{part}.md": f"# Part {part}\n\nPart {part} weighs {weight(part)} kg." for part in range(PARTS)}


def kill_script(
    worker_s: float = 0.15, planner_tokens_per_s: float = 1_500.0, subtasks: int = SUBTASKS, writer_s: float = 0.0
) -> Script:
    """The script; timings are those of one worker call, of the planner's stream and of the writer's call."""

    def script(request: ChatRequest) -> Answer:
        if "planner" in request.model:
            return Answer(json=_plan(request, subtasks), first_token_s=0.1, tokens_per_s=planner_tokens_per_s)
        if "writer" in request.model:
            lines = [f"{text} [{handle}]." for handle, text in _CLAIM.findall(request.text)]
            return Answer(text="\n\n".join(lines), total_s=writer_s or worker_s)
        return Answer(tool_calls=[("submit_digest", _submission(request))], total_s=worker_s)

    return script


def _plan(request: ChatRequest, size: int) -> dict[str, Any]:
    """A plan, or its rest: parts drawn by the number of the call, so that no two calls plan alike."""
    standing = [message for message in request.messages if message["role"] == "assistant"]
    ids = [each["id"] for each in json.loads(standing[-1]["content"])["subtasks"]] if standing else []
    unasked = sorted(set(range(PARTS)) - {part_of(name) for name in ids})
    draw = random.Random(request.number)
    subtasks = []
    for part in draw.sample(unasked, max(0, size - len(ids))):
        name = f"p{len(ids)}-{part}"
        parents = draw.sample(ids[-4:], min(len(ids), draw.choice([0, 1, 2])))
        subtasks.append(_subtask(name, part, parents))
        ids.append(name)
    return {"mode": "plan", "answer": None, "synthesis": "All weights.", "success": 0.9, "subtasks": subtasks}


def part_of(name: str) -> int:
    """The part that the subtask of this name asks for."""
    return int(name.partition("-")[2])


def _subtask(name: str, part: int, parents: list[str]) -> dict[str, Any]:
    return {
        "id": name,
        "depends_on": parents,
        "kind": "research",
        "goal": f"Find what part {part} weighs.",
        "done_when": "The weight is known.",
        "on_missing": "partial",
        "worker": None,
        "effort": "low",
        "attempts": 1,
        "select": "first",
        "forecast": {"success": 0.9, "tokens_p50": 800, "tokens_p90": 1_500},
        "budget": 8_000,
    }


def _submission(request: ChatRequest) -> dict[str, Any]:
    part = _PART.findall(request.text)[-1]
    found = next((match for match in _PAGE.finditer(request.text) if match[1] == part), None)
    if found is None:
        return {"claims": [], "open_questions": [f"What does part {part} weigh?"]}
    handles = _HANDLE.findall(request.text, 0, found.start())
    claim = {"text": found[0], "source": handles[-1], "quote": found[0], "value": found[2], "unit": "kg"}
    return {"claims": [claim], "open_questions": []}
