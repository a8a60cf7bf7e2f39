"""Plans with known durations, a worker that makes one timed call, and the wave-barrier executor that others have.

What the benchmarks of scheduling share. A subtask's duration stands in its goal, the latency server's script reads it
there, so every executor in a benchmark waits for the same calls.
"""

from __future__ import annotations

import math
import operator
import random
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send
from typing_extensions import TypedDict

from foreplan.agents.report import Report
from foreplan.agents.roles import Assignment, Writing
from foreplan.core.models.model import Model
from foreplan.core.testing.chat import Answer, ChatRequest, Script
from foreplan.memory.digest import Claim, Digest
from foreplan.memory.evidence import EvidenceRef
from foreplan.planner.plan import Forecast, Plan, Subtask

_DURATION = re.compile(r"takes ([\d.]+) s")


def plan_of(
    durations_s: Mapping[str, float], depends_on: Mapping[str, Sequence[str]], *, forecast: bool = True
) -> Plan:
    """A plan whose subtasks take these seconds; with `forecast` False they all look alike to the scheduler."""
    subtasks = tuple(
        Subtask(
            id=name,
            depends_on=tuple(depends_on[name]),
            kind="reason",
            goal=f"Part {name} takes {seconds:.4f} s",
            done_when="it is over",
            on_missing="skip",
            worker=None,
            effort="low",
            attempts=1,
            select="first",
            forecast=Forecast(
                success=0.9, tokens_p50=_tokens(seconds, forecast), tokens_p90=_tokens(seconds, forecast)
            ),
            budget=2_000,
        )
        for name, seconds in durations_s.items()
    )
    return Plan(mode="plan", answer=None, synthesis="", success=0.9, subtasks=subtasks)


def irregular(subtasks: int, seed: int, *, median_s: float = 0.25, low_s: float = 0.05, high_s: float = 1.0) -> tuple[
    dict[str, float], dict[str, tuple[str, ...]]
]:  # fmt: skip
    """Lognormal durations in [low_s, high_s], and up to three earlier parts that each part depends on."""
    draw = random.Random(seed)
    names = [f"p{number}" for number in range(subtasks)]
    durations = {name: min(high_s, max(low_s, draw.lognormvariate(math.log(median_s), 0.8))) for name in names}
    depends_on = {
        name: tuple(draw.sample(names[max(0, at - 12) : at], min(at, draw.choice([0, 1, 1, 2, 3]))))
        for at, name in enumerate(names)
    }
    return durations, depends_on


def critical_path_s(durations_s: Mapping[str, float], depends_on: Mapping[str, Sequence[str]]) -> float:
    """The longest chain, in seconds; names in plan order."""
    ends: dict[str, float] = {}
    for name, seconds in durations_s.items():
        ends[name] = max((ends[each] for each in depends_on[name]), default=0.0) + seconds
    return max(ends.values())


def timed_script() -> Script:
    """For the latency server: each call takes as long as its prompt says."""

    def script(request: ChatRequest) -> Answer:
        found = _DURATION.findall(request.text)
        return Answer(text="Done.", total_s=float(found[-1]) if found else 0.0)

    return script


class OneCall:
    """A worker that makes one call of the subtask's length and states that it did."""

    name = "one-call"

    def __init__(self, model: Model) -> None:
        self._model = model

    async def work(self, assignment: Assignment) -> Digest:
        """One call, one claim."""
        message = {"role": "user", "content": assignment.subtask.goal}
        reply = await self._model.call([message], account=assignment.account, max_completion_tokens=16)
        text = f"{assignment.subtask.id}: {reply.text}"
        ref = EvidenceRef(artifact=assignment.artifacts.put(text), start=0, end=len(text))
        return Digest(subtask=assignment.subtask.id, claims=(Claim(text=text, evidence=(ref,)),))


class _Waves(TypedDict, total=False):
    done: Annotated[list[str], operator.add]


class _One(TypedDict):
    subtask: Subtask


class QuietWriter:
    """A writer that costs nothing, as the executors compared with have none: what is measured comes before it."""

    async def write(self, writing: Writing) -> Report:
        """A report that says nothing."""
        return Report(markdown="done\n")


def send_waves(plan: Plan, worker: OneCall, assignment: Any) -> Any:
    """The same plan as `Send` waves: all that is ready goes out, and nothing follows before the last is back."""

    async def work(state: _One) -> _Waves:
        await worker.work(assignment(state["subtask"]))
        return {"done": [state["subtask"].id]}

    def wave(state: _Waves) -> _Waves:
        return {}

    def ready(state: _Waves) -> list[Send] | str:
        done = set(state.get("done", []))
        waiting = [each for each in plan.subtasks if each.id not in done and done.issuperset(each.depends_on)]
        return [Send("work", {"subtask": each}) for each in waiting] or END

    graph = StateGraph(_Waves)
    graph.add_node("wave", wave)
    graph.add_node("work", work, input_schema=_One)
    graph.add_edge(START, "wave")
    graph.add_conditional_edges("wave", ready, ["work", END])
    graph.add_edge("work", "wave")
    return graph.compile()


def _tokens(seconds: float, forecast: bool) -> int:
    return int(seconds * 1_000) if forecast else 0
