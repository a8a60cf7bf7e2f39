"""Compress with a model: it writes claims with a source and a quote each; code finds the quotes and keeps the size.

What the model says is hostile input: malformed, too long, quoting what is not there. A quote that cannot be found is
replaced by the excerpt's sentence nearest to the claim; whether that bears the claim out is for the checks to say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ...core.errors import MalformedOutput
from ...core.ledger import Account
from ...core.models.base import Message, OutputSchema, Reply
from ..digest import Claim, Digest
from ..text.locate import locate
from ..text.overlap import Overlap
from ..text.sentences import sentences
from ..text.size import Counter, upper_bound_tokens
from ..text.spans import Span
from ..text.words import terms
from .base import Excerpt, fitting
from .extractive import most_relevant

MAX_CLAIMS = 60
INPUT_TOKENS = 48_000
"""Excerpts beyond this are not shown, the least relevant first (in the counter's tokens)."""
_TOKENS_PER_WORD = 6
_MAX_ANSWER_CHARS = 400_000


class Caller(Protocol):
    """The part of `core.models.Model` that is used here."""

    async def call(self, messages: Sequence[Message], *, account: Account, output: OutputSchema | None = None) -> Reply:
        """The whole answer."""


class ModelCompressor:
    """Structured output of one model call, as claims with spans.

    Args:
        model: what is asked.
        account: what the call is reserved from.
        counter: tokens of a text; an upper bound by default.
    """

    name = "model"

    def __init__(self, model: Caller, account: Account, *, counter: Counter = upper_bound_tokens) -> None:
        self._model = model
        self._account = account
        self._counter = counter

    async def compress(self, goal: str, excerpts: Sequence[Excerpt], *, subtask: str, cap_tokens: int) -> Digest:
        """See `Compressor.compress`.

        Raises:
            ModelError: when the endpoint fails for good, `MalformedOutput` when what it says is not of the form.
            BudgetExhausted: when the account has no room for the call.
        """
        shown = most_relevant(goal, excerpts, INPUT_TOKENS, self._counter)
        reply = await self._model.call(_messages(goal, shown, cap_tokens), account=self._account, output=_schema())
        answer = _read(reply.text)
        claims = fitting(_claims(answer, shown), cap_tokens, self._counter)
        return Digest(subtask=subtask, claims=tuple(claims), open_questions=tuple(answer.open_questions))


def _cut(limit: int) -> BeforeValidator:
    """Reads scalars as text, null as none, and cuts to `limit`."""

    def read(value: Any) -> Any:
        if isinstance(value, bool) or value is None:
            return ""
        text = (
            f"{value:.15g}"
            if isinstance(value, float)
            else str(value)
            if isinstance(value, int) and abs(value) < 10**50
            else value
        )
        return text[:limit] if isinstance(text, str) else ""

    return BeforeValidator(read)


def _confidence(value: Any) -> float:
    number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    return min(1.0, max(0.0, number)) if math.isfinite(number) else 0.5


class _Said(BaseModel):
    """One claim as the model writes it."""

    model_config = ConfigDict(extra="ignore")

    text: Annotated[str, _cut(1_000), Field(max_length=1_000)]
    source: Annotated[str, _cut(20), Field(max_length=20)] = ""
    quote: Annotated[str, _cut(1_000), Field(max_length=1_000)] = ""
    value: Annotated[str, _cut(200), Field(max_length=200)] = ""
    unit: Annotated[str, _cut(40), Field(max_length=40)] = ""
    confidence: Annotated[float, BeforeValidator(_confidence), Field(ge=0, le=1)] = 0.5


class _Answer(BaseModel):
    """The whole answer."""

    model_config = ConfigDict(extra="ignore")

    claims: list[_Said]
    open_questions: list[Annotated[str, _cut(300), Field(max_length=300)]] = []


@cache
def _schema() -> OutputSchema:
    """The strict form: every field required, bounds everywhere."""
    claim = {
        "type": "object",
        "properties": {
            "text": {"type": "string", "maxLength": 500},
            "source": {"type": "string", "maxLength": 20},
            "quote": {"type": "string", "maxLength": 600},
            "value": {"type": ["string", "null"], "maxLength": 100},
            "unit": {"type": ["string", "null"], "maxLength": 40},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        },
        "required": ["text", "source", "quote", "value", "unit", "confidence"],
        "additionalProperties": False,
    }
    questions = {"type": "array", "items": {"type": "string", "maxLength": 300}, "maxItems": 10}
    whole = {
        "type": "object",
        "properties": {
            "claims": {"type": "array", "items": claim, "maxItems": MAX_CLAIMS},
            "open_questions": questions,
        },
        "required": ["claims", "open_questions"],
        "additionalProperties": False,
    }
    return OutputSchema("claims", whole)


def _messages(goal: str, excerpts: Sequence[Excerpt], cap_tokens: int) -> list[Message]:
    prompt = resources.files(__package__).joinpath("prompts/compress.md").read_text(encoding="utf-8")
    words = max(10, cap_tokens // _TOKENS_PER_WORD)
    shown = "\n\n".join(_shown(f"e{number}", excerpt) for number, excerpt in enumerate(excerpts, start=1))
    return [
        {"role": "system", "content": prompt.strip().replace("{cap_words}", str(words))},
        {"role": "user", "content": f"Goal: {goal}\n\n{shown}"},
    ]


def _shown(handle: str, excerpt: Excerpt) -> str:
    """An excerpt between tags that its own text cannot close."""
    title = " ".join(excerpt.title.replace('"', "'").replace("<", "‹").split())[:100]  # noqa: RUF001
    text = excerpt.text.replace("</excerpt", "‹/excerpt").replace("<excerpt", "‹excerpt")  # noqa: RUF001
    return f'<excerpt id="{handle}" title="{title}">\n{text}\n</excerpt>'


def _read(text: str) -> _Answer:
    if len(text) > _MAX_ANSWER_CHARS:
        raise MalformedOutput(f"The compressor's answer has {len(text)} characters.", raw=text[:_MAX_ANSWER_CHARS])
    try:
        answer = _Answer.model_validate_json(text)
    except (ValidationError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0][:200]
        raise MalformedOutput(f"The compressor's answer is not of the form asked for: {reason}", raw=text) from error
    return answer.model_copy(
        update={"claims": answer.claims[:MAX_CLAIMS], "open_questions": answer.open_questions[:10]}
    )


def _claims(answer: _Answer, excerpts: Sequence[Excerpt]) -> Iterator[Claim]:
    """The claims with the places of their quotes. One whose source nobody gave out is looked for in all excerpts."""
    by_handle = {f"e{number}": excerpt for number, excerpt in enumerate(excerpts, start=1)}
    for said in answer.claims:
        text = " ".join(said.text.split())
        source = by_handle.get(said.source.strip(" []<>").lower())
        found = _place(said, [source] if source else list(by_handle.values()))
        if text and found is not None:
            excerpt, span = found
            yield Claim(
                text=text,
                value=said.value.strip() or None,
                unit=said.unit.strip() or None,
                evidence=(excerpt.ref(span),),
                confidence=said.confidence,
            )


def _place(said: _Said, excerpts: Sequence[Excerpt]) -> tuple[Excerpt, Span] | None:
    for excerpt in excerpts:
        span = locate(said.quote, excerpt.text)
        if span is not None:
            return excerpt, span
    places = [(excerpt, span) for excerpt in excerpts for span in sentences(excerpt.text)]
    overlap = Overlap([span.of(excerpt.text) for excerpt, span in places])
    wanted = frozenset(terms(said.text))
    shares = [overlap.share(wanted, place) for place in range(len(places))]
    best = max(range(len(places)), key=lambda place: shares[place], default=None)
    return places[best] if best is not None and shares[best] > 0 else None
