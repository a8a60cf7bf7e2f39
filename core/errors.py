"""Errors of the ground floor, and the one place where a fault is classified.

Every error a user can meet says what was wrong and where (the message) and what to do (the hint)::

    ForeplanError                exit code 1
    ├── SettingsError        2   a setting, flag or file of the user's is wrong
    ├── InputError           2   a brief, plan or source cannot be used
    ├── ModelError           3   a model endpoint failed; `.kind` says how
    │   ├── MalformedOutput      the model answered, but not in the form asked for; `.raw` keeps the text
    │   └── UnsupportedFeature   the endpoint refuses a part of the request; `.feature` names it
    └── BudgetExhausted      4   the ledger refuses a reservation; `.scope` says whose limit it was
"""

from __future__ import annotations

from typing import Literal

FaultKind = Literal[
    "transient", "limit", "refused", "malformed", "context_overflow", "tool", "not_found", "bug", "auth", "cancelled"
]
"""What went wrong, decided once where it happened. Only `transient` is worth repeating unchanged."""


_ENDS = ".!?:;…”"


class ForeplanError(Exception):
    """Base of every error Foreplan raises on purpose.

    Attributes:
        message: what was wrong and where, one paragraph.
        hint: what the user can do about it; may be empty.
        kind: the fault's class, for retries, lessons and revision.
        exit_code: what the command line returns.
    """

    exit_code = 1
    kind: FaultKind = "bug"

    def __init__(self, message: str, *, hint: str = "", kind: FaultKind | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if kind is not None:
            self.kind = kind

    def __str__(self) -> str:
        message, hint = self.message.strip(), self.hint.strip()
        if not message or not hint:
            return message or hint
        if "\n" in message:
            return f"{message}\n{hint}"
        # A message that ends in somebody else's words need not end as a sentence does.
        return f"{message} {hint}" if message[-1] in _ENDS else f"{message}. {hint}"


class SettingsError(ForeplanError):
    """A setting, flag, environment variable or settings file cannot be used."""

    exit_code = 2


class InputError(ForeplanError):
    """A brief, a plan file or a source cannot be used."""

    exit_code = 2
    kind: FaultKind = "not_found"


class ModelError(ForeplanError):
    """A model endpoint did not give a usable answer. `kind` says how it failed.

    Attributes:
        retry_after_s: seconds the endpoint asks to wait, or None.
        unbilled: true when no token can have been used, because the call was refused or never arrived.
    """

    exit_code = 3
    kind: FaultKind = "transient"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        kind: FaultKind | None = None,
        retry_after_s: float | None = None,
        unbilled: bool = False,
    ) -> None:
        super().__init__(message, hint=hint, kind=kind)
        self.retry_after_s = retry_after_s
        self.unbilled = unbilled


class MalformedOutput(ModelError):
    """The model answered, but what it said is not in the form asked for. `raw` keeps its words."""

    kind: FaultKind = "malformed"

    def __init__(self, message: str, *, raw: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.raw = raw


class UnsupportedFeature(ModelError):
    """The endpoint refuses a part of the request. `feature` is a quirk's or a parameter's name, or `bounds`."""

    kind: FaultKind = "bug"

    def __init__(self, message: str, *, feature: str, hint: str = "") -> None:
        super().__init__(message, hint=hint, unbilled=True)
        self.feature = feature


class BudgetExhausted(ForeplanError):
    """The ledger refuses a reservation. `scope` names the account whose limit it was (`run` for the whole run)."""

    exit_code = 4
    kind: FaultKind = "limit"

    def __init__(self, message: str, *, scope: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.scope = scope


def classify(error: BaseException) -> FaultKind:
    """The class of any exception: ours say it themselves, foreign ones are `bug`."""
    return error.kind if isinstance(error, ForeplanError) else "bug"
