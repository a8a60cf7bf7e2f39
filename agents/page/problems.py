"""What went wrong and what was done about it: failures, lessons, changes of the plan, calls made again, notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...core.amounts import counted, number
from ...core.drawing.html import paragraph, section, table
from ...core.drawing.svg import Markup, escape, join, shortened, tag
from ...memory.trace.view import note_of
from .facts import Facts

MAX_LISTED = 100
_MAX_REASONS = 30
_MAX_IDS = 20
_NAME_CHARS, _TEXT_CHARS = 60, 600


def problems_section(facts: Facts) -> Markup:
    """Failures, lessons and revisions, each under a heading of its own if there are any."""
    parts = [*filter(None, (_ended(facts), _tools(facts), _lessons(facts), _revisions(facts), _digests(facts)))]
    parts += filter(None, (_retries(facts), _notes(facts)))
    return section(
        "Failures, lessons and revisions",
        *(parts or [paragraph("Nothing failed and nothing was changed.")]),
        key="problems",
    )


def _ended(facts: Facts) -> Markup | None:
    rows = [
        [_name(event.subtask), event.state, _text(event.reason)] for event in list(facts.ended.values())[:MAX_LISTED]
    ]
    caption = "Subtasks that did not end with all they wanted, as they ended last."
    return _table("Subtasks", ["Subtask", "State", "Why"], rows, caption, len(facts.ended))


def _tools(facts: Facts) -> Markup | None:
    rows = [
        [_name(event.subtask), _name(event.tool), _text(event.detail), _text(event.error)]
        for event in facts.tool_errors
    ]
    caption = "Calls of tools that failed."
    return _table("Tools", ["Subtask", "Tool", "Asked", "Error"], rows, caption, facts.tool_errors.total)


def _lessons(facts: Facts) -> Markup | None:
    rows = [[_name(event.subtask), event.kind, _text(event.text)] for event in facts.lessons]
    caption = "What failed and must not be repeated unchanged."
    return _table("Lessons", ["Subtask", "Kind", "Lesson"], rows, caption, facts.lessons.total)


def _revisions(facts: Facts) -> Markup | None:
    entries = []
    for event in facts.revisions:
        changes = (("kept", event.kept), ("edited", event.edited), ("added", event.added), ("dropped", event.dropped))
        told = "; ".join(f"{name} {_ids(ids)}" for name, ids in changes if ids)
        entries.append(
            f"Revision {event.revision}: {_text(event.reason) or 'no reason was given'} ({told or 'no change'})"
        )
    return _list("Changes of the plan", entries, facts.revisions.total)


def _digests(facts: Facts) -> Markup | None:
    entries = [
        each
        for digest in facts.digests.values()
        for each in _open_ends(digest.subtask, digest.failures, digest.open_questions)
    ]
    return _list("What workers could not find", entries[:MAX_LISTED], len(entries))


def _open_ends(subtask: str, failures: Sequence[str], questions: Sequence[str]) -> Iterator[str]:
    for each in failures:
        yield f"{_name(subtask)}: {_text(each)}"
    for each in questions:
        yield f"{_name(subtask)}, still open: {_text(each)}"


def _retries(facts: Facts) -> Markup | None:
    rows = [[_text(reason), f"{times:,}"] for reason, times in facts.retries.most_common(_MAX_REASONS)]
    caption = "Calls of models that failed in a way that may pass, and were made again."
    return _table("Calls made again", ["Whose, and why", "Times"], rows, caption, len(facts.retries), words=(0,))


def _notes(facts: Facts) -> Markup | None:
    times, before, after = facts.compressed
    told = [f"{counted(times, 'text')} made smaller: {number(before)} tokens became {number(after)}."] if times else []
    notes = [f"{'Warning: ' if event.level == 'warning' else ''}{_text(note_of(event))}" for event in facts.notes]
    return _list("Notes", [*told, *notes], facts.notes.total + len(told))


def _table(
    title: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    caption: str,
    total: int,
    words: Sequence[int] | None = None,
) -> Markup | None:
    if not rows:
        return None
    wrapped = range(len(header)) if words is None else words
    return join(tag("h3", escape(title)), table(header, rows, caption=caption, words=wrapped), *_more(len(rows), total))


def _list(title: str, entries: Sequence[str], total: int) -> Markup | None:
    if not entries:
        return None
    listed = tag("ul", *(tag("li", escape(entry)) for entry in entries))
    return join(tag("h3", escape(title)), listed, *_more(len(entries), total))


def _more(shown: int, total: int) -> list[Markup]:
    return [paragraph(f"{total - shown:,} more are left out.", kind="soft")] if total > shown else []


def _ids(ids: Sequence[str]) -> str:
    named = ", ".join(_name(each) for each in ids[:_MAX_IDS])
    return named if len(ids) <= _MAX_IDS else f"{named} and {len(ids) - _MAX_IDS:,} more"


def _name(text: str) -> str:
    return shortened(text, _NAME_CHARS)


def _text(text: str) -> str:
    return shortened(text, _TEXT_CHARS)
