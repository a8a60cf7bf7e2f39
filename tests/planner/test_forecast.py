"""Forecasting from history: censored curves, shrinkage, budgets by marginal value, plans that stay lawful."""

import random
import statistics
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.planning import as_json, make_plan, make_subtask, plans

from foreplan.core.events import RunEnded, RunStarted, SubtaskEnded, SubtaskStarted
from foreplan.memory.trace import TraceWriter
from foreplan.planner.forecast.align import aligned, stretched
from foreplan.planner.forecast.choose import WORTH, Worth, best_attempts, best_budget, best_effort, usual_worth
from foreplan.planner.forecast.correct import correct, correcting
from foreplan.planner.forecast.cost import plan_cost, usual_cost
from foreplan.planner.forecast.curve import End, forecast_curve, seen_curve
from foreplan.planner.forecast.history import History, PastOutcome
from foreplan.planner.forecast.traces import history_from
from foreplan.planner.grid import TOKEN_GRID
from foreplan.planner.plan import Forecast, Plan, PlanHead
from foreplan.planner.stream import PlanStream
from foreplan.planner.validate import PlanRules, check_plan

ENDS = st.lists(st.builds(End, st.integers(1, 60_000), st.booleans(), st.booleans()), min_size=1, max_size=60)
FORECASTS = st.builds(Forecast, success=st.floats(0, 1), tokens_p50=st.integers(0, 10**6), tokens_p90=st.just(10**6))


def past(
    kind="research", effort="low", tokens=1_000, censored=False, success=True, worker="", size=1_000
) -> PastOutcome:
    return PastOutcome(kind, effort, worker, tokens, censored, success and not censored, size)


outcomes = st.builds(
    past,
    kind=st.sampled_from(["research", "compute"]),
    effort=st.sampled_from(["low", "high"]),
    tokens=st.integers(1, 10**8),
    censored=st.booleans(),
    success=st.booleans(),
    size=st.integers(0, 10**6),
)
histories = st.lists(outcomes, max_size=40).map(History)


@given(ENDS)
@settings(deadline=None)
def test_going_is_scipys_censored_curve(ends):
    stats = pytest.importorskip("scipy.stats")
    whole, cut = ([end.tokens for end in ends if end.capped is capped] for capped in (False, True))
    survival = stats.ecdf(stats.CensoredData(uncensored=whole, right=cut)).sf
    assert seen_curve(ends).going == pytest.approx(list(survival.evaluate(TOKEN_GRID)), abs=1e-9)


@given(ENDS, FORECASTS)
def test_chances_rise_and_never_exceed_who_has_ended(ends, forecast):
    for curve in (seen_curve(ends, forecast_curve(forecast)), aligned(forecast_curve(forecast), ends)):
        assert all(a <= b + 1e-9 for a, b in zip(curve.done, curve.done[1:], strict=False))
        assert all(done + going <= 1 + 1e-9 for done, going in zip(curve.done, curve.going, strict=True))
        assert 0 <= curve.quantile(0.5) <= curve.quantile(0.9) <= TOKEN_GRID[-1]


def test_failures_stay_failures_and_cut_off_attempts_may_still_succeed():
    failed = seen_curve([End(500, False, True), End(500, False, False)] * 5)
    assert failed.success == pytest.approx(0.5)
    cut = seen_curve([End(500, False, True)] * 5 + [End(200, True, False)] * 5)
    assert cut.success == pytest.approx(1.0)
    taken_for_needs = seen_curve([End(500, False, True)] * 5 + [End(200, False, True)] * 5)
    assert cut.quantile(0.4) > taken_for_needs.quantile(0.4)


def test_censored_history_tells_the_true_quantiles():
    source = random.Random(1)
    needs = [source.lognormvariate(7, 0.6) for _ in range(4_000)]
    caps = [source.uniform(500, 6_000) for _ in needs]
    ends = [End(round(min(need, cap)), cap < need, cap >= need) for need, cap in zip(needs, caps, strict=True)]
    curve = seen_curve(ends)
    assert curve.quantile(0.5) == pytest.approx(statistics.median(needs), rel=0.06)
    assert curve.quantile(0.9) == pytest.approx(statistics.quantiles(needs, n=10)[-1], rel=0.12)


def test_a_wider_pool_is_stretched_to_the_scale_of_the_narrow_one():
    source = random.Random(2)
    wide = seen_curve([End(round(source.lognormvariate(7, 0.4)), False, True) for _ in range(500)])
    narrow = [End(round(4 * source.lognormvariate(7, 0.4)), False, True) for _ in range(40)]
    assert aligned(wide, narrow).quantile(0.5) == pytest.approx(4 * wide.quantile(0.5), rel=0.2)
    assert stretched(wide, 0) == wide


def test_thin_history_moves_a_forecast_a_little_and_much_history_decides():
    subtask = make_subtask("a")
    moved = [History([past(tokens=8_000)] * number).curve(subtask).quantile(0.5) for number in (0, 2, 400)]
    assert moved[0] == pytest.approx(1_000, rel=0.05)
    assert moved[0] <= moved[1] < 1_500
    assert moved[2] == pytest.approx(8_000, rel=0.2)


@given(FORECASTS, st.floats(0.01, 100), st.floats(0, 0.5))
def test_no_budget_of_the_grid_beats_the_chosen_one(forecast, value, reservation):
    curve, worth = forecast_curve(forecast), Worth(value * 10_000, 1.0, reservation)
    chosen = best_budget(curve, worth)
    best = chosen.utility if chosen else 0.0
    for budget, chance, tokens in zip(TOKEN_GRID, curve.done, curve.spend, strict=True):
        if budget >= 100:
            assert worth.value * chance - tokens - reservation * (budget - tokens) <= best + 1e-6


def test_what_never_succeeds_is_given_up_only_when_it_may_be():
    history = History([past(tokens=5_000, censored=True)] * 300)
    plan = make_plan(make_subtask("a", budget=3_000, forecast={"success": 0.1, "tokens_p50": 900, "tokens_p90": 950}))
    worth = Worth(2_000.0)
    assert correct(plan, history, worth=worth._replace(abstains=True)).subtasks[0].budget == 100
    assert correct(plan, history, worth=worth).subtasks[0].budget == 3_000
    assert usual_worth(history) is None


def test_without_a_value_a_success_is_worth_a_multiple_of_what_one_has_taken():
    history = History([past(tokens=1_000), past(tokens=500, censored=True)])
    assert usual_worth(history) == Worth(WORTH * 1_500)


def test_attempts_follow_the_stop_rule_where_the_planner_asks_for_several():
    curve = forecast_curve(Forecast(success=0.5, tokens_p50=1_000, tokens_p90=1_500))
    several = make_subtask("a", attempts=4, select="best")
    made = []
    for value in (3_000.0, 8_000.0, 40_000.0):
        chosen = best_budget(curve, Worth(value))
        assert chosen is not None
        made.append(best_attempts(several, chosen, Worth(value)))
        assert best_attempts(make_subtask("a"), chosen, Worth(value)) == 1
        assert best_attempts(make_subtask("a", attempts=5, select="vote"), chosen, Worth(value)) == 5
    assert 2 <= made[0] < made[1] < made[2] <= 16


def test_another_effort_is_taken_only_when_it_pays_beyond_doubt():
    subtask, worth = make_subtask("a", effort="high"), Worth(50_000.0)
    own = [past(effort="high", tokens=40_000)] * 40
    assert best_effort(subtask, History([*own, *[past(tokens=1_000)] * 40]), worth) == "low"
    assert best_effort(subtask, History([*own, *[past(tokens=9_000)] * 40]), worth) == "high"
    assert best_effort(subtask, History([*own, *[past(tokens=1_000)] * 5]), worth) == "high"
    assert best_effort(subtask, History([*own, *[past(tokens=1_000, size=100)] * 40]), worth) == "high"


@given(plans(), histories, st.integers(0, 500))
@settings(deadline=None, max_examples=60)
def test_a_corrected_plan_keeps_its_shape_and_stays_valid(plan, history, slack):
    room = sum(each.budget for each in plan.subtasks) + slack
    rules = PlanRules(budget_tokens=room)
    better = correct(plan, history, room=room)
    if not check_plan(plan, rules):
        assert check_plan(better, rules) == []
    assert [(each.id, each.depends_on, each.goal) for each in better.subtasks] == [
        (each.id, each.depends_on, each.goal) for each in plan.subtasks
    ]
    if not len(history):
        assert better is plan


@given(plans(), histories, st.integers(1_000, 10**6))
@settings(deadline=None, max_examples=60)
def test_a_streamed_plan_is_corrected_before_it_is_checked(plan, history, room):
    rules = PlanRules(budget_tokens=room)
    stream = PlanStream(rules, correct=correcting(history))
    items = stream.feed(as_json(plan))
    emitted = [each for each in items if not isinstance(each, PlanHead)]
    assert sum(each.budget for each in emitted) <= room or not emitted
    if stream.fault is None:
        assert check_plan(stream.finish(), rules) == []


def test_a_stream_raises_a_budget_to_half_of_what_is_left_at_most():
    history = History([past(tokens=30_000)] * 200)
    stream = PlanStream(PlanRules(budget_tokens=40_000), correct=correcting(history))
    stream.feed(as_json(make_plan(make_subtask("a"), make_subtask("b"))))
    first, second = stream.finish().subtasks
    assert first.budget == 20_000
    assert second.budget == 10_000
    assert first.forecast.tokens_p50 > 20_000


def traced(path: Path, plan: Plan, ends: list[tuple[str, str, int]], cached: tuple[str, ...] = ()) -> Path:
    with TraceWriter(path) as trace:
        trace(RunStarted(run=path.stem, goal="g"))
        for name, state, tokens in ends:
            trace(SubtaskStarted(subtask=name, worker="w", cached=name in cached))
            trace(SubtaskEnded.model_validate({"subtask": name, "state": state, "tokens": tokens}))
        trace(RunEnded(state="done", tokens=sum(each[2] for each in ends) + 700, dollars=0.5))
        trace.keep("plan", plan)
    return path


def test_traces_tell_what_was_cut_off_and_what_says_nothing(tmp_path):
    names = ("done", "cut", "bad", "skipped", "partial", "cached", "free")
    plan = make_plan(*(make_subtask(name) for name in names))
    ends = [("done", "done", 900), ("cut", "capped", 3_000), ("bad", "failed", 400), ("skipped", "skipped", 0)]
    ends += [("partial", "partial", 500), ("cached", "done", 800), ("free", "failed", 0)]
    path = traced(tmp_path / "one.jsonl", plan, ends, cached=("cached",))
    with path.open("ab") as file:
        file.write(b'{"type": "span"\n\xff\xfe garbage\n' + b'{"name":"foreplan.plan","type":"event"}\n')
    history = history_from([path])
    assert [(each.tokens, each.censored, each.success) for each in history.outcomes] == [
        (900, False, True),
        (3_000, True, False),
        (400, False, False),
    ]
    assert history.runs[0].tokens == 5_600 + 700
    cost = usual_cost(history)
    assert cost is not None
    assert "50 %: 6,300 tokens ($0.5)" in str(cost)


def test_a_run_without_a_plan_and_another_version_tell_nothing(tmp_path):
    path = traced(tmp_path / "one.jsonl", make_plan(make_subtask("a")), [("a", "done", 5)])
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-1]), encoding="utf-8")
    newer = tmp_path / "newer.jsonl"
    newer.write_text(lines[0].replace('"foreplan.trace.version":1', '"foreplan.trace.version":999'), encoding="utf-8")
    assert len(history_from([path, newer])) == 0


def test_what_a_plan_costs_counts_caps_and_dependants_that_are_skipped():
    hopeless = {"success": 0.0, "tokens_p50": 9_000, "tokens_p90": 9_000}
    alone = plan_cost(make_plan(make_subtask("a", forecast=hopeless)))
    followed = plan_cost(make_plan(make_subtask("a", forecast=hopeless), make_subtask("b", "a")))
    going_on = plan_cost(make_plan(make_subtask("a", forecast=hopeless), make_subtask("b", "a", on_missing="partial")))
    assert alone.mean == alone.p90 == followed.mean == 3_000
    assert 3_700 < going_on.p50 < 4_500 < going_on.p90 <= 6_000
