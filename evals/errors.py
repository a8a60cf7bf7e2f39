"""Errors of the evals room.

::

    ForeplanError
    └── EvalsError              1
        ├── GraderError         2   a grader's definition cannot be used, or lacks what it needs
        ├── DataError           2   a data set, a log or a row is not in the form expected
        └── MissingExtra        2   a library of the `evals` extra is not installed
"""

from __future__ import annotations

from ..core.errors import ForeplanError


class EvalsError(ForeplanError):
    """Something about evaluating failed."""


class GraderError(EvalsError):
    """A grader's definition cannot be used, or lacks what it needs."""

    exit_code = 2


class DataError(EvalsError):
    """A data set, a log or a row is not in the form expected."""

    exit_code = 2


class MissingExtra(EvalsError):
    """A library that core does without is not installed."""

    exit_code = 2

    def __init__(self, library: str, purpose: str, *, extra: str = "evals") -> None:
        super().__init__(
            f"{purpose} needs the library {library}, which is not installed.",
            hint=f"Install it with: pip install 'foreplan[{extra}]'.",
        )
