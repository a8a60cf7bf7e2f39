"""What a planner is told: brief, rules, pool and lessons in; chat messages out. The same at run and at training time.

The words live in `prompts/`. Laws: the constant part comes first, so that prefix caches hit; what did not come from the
user stands between tags that it cannot close.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ..core.models.base import Message
from ..core.usage import Price
from .brief import Brief
from .errors import Fault, list_faults
from .plan import Plan, PlanPrefix
from .validate import PlanRules

MAX_LESSONS = 20
_MAX_LESSON_CHARS = 400
_MAX_ANSWER_CHARS = 60_000
"""Of a faulty answer, what goes back to the model that wrote it."""


class WorkerOffer(NamedTuple):
    """A worker a plan may choose by name: what it is good at, in a line, and what its tokens cost."""

    name: str
    good_at: str = ""
    price: Price | None = None

    def __str__(self) -> str:
        cost = f"${self.price.prompt:g} in, ${self.price.completion:g} out per million tokens" if self.price else ""
        return f"{self.name}: {'; '.join(filter(None, [self.good_at, cost])) or 'no particulars'}"


def planner_messages(
    brief: Brief, rules: PlanRules, *, workers: Sequence[WorkerOffer] = (), lessons: Sequence[str] = ()
) -> list[Message]:
    """The messages that ask for a plan."""
    parts = [_rules_text(rules), _pool_text(workers), lessons_text(lessons), _brief_text(brief)]
    return [
        {"role": "system", "content": prompt("planner")},
        {"role": "user", "content": "\n\n".join(filter(None, parts))},
    ]


def repair_messages(answer: str, faults: Sequence[Fault]) -> list[Message]:
    """What follows `planner_messages` when the answer has faults: the answer, and the faults by place."""
    return [
        {"role": "assistant", "content": answer[:_MAX_ANSWER_CHARS] or "(nothing)"},
        {"role": "user", "content": prompt("repair").format(faults=list_faults(faults))},
    ]


def continue_messages(committed: PlanPrefix, faults: Sequence[Fault], tokens_left: int | None) -> list[Message]:
    """What follows `planner_messages` when a plan broke off: the part that stands, and why it broke off.

    Args:
        committed: the part that stands.
        faults: what was wrong with what came next; empty when that is not known.
        tokens_left: what is left to be shared out among further subtasks; None for no limit.
    """
    wrong = f"What came next could not be used:\n{list_faults(faults)}\n\n" if faults else ""
    room = "" if tokens_left is None else f" Tokens left for their budgets: {tokens_left}."
    return [
        {"role": "assistant", "content": plan_text(committed.plan())},
        {"role": "user", "content": prompt("continue").format(faults=wrong, room=room)},
    ]


def plan_text(plan: Plan) -> str:
    """A plan as JSON for a model to read: a line per subtask."""
    head = json.dumps(plan.head.model_dump(mode="json"), ensure_ascii=False)
    lines = [json.dumps(each.model_dump(mode="json"), ensure_ascii=False) for each in plan.subtasks]
    return f'{head[:-1]}, "subtasks": [\n' + ",\n".join(lines) + "\n]}"


def lessons_text(lessons: Sequence[str]) -> str:
    """The newest lessons, a line each, delimited; empty without any."""
    lines = [" ".join(lesson.split())[:_MAX_LESSON_CHARS] for lesson in lessons[-MAX_LESSONS:]]
    return delimited("lessons", "\n".join(f"- {line}" for line in lines)) if lines else ""


def delimited(tag: str, text: str) -> str:
    """`text` between `<tag>` and `</tag>`. A closing tag within it is made harmless."""
    inside = re.sub(rf"</(?=\s*{tag})", r"<\\/", text, flags=re.IGNORECASE)
    return f"<{tag}>\n{inside}\n</{tag}>"


@cache
def prompt(name: str) -> str:
    """The text of `prompts/NAME.md`."""
    return (Path(__file__).parent / "prompts" / f"{name}.md").read_text(encoding="utf-8").strip()


def _rules_text(rules: PlanRules) -> str:
    lines = []
    if rules.subtask_tokens is not None:
        lines.append(f"Tokens for all subtasks together: {rules.subtask_tokens}.")
    if not rules.allows_direct:
        lines.append("The sources must be cited, so mode direct is not allowed.")
    return "\n".join(lines)


def _pool_text(workers: Sequence[WorkerOffer]) -> str:
    return "\n".join(["Pool of workers:", *(f"- {worker}" for worker in workers)]) if workers else ""


def _brief_text(brief: Brief) -> str:
    """The brief; its context, which may come from anywhere, delimited."""
    report = [f"length {brief.length}"]
    if brief.language is not None:
        report.append(f"language {brief.language}")
    lines = [
        delimited("context", brief.context) + "\n" if brief.context else "",
        "# Brief",
        f"Goal: {brief.goal}",
        f"Return format: {brief.return_format}" if brief.return_format else "",
        *(f"Constraint: {constraint}" for constraint in brief.constraints),
        f"Report: {', '.join(report)}",
        f"Sources to search: {', '.join(brief.sources)}" if brief.sources else "",
    ]
    return "\n".join(filter(None, lines))
