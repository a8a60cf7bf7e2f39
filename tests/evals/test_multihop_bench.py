"""The benchmark multihop: its numbers follow from the task set, and without one from the fanout world."""

import json

import pytest

from foreplan.bench.multihop import run

TASK = {
    "id": "t1",
    "question": "In which town was the founder of Velan Works born?",
    "answer": "Marford",
    "answer_aliases": ["Old Marford"],
    "subtasks": [
        {
            "id": "1",
            "question": "Who founded Velan Works?",
            "answer": "Ada Tormere",
            "depends_on": [],
            "evidence": ["a"],
        },
        {"id": "2", "question": "Where was #1 born?", "answer": "Marford", "depends_on": ["1"], "evidence": ["b"]},
    ],
    "docs": [
        {"id": "a", "title": "Velan Works", "text": "Velan Works was founded by Ada Tormere.", "supporting": True},
        {"id": "b", "title": "Ada Tormere", "text": "Ada Tormere was born in Marford.", "supporting": True},
        {"id": "c", "title": "Glass", "text": "Glass is made of sand.", "supporting": False},
    ],
}


def test_a_task_set_is_measured(tmp_path):
    wide = {
        "id": "t2",
        "question": "How many bells hang in Gimwick and in Kanholt?",
        "answer": {"Gimwick": 3, "Kanholt": 5},
        "docs": [{"id": "g", "title": "Gimwick", "text": "In Gimwick hang 3 bells.", "supporting": True}],
    }
    lines = "".join(json.dumps(each) + "\n" for each in (TASK, wide, {"id": "none", "question": "?", "answer": "x"}))
    (tmp_path / "tasks.jsonl").write_text(lines)
    numbers = run(data=tmp_path)
    assert numbers["items"] == 2
    assert numbers["evidence_recall"] == 1
    assert 0 < numbers["answer_f1"] < 1
    assert numbers["stated"] == 0.5
    assert 0 <= numbers["plan_coverage"] <= 1
    (tmp_path / "empty.jsonl").write_text('{"id": "none"}\n')
    with pytest.raises(ValueError, match="no question"):
        run(data=tmp_path / "empty.jsonl")


def test_without_data_it_measures_held_out_problems():
    numbers = run(quick=True)
    assert numbers["items"] == 6
    assert all(0 <= numbers[key] <= 1 for key in ("plan_coverage", "evidence_recall", "answer_f1"))
    assert numbers["evidence_recall"] > 0.2
