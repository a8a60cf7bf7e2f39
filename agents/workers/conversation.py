"""Conversation: what a worker's model has been told so far, kept within its window and its cap.

Messages go in, the prompt of the next call comes out. Laws: what the model wrote is repeated only in a form that any
endpoint accepts (valid JSON arguments, our own call ids); when the prompt gets too long, the oldest results are folded
to their handles and a short extract, never the task itself; what is folded can be read again by handle.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...core.events import Compressed, Emit
from ...core.models.base import Message, Reply, Request, ToolCall, ToolSchema
from ...core.models.bounds import PromptBound
from ...core.models.found_json import parse_object
from ..tools.desk import Desk, Piece
from .prompt import show_folded, show_pieces
from .toolbox import Outcome

_MAX_REPEATED_ARGUMENTS = 4_000
_NOT_A_NAME = re.compile(r"[^a-zA-Z0-9_-]+")


@dataclass(frozen=True, slots=True)
class _Shown:
    """The message at `place` shows `pieces`; `folded` is that message with them folded."""

    place: int
    pieces: tuple[Piece, ...]
    folded: Message


class Conversation:
    """One attempt's messages: the opening with the pieces of the first search, then turns.

    Args:
        open_with: the opening messages around evidence as it is shown.
        pieces: the evidence to open with.
        schemas: the tools that are sent.
        bound: counts prompts.
        desk: has what the pieces stand for.
    """

    def __init__(
        self,
        open_with: Callable[[str], list[Message]],
        pieces: Sequence[Piece],
        schemas: Sequence[ToolSchema],
        bound: PromptBound,
        desk: Desk,
    ) -> None:
        self.messages = open_with(show_pieces(desk, pieces))
        self.schemas = tuple(schemas)
        self._bound = bound
        self._desk = desk
        last = len(self.messages) - 1
        self._opening = [_Shown(last, tuple(pieces), open_with(show_folded(desk, pieces))[last])] if pieces else []
        self._older: list[_Shown] = []
        self._newest: list[_Shown] = []

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
        self._older += self._newest
        self._newest = []
        for call_id, outcome in zip(ids, outcomes, strict=True):
            message: Message = {"role": "tool", "tool_call_id": call_id, "content": self._content(outcome)}
            if outcome.pieces:
                folded = {**message, "content": show_folded(self._desk, outcome.pieces)}
                self._newest.append(_Shown(len(self.messages), outcome.pieces, folded))
            self.messages.append(message)

    def fold(self, fits: Callable[[], bool], *, subtask: str, emit: Emit) -> None:
        """Fold until the prompt `fits` or nothing is left to fold.

        Older results go first, then what the first search found, the newest results last: nobody has read them yet.
        """
        before = self.most_tokens
        folded = 0
        while not fits() and (waiting := self._older or self._opening or self._newest):
            shown = waiting.pop(0)
            self.messages[shown.place] = shown.folded
            folded += len(shown.pieces)
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
