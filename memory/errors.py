"""Errors of the memory room.

Each says what was wrong and where (the message) and what to do (the hint)::

    ForeplanError
    ├── UnknownArtifact      1   no artifact has this hash, its bytes were changed, or a span reaches beyond its end
    ├── StorageError         2   a file, folder or database of a run cannot be read or written
    │   ├── RunBusy              another process is at work on the run
    │   └── UnknownVersion       it was written in a form that this version of Foreplan does not know
    └── InputError           2
        ├── SourceError          a source cannot be read: missing, binary, encrypted, too large; `.lasting`: for good
        ├── UnknownDocument      the index has no such document
        └── UnknownRun           no run, or more than one, has an id that begins so
"""

from __future__ import annotations

from ..core.errors import FaultKind, ForeplanError, InputError


class UnknownArtifact(ForeplanError):
    """No artifact has this hash, what is stored does not have it any more, or a span reaches beyond its end."""

    kind: FaultKind = "not_found"


class StorageError(ForeplanError):
    """A file, folder or database cannot be read or written: read-only, full, locked, unreachable or not ours."""

    exit_code = 2
    kind: FaultKind = "tool"


class RunBusy(StorageError):
    """Another process is at work on the run."""

    kind: FaultKind = "transient"


class UnknownVersion(StorageError):
    """What is stored says a version that this Foreplan does not know."""

    def __init__(self, what: str, *, found: object, known: int) -> None:
        super().__init__(
            f"{what} is of version {found!r}; this Foreplan knows version {known}.",
            hint="Upgrade Foreplan, or use another folder or database.",
        )


class SourceError(InputError):
    """A file or folder of the user's cannot be read. The message is the reason, fit for a list of skipped files.

    Attributes:
        lasting: whether the reason lies in the file's own bytes, so that only a changed file is worth another try.
    """

    def __init__(self, message: str, *, hint: str = "", lasting: bool = True) -> None:
        super().__init__(message, hint=hint)
        self.lasting = lasting


class UnknownDocument(InputError):
    """The index has no such document."""


class UnknownRun(InputError):
    """No run, or more than one, has an id that begins so."""
