"""Hostile words at each place where a model speaks: whole runs, which end within their limits and say nothing unproven.

Laws, after whatever was said: the run ends with a report (or, where no plan could be had, with a clear error); nothing
of ours crashes, not even into a subtask's failure; calls and spend are bounded; no tool is used that was not offered;
each claim is borne out by its evidence; each citation is an exact span that bears out its sentence.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from support.hostile import NUMBERS, ORDERS, TEXTS, Hostile, spoilt, texts, tool_calls

from foreplan.agents.context import Context
from foreplan.agents.loop import run_graph
from foreplan.agents.report import Report
from foreplan.agents.result import RunResult
from foreplan.agents.tools.submit import MAX_CLAIMS
from foreplan.agents.workers.model import MAX_CALLS, MAX_TURNS
from foreplan.core.errors import ForeplanError
from foreplan.core.events import Event, LessonLearned, Spent, SubtaskStarted, ToolCalled, subtask_of
from foreplan.core.limits import Limits
from foreplan.core.models.base import Reply, Request, ToolCall
from foreplan.core.models.quirks import Quirks
from foreplan.core.models.roles import Models
from foreplan.core.testing.chat import Answer, ChatRequest
from foreplan.core.testing.models import model_of, spoken
from foreplan.core.testing.research import ResearchJob
from foreplan.memory.artifacts import MemoryArtifacts
from foreplan.memory.checks import check_claim, check_sentence
from foreplan.memory.documents.base import Document
from foreplan.memory.documents.index import DocumentIndex
from foreplan.memory.text.sentences import sentences
from foreplan.planner.brief import Brief
from foreplan.planner.plan import Plan

JOB = ResearchJob(subtasks=4, levels=2, distractors=3, seed=11)
SOURCES = DocumentIndex.in_memory(Document(name, text, name) for name, text in JOB.documents.items())
FIRST = JOB.places[0]
BUDGET = 20_000
LIMITS = Limits(tokens=120_000)
TIMEOUT_S = 20.0
MOST_PLANNER_CALLS = 12
_NUMBERED = re.compile(r" ?\[\s*(\d+(?:\s*[,;–-]\s*\d+)*)\s*\](?!\()")  # noqa: RUF001
_BLOCK_MARK = re.compile(r"(?:[#>|\s]|[-*+]\s|\d{1,3}[.)]\s)*")

_SETTINGS = settings(derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
QUICK = settings(_SETTINGS, max_examples=12)
SLOW = settings(_SETTINGS, max_examples=2_000)


def subtask(**changes: Any) -> dict[str, Any]:
    return {**JOB.plan["subtasks"][0], "budget": BUDGET, **changes}


def plan_of(*subtasks: dict[str, Any]) -> dict[str, Any]:
    return {**JOB.plan, "subtasks": list(subtasks)}


def sound(request: ChatRequest) -> Answer:
    """What the roles that are not hostile say; a worker finds nothing out about a goal that is none of the job's."""
    try:
        return JOB.script(request)
    except ValueError:
        return Answer(tool_calls=[("submit_digest", {"claims": [], "open_questions": ["What is meant?"]})])


SUBMISSION: dict[str, Any] = {
    "claims": [
        {"text": FIRST.sentence, "source": "p1", "quote": FIRST.sentence, "kind": "fact", "value": str(FIRST.value),
         "unit": FIRST.unit, "confidence": 0.9},
        {"text": f"{FIRST.name} holds {FIRST.value + 1} {FIRST.unit}", "source": "p1", "quote": FIRST.sentence},
        {"text": f"It is twice {FIRST.value}", "source": "p1, c1", "quote": "", "kind": "derived", "value": "2"},
        {"text": "Nothing is known", "source": "p2", "quote": "", "kind": "absence"},
        {"text": ORDERS[0], "source": "p7", "quote": ORDERS[0]},
    ],
    "open_questions": ["Which one?", ORDERS[1]],
}  # fmt: skip
TOOLS: dict[str, dict[str, Any]] = {
    "search": {"query": FIRST.name},
    "read": {"handle": "p1", "start": 0},
    "calculate": {
        "expression": "a * 2 ** 3 - 1 / 7",
        "values": [{"name": "a", "source": "p1", "quote": FIRST.sentence}],
    },
    "lookup": {"word": "bells"},
    "submit_digest": SUBMISSION,
}


@dataclass
class Ran:
    """What came of a run: its result or its error, what happened, and which foreign tools were used."""

    result: RunResult | None
    error: ForeplanError | None
    events: list[Event]
    artifacts: MemoryArtifacts
    used: Counter[str]
    asked: dict[str, int]

    @property
    def begun(self) -> int:
        """How often work on a subtask was begun."""
        return sum(isinstance(event, SubtaskStarted) for event in self.events)

    @property
    def report(self) -> Report:
        assert self.result is not None
        assert self.result.report is not None
        return self.result.report


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as opened:
        yield opened


def play(
    runner: asyncio.Runner, *, plan: dict[str, Any] | None, approve: bool = False, quirks: Quirks | None = None,
    revisions: int = 1,
    **hostile: Callable[[Request], Reply],
) -> Ran:  # fmt: skip
    """A run in which the roles in `hostile` say what they like, and the others do their work."""
    used: Counter[str] = Counter()

    @tool
    def lookup(word: str) -> str:
        """Look a word up."""
        used["lookup"] += 1
        return f"{word[:100]}: {ORDERS[0]}"

    @tool
    def delete_everything() -> str:
        """Delete everything."""
        used["delete_everything"] += 1
        return "deleted"

    backends: dict[str, Any] = {
        role: Hostile(hostile[role]) if role in hostile else spoken(sound, model=role)
        for role in ("planner", "worker", "writer", "judge")
    }
    models = {
        role: model_of(backend, model=role, quirks=quirks or Quirks(structured="json_schema"))
        for role, backend in backends.items()
    }
    artifacts, events = MemoryArtifacts(), list[Event]()
    context = Context(
        models=Models.of(models),
        sources=SOURCES,
        tools=[lookup],
        artifacts=artifacts,
        limits=replace(LIMITS, max_revisions=revisions),
        approve=approve,
    )

    async def agree(asked: Plan, fault: str) -> dict[str, Any]:
        return {"decision": "approve"}

    async def run() -> RunResult:
        async with asyncio.timeout(TIMEOUT_S):
            return await run_graph(
                Brief(**JOB.brief),
                run_id="hostile",
                context=context,
                checkpointer=InMemorySaver() if approve else None,
                plan=None if plan is None else Plan.model_validate(plan),
                on_event=events.append,
                approve=agree,
            )

    result, error = None, None
    try:
        result = runner.run(run())
    except ForeplanError as caught:
        error = caught
    asked = {role: len(getattr(each, "asked", getattr(each, "requests", ()))) for role, each in backends.items()}
    return Ran(result, error, events, artifacts, used, asked)


def check(ran: Ran) -> None:
    """The laws."""
    assert "delete_everything" not in ran.used
    assert not [event for event in ran.events if isinstance(event, LessonLearned) and event.kind == "bug"]
    check_spend(ran)
    if ran.result is None:
        assert ran.error is not None
        assert not any(isinstance(event, SubtaskStarted) for event in ran.events)
        return
    json.dumps(ran.result.to_json(), ensure_ascii=False, allow_nan=False).encode()
    check_claims(ran)
    check_report(ran)


def check_spend(ran: Ran) -> None:
    spent: Counter[str] = Counter()
    for event in ran.events:
        if isinstance(event, Spent):
            spent[event.account] += event.prompt_tokens + event.completion_tokens
    assert LIMITS.tokens is not None
    assert sum(spent.values()) <= LIMITS.tokens
    if ran.result is not None:
        assert ran.result.usage.total_tokens == sum(spent.values())
        plan = ran.result.plan
        budgets = {each.id: max(each.budget, BUDGET) for each in plan.subtasks} if plan else {}
        for account, tokens in spent.items():
            owner = subtask_of(account)
            assert owner is None or tokens <= budgets.get(owner, BUDGET)
    assert ran.asked["planner"] <= MOST_PLANNER_CALLS


def check_claims(ran: Ran) -> None:
    assert ran.result is not None
    claims = [claim for digest in ran.result.digests for claim in digest.claims]
    known = {claim.id: claim for claim in claims}
    for claim in claims:
        for ref in claim.evidence:
            assert ran.artifacts.span(ref).strip()
        if claim.supported:
            assert claim.evidence or claim.kind == "derived"
            assert not check_claim(claim, ran.artifacts, known=known), claim


def check_report(ran: Ran) -> None:
    """Each number in brackets is a citation of ours, and its spans bear out the sentence before it."""
    report = ran.report
    assert report.markdown.strip()
    report.markdown.encode()
    assert "\x1b" not in report.markdown
    quotes = {}
    for citation in report.citations:
        assert ran.artifacts.span(citation.ref) == citation.quote
        quotes[citation.number] = citation.quote
    body = report.markdown.split("\n## Missing parts\n")[0].split("\n## Sources\n")[0]
    for line in body.split("\n"):
        check_line(line, quotes)


def check_line(line: str, quotes: dict[int, str]) -> None:
    plain, places = "", list[tuple[int, set[int]]]()
    done = 0
    for found in _NUMBERED.finditer(line):
        plain, done = plain + line[done : found.start()], found.end()
        places.append((len(plain), {int(each) for each in re.findall(r"\d+", found[1])}))
        assert places[-1][1] <= set(quotes), f"a citation of nothing: {line!r}"
    plain += line[done:]
    spans = sentences(plain)
    for i, span in enumerate(spans):
        last = spans[i + 1].start if i + 1 < len(spans) else len(plain)
        cited = {number for place, numbers in places if span.start < place <= last for number in numbers}
        sentence = _BLOCK_MARK.sub("", span.of(plain), count=1)
        assert not cited or not check_sentence(sentence, [quotes[number] for number in sorted(cited)]), line


# Places where a model speaks


def submission_case(runner: asyncio.Runner, arguments: str, again: str) -> None:
    said = iter([arguments])

    def worker(request: Request) -> Reply:
        return Reply(tool_calls=(ToolCall("1", "submit_digest", next(said, again)),), finish_reason="tool_calls")

    ran = play(runner, plan=plan_of(subtask()), worker=worker)
    check(ran)
    assert ran.asked["worker"] <= (MAX_TURNS + 1) * ran.begun


def tools_case(runner: asyncio.Runner, turns: list[tuple[ToolCall, ...]], kind: str, text: str) -> None:
    count = 0

    def worker(request: Request) -> Reply:
        nonlocal count
        count += 1
        return Reply(text=text, tool_calls=turns[count % len(turns)], finish_reason="tool_calls")

    ran = play(runner, plan=plan_of(subtask(kind=kind)), worker=worker, revisions=0)
    check(ran)
    assert ran.asked["worker"] <= (MAX_TURNS + 1) * ran.begun
    assert sum(isinstance(event, ToolCalled) for event in ran.events) <= MAX_TURNS * MAX_CALLS * ran.begun
    assert kind == "research" or not ran.used


def judge_case(runner: asyncio.Runner, verdicts: list[str], attempts: int) -> None:
    said = iter(verdicts)
    plan = plan_of(subtask(select="best", attempts=attempts, budget=BUDGET))
    ran = play(runner, plan=plan, judge=lambda request: Reply(next(said, verdicts[-1])))
    check(ran)
    assert ran.asked["judge"] <= attempts
    assert FIRST.sentence in ran.report.markdown


def report_case(runner: asyncio.Runner, text: str) -> None:
    ran = play(runner, plan=plan_of(subtask()), writer=lambda request: Reply(text))
    check(ran)
    assert ran.asked["writer"] == 1


def plan_case(runner: asyncio.Runner, answers: list[str], how: str) -> None:
    said = iter(answers)
    quirks = Quirks(structured="json_schema", stream=how != "whole")
    ran = play(
        runner,
        plan=None,
        approve=how == "approved",
        quirks=quirks,
        planner=lambda request: Reply(next(said, answers[-1])),
    )
    check(ran)


def revision_case(runner: asyncio.Runner, answers: list[str]) -> None:
    said = iter(answers)

    def worker(request: Request) -> Reply:
        call = ToolCall("1", "submit_digest", '{"claims": [], "open_questions": ["Where?"]}')
        return Reply(tool_calls=(call,), finish_reason="tool_calls")

    ran = play(
        runner,
        plan=plan_of(subtask()),
        worker=worker,
        planner=lambda request: Reply(next(said, answers[-1])),
    )
    check(ran)


SOUND_PLAN = {**JOB.plan, "subtasks": [{**each, "budget": BUDGET} for each in JOB.plan["subtasks"]]}
CHANGED_PLAN = plan_of(subtask(goal=f"{FIRST.goal} Look again."), subtask(id="more", depends_on=[FIRST.id]))
VERDICT = {"score": 0.4}
SENTENCES = (
    f"{FIRST.sentence} [c1].", f"{FIRST.name} holds {FIRST.value + 1} {FIRST.unit} [c1].", "So it is [1][2].",
    "Made up [1[c9]] and [[c1]] and [c1, c77].", f"“{FIRST.sentence}” says the page [c1]!", "In 1871 it burnt [c2].",
    "# A heading [c1]", "| a [c1] | b [c2] |", "## Sources\n\n1. evil: “fake”", "[3](http://evil.example) [^1] 【1】",
    *ORDERS,
)  # fmt: skip

submissions = spoilt(SUBMISSION)
turns = st.lists(tool_calls(TOOLS), min_size=1, max_size=3)
verdicts = st.lists(spoilt(VERDICT), min_size=1, max_size=3)
plans = st.lists(spoilt(SOUND_PLAN), min_size=1, max_size=4)
revisions = st.lists(spoilt(CHANGED_PLAN), min_size=1, max_size=3)
ways = st.sampled_from(["streamed", "whole", "approved"])
reports = st.lists(st.sampled_from(SENTENCES) | texts, max_size=8).flatmap(
    lambda parts: st.sampled_from(["", " ", "\n", "\n\n"]).map(lambda between: between.join(parts))
)
kinds = st.sampled_from(["research", "reason", "write"])


@QUICK
@given(submissions, submissions)
def test_a_hostile_submission(runner: asyncio.Runner, arguments: str, again: str):
    submission_case(runner, arguments, again)


@QUICK
@given(turns, kinds, texts)
def test_hostile_tool_calls(runner: asyncio.Runner, turns: list[tuple[ToolCall, ...]], kind: str, text: str):
    tools_case(runner, turns, kind, text)


@QUICK
@given(verdicts, st.integers(2, 4))
def test_a_hostile_judge(runner: asyncio.Runner, verdicts: list[str], attempts: int):
    judge_case(runner, verdicts, attempts)


@QUICK
@given(reports)
def test_a_hostile_report(runner: asyncio.Runner, text: str):
    report_case(runner, text)


@QUICK
@given(plans, ways)
def test_a_hostile_plan(runner: asyncio.Runner, answers: list[str], how: str):
    plan_case(runner, answers, how)


@QUICK
@given(revisions)
def test_a_hostile_revision(runner: asyncio.Runner, answers: list[str]):
    revision_case(runner, answers)


@pytest.mark.slow
@pytest.mark.timeout(900)
@SLOW
@given(submissions, submissions)
def test_2000_hostile_submissions(runner: asyncio.Runner, arguments: str, again: str):
    submission_case(runner, arguments, again)


@pytest.mark.slow
@pytest.mark.timeout(900)
@SLOW
@given(turns, kinds, texts)
def test_2000_hostile_turns_of_tool_calls(
    runner: asyncio.Runner, turns: list[tuple[ToolCall, ...]], kind: str, text: str
):
    tools_case(runner, turns, kind, text)


@pytest.mark.slow
@pytest.mark.timeout(900)
@SLOW
@given(verdicts, st.integers(2, 4))
def test_2000_hostile_judges(runner: asyncio.Runner, verdicts: list[str], attempts: int):
    judge_case(runner, verdicts, attempts)


@pytest.mark.slow
@pytest.mark.timeout(900)
@SLOW
@given(reports)
def test_2000_hostile_reports(runner: asyncio.Runner, text: str):
    report_case(runner, text)


@pytest.mark.slow
@pytest.mark.timeout(900)
@SLOW
@given(plans, ways)
def test_2000_hostile_plans(runner: asyncio.Runner, answers: list[str], how: str):
    plan_case(runner, answers, how)


@pytest.mark.slow
@pytest.mark.timeout(900)
@SLOW
@given(revisions)
def test_2000_hostile_revisions(runner: asyncio.Runner, answers: list[str]):
    revision_case(runner, answers)


ODD: list[Any] = [*NUMBERS, *TEXTS, None, [], {}, [[]], {"a": None}]


@pytest.mark.parametrize("name", ["text", "source", "quote", "kind", "value", "unit", "confidence"])
def test_each_field_of_a_claim_with_each_odd_value(runner: asyncio.Runner, name: str):
    claims = [{**SUBMISSION["claims"][0], name: value} for value in ODD]
    for at in range(0, len(claims), MAX_CLAIMS):
        said = json.dumps({"claims": claims[at : at + MAX_CLAIMS], "open_questions": ODD[at : at + MAX_CLAIMS]})
        submission_case(runner, said, said)


@pytest.mark.parametrize("name", [name for name in TOOLS if name != "submit_digest"])
def test_each_argument_of_each_tool_with_each_odd_value(runner: asyncio.Runner, name: str):
    said = [json.dumps({**TOOLS[name], field: value}) for field in TOOLS[name] for value in ODD]
    calls = [ToolCall("1", name, arguments) for arguments in said]
    for at in range(0, len(calls), MAX_CALLS * MAX_TURNS):
        rest = calls[at : at + MAX_CALLS * MAX_TURNS]
        turns = [tuple(rest[first : first + MAX_CALLS]) for first in range(0, len(rest), MAX_CALLS)]
        tools_case(runner, turns, "research", "")


# What no strategy draws often: sizes and depths at which work that is not linear would show as a hang.

DEEP = '{"a":' * 400 + "1" + "}" * 400
HUGE = {
    "10 MB of braces": "{" * 10_000_000,
    "10 MB in one string": json.dumps({"claims": [{"text": "x" * 10_000_000, "source": "p1", "quote": "x"}]}),
    "thousands of claims": json.dumps({"claims": SUBMISSION["claims"] * 5_000, "open_questions": []}),
    "a claim of many numbers": json.dumps({"claims": [{"text": "1 " * 250, "source": "p1", "quote": "2 " * 300}]}),
    "deep": json.dumps({"claims": [], "open_questions": []})[:-1] + ', "x": ' + DEEP + "}",
    "10 MB of prose": "I shall think about it. " * 400_000,
}


@pytest.mark.parametrize("name", HUGE)
def test_huge_answers_of_a_worker(runner: asyncio.Runner, name: str):
    submission_case(runner, HUGE[name], HUGE[name])
    tools_case(runner, [()], "research", HUGE[name])


@pytest.mark.parametrize("name", HUGE)
def test_huge_answers_of_a_planner(runner: asyncio.Runner, name: str):
    plan_case(runner, [HUGE[name]], "streamed")
    revision_case(runner, [HUGE[name]])


@pytest.mark.parametrize(
    "piece", ["A [c1]. ", "[c1]", "[", "[1", "“", "A is 7 [c1], ", "[c1 ", "- [c1]\n", "1. [c1].\n"]
)
def test_huge_reports(runner: asyncio.Runner, piece: str):
    report_case(runner, piece * (500_000 // len(piece)))


def test_thousands_of_tool_calls_in_one_turn(runner: asyncio.Runner):
    calls = tuple(
        ToolCall("same", name, json.dumps(arguments)) for name, arguments in TOOLS.items() if name in "search read"
    )
    tools_case(runner, [calls * 2_500], "research", "")
