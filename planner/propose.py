"""A model and a brief in, a plan out: whole, or item by item while it is being written.

Laws: faults go back to the model with their places, a few times and no more; what comes out has none; a stream that
breaks goes on after what it has emitted, never with another plan.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING

from ..core.errors import MalformedOutput, ModelError
from ..core.events import Emit, Retried, silent
from ..core.ledger import Account
from ..core.models.base import Message, OutputSchema, Request
from .answer import read_answer
from .brief import Brief
from .errors import Fault, PlanError, StreamFault, list_faults
from .exchange import Exchange, Hear, unheard
from .forecast.correct import Correct, unchanged
from .messages import WorkerOffer, continue_messages, planner_messages, repair_messages
from .plan import Plan, PlanPrefix
from .schema import output_schema
from .stream import Item, PlanStream
from .validate import PlanRules

if TYPE_CHECKING:
    from ..core.models.model import Model

MAX_REPAIRS = 2
"""How often faults of a whole plan go back to the model."""

MAX_CONTINUATIONS = 3
"""How often a model is asked to go on with a stream that broke off."""


async def propose(
    model: Model,
    brief: Brief,
    *,
    account: Account,
    rules: PlanRules,
    workers: Sequence[WorkerOffer] = (),
    lessons: Sequence[str] = (),
    emit: Emit = silent,
    hear: Hear = unheard,
) -> Plan:
    """A whole plan for the brief.

    Args:
        model: the planner.
        brief: what the user wants.
        account: what the calls are reserved from.
        rules: what the run asks of the plan.
        workers: the pool to choose from; its names stand in `rules.workers`.
        lessons: what failed before, a sentence each.
        emit: tells of faults that go back to the model.
        hear: is told what was sent and said.

    Raises:
        PlanError: when there are faults after `MAX_REPAIRS` repairs; it keeps the model's last words.
        ModelError: when the endpoint fails.
        BudgetExhausted: when the ledger refuses a call.
    """
    messages = planner_messages(brief, rules, workers=workers, lessons=lessons)
    read = partial(read_answer, rules=rules)
    return await ask_for_plan(model, messages, read, account=account, output=output_schema(rules), emit=emit, hear=hear)


async def ask_for_plan(
    model: Model,
    messages: Sequence[Message],
    read: Callable[[str], Plan | list[Fault]],
    *,
    account: Account,
    output: OutputSchema,
    emit: Emit = silent,
    hear: Hear = unheard,
) -> Plan:
    """The plan that `messages` ask for and `read` finds in the answer, its faults repaired by the model.

    Raises:
        PlanError: as `propose` does, and the other errors it names.
    """
    asked, raw, faults = list(messages), "", list[Fault]()
    for repair in range(MAX_REPAIRS + 1):
        raw, found = await _answer(model, asked, read, account=account, output=output, emit=emit, hear=hear)
        if isinstance(found, Plan):
            return found
        faults = found
        if repair < MAX_REPAIRS:
            reason = f"faults in the plan:\n{list_faults(faults)}"
            emit(Retried(account=account.name, reason=reason, attempt=repair + 1, wait_s=0))
            asked = [*messages, *repair_messages(raw, faults)]
    raise PlanError(
        f"The planner's plan still has faults after {MAX_REPAIRS} repairs:\n{list_faults(faults)}",
        raw=raw,
        faults=faults,
        hint="\nTry again, or use a stronger planner model.",
    )


async def _answer(
    model: Model,
    messages: Sequence[Message],
    read: Callable[[str], Plan | list[Fault]],
    *,
    account: Account,
    output: OutputSchema,
    emit: Emit,
    hear: Hear,
) -> tuple[str, Plan | list[Fault]]:
    """One answer's words, and the plan or the faults in it."""
    sent: list[Request] = []
    try:
        reply = await model.call(messages, account=account, output=output, emit=emit, sent=sent.append)
    except MalformedOutput as error:
        hear(Exchange(sent[-1].messages, error.raw))
        return error.raw, [Fault("", error.message)]
    hear(Exchange(sent[-1].messages, reply.text, reply.reasoning))
    found = read(reply.text)
    if isinstance(found, list) and reply.finish_reason == "length":
        found = [Fault("", "the text was cut at its length limit: write a shorter plan"), *found]
    return reply.text, found


async def propose_stream(
    model: Model,
    brief: Brief,
    *,
    account: Account,
    rules: PlanRules,
    committed: PlanPrefix | None = None,
    workers: Sequence[WorkerOffer] = (),
    lessons: Sequence[str] = (),
    emit: Emit = silent,
    hear: Hear = unheard,
    correct: Correct = unchanged,
) -> AsyncGenerator[Item, None]:
    """The plan's head, then its subtasks, each the moment it is whole.

    With `committed` (after a crash) the plan is continued, and only what comes after is yielded. A stream that is cut,
    malformed or faulty is continued in the same way, `MAX_CONTINUATIONS` times. `correct` changes each
    new subtask.

    Raises:
        StreamFault: when the plan is still not closed after that; it has the part that stands.
        ModelError: when the endpoint fails for good, or before it has said anything.
        BudgetExhausted: when the ledger refuses a call.
    """
    messages = planner_messages(brief, rules, workers=workers, lessons=lessons)
    faults, told = tuple[Fault, ...](), list[Message]()
    for continuation in range(MAX_CONTINUATIONS + 1):
        if committed is not None and committed.head.mode == "direct":
            return
        asked = messages + (told if committed is None else _what_stands(committed, faults, rules))
        output = output_schema(rules, known=len(committed.subtasks) if committed else 0)
        stream = PlanStream(rules, committed, correct=correct)
        written = _items(model, asked, stream, account=account, output=output, emit=emit, hear=hear)
        async with aclosing(written) as items:
            async for item in items:
                yield item
        try:
            stream.finish()
        except StreamFault as fault:
            if continuation == MAX_CONTINUATIONS:
                raise
            committed, faults = fault.committed, fault.faults
            told = repair_messages(fault.raw, faults)
            emit(Retried(account=account.name, reason=list_faults(faults), attempt=continuation + 1, wait_s=0))
        else:
            return


async def _items(
    model: Model,
    messages: Sequence[Message],
    stream: PlanStream,
    *,
    account: Account,
    output: OutputSchema,
    emit: Emit,
    hear: Hear,
) -> AsyncGenerator[Item, None]:
    """The items of one streamed call, up to its end, its first fault, or where it was cut."""
    sent, said, thought = list[Request](), list[str](), list[str]()
    try:
        deltas = model.stream(messages, account=account, output=output, emit=emit, sent=sent.append)
        async with aclosing(deltas):
            async for delta in deltas:
                said.append(delta.text)
                thought.append(delta.reasoning)
                for item in stream.feed(delta.text):
                    yield item
                if stream.fault is not None:
                    return
    except ModelError as error:
        if not any(said + thought) or error.kind not in ("transient", "malformed"):
            raise
    finally:
        if any(said + thought):
            hear(Exchange(sent[-1].messages, "".join(said), "".join(thought)))


def _what_stands(committed: PlanPrefix, faults: Sequence[Fault], rules: PlanRules) -> list[Message]:
    spent = sum(subtask.budget for subtask in committed.subtasks)
    left = None if rules.subtask_tokens is None else max(0, rules.subtask_tokens - spent)
    return continue_messages(committed, faults, left)
