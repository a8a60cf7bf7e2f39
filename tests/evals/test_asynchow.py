"""bench asynchow: times of graphs against stated ones; what contradicts its own graph is listed."""

import json

import pytest

from foreplan.bench import asynchow


def task(name, stated):
    """A diamond: 10 minutes, then 5 to 7 beside 3, then 1."""
    rows = [("d", ["b", "c"], 1, 1), ("a", [], 10, 10), ("b", ["a"], 5, 7), ("c", ["a"], 3, 3)]
    subtasks = [{"id": at, "depends_on": on, "duration_minutes": [low, high]} for at, on, low, high in rows]
    return {"id": name, "subtasks": subtasks, "answer": {"min_minutes": stated}}


def test_times_are_those_of_the_critical_path(tmp_path):
    tasks = [task("right", [16.0, 18.0]), task("wrong", [16.0, 17.0]), task("sum", [19.0, 21.0])]
    (tmp_path / "tasks.jsonl").write_text("\n".join(map(json.dumps, tasks)), encoding="utf-8")
    found = asynchow.run(data=tmp_path)
    assert found == {"equal": 1, "items": 3, "exceptions": ["wrong", "sum"]}


def test_the_set_is_asked_for():
    with pytest.raises(ValueError, match="--data"):
        asynchow.run()
