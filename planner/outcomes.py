"""What came of a plan, as a planner is told it before it changes the plan: plan, outcomes and lessons in, messages out.

A plan that a model can restate is told whole and asked for whole. A larger one is told in part: what did not finish,
and of the finished as much as there is room for; then only what is still to be done is asked for, and the finished is
kept by code. Law: beyond the brief, the messages never take more than the room, however long the plan and its digests.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..core.events import SubtaskState
from ..core.models.base import Message, Request
from ..core.models.bounds import PromptBound
from .brief import Brief
from .messages import WorkerOffer, delimited, lessons_text, plan_text, planner_messages, prompt
from .plan import Plan, Subtask
from .schema import MODEL_SUBTASKS
from .validate import PlanRules

PROMPT_TOKENS = 32_000
"""Room for one prompt, as a bound: twice what plain text comes to with common tokenizers."""

Count = Callable[[Request], int]
"""Tokens of a request."""

_MAX_REASON_CHARS = 500
_MAX_GOAL_CHARS = 120
_MAX_DIGESTS_CHARS = 60_000
_DIGEST_CHARS = (4_000, 2_000, 1_000, 500, 200)
"""What each digest may take, tried in turn until all of them fit."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one subtask: how it ended, its digest's claims as text, and why it ended so, if not well."""

    subtask_id: str
    state: SubtaskState
    digest_text: str = ""
    reason: str = ""

    @property
    def usable(self) -> bool:
        """Whether it left something that can be kept."""
        return self.state in ("done", "capped", "partial")


@dataclass(frozen=True)
class RevisionPrompt:
    """The messages, and the ids of the subtasks that are kept unless they are restated: none of a plan told whole."""

    messages: list[Message]
    finished: frozenset[str] = frozenset()


def revision_prompt(
    brief: Brief,
    rules: PlanRules,
    plan: Plan,
    outcomes: Sequence[Outcome],
    lessons: Sequence[str],
    *,
    workers: Sequence[WorkerOffer] = (),
    room_tokens: int = PROMPT_TOKENS,
    count: Count | None = None,
) -> RevisionPrompt:
    """The messages that ask for a changed plan.

    Args:
        brief: what the user wants.
        rules: what the run asks of the plan; its budget is what is left.
        plan: the plan as it was carried out.
        outcomes: what came of its subtasks.
        lessons: what failed, a sentence each.
        workers: the pool to choose from.
        room_tokens: what all messages together may take, in the counter's tokens.
        count: tokens of a request; an upper bound by default.
    """
    opening = planner_messages(brief, replace(rules, budget_tokens=None), workers=workers)
    left = "without limit" if rules.subtask_tokens is None else str(rules.subtask_tokens)
    learned = f"{lessons_text(lessons)}\n\n" if lessons else ""
    telling = _Telling(plan, outcomes, {"lessons": learned, "tokens_left": left}, opening)
    size = count or PromptBound().tokens

    def fits(messages: list[Message]) -> bool:
        return size(Request(messages, 1)) <= room_tokens

    whole = telling.whole(fits) if len(plan.subtasks) <= MODEL_SUBTASKS else None
    if whole is not None:
        return RevisionPrompt(whole)
    return RevisionPrompt(telling.in_part(fits), telling.finished)


def kept_by_itself(plan: Plan, outcomes: Sequence[Outcome]) -> frozenset[str]:
    """Ids of the subtasks that left something usable, as did all that they depend on."""
    usable = {outcome.subtask_id for outcome in outcomes if outcome.usable}
    kept: set[str] = set()
    for subtask in plan.subtasks:
        if subtask.id in usable and kept.issuperset(subtask.depends_on):
            kept.add(subtask.id)
    return frozenset(kept)


class _Telling:
    """One plan's outcomes, told in more or fewer words."""

    def __init__(
        self, plan: Plan, outcomes: Sequence[Outcome], said: dict[str, str], opening: Sequence[Message]
    ) -> None:
        self._plan, self._outcomes, self._said, self._opening = plan, outcomes, said, opening
        self._by_id = {outcome.subtask_id: outcome for outcome in outcomes}
        self.finished = kept_by_itself(plan, outcomes)

    def whole(self, fits: Callable[[list[Message]], bool]) -> list[Message] | None:
        """The whole plan with all outcomes, or None when there is no room for that."""
        share = max(_DIGEST_CHARS[-1], _MAX_DIGESTS_CHARS // max(1, len(self._outcomes)))
        for chars in (share, *(each for each in _DIGEST_CHARS if each < share)):
            found = "\n".join(_line(outcome, chars) for outcome in self._outcomes)
            messages = self._messages(self._plan, prompt("revise").format(outcomes=found, **self._said))
            if fits(messages):
                return messages
        return None

    def in_part(self, fits: Callable[[list[Message]], bool]) -> list[Message]:
        """What did not finish, as far as there is room, and then the finished: all of them in fewer and fewer words."""
        shown = [each for each in self._plan.subtasks if each.id not in self.finished]
        shown = shown[: _most(len(shown), lambda number: fits(self._part(shown[:number], [], 0)))]
        needed = {parent for subtask in shown for parent in subtask.depends_on}
        finished = sorted(
            (each for each in self._plan.subtasks if each.id in self.finished), key=lambda each: each.id not in needed
        )
        for chars in (*_DIGEST_CHARS, 0):
            messages = self._part(shown, finished, chars)
            if fits(messages):
                return messages
        return self._part(
            shown,
            finished[: _most(len(finished), lambda number: fits(self._part(shown, finished[:number], 0)))],
            0,
        )

    def _part(self, shown: Sequence[Subtask], listed: Sequence[Subtask], chars: int) -> list[Message]:
        text = prompt("revise_part").format(
            total=len(self._plan.subtasks),
            shown=len(shown),
            unfinished=len(self._plan.subtasks) - len(self.finished),
            outcomes="\n".join(_line(self._by_id[each.id], 0) for each in shown if each.id in self._by_id),
            listed=len(listed),
            finished=len(self.finished),
            found="\n".join(_line(self._by_id[each.id], chars, goal=each.goal) for each in listed),
            **self._said,
        )
        return self._messages(self._plan.model_copy(update={"subtasks": tuple(shown)}), text)

    def _messages(self, plan: Plan, text: str) -> list[Message]:
        return [
            *self._opening,
            {"role": "assistant", "content": plan_text(plan)},
            {"role": "user", "content": text},
        ]


def _most(count: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to `count` that fits, where every smaller one does; 0 when none does."""
    return bisect_right(range(1, count + 1), 0, key=lambda number: 0 if fits(number) else 1)


def _line(outcome: Outcome, chars: int, *, goal: str = "") -> str:
    reason = f" ({' '.join(outcome.reason.split())[:_MAX_REASON_CHARS]})" if outcome.reason else ""
    about = f": {' '.join(goal.split())[:_MAX_GOAL_CHARS]}" if goal else ""
    digest = f"\n{delimited('digest', _cut(outcome.digest_text, chars))}" if outcome.digest_text and chars else ""
    return f"- {outcome.subtask_id}: {outcome.state}{reason}{about}{digest}"


def _cut(text: str, chars: int) -> str:
    """As many whole lines as fit; of a first line that does not, its beginning."""
    if len(text) <= chars:
        return text
    head, newline, _ = text[: chars + 1].rpartition("\n")
    return head if newline and head else text[:chars]
