"""A plan in, its faults out: what must hold between the values of a plan, beyond the type of each.

`PlanCheck` is prefix-closed: it takes the head, then each subtask in order, and a prefix without faults stays without
faults whatever follows, so a plan can be carried out while it is being written. `check_plan` runs it over a whole plan
and reports all faults at once. The laws:

- ids are unique, and dependencies precede their dependants (so there is no cycle);
- the budgets' running sum and the share kept back for the writer fit the run's budget;
- `direct` has an answer and no subtasks, and is refused when answers must be cited; `plan` has subtasks and no answer;
- forecasts, attempts, selection, workers and texts make sense on their own.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from . import dag
from .brief import CONTROL
from .errors import Fault
from .plan import MAX_SUBTASKS, Plan, PlanHead, Subtask

MIN_BUDGET_TOKENS = 100
"""A budget below this holds no model call at all."""


@dataclass(frozen=True)
class PlanRules:
    """What a run asks of its plans.

    Attributes:
        budget_tokens: the run's whole budget; None for no limit.
        writer_tokens: the part of it kept back for the writer.
        max_subtasks: the most subtasks a plan may have.
        workers: names a subtask may ask for; () when there is no pool, None when any name will do.
        sources: whether the brief names sources.
        cite: whether statements about sources must be cited.
        finished: ids of subtasks that are kept whether or not the plan restates them, and may be depended on.
    """

    budget_tokens: int | None = None
    writer_tokens: int = 0
    max_subtasks: int = MAX_SUBTASKS
    workers: tuple[str, ...] | None = None
    sources: bool = False
    cite: bool = True
    finished: frozenset[str] = frozenset()

    @property
    def subtask_tokens(self) -> int | None:
        """What all subtasks' budgets may sum up to, or None for no limit."""
        return None if self.budget_tokens is None else max(0, self.budget_tokens - self.writer_tokens)

    @property
    def allows_direct(self) -> bool:
        """Whether the brief may be answered at once, which leaves no evidence to cite."""
        return not (self.sources and self.cite)


def check_plan(plan: Plan, rules: PlanRules, *, spent: Container[str] = ()) -> list[Fault]:
    """All faults of a whole plan, in the order of the plan. Budgets of the ids in `spent` are not counted."""
    position: dict[str, int] = {}
    for at, subtask in enumerate(plan.subtasks):
        position.setdefault(subtask.id, at)
    check = PlanCheck(rules, spent=spent, position=position)
    faults = check.head(plan.head)
    for subtask in plan.subtasks:
        faults += check.subtask(subtask)
    return faults + check.close() + _cycle_faults({each.id: each.depends_on for each in plan.subtasks})


class PlanCheck:
    """Checks a plan item by item. An item with faults is noted too, so that one fault does not cause others."""

    def __init__(
        self, rules: PlanRules, *, spent: Container[str] = (), position: Mapping[str, int] | None = None
    ) -> None:
        """Start before the head.

        Args:
            rules: what the run asks.
            spent: ids of subtasks already worked on, whose budgets no longer count.
            position: where each id of the whole plan stands, when it is known; messages are clearer with it.
        """
        self._rules = rules
        self._spent = spent
        self._position = position or {}
        self._mode = "plan"
        self._seen: set[str] = set()
        self._sum_tokens = 0
        self.count = 0

    @property
    def tokens_left(self) -> int | None:
        """What is left to be shared out among further subtasks; None for no limit."""
        room = self._rules.subtask_tokens
        return None if room is None else max(0, room - self._sum_tokens)

    def head(self, head: PlanHead) -> list[Fault]:
        """Faults of everything but the subtasks."""
        self._mode = head.mode
        faults = [*_text_faults("synthesis", head.synthesis), *_text_faults("answer", head.answer or "")]
        if head.mode == "plan":
            if head.answer is not None:
                faults.append(Fault("answer", "must be null in mode plan"))
            return faults
        if not (head.answer or "").strip():
            faults.append(Fault("answer", "is missing in mode direct"))
        if not self._rules.allows_direct:
            faults.append(Fault("mode", "direct cites nothing, and this brief wants its sources cited: use plan"))
        return faults

    def subtask(self, subtask: Subtask) -> list[Fault]:
        """Faults of the next subtask."""
        path = f"subtasks[{self.count}]"
        faults = [
            Fault(f"{path}.{field}" if field else path, message) for field, message in self._subtask_faults(subtask)
        ]
        self._seen.add(subtask.id)
        self.count += 1
        return faults

    def skip(self, subtask_id: str | None) -> None:
        """Note a subtask that could not be read, so that those which depend on it are not blamed for it."""
        if subtask_id is not None:
            self._seen.add(subtask_id)
        self.count += 1

    def close(self) -> list[Fault]:
        """Faults that show only at the plan's end."""
        if self._mode == "plan" and self.count == 0 and not self._rules.finished:
            return [Fault("subtasks", "is empty: a plan needs at least one subtask")]
        return []

    def _subtask_faults(self, subtask: Subtask) -> Iterator[tuple[str, str]]:
        if self._mode == "direct":
            yield "", "stands in a plan of mode direct, which has no subtasks"
        if self.count == self._rules.max_subtasks:
            yield "", f"is one too many: at most {self._rules.max_subtasks} subtasks are allowed"
        if subtask.id in self._seen:
            yield "id", f"{subtask.id!r} is already taken by an earlier subtask"
        yield from self._dependency_faults(subtask)
        yield from _own_faults(subtask)
        if self._rules.workers is not None and subtask.worker not in {None, *self._rules.workers}:
            known = ", ".join(self._rules.workers)
            yield "worker", f"is not in the pool: use {f'one of {known}, or null' if known else 'null'}"
        yield from self._budget_faults(subtask)

    def _dependency_faults(self, subtask: Subtask) -> Iterator[tuple[str, str]]:
        for at, parent in enumerate(subtask.depends_on):
            if parent == subtask.id:
                yield f"depends_on[{at}]", f"{parent!r} is the subtask itself"
            elif parent in subtask.depends_on[:at]:
                yield f"depends_on[{at}]", f"{parent!r} stands twice"
            elif parent not in self._seen and parent not in self._rules.finished:
                yield f"depends_on[{at}]", self._missing(parent)

    def _missing(self, parent: str) -> str:
        if parent in self._position:
            return f"{parent!r} comes later, as subtasks[{self._position[parent]}]: dependencies must stand before"
        if self._position:
            return f"{parent!r} is the id of no subtask"
        return f"{parent!r} is the id of no subtask before this one"

    def _budget_faults(self, subtask: Subtask) -> Iterator[tuple[str, str]]:
        if subtask.budget < MIN_BUDGET_TOKENS:
            yield "budget", f"{subtask.budget} is below the minimum of {MIN_BUDGET_TOKENS} tokens"
        if subtask.id in self._spent:
            return
        room, before = self._rules.subtask_tokens, self._sum_tokens
        self._sum_tokens += subtask.budget
        if room is not None and before <= room < self._sum_tokens:
            yield "budget", f"brings the budgets' sum to {self._sum_tokens} tokens, where {room} are to be shared out"


def _own_faults(subtask: Subtask) -> Iterator[tuple[str, str]]:
    """Faults of a subtask taken alone."""
    if subtask.forecast.tokens_p50 > subtask.forecast.tokens_p90:
        yield "forecast.tokens_p90", "is below tokens_p50"
    if subtask.attempts == 1 and subtask.select != "first":
        yield "select", f"{subtask.select!r} needs at least 2 attempts to choose from"
    if not subtask.goal.strip():
        yield "goal", "is blank"
    for field, text in (("goal", subtask.goal), ("done_when", subtask.done_when)):
        yield from _text_faults(field, text)


def _text_faults(field: str, text: str) -> list[Fault]:
    bad = CONTROL.search(text)
    return [] if bad is None else [Fault(field, f"holds the control character U+{ord(bad[0]):04X}")]


def _cycle_faults(graph: dag.Graph) -> list[Fault]:
    cycle = dag.find_cycle({node: [each for each in parents if each != node] for node, parents in graph.items()})
    if not cycle:
        return []
    shown = [*cycle[:8], "…"] if len(cycle) > 9 else cycle
    return [Fault("subtasks", "depend on each other in a cycle: " + " → ".join(shown))]
