"""`submit_digest`: the form in which a worker's model hands in what it found.

The schema is as short as it can be, since it goes with every call. What comes back is read generously (a number where
text was asked for, a text too long) and checked strictly: `workers.submission` turns it into claims with evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ...memory.documents.readers.base import clean

SUBMIT = "submit_digest"
MAX_CLAIMS = 24
MAX_TEXT_CHARS = 500
MAX_QUOTE_CHARS = 600
MAX_OPEN_QUESTIONS = 10
MAX_QUESTION_CHARS = 300
_MAX_NUMBER = 1e300
"""JSON knows larger whole numbers, which are no floats."""


def _words(limit: int) -> Callable[[Any], Any]:
    """Reads scalars as text, and text without what no store takes, cut to `limit`; null is no text."""

    def read(value: Any) -> Any:
        if value is None:
            return ""
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value) if abs(value) < _MAX_NUMBER else ""
        return clean(value[:limit]) if isinstance(value, str) else value

    return read


def _confidence(value: Any) -> Any:
    """A number within 0..1; what is no number says nothing."""
    if isinstance(value, (int, float)) and -_MAX_NUMBER < value < _MAX_NUMBER:
        return min(1.0, max(0.0, float(value)))
    return 0.5


class SubmittedClaim(BaseModel):
    """One statement, the handle of what it rests on, and the words there that bear it out."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"required": ["text", "source", "quote"]})

    text: Annotated[str, BeforeValidator(_words(MAX_TEXT_CHARS)), Field(max_length=MAX_TEXT_CHARS)]
    source: Annotated[str, BeforeValidator(_words(100))] = ""
    quote: Annotated[str, BeforeValidator(_words(MAX_QUOTE_CHARS)), Field(max_length=MAX_QUOTE_CHARS)] = ""
    value: Annotated[str, BeforeValidator(_words(100))] = ""
    unit: Annotated[str, BeforeValidator(_words(40))] = ""
    kind: Literal["fact", "quote", "derived", "absence"] = Field(
        "fact", json_schema_extra={"enum": ["fact", "absence"]}
    )
    confidence: Annotated[float, BeforeValidator(_confidence)] = 0.7


class Submission(BaseModel):
    """Arguments of `submit_digest`."""

    model_config = ConfigDict(extra="ignore")

    claims: Annotated[list[SubmittedClaim], Field(max_length=MAX_CLAIMS)]
    open_questions: list[str] = Field(default=[], max_length=MAX_OPEN_QUESTIONS)


def open_question(value: Any) -> str:
    """An open question as it was handed in; nothing when it is no text."""
    text = _words(MAX_QUESTION_CHARS)(value)
    return " ".join(text.split()) if isinstance(text, str) else ""


def submit_tool() -> BaseTool:
    """The tool as it is shown to a model. Calling it only checks the form."""

    def submit_digest(**arguments: object) -> str:
        return Submission.model_validate(arguments).model_dump_json()

    return StructuredTool.from_function(
        func=submit_digest, name=SUBMIT, description="Hand in the findings.", args_schema=Submission
    )
