"""Extractive writer: a report made of quoted, cited sentences, one section a subtask. No model, no generated words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...core.events import ReportToken
from ..report import Report
from ..roles import Writing
from .assemble import assemble
from .cite import Citer
from .material import Material, Part, gather

_NOTHING = "Nothing was found that answers this."


class ExtractiveWriter:
    """Writes what the claims say, in their own words."""

    async def write(self, writing: Writing) -> Report:
        """A report of all supported claims."""
        if writing.plan.mode == "direct":
            return assemble(writing.plan.answer or _NOTHING, (), ())
        material = gather(writing)
        citer = Citer(material.claims(), writing.artifacts)
        text = citer.cite(draft(writing.brief.goal, material))
        writing.emit(ReportToken(text=text))
        return assemble(text, citer.citations, material.missing, citer.removed)


def draft(title: str, material: Material) -> str:
    """The claims as markdown with their handles, for `Citer` to number."""
    parts = _by_goal(material.parts)
    heading = f"# {' '.join(title.split())[:200]}"
    if not parts:
        return f"{heading}\n\n{_NOTHING}"
    return "\n\n".join([heading, *(_section(part, alone=len(parts) == 1) for part in parts)])


def _by_goal(parts: Iterable[Part]) -> list[Part]:
    """The parts that have claims, those with the same goal as one: a reader cares what was asked, not how often."""
    together: dict[str, Part] = {}
    for part in parts:
        if part.claims:
            before = together.get(part.goal)
            together[part.goal] = replace(before, claims=before.claims + part.claims) if before else part
    return list(together.values())


def _section(part: Part, *, alone: bool) -> str:
    lines = [f"- {' '.join(claim.text.split())} [{handle}]" for handle, claim in part.claims]
    return "\n".join(lines if alone else [f"## {' '.join(part.goal.split())}", "", *lines])
