"""`run_page`: the directory of a run goes in, one HTML file about it comes out.

Laws: the file is whole by itself, without a script and without any request; everything in it that the run did not make
itself (briefs, plans, names of models, errors, reports, sources) is text and stays text; its size is bounded, and what
was left out is said. Pure but for reading.
"""

from __future__ import annotations

from ...core.drawing.html import page
from ...core.drawing.states import STATE_STYLE
from ...core.drawing.svg import join, shortened
from ...memory.artifacts.base import ArtifactStore
from ...memory.artifacts.folder import FolderArtifacts
from ...memory.rundir import RunDir
from .facts import facts_of
from .items import items_of
from .ledger import ledger_section
from .plan import plan_section
from .problems import problems_section
from .report import report_of, report_section
from .sources import sources_section
from .spending import spending_section
from .style import PAGE_STYLE
from .summary import asked, goal_of, summary
from .timeline import timeline_section

_SECTIONS = {
    "report": "Report",
    "plan": "Plan",
    "timeline": "Timeline",
    "tokens": "Tokens",
    "problems": "Failures and lessons",
    "ledger": "Ledger",
    "sources": "Sources",
}
_TITLE_CHARS = 200


def run_page(directory: RunDir, *, artifacts: ArtifactStore | None = None) -> str:
    """The page about a run, which may be over, go on, or have been cut off.

    Args:
        directory: the run's.
        artifacts: where the cited texts are; None for the directory's own.

    Raises:
        StorageError: when a file of the run cannot be read.
        UnknownVersion: when a newer Foreplan wrote its trace.
    """
    facts = facts_of(directory)
    items = items_of(facts)
    goal = goal_of(facts)
    title = shortened(goal, _TITLE_CHARS)
    citations = facts.report.citations if facts.report else ()
    report = report_of(facts, title=goal)
    if artifacts is None and directory.artifacts.is_dir():
        artifacts = FolderArtifacts(directory.artifacts)
    body = join(
        summary(facts, items),
        asked(facts, whole_goal=title != goal),
        report_section(facts, report),
        plan_section(facts, items),
        timeline_section(facts, items),
        spending_section(items),
        problems_section(facts),
        ledger_section(facts),
        sources_section(citations, artifacts, report.cited),
    )
    return page(title, body, style=STATE_STYLE + PAGE_STYLE, sections=_SECTIONS)
