"""Report: markdown with numbered citations, each bound to an exact span of a stored artifact."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ..memory.evidence import EvidenceRef


class Citation(BaseModel):
    """`[number]` in the report's text. `quote` is the exact text of the span, `title` and `source` say whose it is."""

    model_config = ConfigDict(frozen=True)

    number: Annotated[int, Field(ge=1)]
    ref: EvidenceRef
    quote: str
    title: str
    source: str


class Missing(BaseModel):
    """A part of the plan that the report lacks, and why. `subtask` is empty for what was never planned."""

    model_config = ConfigDict(frozen=True)

    subtask: str
    goal: str
    reason: str


class Report(BaseModel):
    """What the writer leaves. `removed` counts citations whose span did not bear out their sentence."""

    model_config = ConfigDict(frozen=True)

    markdown: str
    citations: tuple[Citation, ...] = ()
    missing: tuple[Missing, ...] = ()
    removed: int = 0
