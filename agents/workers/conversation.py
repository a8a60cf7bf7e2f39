"""Conversation: what a worker's model has been told so far, kept within its window and its cap.

Messages go in, the prompt of the next call comes out. Laws: what the model wrote is repeated only in a form that any
endpoint accepts (valid JSON arguments, our own call ids); when the prompt gets too long, the oldest results are folded
to their handles and a short extract, never the task itself; what is folded can be read again by handle.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...core.events import Compressed, Emit
from ...core.models.base import Message, Reply, Request, ToolCall, ToolSchema
from ...core.models.bounds import PromptBound
from ...core.models.found_json import parse_object
from ..tools.delimit import defused
from ..tools.desk import Desk, Piece
from .prompt import show_pieces
from .toolbox import Outcome

EXTRACT_CHARS = 160
_MAX_REPEATED_ARGUMENTS = 4_000
_NOT_A_NAME = re.compile(r"[^a-zA-Z0-9_-]+")


@dataclass
class _Result:
    """The message of one tool's result, and the pieces shown in it, which can be folded."""

    place: int
    pieces: tuple[Piece, ...]


class Conversation:
    """One attempt's messages. `bound` counts them, `desk` has what they show."""

    def __init__(
        self, opening: Sequence[Message], schemas: Sequence[ToolSchema], bound: PromptBound, desk: Desk
    ) -> None:
        self.messages = list(opening)
        self.schemas = tuple(schemas)
        self._bound = bound
        self._desk = desk
        self._results: list[_Result] = []

    @property
    def most_tokens(self) -> int:
        """Tokens the next prompt can be at most."""
        return self._bound.tokens(self._request())

    @property
    def likely_tokens(self) -> int:
        """Tokens the next prompt is likely to be."""
        return self._bound.likely(self._request())

    def say(self, message: Message) -> None:
        """Add a message of our own."""
        self.messages.append(message)

    def add_words(self, reply: Reply) -> None:
        """Add an answer that used no tool."""
        self.messages.append({"role": "assistant", "content": reply.text[:_MAX_REPEATED_ARGUMENTS] or "(nothing)"})

    def add_turn(self, calls: Sequence[ToolCall], outcomes: Sequence[Outcome]) -> None:
        """Add an answer's tool calls and what came of each."""
        first = len(self.messages)
        ids = [f"call_{first}_{number}" for number in range(len(calls))]
        repeated = [_repeated(call, name) for call, name in zip(calls, ids, strict=True)]
        self.messages.append({"role": "assistant", "content": None, "tool_calls": repeated})
        for call_id, outcome in zip(ids, outcomes, strict=True):
            if outcome.pieces:
                self._results.append(_Result(len(self.messages), outcome.pieces))
            self.messages.append({"role": "tool", "tool_call_id": call_id, "content": self._content(outcome)})

    def fold(self, limit_tokens: int, *, subtask: str, emit: Emit) -> None:
        """Fold results, oldest first, until the prompt fits `limit_tokens` or nothing is left to fold."""
        before = self.most_tokens
        folded = 0
        while self._results and self.most_tokens > limit_tokens:
            result = self._results.pop(0)
            message = self.messages[result.place]
            self.messages[result.place] = {**message, "content": "\n".join(map(self._extract, result.pieces))}
            folded += len(result.pieces)
        if folded:
            emit(
                Compressed(
                    subtask=subtask, compressor="fold", tokens_in=before, tokens_out=self.most_tokens, kept=folded
                )
            )

    def _content(self, outcome: Outcome) -> str:
        if outcome.error:
            return f"Error: {outcome.error}"
        return show_pieces(self._desk, outcome.pieces) if outcome.pieces else outcome.text

    def _extract(self, piece: Piece) -> str:
        text = " ".join(self._desk.text(piece.handle)[: 2 * EXTRACT_CHARS].split())[:EXTRACT_CHARS]
        return f"<data {piece.handle} folded; read it again by its handle>\n{defused(text)}…\n</data>"

    def _request(self) -> Request:
        return Request(messages=self.messages, max_completion_tokens=1, tools=self.schemas)


def _repeated(call: ToolCall, call_id: str) -> dict[str, object]:
    """A model's call as it can be sent back: some templates parse the arguments, and fail on what is no JSON."""
    short = len(call.arguments) <= _MAX_REPEATED_ARGUMENTS
    arguments = parse_object(call.arguments) if short else None
    name = _NOT_A_NAME.sub("_", call.name)[:64] or "unknown"
    return {
        "id": call_id,
        "type": "function",
        "function": {"name": name, "arguments": json.dumps(arguments or {}, ensure_ascii=False)},
    }
