"""Looks at each step's episodes: rewards by term, success, spend and calibration come out, and plans for the journal.

Numbers are means over the plans that could be executed. `reward/TERM` is what a term paid, `reward/total` their sum;
`calibration/brier` is the mean squared error of the forecasts of success, plans' and audited subtasks' alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from .credit import groups
from .journal import Journal
from .reward.base import Reward, expected_of
from .rollout import Credit, Episode

SHOWN = {
    "loss": "loss",
    "mean_token_accuracy": "token accuracy",
    "rewards/accuracies": "preferred more often",
    "rewards/margins": "margin",
    "reward/total": "reward",
    "reward/outcome": "  outcome",
    "reward/spend": "  spend",
    "reward/structure": "  structure",
    "reward/success": "  success forecasts",
    "reward/tokens": "  token forecasts",
    "reward/overlong": "  overlong",
    "plans/success": "success",
    "plans/regret": "regret",
    "plans/dollars": "dollars",
    "calibration/brier": "Brier score",
    "entropy": "entropy",
}
"""The numbers that people are shown as a training goes, and what they are called."""

KEPT_A_STEP = 16
"""Plans of a step that the journal keeps, spread over its groups."""

_MAX_TEXT = 4_000

Regret = Callable[[Episode], float | None]
"""How much worse than the best plan an episode was, as a share of what the task is worth; None where nobody knows."""


class Watching:
    """What the trainer shows each step's episodes."""

    def __init__(self, reward: Reward, journal: Journal, *, regret: Regret) -> None:
        """Score by this reward, keep in this journal."""
        self._reward, self._journal, self._regret = reward, journal, regret

    def __call__(self, step: int, episodes: Sequence[Episode]) -> Mapping[str, float]:
        """The numbers of a step; they and some of the plans are kept."""
        reward = self._reward.at(step)
        paid: dict[int, Sequence[Credit]] = {}
        for rows in groups(episodes):
            paid |= dict(zip(rows, reward.score([episodes[row] for row in rows]), strict=True))
        numbers = self._numbers(episodes, paid)
        self._journal.note(step, numbers)
        every = max(1, len(paid) // KEPT_A_STEP)
        self._journal.keep(self._output(step, episodes[row], paid[row]) for row in sorted(paid)[::every])
        return numbers

    def _numbers(self, episodes: Sequence[Episode], paid: Mapping[int, Sequence[Credit]]) -> dict[str, float]:
        if not paid:
            return {}
        terms: dict[str, float] = defaultdict(float)
        for each in paid.values():
            for name, value in by_term(each).items():
                terms[name] += value / len(paid)
        seen = [episodes[row] for row in paid]
        expected = [expected_of(each) for each in seen]
        regrets = [found for each in seen if (found := self._regret(each)) is not None]
        errors = [(said - came) ** 2 for each in seen for said, came in forecasts(each)]
        return {
            **{f"reward/{name}": value for name, value in terms.items()},
            "reward/total": sum(terms.values()),
            "plans/success": fmean(each.success for each in expected),
            "plans/dollars": fmean(sum(each.dollars.values()) for each in expected),
            "plans/subtasks": fmean(len(each.rollout.plan.subtasks) if each.rollout.plan else 0 for each in seen),
            **({"plans/regret": fmean(regrets)} if regrets else {}),
            **({"calibration/brier": fmean(errors)} if errors else {}),
        }

    def _output(self, step: int, episode: Episode, paid: Sequence[Credit]) -> dict[str, Any]:
        expected, terms = expected_of(episode), by_term(paid)
        return {
            "step": step,
            "seed": episode.problem.seed,
            "goal": episode.problem.brief.goal[:_MAX_TEXT],
            "text": episode.rollout.text[:_MAX_TEXT],
            "plan": episode.rollout.plan is not None,
            "truncated": episode.rollout.truncated,
            "success": expected.success,
            "dollars": sum(expected.dollars.values()),
            "regret": self._regret(episode),
            "reward": sum(terms.values()),
            "terms": terms,
        }


def by_term(paid: Sequence[Credit]) -> dict[str, float]:
    """What each term paid, in all."""
    sums: dict[str, float] = defaultdict(float)
    for credit in paid:
        sums[credit.term] += credit.value
    return dict(sums)


def forecasts(episode: Episode) -> Iterator[tuple[float, float]]:
    """Each forecast of success with what came of it: the plan's, and those of subtasks that were audited."""
    plan = episode.rollout.plan
    if plan is None:
        return
    yield plan.success, expected_of(episode).success
    for subtask in plan.subtasks:
        came = [each.solved[subtask.id] for each in episode.audits if each.solved and subtask.id in each.solved]
        if came:
            yield subtask.forecast.success, fmean(came)
