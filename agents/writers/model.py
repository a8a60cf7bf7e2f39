"""Model writer: asks the writer model for a draft over the claims, section by section when they do not fit at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from ...core.errors import ForeplanError
from ...core.events import Noted, ReportToken
from ...core.models.base import Message, Request
from ...core.models.metering import MAX_BYTES_PER_TOKEN
from ...core.models.model import Model
from ...memory.documents.readers.base import clean
from ..counting import counter_of
from ..prompts import load_prompt
from ..report import Missing, Report
from ..roles import Writing
from .assemble import assemble
from .cite import Citer
from .extractive import draft as extractive_draft
from .material import Material, gather
from .sections import in_sections

LENGTH_TOKENS = {"short": 600, "medium": 1_600, "long": 4_000}
"""Most tokens of a report, thinking included, by the brief's length."""
_LENGTH_WORDS = {"short": 150, "medium": 500, "long": 1_500}
_MIN_SECTION_TOKENS = 500
_MIN_SECTION_WORDS = 50
WINDOW_TOKENS = 64_000
"""What a prompt's bound and its answer may have together when the window is not known."""
_MAX_MISSING = 20
_MAX_MISSING_CHARS = 120


class ModelWriter:
    """Writes with a model; what the model cannot write (no budget, no endpoint) is quoted instead, and said."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._count = counter_of(model)

    async def write(self, writing: Writing) -> Report:
        """The report, its citations checked by code whatever the model wrote."""
        if writing.plan.mode == "direct":
            return assemble(writing.plan.answer or "", (), ())
        material = gather(writing)
        citer = Citer(material.claims(), writing.artifacts)
        sections = self._sections(writing, material)
        texts = []
        for number, section in enumerate(sections):
            texts.append(await self._cited(writing, section, citer, number, len(sections)))
            writing.emit(ReportToken(text=texts[-1] + "\n\n"))
        return assemble("\n\n".join(texts), citer.citations, material.missing, citer.removed)

    async def _cited(self, writing: Writing, material: Material, citer: Citer, number: int, of: int) -> str:
        """One section with its citations; quoted where nothing is left of what the model wrote."""
        written = await self._draft(writing, material, number, of)
        # In a thread: checking the citations of a hostile text takes a while.
        cited = await asyncio.to_thread(citer.cite, written)
        return cited if cited.strip() else citer.cite(extractive_draft(writing.brief.goal, material))

    async def _draft(self, writing: Writing, material: Material, number: int, of: int) -> str:
        if not material.claims():
            return extractive_draft(writing.brief.goal, material)
        try:
            reply = await self._model.call(
                _messages(writing, material, number, of),
                account=writing.account,
                max_completion_tokens=LENGTH_TOKENS[writing.brief.length],
                emit=writing.emit,
            )
        except ForeplanError as error:
            writing.emit(Noted(text=f"The report quotes its sources: {error.message}", level="warning"))
            return extractive_draft(writing.brief.goal, material)
        most_chars = LENGTH_TOKENS[writing.brief.length] * MAX_BYTES_PER_TOKEN
        return clean(reply.text[:most_chars]).strip() or extractive_draft(writing.brief.goal, material)

    def _sections(self, writing: Writing, material: Material) -> list[Material]:
        """The material in pieces, each of which fits one call."""
        return in_sections(material, max(_MIN_SECTION_TOKENS, self._room_tokens(writing, material)), self._count)

    def _room_tokens(self, writing: Writing, material: Material) -> int:
        """Tokens of claims that one prompt can hold: the window, or what the writer may spend, less everything else.

        In a long report each claim may be cited, so a section has no more of them than its answer could repeat.
        """
        answer_tokens = LENGTH_TOKENS[writing.brief.length]
        without_claims = _messages(writing, Material((), material.missing), 98, 99)
        limits = [self._model.spec.window_tokens or WINDOW_TOKENS, writing.account.tokens_left]
        room = min(each for each in limits if each is not None)
        room -= self._model.bound.tokens(Request(without_claims, answer_tokens)) + answer_tokens
        return min(room, answer_tokens) if writing.brief.length == "long" else room


def _messages(writing: Writing, material: Material, number: int, of: int) -> list[Message]:
    brief = writing.brief
    asked = [
        f"Goal: {brief.goal}",
        f"Return format: {brief.return_format}" if brief.return_format else "",
        *(f"Constraint: {each}" for each in brief.constraints),
        f"Language: {brief.language}" if brief.language else "Language: that of the goal",
        f"Length: at most {_words(brief.length, of)} words",
        f"How the parts fit together: {writing.plan.synthesis}" if writing.plan.synthesis else "",
        *_missing(material.missing),
        f"This is section {number + 1} of {of}; write this section only." if of > 1 else "",
    ]
    claims = "\n\n".join(map(str, material.parts))
    return [
        {"role": "system", "content": load_prompt("writer")},
        {"role": "user", "content": "\n".join(filter(None, asked)) + f"\n<claims>\n{claims}\n</claims>"},
    ]


def _words(length: str, sections: int) -> int:
    """Words of one section: they share the length that was asked for, unless it is a long one."""
    words = _LENGTH_WORDS[length]
    return words if length == "long" else max(_MIN_SECTION_WORDS, words // sections)


def _missing(missing: Sequence[Missing]) -> Iterator[str]:
    """Lines on what is missing, as many as a writer needs to know: the report lists all of it."""
    for each in missing[:_MAX_MISSING]:
        yield f"Missing: {each.goal[:_MAX_MISSING_CHARS]}: {each.reason[:_MAX_MISSING_CHARS]}"
    if len(missing) > _MAX_MISSING:
        yield f"Missing: {len(missing) - _MAX_MISSING} more parts"
