"""Records of evaluations: written and read back, and hostile files."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreplan.evals.errors import DataError
from foreplan.evals.records import EvalRecord, SubtaskRecord, read_records, write_records
from foreplan.memory.errors import StorageError

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
SHARES = st.floats(0, 1)
TOKENS = st.integers(0, 10**9)
SUBTASKS = st.builds(
    SubtaskRecord, id=NAMES, forecast_success=SHARES, tokens_p50=TOKENS, tokens_p90=TOKENS, spent_tokens=TOKENS,
    capped=st.booleans(), solved=st.booleans(), depends_on=st.lists(NAMES, max_size=2).map(tuple),
)  # fmt: skip
RECORDS = st.builds(
    EvalRecord, task=NAMES, suite=NAMES, planner=NAMES, epoch=st.integers(0, 9), score=SHARES, solved=st.booleans(),
    forecast_success=st.none() | SHARES, tokens=TOKENS, dollars=st.floats(0, 1e6),
    difficulty=st.none() | st.floats(0, 2), oracle_tokens=st.none() | TOKENS,
    subtasks=st.lists(SUBTASKS, max_size=3).map(tuple),
)  # fmt: skip
GOOD = EvalRecord(
    task="t", suite="s", planner="p", score=0.5, solved=False, forecast_success=0.5, tokens=10
).model_dump_json()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("records")


@given(st.lists(RECORDS, min_size=1, max_size=4))
def test_what_was_written_is_read_back(folder: Path, records: list[EvalRecord]) -> None:
    path = folder / "records.jsonl"
    write_records(path, records)
    assert read_records(path) == tuple(records)


@pytest.mark.parametrize(
    "line",
    [
        "{", "[]", "null", "12", GOOD + "x", GOOD.replace("0.5", "NaN"), GOOD.replace("0.5", "1.5"),
        GOOD.replace("0.5", "1e999"), GOOD.replace('"t"', '""'), GOOD.replace('"t"', '"\\ud800"'),
        GOOD.replace('"t"', f'"{"x" * 301}"'), GOOD.replace(":10,", ":-1,"), GOOD.replace(":10,", f":{'9' * 400},"),
        GOOD.replace("{", '{"more":1,', 1), "[" * 100_000, '{"task":' * 50_000, "\x00", "<script>alert(1)</script>",
    ],
)  # fmt: skip
def test_a_line_that_is_no_record_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text(f"{GOOD}\n\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 3") as found:
        read_records(path)
    assert len(str(found.value)) < 1_000


def test_no_record_no_file_and_no_end_of_line(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_bytes(b"\n \n")
    with pytest.raises(DataError, match="no records"):
        read_records(path)
    path.write_bytes(b'{"task": "' + b"x" * (17 * 1024 * 1024))
    with pytest.raises(DataError, match="longer"):
        read_records(path)
    path.write_bytes(b"\xff\xfe" + GOOD.encode())
    with pytest.raises(DataError, match="line 1"):
        read_records(path)
    with pytest.raises(StorageError):
        read_records(tmp_path / "none.jsonl")
    with pytest.raises(StorageError):
        write_records(tmp_path / "none" / "records.jsonl", [])
