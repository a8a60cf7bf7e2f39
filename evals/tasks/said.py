"""What a report says, without what we put around it: its markdown goes in, the text that graders read comes out.

Marks of citations would count as numbers, and quoted sources and names of missing parts as answers.
"""

from __future__ import annotations

import re

from ...agents.report import Report

_MARKS = re.compile(r"[ \t]?\[\d{1,5}(?:, ?\d{1,5})*\]")


def said_in(report: Report | None) -> str:
    """The text of the report itself; empty when there is none."""
    if report is None:
        return ""
    text = report.markdown
    if report.citations:
        text = _MARKS.sub("", text.rpartition("\n## Sources\n")[0] or text)
    if report.missing:
        text = text.rpartition("## Missing parts\n")[0]
    return text.strip()
