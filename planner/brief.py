"""Brief: what the user wants. Goal, return format, constraints, context; sources, language, length."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MAX_GOAL_CHARS = 20_000
MAX_CONTEXT_CHARS = 200_000

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Characters that no text of ours holds: terminals act on them, and databases refuse some."""


def _without_control(text: str) -> str:
    return CONTROL.sub(" ", text)


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("it is blank")
    return text


_Clean = AfterValidator(_without_control)


class Brief(BaseModel):
    """One job for the planner. Only the goal is needed. Control characters in its texts become spaces.

    Attributes:
        goal: the question or the task, in the user's words.
        return_format: what the report should look like.
        constraints: what it must or must not do, one sentence each.
        context: background the planner should know.
        sources: names of the folders or collections that may be searched; empty when the models answer unaided.
        language: BCP 47 tag or English name of the report's language; None for the goal's own.
        length: how long the report should be.
        cite: whether statements must carry citations when there are sources.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    goal: Annotated[str, Field(min_length=1, max_length=MAX_GOAL_CHARS), _Clean, AfterValidator(_not_blank)]
    return_format: Annotated[str, Field(max_length=2_000), _Clean] = ""
    constraints: Annotated[tuple[Annotated[str, Field(max_length=1_000), _Clean], ...], Field(max_length=50)] = ()
    context: Annotated[str, Field(max_length=MAX_CONTEXT_CHARS), _Clean] = ""
    sources: Annotated[tuple[Annotated[str, Field(max_length=1_000)], ...], Field(max_length=100)] = ()
    language: Annotated[str, Field(max_length=40), _Clean] | None = None
    length: Literal["short", "medium", "long"] = "medium"
    cite: bool = True
