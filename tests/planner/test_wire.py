"""Plan files: written, read back, edited by hand, and broken in every way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from support.planning import as_json, make_plan, make_subtask, plans

from foreplan.core.errors import InputError
from foreplan.planner.errors import InvalidPlan
from foreplan.planner.plan import Plan
from foreplan.planner.validate import PlanRules
from foreplan.planner.wire import dump_plan, load_plan

PLAN = make_plan(make_subtask("a"), make_subtask("b", "a"))


def faulty(text: str) -> InvalidPlan:
    with pytest.raises(InvalidPlan) as caught:
        load_plan(text)
    return caught.value


def edited(**changes: Any) -> str:
    return json.dumps(json.loads(dump_plan(PLAN)) | changes)


@given(plans())
def test_what_is_written_is_read_back(plan: Plan) -> None:
    assert load_plan(dump_plan(plan)) == plan


def test_a_file_is_readable_by_people_and_says_its_version_first(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("\ufeff" + dump_plan(PLAN), encoding="utf-8")
    assert load_plan(path) == PLAN
    assert dump_plan(PLAN).startswith('{\n  "version": 1,\n  "mode": "plan"')


@pytest.mark.parametrize(
    ("version", "says"),
    [
        ("2", "Upgrade Foreplan"),
        ("9" * 4_000, "Upgrade Foreplan"),
        ("0", 'Add "version": 1'),
        ("true", 'Add "version": 1'),
        ('"1"', 'Add "version": 1'),
    ],
)
def test_an_unknown_version_is_refused_with_what_to_do(version: str, says: str) -> None:
    assert says in str(faulty(edited().replace('"version": 1', f'"version": {version}')))


def test_a_missing_version_is_refused_in_a_file() -> None:
    assert 'Add "version": 1' in str(faulty(as_json(PLAN)))


def test_all_faults_are_reported_at_once_with_their_paths() -> None:
    subtasks = [
        make_subtask("a").model_dump(mode="json") | {"kind": "magic", "budget": "many"},
        make_subtask("b", "a").model_dump(mode="json") | {"extra": 1},
        make_subtask("c", "a", "d").model_dump(mode="json"),
        make_subtask("d", "nobody").model_dump(mode="json"),
        "not a subtask",
    ]
    found = [fault.path for fault in faulty(edited(subtasks=subtasks, success=2)).faults]
    assert found == [
        "success",
        "subtasks[0].kind",
        "subtasks[0].budget",
        "subtasks[1].extra",
        "subtasks[2].depends_on[1]",
        "subtasks[3].depends_on[0]",
        "subtasks[4]",
    ]


def test_the_rules_of_a_run_are_checked_too() -> None:
    with pytest.raises(InvalidPlan, match="where 5000 are to be shared out"):
        load_plan(dump_plan(PLAN), PlanRules(budget_tokens=5_000))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{",
        "{}",
        '{"version": 1}',
        '{"version": 1, "subtasks": 3}',
        edited(success=0).replace('"success": 0', '"success": NaN'),
        edited(success=0).replace('"success": 0', '"success": 1e999'),
        edited().replace('"answer"', '"mode": "plan", "answer"'),
        edited() + "x",
        edited(subtasks=[]),
        edited(subtasks=[{}] * 5_001),
        edited(synthesis="\ud800"),
        edited(**{"\ud800": 1}),
        edited(**{"x" * 1_000_000: 1}),
        edited(**{f"x{number}": 1 for number in range(200_000)}),
        '{"version": 1, "subtasks": ' + "[" * 100_000,
        '{"version": 1, "subtasks": [' + "9" * 5_000 + "]}",
        " " * 20_000_001,
    ],
)
def test_hostile_text_is_refused_in_a_paragraph(text: str) -> None:
    error = faulty(text)
    assert len(str(error)) < 5_000
    str(error).encode()


@pytest.mark.parametrize("raw", [b"\xff\xfe\x00", b"x" * 20_000_001])
def test_hostile_files_are_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(raw)
    with pytest.raises(InvalidPlan, match=r"plan\.json"):
        load_plan(path)


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        load_plan(tmp_path / "nowhere.json")
    with pytest.raises(InputError, match="cannot be read"):
        load_plan(tmp_path)
