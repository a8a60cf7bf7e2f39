"""Errors of the executor. Each is a `ForeplanError`, so it says what was wrong and what to do.

::

    ForeplanError
    └── ToolFailed        a tool could not do what it was asked; `.kind` says whether asking again may help
"""

from __future__ import annotations

from ..core.errors import FaultKind, ForeplanError


class ToolFailed(ForeplanError):
    """A tool could not do what it was asked. With kind `transient` the same call may work later; else it will not."""

    kind: FaultKind = "tool"
