"""A judgement of a run: a user's rating or a grader's verdict goes in, a line of its trace comes out and is read back.

The line is the event `gen_ai.evaluation.result` of OpenTelemetry's conventions for generative AI, at the run's span.
Law: whatever a trace says, a score that is read is a number from 0 to 1 under a bounded name.
"""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ...core.events import MAX_WORDS_CHARS
from .record import TraceRecord

EVALUATION = "gen_ai.evaluation.result"
USER = "user"
"""The name under which a user's rating stands."""

_NAMES = {
    "name": "gen_ai.evaluation.name",
    "value": "gen_ai.evaluation.score.value",
    "why": "gen_ai.evaluation.explanation",
    "by": "foreplan.evaluation.by",
}


class Score(BaseModel):
    """One judgement.

    Attributes:
        name: `user` for a rating, else the grader's name.
        value: from 0 (worthless) to 1 (perfect).
        why: the reason given; may be empty.
        by: who judged: a person, code (`grader`), or a grader that asked a model (`judge`).
        at: when, in Unix seconds.
    """

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=200)]
    value: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)]
    why: Annotated[str, AfterValidator(lambda text: text[:MAX_WORDS_CHARS])] = ""
    by: Literal["user", "grader", "judge"] = "grader"
    at: float = Field(default_factory=time.time)

    def attributes(self) -> dict[str, Any]:
        """What the line says, by OpenTelemetry name."""
        return {known: getattr(self, field) for field, known in _NAMES.items() if getattr(self, field) != ""}


def score_in(record: TraceRecord) -> Score | None:
    """The judgement that a line holds; None for any other line, and for one that holds no score."""
    if record.name != EVALUATION:
        return None
    found = {field: record.attributes[name] for field, name in _NAMES.items() if name in record.attributes}
    try:
        return Score.model_validate({**found, "at": record.start_unix_nano / 1e9})
    except ValidationError:
        return None
