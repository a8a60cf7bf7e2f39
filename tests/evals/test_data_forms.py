"""Data sets as their makers release them come out in the common shape; whatever is malformed is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.released import CALENDAR, FANOUT, GSM, HOTPOT, MEETING, MUSIQUE, PLANBENCH, TRIP, written

from foreplan.evals.data.read import FORMS, read_tasks
from foreplan.evals.errors import DataError
from foreplan.evals.graders.base import Sample
from foreplan.evals.graders.own import own_grader
from foreplan.memory.errors import StorageError


def one(folder: Path, value: Any, name: str = "tasks.json") -> dict[str, Any]:
    (row,) = read_tasks(written(folder, value, name))
    return row


def test_musique_parts_depend_on_those_whose_answers_they_name(tmp_path: Path):
    row = one(tmp_path, [MUSIQUE], "musique_ans_v1.0_dev.jsonl")
    assert [(each["id"], each["depends_on"], each["evidence"]) for each in row["subtasks"]] == [
        ("1", [], ["0"]),
        ("2", ["1"], ["1"]),
    ]
    assert [doc["supporting"] for doc in row["docs"]] == [True, True, False]
    assert (row["answer"], row["answer_aliases"]) == ("Tarn", ["Tarn town"])


def test_hotpotqa_marks_supporting_paragraphs_and_keeps_their_sentences(tmp_path: Path):
    row = one(tmp_path, [HOTPOT])
    assert [(doc["title"], doc["supporting"]) for doc in row["docs"]] == [
        ("Ovel", True),
        ("Tarn", True),
        ("Moss", False),
    ]
    assert row["facts"] == ["Ovel is a bridge.", "Tarn is a town."]
    assert row["docs"][0]["text"] == "Ovel is old. Ovel is a bridge."


def test_fanoutqa_parts_of_parts_come_before_them(tmp_path: Path):
    row = one(tmp_path, [FANOUT])
    found = {each["id"]: each["depends_on"] for each in row["subtasks"]}
    assert list(found.items()) == [("a", []), ("b1", ["a"]), ("b2", ["a"]), ("b", ["a", "b1", "b2"])]
    assert [doc["title"] for doc in row["docs"]] == ["Tarn", "Ovel", "Pell"]
    assert "How many arches has Ovel: 3." in row["docs"][1]["text"]


def test_gsm8k_answers_are_the_last_number_without_commas(tmp_path: Path):
    row = one(tmp_path, [GSM], "train.jsonl")
    assert (row["id"], row["answer"]) == ("gsm8k-0", "1003")


@pytest.mark.parametrize("problem", [TRIP, MEETING, CALENDAR], ids=["trip", "meeting", "calendar"])
async def test_natural_plans_constraints_are_kept_by_the_golden_plan_and_broken_by_another(
    tmp_path: Path, problem: dict[str, Any]
):
    row = one(tmp_path, {"example_0": problem})
    grader, golden = own_grader("natural_plan"), problem["golden_plan"]
    answer = golden if isinstance(golden, str) else " ".join(golden)
    assert (row["id"], (await grader.grade(row, Sample(answer))).reward) == ("example_0", 1)
    worse = answer.replace("9:30 - 10:00", "11:00 - 11:30").replace("Tarn to Ovel", "Tarn to Tarn").replace("Bo", "Al")
    assert (await grader.grade(row, Sample(worse))).reward < 1


def test_calendars_keep_busy_hours_and_what_people_would_rather_not(tmp_path: Path):
    ranges = one(tmp_path, {"c": CALENDAR})["meta"]["parsed_constraints"]["disallowed_ranges"]
    assert {"day": "Monday", "start": 13.0, "end": 17.0} in ranges
    assert {"day": "Monday", "start": 0.0, "end": 24.0} in ranges
    assert {"day": "Tuesday", "start": 11.0, "end": 24.0} in ranges
    assert "Friday" not in {each["day"] for each in ranges}


@pytest.mark.slow
async def test_planbench_instances_are_graded_by_carrying_them_out(tmp_path: Path):
    pytest.importorskip("unified_planning")
    row = one(tmp_path, PLANBENCH)
    assert row["id"] == "blocksworld-7"
    assert (await own_grader("pddl").grade(row, Sample(row["answer"]))).reward == 1


def test_a_folder_is_read_in_the_order_of_its_files_and_the_common_shape_goes_through(tmp_path: Path):
    written(tmp_path, [{"id": 2, "question": "b"}], "b.jsonl")
    written(tmp_path, [{"id": 1, "question": "a", "meta": {"x": "\u2028"}}], "a.jsonl")
    (tmp_path / "readme.md").write_text("not data")
    assert [row["id"] for row in read_tasks(tmp_path)] == ["1", "2"]
    assert one(tmp_path, {"id": "single", "question": "c"}, "c.json")["id"] == "single"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "There are no tasks"),
        ("[]", "There are no tasks"),
        ("{", "is not JSON"),
        ('{"id": 1, "question": "a"}\n{"id": 2,', "line 2 is not JSON"),
        ("[1, 2]", "is no object"),
        ('[{"a": 1}]', "in no form that is known"),
        ('[{"_id": "x", "context": 5, "question": "q"}]', "task 0 is malformed"),
        ('[{"id": 1, "question": "a"}, {"id": "1", "question": "b"}]', "stands twice"),
        ('{"x": {"golden_plan": "p", "prompt_0shot": "Meet.", "duration": "1"}}', "work hours"),
        ("[" * 100_000, "is not JSON"),
        ('[{"id": "", "question": "a"}]', "its id is empty"),
        ('[{"id": "1", "question": "\\ud800"}]', "surrogates"),
    ],
)
def test_what_is_no_data_is_refused_with_the_place(tmp_path: Path, text: str, said: str):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(DataError, match=said):
        read_tasks(path)


def test_files_that_are_not_there_or_no_text_are_errors_of_ours(tmp_path: Path):
    with pytest.raises(StorageError):
        read_tasks(tmp_path / "nothing.json")
    (tmp_path / "x.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError):
        read_tasks(tmp_path)


def test_a_fanoutqa_question_that_is_nested_too_deep_is_refused(tmp_path: Path):
    node: dict[str, Any] = {"id": "x", "question": "q", "answer": 1}
    for at in range(40):
        node = {"id": str(at), "question": "q", "answer": 1, "decomposition": [node]}
    with pytest.raises(DataError, match="decomposed"):
        read_tasks(written(tmp_path, [{"id": "f", "question": "q", "decomposition": [node]}]))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
_ROWS = [MUSIQUE, HOTPOT, FANOUT, {**GSM, "id": "1"}, TRIP, MEETING, CALENDAR, PLANBENCH["instances"][0]]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(row=st.sampled_from(_ROWS), data=st.data())
def test_rows_with_a_field_of_anything_are_read_or_refused(tmp_path: Path, row: dict[str, Any], data: st.DataObject):
    field = data.draw(st.sampled_from(sorted(row)))
    path = written(tmp_path, [{**row, field: data.draw(_JSON)}])
    try:
        rows = read_tasks(path)
    except DataError:
        return
    for each in rows:
        assert isinstance(each["id"], str)
        assert isinstance(each["question"], str)
        assert all(isinstance(doc["text"], str) for doc in each.get("docs") or ())


def test_every_form_says_what_it_reads():
    assert all(form.__doc__ for form in FORMS.values())
