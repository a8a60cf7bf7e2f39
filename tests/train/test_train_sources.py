"""What is trained on: good runs with honest forecasts, pairs of plans, problems that are not held out."""

import json

import pytest
from support.planning import make_plan, make_subtask
from support.traced import PLAN, SENT, rated, write_trace

from foreplan.evals.worlds.base import HELD_OUT
from foreplan.evals.worlds.market.world import Market
from foreplan.evals.worlds.registry import world
from foreplan.train.errors import RecipeError
from foreplan.train.planner.model import CHAT
from foreplan.train.recipe import DataTable
from foreplan.train.rows.row import Outcome
from foreplan.train.sources.traces import honesty, trace_rows
from foreplan.train.sources.worlds import (
    common_rules,
    demonstration_rows,
    expected_value,
    judged_rows,
    preference_rows,
    rules_of,
)

USUAL = DataTable()
ALL = DataTable(max_brier=1, max_pinball=1_000, min_score=0)


def never(why):
    raise AssertionError(why)


def rows(home, form="sft", data=USUAL):
    return list(trace_rows([home], form, data, skip=never))


def forecasting(success_a, success_b, tokens):
    """A plan for the traced run, whose a is done with 40 tokens and whose b fails."""
    about = {"tokens_p50": tokens, "tokens_p90": tokens}
    return make_plan(
        make_subtask("a", forecast={"success": success_a, **about}),
        make_subtask("b", "a", forecast={"success": success_b, **about}),
    )


def test_only_runs_with_a_good_score_and_honest_forecasts_are_imitated(tmp_path):
    honest, sure, wasteful = forecasting(0.9, 0.2, 40), forecasting(0.9, 1.0, 40), forecasting(0.9, 0.2, 4_000)
    write_trace(tmp_path, "honest", plan=honest, scores=[rated(0.9)])
    write_trace(tmp_path, "bad", plan=honest, scores=[rated(0.2)])
    write_trace(tmp_path, "unrated", plan=honest)
    write_trace(tmp_path, "sure", plan=sure, scores=[rated(1.0)])
    write_trace(tmp_path, "wasteful", plan=wasteful, scores=[rated(1.0)])
    (row,) = rows(tmp_path)
    assert row["prompt"] == SENT
    assert '"success":0.9' in row["completion"][0]["content"].replace(" ", "")
    assert len(rows(tmp_path, data=ALL)) == 4
    assert rows(tmp_path / "runs" / "honest") == [row] == rows(tmp_path / "runs" / "honest" / "trace.jsonl")


def test_runs_of_one_brief_and_ratings_make_preferences(tmp_path):
    write_trace(tmp_path, "good", scores=[rated(0.9)])
    write_trace(tmp_path, "bad", plan=forecasting(0.5, 0.5, 100), scores=[rated(0.1)])
    (pair,) = rows(tmp_path, "dpo")
    assert pair["chosen"] != pair["rejected"]
    assert sorted(each["label"] for each in rows(tmp_path, "kto")) == [False, True]


def test_a_place_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RecipeError, match="nowhere"):
        rows(tmp_path / "nowhere")


def outcome(**changes):
    usual = {"success": 0.5, "tokens_p50": 100, "tokens_p90": 200, "budget": 150, "state": "done", "tokens": 100}
    return Outcome(subtask="a", **{**usual, **changes})


def test_what_was_cut_off_counts_only_against_forecasts_that_it_refutes():
    assert honesty([outcome(tokens_p90=100)]).pinball == 0
    capped = {"state": "capped", "tokens": 150}
    assert honesty([outcome(tokens_p50=400, tokens_p90=500, **capped)]).pinball is None
    refuted = honesty([outcome(tokens_p50=100, tokens_p90=500, **capped)]).pinball
    assert refuted == pytest.approx(0.5 * 0.405, abs=1e-3)
    assert honesty([outcome(state="skipped"), outcome(state="")]) == (None, None)
    assert honesty([outcome(success=1.0)]).brier == 0
    assert honesty([outcome(success=1.0, state="failed")]).brier == 1


def test_of_plans_for_one_problem_the_best_is_preferred_to_the_worst():
    world, problem = Market(), Market().problem(4)
    best = world.best_plan(problem)
    spendthrift = best.model_copy(
        update={"subtasks": tuple(each.model_copy(update={"budget": 20_000}) for each in best.subtasks)}
    )

    def value(problem, plan):
        return expected_value(world, problem, plan)

    (pair,) = preference_rows(CHAT, [problem, problem], [[spendthrift, best], [best, best]], value)
    assert '"budget":20000' in pair["rejected"][0]["content"]
    assert '"budget":20000' not in pair["chosen"][0]["content"]
    judged = list(judged_rows(iter([pair])))
    assert [each["label"] for each in judged] == [True, False]
    assert judged[0]["completion"] == pair["chosen"]


def test_held_out_problems_are_never_imitated():
    with pytest.raises(ValueError, match="held out"):
        list(demonstration_rows(CHAT, DataTable(problems=2), seed=HELD_OUT - 1))
    with pytest.raises(RecipeError, match="weak"):
        list(demonstration_rows(CHAT, DataTable(world="parts", demonstrations="weak"), seed=0))


def test_the_traced_plan_is_what_is_learned(tmp_path):
    write_trace(tmp_path, "one", scores=[rated(1.0)])
    assert [each["prompt"] for each in rows(tmp_path, data=ALL)] == [SENT]
    assert PLAN.subtasks[0].id in rows(tmp_path, data=ALL)[0]["completion"][0]["content"]


def test_a_schema_for_a_world_allows_what_any_of_its_problems_does():
    """Some questions of fanout want their sources cited, and others are to be answered at once."""
    fanout, market = world("fanout"), world("market")
    rules = common_rules(fanout.problem(seed) for seed in range(64))
    assert rules.allows_direct
    assert {rules_of(fanout.problem(seed)).allows_direct for seed in range(64)} == {True, False}
    assert not common_rules(fanout.problem(seed, direct=0.0) for seed in range(8)).allows_direct
    assert common_rules(market.problem(seed) for seed in range(8)).workers == ("bee", "ant", "cat")


def test_demonstrations_in_json_have_chances_of_two_decimals():
    for name in ("market", "fanout"):
        data = DataTable(world=name, problems=12, demonstrations="best")
        for row in demonstration_rows(CHAT, data, seed=0):
            plan = json.loads(row["completion"][0]["content"])
            said = [plan["success"], *(each["forecast"]["success"] for each in plan["subtasks"])]
            assert all(each == round(each, 2) for each in said)
