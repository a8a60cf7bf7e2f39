"""Server faults of every kind: each run ends with a report, and the server's own log shows no token over a limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from support.faulty import Case, Played, Stage, cases
from support.order import check_order

from foreplan.core.events import SubtaskStarted

_SETTINGS = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],  # a run is not quick, and a drawn case is small as it is
)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    opened = Stage()
    yield opened
    opened.close()


def check(played: Played) -> None:
    case, result = played.case, played.result
    assert case.limits.tokens is not None
    assert played.billed_tokens <= case.limits.tokens
    begun = Counter(event.subtask for event in played.events if isinstance(event, SubtaskStarted) and not event.cached)
    if result is None:
        assert played.error is not None
        assert not begun, f"work was begun, and yet there is no report: {played.error}"
        return
    assert result.report is not None
    assert result.report.markdown.strip()
    assert result.state in ("done", "partial", "failed")
    assert played.billed_tokens <= result.usage.total_tokens <= case.limits.tokens
    check_caps(played, begun)
    check_order(played.events, result.usage)


def check_caps(played: Played, begun: Counter[str]) -> None:
    """Each version of a subtask has its own goal; work on one that was not changed may be begun once a revision."""
    subtasks = played.case.subtasks
    goals = [goal for each in subtasks for goal in (each["goal"], f"{each['goal']} Look again.")]
    billed = played.billed_by_goal(goals)
    for each in subtasks:
        for goal in (each["goal"], f"{each['goal']} Look again."):
            assert billed[goal] <= each["budget"] * begun[each["id"]], f"{goal} is over its cap"
        spent = billed[each["goal"]] + billed[f"{each['goal']} Look again."]
        assert spent <= each["budget"] * begun[each["id"]]


@settings(_SETTINGS, max_examples=8)
@given(case=cases(rate=0.3))
def test_a_faulty_server_costs_neither_the_report_nor_the_budget(stage: Stage, case: Case):
    check(stage.play(case))


@pytest.mark.slow
@pytest.mark.timeout(600)
@settings(_SETTINGS, max_examples=150)
@given(case=cases(rate=0.05))
def test_runs_end_within_their_limits_at_5_percent_faults(stage: Stage, case: Case):
    check(stage.play(case))


@pytest.mark.slow
@pytest.mark.timeout(600)
@settings(_SETTINGS, max_examples=150)
@given(case=cases(rate=0.3))
def test_runs_end_within_their_limits_at_30_percent_faults(stage: Stage, case: Case):
    check(stage.play(case))
