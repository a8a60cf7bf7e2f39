"""Conversation: what a worker's model has been told so far, kept within its window and its cap.

Messages go in, the prompt of the next call comes out. Laws: what the model wrote is repeated only in a form that any
endpoint accepts (valid JSON arguments, our own call ids); when the prompt gets too long, results are folded to their
handles and the sentences in them that matter most, and then whole turns go, never the task itself; what is folded or
gone can be read again by handle.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ...core.events import Compressed, Emit
from ...core.models.base import Message, Reply, Request, ToolCall, ToolSchema
from ...core.models.bounds import PromptBound
from ...core.models.found_json import parse_object
from ...memory.plain import plain_data
from ..tools.desk import Desk, Piece
from .prompt import gone_note, show_folded, show_pieces
from .toolbox import Outcome

_MAX_REPEATED_ARGUMENTS = 4_000
_NOT_A_NAME = re.compile(r"[^a-zA-Z0-9_-]+")


@dataclass
class _Turn:
    """An answer and what was said to it. `shown` are the pieces that messages of it show, by their place in it."""

    messages: list[Message]
    shown: dict[int, tuple[Piece, ...]] = field(default_factory=dict)


class Conversation:
    """One attempt's messages: the opening with the pieces of the first search, then turns.

    Args:
        open_with: the opening messages around evidence as it is shown.
        pieces: the evidence to open with.
        schemas: the tools that are sent.
        bound: counts prompts.
        desk: has what the pieces stand for.
        goal: what matters in them.
    """

    def __init__(
        self,
        open_with: Callable[[str], list[Message]],
        pieces: Sequence[Piece],
        schemas: Sequence[ToolSchema],
        bound: PromptBound,
        desk: Desk,
        goal: str = "",
    ) -> None:
        self.schemas = tuple(schemas)
        self._open_with = open_with
        self._opening_pieces = tuple(pieces)
        self._evidence = show_pieces(desk, pieces)
        self._turns: list[_Turn] = []
        self._said = 0
        self._gone = False
        self._bound = bound
        self._desk = desk
        self._goal = goal

    @property
    def messages(self) -> list[Message]:
        """The messages of the next prompt."""
        note = gone_note(len(self._desk.pieces)) if self._gone else ""
        opening = self._open_with("\n".join(filter(None, [self._evidence, note])))
        return [*opening, *(message for turn in self._turns for message in turn.messages)]

    @property
    def most_tokens(self) -> int:
        """Tokens the next prompt can be at most."""
        return self._bound.tokens(self._request())

    @property
    def likely_tokens(self) -> int:
        """Tokens the next prompt is likely to be."""
        return self._bound.likely(self._request())

    def say(self, message: Message) -> None:
        """Add a message of our own, which belongs to the last turn."""
        self._turns[-1].messages.append(message)

    def add_words(self, reply: Reply) -> None:
        """Add an answer that used no tool."""
        words = reply.text[:_MAX_REPEATED_ARGUMENTS] or "(nothing)"
        self._turns.append(_Turn([{"role": "assistant", "content": words}]))

    def add_turn(self, calls: Sequence[ToolCall], outcomes: Sequence[Outcome]) -> None:
        """Add an answer's tool calls and what came of each."""
        self._said += 1
        ids = [f"call_{self._said}_{number}" for number in range(len(calls))]
        repeated = [_repeated(call, name) for call, name in zip(calls, ids, strict=True)]
        turn = _Turn([{"role": "assistant", "content": None, "tool_calls": repeated}])
        for call_id, outcome in zip(ids, outcomes, strict=True):
            if outcome.pieces:
                turn.shown[len(turn.messages)] = outcome.pieces
            turn.messages.append({"role": "tool", "tool_call_id": call_id, "content": self._content(outcome)})
        self._turns.append(turn)

    def fold(self, fits: Callable[[], bool], *, subtask: str, emit: Emit) -> None:
        """Fold until the prompt `fits` or nothing is left but the task.

        Older results are folded first, then what the first search found; then whole turns go, the oldest first. The
        newest results are folded last: nobody has read them yet.
        """
        before, folded = self.most_tokens, list[int]()
        while not fits() and (pieces := self._fold_next()) is not None:
            folded.append(pieces)
        if folded:
            after = self.most_tokens
            emit(Compressed(subtask=subtask, compressor="fold", tokens_in=before, tokens_out=after, kept=sum(folded)))

    def _fold_next(self) -> int | None:
        """Make one thing smaller: how many pieces were folded by it; None when nothing can be made smaller."""
        if any(turn.shown for turn in self._turns[:-1]):
            return self._fold_result(next(turn for turn in self._turns if turn.shown))
        if self._opening_pieces:
            pieces, self._opening_pieces = self._opening_pieces, ()
            self._evidence = show_folded(self._desk, pieces, self._goal)
            return len(pieces)
        if self._turns and (len(self._turns) > 1 or not self._turns[0].shown):
            del self._turns[0]
            self._gone = True
            return 0
        return self._fold_result(self._turns[0]) if self._turns else None

    def _fold_result(self, turn: _Turn) -> int:
        place = next(iter(turn.shown))
        pieces = turn.shown.pop(place)
        turn.messages[place] = {**turn.messages[place], "content": show_folded(self._desk, pieces, self._goal)}
        return len(pieces)

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
        "function": {"name": name, "arguments": json.dumps(plain_data(arguments or {}), ensure_ascii=False)},
    }
