"""Errors of the planner's room.

The tree, with what the command line returns::

    ForeplanError
    ├── PlanError            3   what a model wrote is no usable plan; `.faults` says where, `.raw` keeps its words
    │   ├── StreamFault          it was being streamed; `.committed` is the part that stands
    │   └── CodecError           it was in the compact form; `.line` says where
    └── InputError
        └── InvalidPlan      2   a plan file, or a plan edited by hand, cannot be used; `.faults` says where
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..core.errors import FaultKind, ForeplanError, InputError
from .plan import PlanPrefix

FAULTS_SHOWN = 20
"""Faults listed in a message; the rest are counted."""

RAW_CHARS = 200_000
"""Characters of a model's words that an error keeps."""


class Fault(NamedTuple):
    """One thing wrong with a plan: where (`subtasks[3].depends_on[0]`; empty for the plan as a whole) and what."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def list_faults(faults: Sequence[Fault]) -> str:
    """The faults as lines `- path: message`, the first `FAULTS_SHOWN` of them."""
    lines = [f"- {fault}" for fault in faults[:FAULTS_SHOWN]]
    if len(faults) > FAULTS_SHOWN:
        lines.append(f"- and {len(faults) - FAULTS_SHOWN} more")
    return "\n".join(lines)


class PlanError(ForeplanError):
    """What a model wrote is no usable plan."""

    exit_code = 3
    kind: FaultKind = "malformed"

    def __init__(self, message: str, *, raw: str = "", faults: Sequence[Fault] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.raw = raw[:RAW_CHARS]
        self.faults = tuple(faults)


class StreamFault(PlanError):
    """A streamed plan went wrong or ended early. `committed` is the part that was emitted, or None when nothing was."""

    def __init__(self, faults: Sequence[Fault], *, raw: str, committed: PlanPrefix | None) -> None:
        super().__init__(
            f"The plan that the model wrote cannot be used:\n{list_faults(faults)}", raw=raw, faults=faults
        )
        self.committed = committed


class CodecError(PlanError):
    """A line of the compact form cannot be read. `line` counts from 1."""

    def __init__(self, line: int, message: str, *, raw: str) -> None:
        super().__init__(f"Line {line} of the compact plan: {message}.", raw=raw)
        self.line = line


class InvalidPlan(InputError):
    """A plan of the user's (a file, an edit) cannot be used."""

    kind: FaultKind = "malformed"

    def __init__(self, message: str, *, faults: Sequence[Fault] = (), hint: str = "") -> None:
        super().__init__(f"{message}\n{list_faults(faults)}" if faults else message, hint=hint)
        self.faults = tuple(faults)
