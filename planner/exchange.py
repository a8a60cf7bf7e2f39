"""Exchange: one call of the planner, word for word as sent and answered. Traces keep it; training learns from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..core.models.base import Message


@dataclass(frozen=True, slots=True)
class Exchange:
    """What went out and what came back; of an answer that broke off, what there was of it.

    Attributes:
        sent: the messages as the endpoint got them, after its quirks were applied.
        said: the answer's text.
        reasoning: the thinking that the endpoint let see.
    """

    sent: Sequence[Message]
    said: str
    reasoning: str = ""


Hear: TypeAlias = Callable[[Exchange], None]
"""Told each exchange when it is over."""


def unheard(exchange: Exchange) -> None:
    """A `Hear` that drops everything."""
