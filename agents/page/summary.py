"""The top of the page: how the run ended, when it ran, what it took, and the brief as it was given."""

from __future__ import annotations

from datetime import UTC, datetime

from ...core.amounts import dollars, duration, number
from ...core.drawing.html import paragraph
from ...core.drawing.svg import Markup, escape, join, tag
from .facts import Facts
from .items import Items

MAX_CONTEXT_CHARS = 20_000
_STATES = {
    "done": "done",
    "partial": "done, but parts are missing",
    "failed": "failed: nothing was found",
    "rejected": "the plan was rejected",
    "stopped": "stopped",
    "unfinished": "not over yet, or cut off",
}


def goal_of(facts: Facts) -> str:
    """What was asked, or the run's id when that is not known."""
    return (facts.brief.goal if facts.brief else facts.view.goal) or f"Run {facts.run}"


def summary(facts: Facts, items: Items) -> Markup:
    """How the run ended and what it took."""
    view = facts.view
    ended = sum(1 for item in items.planned if item.row.state not in ("waiting", "running"))
    told = {
        "State": _STATES.get(facts.state, facts.state),
        "Began": _moment(facts.began_at),
        "Took": duration(facts.seconds),
        "Subtasks": f"{ended:,} of {len(items.planned):,}" if items.all else "none",
        "Tokens": number(view.tokens),
        "Cost": dollars(view.dollars),
        "Calls": f"{view.calls:,}",
        "Run": facts.run,
    }
    entries = [tag("div", tag("dt", escape(name)), tag("dd", escape(value))) for name, value in told.items()]
    notes = []
    if facts.state == "unfinished":
        how = f"foreplan run --resume {facts.run}"
        notes.append(paragraph(f"This run is not over, or was cut off; {how} goes on with it.", kind="warning"))
    if view.embedded:
        notes.append(paragraph("Embedded: no model was used; the report quotes its sources.", kind="soft"))
    return join(*notes, tag("dl", *entries, class_="facts"))


def _moment(at: float | None) -> str:
    if at is None:
        return "not yet"
    try:
        return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, ValueError, OSError):
        return "at a time that is none"


def asked(facts: Facts, *, whole_goal: bool) -> Markup:
    """The brief, folded away, with its goal when the page's title does not say the whole of it; nothing when empty."""
    brief = facts.brief
    told = {"Goal": goal_of(facts)} if whole_goal else {}
    if brief is not None:
        told |= {
            "Return format": brief.return_format,
            "Constraints": "\n".join(brief.constraints),
            "Context": brief.context[:MAX_CONTEXT_CHARS],
            "Sources": ", ".join(brief.sources),
            "Language": brief.language or "",
        }
    entries = [join(tag("dt", escape(name)), tag("dd", escape(value))) for name, value in told.items() if value.strip()]
    return tag("details", tag("summary", escape("What was asked")), tag("dl", *entries)) if entries else Markup("")
