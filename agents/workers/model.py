"""ModelWorker: one subtask done by a small model with tools, under its cap.

An assignment goes in, a digest comes out. The first search is made before the first call and a tool call is required,
so an easy subtask takes one call: evidence in, `submit_digest` out. Laws: no call is made that the cap has no room for,
and a cap or the deadline reached ends the attempt with what its evidence says already; whatever the model says costs at
most `MAX_TURNS` calls; nothing it reads or writes adds a tool or raises a cap.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from functools import partial

from ...core.errors import BudgetExhausted, ModelError
from ...core.events import Compressed, SubtaskState
from ...core.limits import TIME_IS_UP
from ...core.models.base import Reply, ToolCall, ToolSchema
from ...core.models.model import Model
from ...memory.digest import Claim, Digest
from ...memory.lessons import LessonBook
from ..roles import Assignment
from ..tools.desk import Desk, Piece
from ..tools.submit import SUBMIT
from ..tools.web.base import WEB_SEARCH
from .conversation import Conversation
from .first_search import first_search, hints
from .preview import preview
from .prompt import nudge, opening
from .quoting import quoted_claims
from .submission import Findings, Malformed, claims_in_words, hand_in
from .toolbox import Outcome, Toolbox

MAX_TURNS = 10
MAX_CALLS = 8
"""Tool calls of one turn that are carried out."""
MIN_ANSWER_TOKENS = 300
"""A digest of a few claims; a call with room for less would be cut in the middle of it."""
CHARS_PER_TOKEN = 4
TURN_TOKENS = 1_400
"""What another turn adds to the prompt: its call, and a few passages."""
DEFAULT_WINDOW_TOKENS = 32_000
WINDOW_SHARE = 0.6
"""Older results are folded once the prompt passes this share of the model's window."""


class ModelWorker:
    """Does subtasks with one model.

    Args:
        model: whom to ask.
        lessons: what failed before in this run; failures of tools are added.
        name: how the worker is called in events.
    """

    def __init__(self, model: Model, *, lessons: LessonBook | None = None, name: str = "") -> None:
        self.name = name or model.name
        self._model = model
        self._lessons = lessons if lessons is not None else LessonBook()

    async def work(self, assignment: Assignment) -> Digest:
        """See `Worker.work`.

        Raises:
            ModelError: when the endpoint fails for good.
        """
        return await _Attempt(self._model, self._lessons, assignment).run()


class _Overflow(Exception):
    """Not even the bare task fits the model's window."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class _Attempt:
    """One attempt at one subtask."""

    def __init__(self, model: Model, lessons: LessonBook, assignment: Assignment) -> None:
        self._model = model
        self._assignment = assignment
        self._desk = Desk(assignment.artifacts, assignment.parents, assignment.left_out)
        self._toolbox = Toolbox(assignment, self._desk, lessons)
        self._failures: list[str] = []
        self._checked = Findings()
        self._used_tokens = 0
        self._nudged = False
        self._repaired = False

    async def run(self) -> Digest:
        """Turns until something is handed in, or nothing more may be asked, or the time is up."""
        try:
            async with asyncio.timeout_at(self._assignment.deadline) as limit:
                return await self._turns()
        except TimeoutError:
            if not limit.expired():
                raise
            return self._capped(TIME_IS_UP)

    async def _turns(self) -> Digest:
        talk = await self._open()
        for turn in range(MAX_TURNS):
            if not self._make_room(talk):
                return self._capped(self._no_room(talk))
            try:
                last = turn == MAX_TURNS - 1 or self._nudged or not self._room_for_two(talk)
                reply = await self._ask(talk, last=last)
            except (BudgetExhausted, _Overflow) as error:
                return self._capped(error.message)
            digest = await self._take(talk, reply)
            if digest is not None:
                return digest
        return self._capped(f"nothing was handed in within {MAX_TURNS} turns")

    async def _open(self) -> Conversation:
        """Search, and begin with as much of what was found as there is room for."""
        pieces = await self._search()
        talk = self._packed(pieces, self._toolbox.schemas)
        # Where there is room for one call only, no other tool could be used: its schema's place is evidence's.
        return talk if self._room_for_two(talk) else self._packed(pieces, self._toolbox.schemas[:1])

    async def _search(self) -> Sequence[Piece]:
        """What the sources say to the goal; without sources, what the web does if it may be asked."""
        assignment, goal = self._assignment, self._assignment.subtask.goal
        if assignment.sources is not None:
            found = await first_search(assignment.sources, goal, assignment.parents)
            return self._desk.lay(await preview(found, goal))
        if not self._toolbox.has(WEB_SEARCH):
            return ()
        query = f"{hints(goal, assignment.parents)} {goal}".strip()
        (outcome,) = await self._toolbox.run([ToolCall("first", WEB_SEARCH, json.dumps({"query": query[:400]}))])
        return outcome.pieces

    def _packed(self, pieces: Sequence[Piece], schemas: Sequence[ToolSchema]) -> Conversation:
        """The beginning with as many pieces, best first, as leave room to answer, within cap and window."""
        open_with = partial(opening, self._assignment, self._desk)
        while True:
            talk = Conversation(
                open_with, pieces, schemas, self._model.bound, self._desk, self._assignment.subtask.goal
            )
            if not pieces or self._fits(talk):
                return talk
            pieces = pieces[:-1]

    @property
    def _tokens_left(self) -> int | None:
        """What is left to this attempt: of its share, and of what the subtask has."""
        share, left = self._assignment.share_tokens, self._assignment.account.tokens_left
        rooms = [room for room in (None if share is None else share - self._used_tokens, left) if room is not None]
        return min(rooms, default=None)

    def _make_room(self, talk: Conversation) -> bool:
        """Fold until the next prompt fits window and cap; false when it does not."""
        self._fold(talk, lambda: self._fits(talk))
        return self._within_window(talk) and self._affords(talk.most_tokens, MIN_ANSWER_TOKENS)

    def _within_window(self, talk: Conversation) -> bool:
        """Whether the next prompt and a short answer most likely fit the window, if that is known."""
        window_tokens = self._model.spec.window_tokens
        return window_tokens is None or talk.likely_tokens + MIN_ANSWER_TOKENS <= window_tokens

    def _no_room(self, talk: Conversation) -> str:
        of = "budget" if self._within_window(talk) else "model's window"
        return f"its {of} has no room for another call"

    def _fits(self, talk: Conversation) -> bool:
        """Whether the next prompt leaves room to answer. The cap holds for certain, the window's share most likely."""
        window_tokens = self._model.spec.window_tokens or DEFAULT_WINDOW_TOKENS
        within_window = talk.likely_tokens <= window_tokens * WINDOW_SHARE
        return within_window and self._affords(talk.most_tokens, MIN_ANSWER_TOKENS)

    def _fold(self, talk: Conversation, fits: Callable[[], bool]) -> None:
        talk.fold(fits, subtask=self._assignment.subtask.id, emit=self._assignment.emit)

    def _room_for_two(self, talk: Conversation) -> bool:
        """Whether, after a call now, there would be room for one more with what this one brought."""
        return self._affords(talk.likely_tokens + talk.most_tokens + TURN_TOKENS, MIN_ANSWER_TOKENS)

    def _affords(self, prompt_tokens: int, completion_tokens: int) -> bool:
        """Whether that many tokens are left to this attempt, and their price to the run."""
        left = self._tokens_left
        within_cap = left is None or prompt_tokens + completion_tokens <= left
        return within_cap and self._assignment.account.has_room(prompt_tokens, completion_tokens, self._model.price)

    async def _ask(self, talk: Conversation, *, last: bool) -> Reply:
        """The answer; a prompt that the endpoint finds too long is cut to half of it, then to the bare task.

        Raises:
            _Overflow: when not even the bare task fits.
        """
        shares = iter((0.5, 0.0))
        while True:
            try:
                return await self._call(talk, last=last)
            except ModelError as error:
                if error.kind != "context_overflow":
                    raise
                share = next(shares, None)
                if share is None:
                    raise _Overflow(error.message) from error
            self._fold(talk, partial(_at_most, talk, int(talk.most_tokens * share)))

    async def _call(self, talk: Conversation, *, last: bool) -> Reply:
        assignment = self._assignment
        reply = await self._model.call(
            talk.messages,
            account=assignment.account,
            tools=talk.schemas,
            tool_choice=SUBMIT if last else "required",
            effort=assignment.subtask.effort,
            max_completion_tokens=self._answer_tokens(talk),
            seed=assignment.attempt,
            emit=assignment.emit,
        )
        self._used_tokens += reply.usage.total_tokens
        return reply

    def _answer_tokens(self, talk: Conversation) -> int | None:
        """What an answer may have at most: an attempt that reserved all that is left would starve those beside it."""
        left = self._tokens_left
        if left is None:
            return None
        return max(MIN_ANSWER_TOKENS, min(self._model.spec.max_completion_tokens, left - talk.most_tokens))

    async def _take(self, talk: Conversation, reply: Reply) -> Digest | None:
        """What the reply comes to: a digest, or None when there is more to say."""
        if not reply.tool_calls:
            return await self._take_words(talk, reply)
        calls = [call for call in reply.tool_calls if call.name != SUBMIT][:MAX_CALLS]
        outcomes = await self._toolbox.run(calls)
        submitted = next((call for call in reply.tool_calls if call.name == SUBMIT), None)
        if submitted is not None:
            done = await self._take_submission(submitted)
            if isinstance(done, Digest):
                return done
            calls, outcomes = [*calls, submitted], [*outcomes, done]
        talk.add_turn(calls, outcomes)
        if len(calls) < len(reply.tool_calls):
            talk.say({"role": "user", "content": f"Only the first {len(calls)} calls were carried out."})
        return None

    async def _take_submission(self, call: ToolCall) -> Digest | Outcome:
        try:
            # In a thread: locating and checking the quotes of a hostile answer takes a while.
            found = await asyncio.to_thread(hand_in, call.arguments, self._desk, self._assignment.subtask.goal)
        except Malformed as error:
            return Outcome(error=str(error))
        if not found.claims and found.rejected and not self._repaired:
            self._repaired = True
            return Outcome(error=f"No claim could be checked. {' '.join(found.rejected[:3])} Quote exact words.")
        self._failures += found.rejected
        self._checked = found
        return self._digest("done" if found.claims else "failed", found.claims, found.open_questions)

    async def _take_words(self, talk: Conversation, reply: Reply) -> Digest | None:
        if not self._nudged:
            self._nudged = True
            talk.add_words(reply)
            talk.say(nudge())
            return None
        found = await asyncio.to_thread(claims_in_words, reply.text, self._desk)
        self._failures.append("the model answered in words instead of handing in a digest")
        self._checked = found
        return self._digest("done" if found.claims else "failed", found.claims)

    def _capped(self, reason: str) -> Digest:
        """The digest of an attempt that may ask nothing more: what was computed, and quotes of the evidence."""
        self._failures.append(reason)
        computed = self._desk.with_inputs(self._desk.derived.values())
        quoted = quoted_claims(self._desk, self._assignment.subtask.goal)
        return self._digest("capped", tuple({claim.id: claim for claim in [*computed, *quoted]}.values()))

    def _digest(self, state: SubtaskState, claims: tuple[Claim, ...], open_questions: tuple[str, ...] = ()) -> Digest:
        if state == "failed" and not self._failures:
            self._failures.append("nothing was found that answers it")
        self._tell_compressed(claims)
        return Digest(
            subtask=self._assignment.subtask.id,
            state=state,
            claims=claims,
            open_questions=open_questions,
            failures=tuple(dict.fromkeys(self._failures)),
        )

    def _tell_compressed(self, claims: Sequence[Claim]) -> None:
        """What was read, what is left of it, and what became of the claims that were handed in."""
        shown_chars = sum(piece.ref.end - piece.ref.start for piece in self._desk.pieces.values())
        self._assignment.emit(
            Compressed(
                subtask=self._assignment.subtask.id,
                compressor="worker",
                tokens_in=shown_chars // CHARS_PER_TOKEN,
                tokens_out=sum(len(claim.text) for claim in claims) // CHARS_PER_TOKEN,
                kept=len(claims),
                repaired=self._checked.repaired,
                dropped=len(self._checked.rejected),
                reread=self._toolbox.reread,
            )
        )


def _at_most(talk: Conversation, tokens: int) -> bool:
    return talk.most_tokens <= tokens
