"""Digest: what a subtask leaves for others. Claims, each with evidence; open questions; failures.

A digest is never summarised again: it is packed (some claims chosen), merged (claims of several digests together) or
read as it is.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field

from ..core.events import SubtaskState
from .evidence import EvidenceRef

DIGEST_VERSION = 1

ClaimKind = Literal["fact", "quote", "derived", "absence"]
"""fact: stated by its evidence. quote: its text stands in its evidence byte for byte. derived: computed from other
claims by an expression. absence: what was looked for and not found (the evidence is what was searched)."""


class Derivation(BaseModel):
    """How a derived claim was computed: `expression` in names bound to the values of other claims."""

    model_config = ConfigDict(frozen=True)

    expression: Annotated[str, Field(max_length=500)]
    inputs: dict[str, str] = Field(default_factory=dict, description="name in the expression -> claim id")


class Claim(BaseModel):
    """One statement and the spans that support it. `supported` is false when a check failed and repair did not help."""

    model_config = ConfigDict(frozen=True)

    text: Annotated[str, Field(max_length=1_000)]
    kind: ClaimKind = "fact"
    value: Annotated[str, Field(max_length=200)] | None = None
    unit: Annotated[str, Field(max_length=40)] | None = None
    evidence: tuple[EvidenceRef, ...] = ()
    derivation: Derivation | None = None
    confidence: Annotated[float, Field(ge=0, le=1)] = 0.5
    supported: bool = True

    @computed_field  # type: ignore[prop-decorator]
    @property
    def id(self) -> str:
        """Ten hexadecimal digits that stand for this claim's text and evidence."""
        content = "\n".join([self.text, *map(str, self.evidence)])
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:10]


class Digest(BaseModel):
    """What one subtask found: `state` says how it ended, `failures` what it could not do and why."""

    model_config = ConfigDict(frozen=True)

    version: int = DIGEST_VERSION
    subtask: str
    state: SubtaskState = "done"
    claims: tuple[Claim, ...] = ()
    open_questions: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
