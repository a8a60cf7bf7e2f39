"""What a check is: a claim and the texts of its spans go in, what is wrong with it comes out. One check, one file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..digest import Claim


@dataclass(frozen=True, slots=True)
class Failing:
    """One thing a check found wrong. `check` names it, `detail` quotes the part of the claim that is not borne out."""

    check: str
    detail: str

    def __str__(self) -> str:
        return f"{self.check}: {self.detail}"


Check: TypeAlias = Callable[[Claim, Sequence[str]], list[Failing]]
"""What is wrong with a claim, given the texts of its spans. No model, no state, linear time."""


def statement(text: str) -> Claim:
    """A sentence that is no claim of a digest, such as one of a report, in the form that checks take."""
    return Claim.model_construct(text=text)
