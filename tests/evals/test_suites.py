"""Suites make tasks from worlds and data; what a planner cannot do is left out; reports are read without our marks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.released import CALENDAR, FANOUT, GSM, HOTPOT, MUSIQUE, PLANBENCH, written

from foreplan.agents.context import Context
from foreplan.agents.report import Citation, Missing, Report
from foreplan.core.errors import SettingsError
from foreplan.evals.errors import DataError
from foreplan.evals.graders.base import Sample
from foreplan.evals.tasks.base import EvalTask
from foreplan.evals.tasks.carry_out import carry_out, run_id_of
from foreplan.evals.tasks.done import Setting
from foreplan.evals.tasks.evaluate import choose
from foreplan.evals.tasks.registry import SUITES, suite
from foreplan.evals.tasks.said import said_in
from foreplan.evals.tasks.session import EvalSpec
from foreplan.evals.worlds.base import HELD_OUT
from foreplan.memory.evidence import EvidenceRef

STEPS: dict[str, Any] = {
    "id": "s1",
    "question": "How to bake bread",
    "subtasks": [
        {"id": "1", "question": "Mix flour and water", "duration": "10 minutes", "duration_minutes": [10, 10]},
        {"id": "2", "question": "Heat the oven", "duration": "15 minutes", "duration_minutes": [15, 15]},
        {
            "id": "3",
            "question": "Bake the loaf",
            "duration": "40 minutes",
            "duration_minutes": [40, 40],
            "depends_on": ["1", "2"],
        },
    ],
}


def tasks_of(name: str, folder: Path, *rows: Any) -> list[EvalTask]:
    return list(suite(name).tasks([written(folder, list(rows))], None))


def setting(folder: Path, baseline: str | None = None) -> Setting:
    return Setting(Context(), folder, "worlds", "embedded", baseline)


def test_worlds_come_in_turn_on_held_out_seeds():
    pytest.importorskip("reasoning_gym")
    found = suite("worlds").tasks([], 6)
    assert [task.id.partition("-")[0] for task in found] == ["fanout", "parts", "market"] * 2
    assert all(int(task.id.partition("-")[2]) >= HELD_OUT for task in found)
    assert [task.plan_only for task in found] == [False, True, True] * 2
    assert all(task.difficulty is not None and task.oracle_tokens is not None for task in found)


def test_the_market_comes_alone_when_it_is_asked_for():
    found = suite("market").tasks([], 5)
    assert [task.id for task in found] == [f"market-{HELD_OUT + at}" for at in range(5)]
    assert all(task.plan_only and task.workers for task in found)
    with pytest.raises(SettingsError, match="makes its own"):
        suite("market").tasks([Path("x")], 1)


async def test_the_gold_plan_earns_all_a_world_has_to_give_and_another_less(tmp_path: Path):
    pytest.importorskip("reasoning_gym")
    plans = [task for task in suite("worlds").tasks([], 9) if task.plan_only]
    for task in plans:
        gold = await carry_out(task, 0, setting(tmp_path, "gold"))
        single = await carry_out(task, 0, setting(tmp_path, "single"))
        assert gold.notes["best_utility"] >= single.notes["utility"] - 1e-9
        assert gold.record.tokens > 0 or not gold.record.subtasks
        assert gold.plan is not None


def test_embedded_roles_are_given_only_what_they_can_do(tmp_path: Path):
    pytest.importorskip("reasoning_gym")
    spec = EvalSpec(id="x", suite="worlds", planner="embedded", limit=6)
    chosen = choose(spec, Context(), None)
    assert ([task.plan_only for task in chosen.tasks], chosen.left_out) == ([False, False], 4)
    assert choose(spec, Context(), "plan-free").left_out == 0
    assert choose(spec, Context(), "waves").left_out == 4
    of_words = EvalSpec(id="x", suite="math", planner="embedded", data=(written(tmp_path, [GSM]),))
    with pytest.raises(SettingsError, match="need a model"):
        choose(of_words, Context(), "single")


async def test_multihop_grades_by_answer_or_by_its_parts(tmp_path: Path):
    (one,) = tasks_of("multihop", tmp_path, MUSIQUE)
    (two,) = tasks_of("multihop", tmp_path, HOTPOT)
    (wide,) = tasks_of("multihop", tmp_path, FANOUT)
    assert (await one.grader.grade(one.item, Sample("So it was.\nAnswer: Tarn"))).sub_rewards["em"] == 1
    assert (await two.grader.grade(two.item, Sample("Answer: no"))).reward == 1
    assert (await wide.grader.grade(wide.item, Sample("Ovel has 3 arches.\nPell has 5 arches."))).reward == 1
    assert [len(task.documents) for task in (one, two, wide)] == [3, 3, 3]
    assert [sorted(task.beside) for task in (one, two, wide)] == [["plan"], [], ["plan"]]


async def test_the_plan_that_is_beside_is_best_when_it_is_the_gold_one(tmp_path: Path):
    (task,) = tasks_of("planning", tmp_path, STEPS)
    gold = await carry_out(task, 0, setting(tmp_path, "gold"))
    single = await carry_out(task, 0, setting(tmp_path, "single"))
    plans = [done.plan.model_dump(mode="json") for done in (gold, single) if done.plan is not None]
    grades = [await task.grader.grade(task.item, Sample("", plan)) for plan in plans]
    assert grades[0].reward == 1 > grades[1].reward
    assert "Heat the oven (15 minutes)" in task.brief.context


def test_planning_tells_its_sets_apart(tmp_path: Path):
    pytest.importorskip("unified_planning")
    sets = {"a.jsonl": [STEPS], "b.json": {"c": CALENDAR}, "c.json": PLANBENCH}
    files = [written(tmp_path, value, name) for name, value in sets.items()]
    found = suite("planning").tasks(files, None)
    assert [task.grader.name for task in found] == ["critical_path", "natural_plan", "pddl"]
    assert [task.needs for task in found] == ["nothing", "model", "model"]


@pytest.mark.parametrize(("name", "data"), [("math", False), ("multihop", False), ("worlds", True), ("smoke", True)])
def test_data_where_there_must_be_some_and_none_where_not(tmp_path: Path, name: str, data: bool):
    with pytest.raises(SettingsError, match=r"--data|makes its own"):
        suite(name).tasks([tmp_path] if data else [], 1)


def test_data_of_another_kind_or_too_long_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="no task for the suite multihop"):
        tasks_of("multihop", tmp_path, GSM)
    file = written(tmp_path, [GSM])
    with pytest.raises(DataError, match="more than one of the data sets"):
        suite("math").tasks([file, file], 1)
    with pytest.raises(DataError, match="makes no brief"):
        tasks_of("math", tmp_path, {"id": "x", "question": "y" * 30_000, "answer": 1})
    with pytest.raises(DataError, match="makes no brief"):
        tasks_of("multihop", tmp_path, {**HOTPOT, "question": " "})


def test_suites_are_those_the_command_has():
    from foreplan.cli.groups.evals import SUITES as DECLARED

    assert tuple(DECLARED) == SUITES
    with pytest.raises(SettingsError, match="multihop"):
        suite("everything")


def test_a_report_is_read_without_marks_sources_and_missing_parts():
    cited = Citation(number=1, ref=EvidenceRef(artifact="a" * 64, start=0, end=3), quote="12", title="t", source="s")
    gone = Missing(subtask="b", goal="Answer: 99", reason="nothing")
    text = "It is 12 [1].\n\nAnswer: 12 [1]"
    report = Report(
        markdown=f"{text}\n\n## Missing parts\n\n- Answer: 99: nothing\n\n## Sources\n\n1. t, s: “12”\n",
        citations=(cited,),
        missing=(gone,),
    )
    assert said_in(report) == "It is 12.\n\nAnswer: 12"
    assert (
        said_in(Report(markdown="Keep [1] and\n## Sources\n as they are.")) == "Keep [1] and\n## Sources\n as they are."
    )
    assert said_in(None) == ""


def test_run_ids_are_names_of_folders_and_differ_by_task_and_epoch():
    tasks = ["a/b", "a b", "a-b", "x" * 500, "../..", "", "日本"]
    ids = {run_id_of(task, epoch) for task in tasks for epoch in (0, 1)}
    assert len(ids) == 2 * len(tasks)
    assert all(len(each) <= 100 and "/" not in each and each[0] != "." for each in ids)
