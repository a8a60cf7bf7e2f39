"""Evidence: an exact span of an artifact, written `sha256#start:end`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_REF = re.compile(r"([0-9a-f]{64})#(\d{1,10}):(\d{1,10})")

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class EvidenceRef(BaseModel):
    """Characters `start` to `end` (exclusive) of the text stored under hash `artifact`."""

    model_config = ConfigDict(frozen=True)

    artifact: Sha256
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=0)]

    def __str__(self) -> str:
        return f"{self.artifact}#{self.start}:{self.end}"

    @classmethod
    def parse(cls, text: str) -> EvidenceRef:
        """Read the form that `str()` writes.

        Raises:
            ValueError: when `text` is not of that form.
        """
        match = _REF.fullmatch(text)
        if match is None:
            raise ValueError(f"not an evidence reference: {text[:100]!r}")
        return cls(artifact=match[1], start=int(match[2]), end=int(match[3]))
