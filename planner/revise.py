"""A plan and what came of it in, a changed plan out.

Laws: a finished subtask that the planner keeps stays equal, so that its result is found again; its budget counts no
more; the others' must fit what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..core.events import Emit, silent
from ..core.ledger import Account
from . import dag
from .answer import read_answer
from .brief import Brief
from .errors import Fault
from .exchange import Hear, unheard
from .messages import WorkerOffer
from .outcomes import PROMPT_TOKENS, Outcome, revision_prompt
from .plan import Plan, Subtask
from .propose import ask_for_plan
from .schema import output_schema
from .validate import PlanRules, check_plan

if TYPE_CHECKING:
    from ..core.models.model import Model

_MAX_REASON_CHARS = 500


@dataclass(frozen=True, slots=True)
class Revision:
    """A changed plan, and how its subtasks compare by id with those before. `reason` says what went wrong before."""

    plan: Plan
    kept: tuple[str, ...]
    edited: tuple[str, ...]
    added: tuple[str, ...]
    dropped: tuple[str, ...]
    reason: str = ""


async def revise(
    model: Model,
    brief: Brief,
    plan: Plan,
    outcomes: Sequence[Outcome],
    lessons: Sequence[str],
    tokens_left: int | None,
    *,
    account: Account,
    rules: PlanRules,
    workers: Sequence[WorkerOffer] = (),
    emit: Emit = silent,
    hear: Hear = unheard,
) -> Revision:
    """Ask the planner to change a plan that did not work out.

    Args:
        model: the planner.
        brief: what the user wants.
        plan: the plan as it was carried out.
        outcomes: what came of its subtasks.
        lessons: what failed, a sentence each.
        tokens_left: what subtasks that are not finished may still spend; None for no limit.
        account: what the calls are reserved from.
        rules: what the run asks of the plan; its budget gives way to `tokens_left`.
        workers: the pool to choose from.
        emit: tells of faults that go back to the model.
        hear: is told what was sent and said.

    Raises:
        PlanError: when the changed plan still has faults after repairs.
        ModelError: when the endpoint fails.
        BudgetExhausted: when the ledger refuses a call.
    """
    rules = replace(rules, budget_tokens=tokens_left, writer_tokens=0)
    asked = revision_prompt(
        brief, rules, plan, outcomes, lessons, workers=workers,
        room_tokens=room_tokens(model, account), count=model.bound.tokens,
    )  # fmt: skip
    reader = _Reader(plan, outcomes, rules, asked.finished)
    changed = await ask_for_plan(
        model,
        asked.messages,
        reader.read,
        account=account,
        output=output_schema(replace(rules, budget_tokens=None), known=len(plan.subtasks) - len(asked.finished)),
        emit=emit,
        hear=hear,
    )
    return _compare(plan, changed, outcomes)


def room_tokens(model: Model, account: Account) -> int:
    """What the prompt of a revision may take: never so much that nothing is left to carry the new plan out."""
    window, left = model.spec.window_tokens, account.tokens_left
    rooms = [PROMPT_TOKENS]
    if window is not None:
        rooms.append(window - model.spec.max_completion_tokens)
    if left is not None:
        rooms.append(left // 2)
    return min(rooms)


class _Reader:
    """Reads a changed plan with the plan before it in mind. What is in `finished` is kept though not restated."""

    def __init__(self, before: Plan, outcomes: Sequence[Outcome], rules: PlanRules, finished: frozenset[str]) -> None:
        states = {outcome.subtask_id: outcome.state for outcome in outcomes}
        self._rules = rules
        self._finished = finished
        self._before = before.by_id()
        self._done = {name for name, state in states.items() if state == "done" and name in self._before}
        self._worked = {outcome.subtask_id for outcome in outcomes if outcome.usable}

    def read(self, text: str) -> Plan | list[Fault]:
        """The changed plan in a model's answer, or its faults."""
        read = read_answer(text, replace(self._rules, budget_tokens=None, finished=self._finished))
        if isinstance(read, list):
            return read
        plan = self._with_finished(read.model_copy(update={"subtasks": tuple(map(self._kept, read.subtasks))}))
        spent = {each.id for each in plan.subtasks if each.id in self._worked and each == self._before.get(each.id)}
        return check_plan(plan, self._rules, spent=spent) or plan

    def _with_finished(self, plan: Plan) -> Plan:
        """The plan with what is kept by itself, in the old order as far as dependencies allow."""
        if not self._finished or plan.mode == "direct":
            return plan
        changed = plan.by_id()
        stay = {name: old for name, old in self._before.items() if name in self._finished or name in changed}
        subtasks = stay | changed
        order = dag.ordered({name: subtask.depends_on for name, subtask in subtasks.items()})
        return plan.model_copy(update={"subtasks": tuple(subtasks[name] for name in order)})

    def _kept(self, subtask: Subtask) -> Subtask:
        """The finished subtask that this one restates, though with other numbers; else the subtask itself."""
        old = self._before.get(subtask.id)
        restated = old is not None and old.id in self._done and _work(old) == _work(subtask)
        return old if old is not None and restated else subtask


def _work(subtask: Subtask) -> tuple[object, ...]:
    """What a subtask is about, without how much is expected of it or spent on it."""
    return subtask.id, frozenset(subtask.depends_on), subtask.kind, subtask.goal, subtask.done_when


def _compare(before: Plan, after: Plan, outcomes: Sequence[Outcome]) -> Revision:
    old, new = before.by_id(), after.by_id()
    troubles = [f"{each.subtask_id} {each.state}: {each.reason}" for each in outcomes if each.state != "done"]
    return Revision(
        plan=after,
        kept=tuple(name for name in new if new[name] == old.get(name)),
        edited=tuple(name for name in new if name in old and new[name] != old[name]),
        added=tuple(name for name in new if name not in old),
        dropped=tuple(name for name in old if name not in new),
        reason="; ".join(troubles)[:_MAX_REASON_CHARS],
    )
