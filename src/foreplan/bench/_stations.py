"""A long job made up from a seed, for any number of finished subtasks, and models that play its roles in this process.

Each subtask asks the web about one station and gets a page of which a few sentences matter; one subtask finds nothing,
so that the plan is revised. The revision adds a probe that depends on the same five subtasks in every job.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool

from foreplan.agents.tools.base import Excerpt
from foreplan.agents.tools.web.base import WEB_SEARCH
from foreplan.core.models.base import Reply, Request, ToolCall
from foreplan.core.models.roles import Models
from foreplan.core.testing.models import FunctionModel, model_of
from foreplan.core.testing.tokens import prompt_tokens
from foreplan.planner.plan import Forecast, Plan, Subtask

PROBED = 5
"""The first so many subtasks are what the probe depends on."""
FACTS = 2
SHOWN_CHARS = 1_500
BUDGET_TOKENS = 4_000
_PROBE, _BROKEN = "probe", "broken"
_WARES = ("tea", "salt", "rope", "wool", "tin", "oak", "flax", "coal")
_FACT = re.compile(r"(?:Station|Shed) \d+ (?:keeps|sends) [\d,]+ crates of \w+ (?:in store|away each year)\.")
_SHOWN = re.compile(r"<data (p\d+)[^>]*>\n(.*?)\n</data>", re.DOTALL)


@dataclass
class Seen:
    """Prompt tokens of the calls that were made, by role, counted by the testing kit's rule."""

    worker: list[int] = field(default_factory=list)
    probe: list[int] = field(default_factory=list)
    planner: list[int] = field(default_factory=list)
    writer: list[int] = field(default_factory=list)


def plan_of(subtasks: int) -> Plan:
    """`subtasks` that find something, then one that does not."""
    draw = random.Random(subtasks)
    made = [_subtask(f"s{n}", f"Find what station {n} keeps and sends.", _parents(draw, n)) for n in range(subtasks)]
    broken = _subtask(_BROKEN, "Find what the lost station keeps.", ())
    return Plan(mode="plan", answer=None, synthesis="Say it station by station.", success=0.9, subtasks=(*made, broken))


def web_tool(page_chars: int) -> BaseTool:
    """A web search whose every answer is a long page of which a stretch is shown."""

    async def web_search(query: str) -> tuple[str, tuple[Excerpt, ...]]:
        number = re.search(r"station (\d+) keeps", query)
        page = _page(number[1] if number else "", page_chars)
        excerpt = Excerpt(page, 0, min(SHOWN_CHARS, len(page)), "Almanac", f"https://almanac.example/{query[:40]}")
        return excerpt.shown, (excerpt,)

    return StructuredTool.from_function(
        coroutine=web_search, name=WEB_SEARCH, description="Search the web.", response_format="content_and_artifact"
    )


def models(seen: Seen) -> Models:
    """The roles: a worker that hands in what its page says, a planner that adds the probe, a writer that cites all."""

    def noting(say: Any, tokens: list[int]) -> FunctionModel:
        def function(request: Request) -> Reply | str:
            spoken.requests.clear()  # they would be what grows
            tokens.append(prompt_tokens(request.messages, request.tools))
            said: Reply | str = say(request)
            return said

        spoken = FunctionModel(function)
        return spoken

    def work(request: Request) -> Reply:
        if "Your subtask: Compare" in _last(request):
            seen.probe.append(prompt_tokens(request.messages, request.tools))
        return _work(request)

    return Models(
        planner=model_of(noting(_revise, seen.planner), model="planner"),
        worker=model_of(noting(work, seen.worker), model="worker"),
        writer=model_of(noting(_write, seen.writer), model="writer"),
    )


def _parents(draw: random.Random, number: int) -> tuple[str, ...]:
    if number < PROBED:
        return ()
    return tuple(sorted({f"s{draw.randrange(number)}" for _ in range(2)}))


def _subtask(name: str, goal: str, depends_on: Sequence[str]) -> Subtask:
    return Subtask(
        id=name,
        depends_on=tuple(depends_on),
        kind="research",
        goal=goal,
        done_when="Numbers and wares are known.",
        on_missing="partial",
        worker=None,
        effort="low",
        attempts=1,
        select="first",
        forecast=Forecast(success=0.9, tokens_p50=1_000, tokens_p90=2_000),
        budget=BUDGET_TOKENS,
    )


def _page(number: str, chars: int) -> str:
    draw = random.Random(number)
    facts = ""
    if number:
        store, sent = (draw.randrange(1_000, 9_999) for _ in range(FACTS))
        facts = (
            f"Station {number} keeps {store:,} crates of {draw.choice(_WARES)} in store. "
            f"Shed {number} sends {sent:,} crates of {draw.choice(_WARES)} away each year. "
        )
    words = [f"{draw.choice(_WARES)}{draw.randrange(1000)}" for _ in range(chars // 6)]
    return (facts + "The rest of the almanac is a list: " + " ".join(words))[:chars]


def _last(request: Request) -> str:
    return str(request.messages[-1]["content"])


def _work(request: Request) -> Reply:
    claims = [
        {"text": fact, "source": handle, "quote": fact, "confidence": 0.9}
        for handle, shown in _SHOWN.findall(_last(request))
        for fact in _FACT.findall(shown)
    ]
    arguments = json.dumps({"claims": claims, "open_questions": []})
    return Reply(tool_calls=(ToolCall("call", "submit_digest", arguments),), finish_reason="tool_calls")


def _revise(request: Request) -> str:
    """What is shown of the plan, the broken subtask replaced by the probe."""
    plan = json.loads(str(request.messages[-2]["content"]))
    kept = [each for each in plan["subtasks"] if each["id"] != _BROKEN]
    probe = _subtask(_PROBE, "Compare the first stations; find what station 0 keeps.", [f"s{n}" for n in range(PROBED)])
    return json.dumps({**plan, "subtasks": [*kept, probe.model_dump(mode="json")]})


def _write(request: Request) -> str:
    """Every claim, cited."""
    lines = (line for line in _last(request).split("\n") if line.startswith("[c"))
    return "\n".join(f"- {line.partition('] ')[2]} {line.partition('] ')[0]}]" for line in lines)
