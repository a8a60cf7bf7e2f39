"""The trace: OpenTelemetry names and a sound tree of spans, no secrets, torn lines, resumption after a kill."""

import json
import resource
import subprocess
import sys
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreplan.core.events import (
    Compressed,
    Event,
    LessonLearned,
    Noted,
    PlanItem,
    PlanReady,
    PlanRevised,
    ReportToken,
    Retried,
    RunEnded,
    RunStarted,
    Spent,
    SubtaskEnded,
    SubtaskStarted,
    ToolCalled,
)
from foreplan.memory.digest import Claim, Digest
from foreplan.memory.errors import StorageError, UnknownVersion
from foreplan.memory.redact import Redactor
from foreplan.memory.trace import TraceRecord, TraceWriter, read_events, read_kept, read_trace

RUN = "20261120-211305-heron-k7qd"

FIRST_LEG: list[Event] = [
    RunStarted(at=100.0, run=RUN, goal="Compare A and B"),
    PlanItem(at=101.0, subtask="s1", goal="Find A", budget_tokens=900),
    SubtaskStarted(at=101.5, subtask="s1", worker="small"),
    Spent(
        at=102.0, account="planner", model="big", prompt_tokens=50, cached_tokens=10, completion_tokens=20,
        reasoning_tokens=5, dollars=0.25, seconds=1.5,
    ),
    PlanReady(at=102.0, mode="plan", subtasks=2),
    ToolCalled(at=103.0, subtask="s1", tool="search", detail="A", seconds=0.5),
    Spent(at=104.0, account="subtask:s1", model="tiny", prompt_tokens=7, completion_tokens=3, seconds=0.75),
    SubtaskStarted(at=104.5, subtask="s2"),
]  # fmt: skip

SECOND_LEG: list[Event] = [
    RunStarted(at=200.0, run=RUN, goal="Compare A and B", resumed=True),
    SubtaskStarted(at=201.0, subtask="s1", worker="small", cached=True),
    SubtaskEnded(at=201.0, subtask="s1", state="done", claims=2, tokens=10),
    SubtaskStarted(at=201.5, subtask="s2"),
    ToolCalled(at=202.0, subtask="s2", tool="fetch", seconds=0.5, error="HTTP 404"),
    LessonLearned(at=202.1, subtask="s2", tool="fetch", kind="not_found", text="gone"),
    Retried(at=202.2, account="subtask:s2", reason="429", attempt=1, wait_s=1.0),
    Compressed(at=202.3, subtask="s2", compressor="extractive", tokens_in=900, tokens_out=90, kept=3, dropped=1),
    SubtaskEnded(at=203.0, subtask="s2", state="failed", reason="nothing there"),
    PlanRevised(at=204.0, revision=1, added=("s3",)),
    PlanReady(at=204.0, mode="plan", subtasks=3, revision=1),
    SubtaskEnded(at=205.0, subtask="s3", state="skipped", reason="needs s2"),
    ReportToken(at=206.0, text="The "),
    Spent(at=207.0, account="writer", model="big", prompt_tokens=9, completion_tokens=9, seconds=1.0),
    Noted(at=207.5, text="one part is missing", level="warning"),
    RunEnded(at=208.0, state="partial", tokens=98, dollars=0.5, seconds=108.0, calls=3),
]


def write(path: Path, *legs: list[Event], redactor: Redactor | None = None) -> list[TraceRecord]:
    for leg in legs:
        with TraceWriter(path, run=RUN, redactor=redactor) as trace:
            for event in leg:
                trace(event)
    return list(read_trace(path))


def spans(records: list[TraceRecord]) -> dict[str, TraceRecord]:
    """The spans that are over, by name; of namesakes the last."""
    return {record.name: record for record in records if record.type == "span"}


def test_the_tree_of_spans(tmp_path: Path) -> None:
    records = write(tmp_path / "trace.jsonl", FIRST_LEG, SECOND_LEG)
    by_id = {record.span_id: record.name for record in records if record.type in {"open", "span"}}
    ended = [record for record in records if record.type == "span"]
    tree = [(record.name, by_id.get(record.parent_span_id or ""), record.status) for record in ended]
    assert tree == [
        ("chat big", "plan", "ok"),
        ("plan", "invoke_workflow", "ok"),
        ("retrieval search", "invoke_agent s1", "ok"),
        ("chat tiny", "invoke_agent s1", "ok"),
        ("invoke_agent s2", "invoke_workflow", "error"),
        ("invoke_agent s1", "invoke_workflow", "error"),
        ("invoke_workflow", None, "error"),
        ("invoke_agent s1", "invoke_workflow", "ok"),
        ("execute_tool fetch", "invoke_agent s2", "error"),
        ("invoke_agent s2", "invoke_workflow", "error"),
        ("plan", "invoke_workflow", "ok"),
        ("invoke_agent s3", "invoke_workflow", "error"),
        ("chat big", "invoke_workflow", "ok"),
        ("invoke_workflow", None, "ok"),
    ]
    interrupted = [record for record in ended if record.message == "interrupted"]
    assert {record.end_unix_nano for record in interrupted} == {int(104.5e9)}
    assert len({record.span_id for record in ended}) == len(ended)
    assert len({record.trace_id for record in records}) == 1


def test_attributes_have_their_opentelemetry_names(tmp_path: Path) -> None:
    found = spans(write(tmp_path / "trace.jsonl", FIRST_LEG))
    chat = found["chat big"]
    assert (chat.start_unix_nano, chat.end_unix_nano) == (int(100.5e9), int(102e9))
    assert chat.attributes == {
        "gen_ai.operation.name": "chat", "gen_ai.request.model": "big", "gen_ai.usage.input_tokens": 50,
        "gen_ai.usage.output_tokens": 20, "gen_ai.usage.cache_read.input_tokens": 10,
        "gen_ai.usage.reasoning.output_tokens": 5, "foreplan.budget.account": "planner",
        "foreplan.budget.dollars": 0.25,
    }  # fmt: skip
    assert (found["plan"].start_unix_nano, found["plan"].end_unix_nano) == (int(100e9), int(102e9))
    operations = {record.attributes["gen_ai.operation.name"] for record in found.values()}
    assert operations == {"chat", "plan", "retrieval"}


def test_events_belong_to_the_span_they_happened_in(tmp_path: Path) -> None:
    records = write(tmp_path / "trace.jsonl", FIRST_LEG, SECOND_LEG)
    owner = {record.span_id: record.name for record in records if record.type in {"open", "span"}}
    events = {record.name: record for record in records if record.type == "event"}
    assert {name: owner[record.span_id] for name, record in events.items()} == {
        "foreplan.plan.item": "plan",
        "foreplan.memory.lesson": "invoke_agent s2",
        "foreplan.budget.retry": "invoke_agent s2",
        "foreplan.memory.compressed": "invoke_agent s2",
        "foreplan.plan.revised": "invoke_workflow",
        "foreplan.run.note": "invoke_workflow",
    }
    assert events["foreplan.memory.compressed"].attributes["foreplan.memory.compressed.tokens_out"] == 90


def test_the_events_themselves_come_back(tmp_path: Path) -> None:
    write(tmp_path / "trace.jsonl", FIRST_LEG, SECOND_LEG)
    sent = [event for event in FIRST_LEG + SECOND_LEG if not isinstance(event, ReportToken)]
    assert list(read_events(tmp_path / "trace.jsonl")) == sent


def test_equal_runs_leave_equal_traces(tmp_path: Path) -> None:
    write(tmp_path / "one.jsonl", FIRST_LEG, SECOND_LEG)
    write(tmp_path / "two.jsonl", FIRST_LEG, SECOND_LEG)
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()


@given(cut=st.integers(0, 6_000))
@settings(max_examples=60, deadline=None)
def test_a_trace_cut_anywhere_can_be_read_and_gone_on_with(cut: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.jsonl"
        whole = write(path, FIRST_LEG)
        path.write_bytes(path.read_bytes()[:cut])
        before = list(read_trace(path))
        assert before == whole[: len(before)]
        after = write(path, SECOND_LEG)
        assert [record for record in after if record in before] == before
        assert after[-1].name == "invoke_workflow"
        assert after[-1].status == "ok"
        opened = {record.span_id for record in after if record.type == "open"}
        closed = [record.span_id for record in after if record.type == "span"]
        assert opened <= set(closed)
        assert len(closed) == len(set(closed))


CRASHER = """
import sys
from foreplan.core.events import RunStarted, Noted
from foreplan.memory.trace import TraceWriter
trace = TraceWriter(sys.argv[1])
trace(RunStarted(run="r", goal="g"))
number = 0
while True:
    trace(Noted(text=f"{number} " + "x" * 5_000))
    print(number, flush=True)
    number += 1
"""


def test_a_killed_process_loses_no_event_that_it_had_written(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    with subprocess.Popen([sys.executable, "-c", CRASHER, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(50):
            process.stdout.readline()
        process.kill()
        told = 49 + len(process.stdout.read().splitlines())
    notes = [event.text.split()[0] for event in read_events(path) if isinstance(event, Noted)]
    assert notes == [str(number) for number in range(len(notes))]
    assert told <= int(notes[-1]) <= told + 1


def test_no_secret_enters_by_any_field(tmp_path: Path) -> None:
    key = "my-very-own-key-1"
    leg: list[Event] = [
        RunStarted(at=1.0, run=RUN, goal=f"Use {key}"),
        SubtaskStarted(at=2.0, subtask="s1", worker=f"w {key}"),
        ToolCalled(at=3.0, subtask="s1", tool=f"t {key}", detail=f"https://h/?q={key}", error=f"401 {key}"),
        Spent(at=4.0, account="s1", model=f"m {key}", prompt_tokens=1, completion_tokens=1),
        LessonLearned(at=5.0, subtask="s1", kind="auth", text="Authorization: Bearer abcdef012345"),
        SubtaskEnded(at=6.0, subtask="s1", state="failed", reason=key),
    ]
    path = tmp_path / "trace.jsonl"
    with TraceWriter(path, redactor=Redactor([key])) as trace:
        for event in leg:
            trace(event)
        trace.keep("messages", {"sent": [{"role": "user", "content": key}], key: [key]})
    text = path.read_text()
    assert key not in text
    assert "abcdef012345" not in text
    assert text.count("[redacted]") > 10


@pytest.mark.parametrize("key", ["foreplan", "invoke_workflow", "version", "message", "attributes", "foreplan.trace"])
def test_a_key_that_is_an_everyday_word_does_not_break_the_trace(tmp_path: Path, key: str) -> None:
    path = tmp_path / "trace.jsonl"
    assert len(write(path, FIRST_LEG, redactor=Redactor([key]))) == len(write(tmp_path / "other.jsonl", FIRST_LEG))
    records = write(path, SECOND_LEG, redactor=Redactor([key]))
    closed = [record.span_id for record in records if record.type == "span"]
    assert len(closed) == len(set(closed)) == 14


def test_content_is_kept_whole_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / RUN / "trace.jsonl"
    path.parent.mkdir()
    digest = Digest(subtask="s1", claims=(Claim(text="Water boils at 100 °C \u2028"),))
    messages = {"sent": [{"role": "user", "content": "Plan!"}], "said": '{"mode": "plan"}'}
    with TraceWriter(path) as trace:
        trace(FIRST_LEG[0])
        trace.keep("messages", messages)
        trace.keep("digest", digest, subtask="s1")
        trace.keep("report", "# Report\n\nText [1].")
    assert list(read_kept(path, "messages")) == [("", messages)]
    assert [(who, Digest.model_validate(data)) for who, data in read_kept(path, "digest")] == [("s1", digest)]
    assert list(read_kept(path, "report")) == [("", "# Report\n\nText [1].")]
    assert list(read_kept(path, "plan")) == []
    assert next(read_trace(path)).attributes["foreplan.run.id"] == RUN


@given(st.text(st.characters(exclude_categories=())), st.floats(), st.integers())
@settings(max_examples=50, deadline=None)
def test_hostile_content_is_one_readable_line(text: str, number: float, big: int) -> None:
    with tempfile.TemporaryDirectory() as folder, TraceWriter(Path(folder) / "t.jsonl") as trace:
        trace.keep("digest", {text: [number, big, text]}, subtask="s")
        trace(ToolCalled(at=1.0, subtask="s", tool="t", detail=text.encode("utf-8", "replace").decode()))
        assert len(trace.path.read_bytes().splitlines()) == 3
        assert len(list(read_trace(trace.path))) == 3


def test_damaged_and_foreign_lines_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    records = write(path, FIRST_LEG)
    lines = path.read_bytes().splitlines(keepends=True)
    junk = [b"\n", b"null\n", b"[" * 50_000 + b"\n", b'{"type": "span"}\n', b"\xff\xfe\n", b'{"type": "new kind"}\n']
    mixed = [part for pair in zip(lines, junk * 9, strict=False) for part in pair]
    path.write_bytes(b"".join(mixed))
    assert list(read_trace(path)) == records


def test_kinds_of_a_newer_version_are_skipped_but_a_newer_trace_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    write(path, FIRST_LEG)
    text = path.read_text()
    path.write_text(text.replace('"type": "tool_called"', '"type": "tool_dreamt_of"'))
    assert len(list(read_events(path))) == len(FIRST_LEG) - 1
    path.write_text(text.replace('"foreplan.trace.version": 1', '"foreplan.trace.version": 2'))
    with pytest.raises(UnknownVersion, match="Upgrade"):
        list(read_trace(path))
    with pytest.raises(UnknownVersion):
        TraceWriter(path)


def test_reading_takes_flat_memory(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    with TraceWriter(path) as trace:
        for number in range(150):
            trace.keep("digest", {"text": "x" * 20_000}, subtask=f"s{number}")
    assert path.stat().st_size > 2_900_000
    tracemalloc.start()
    assert sum(1 for _ in read_trace(path)) == 151
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500_000


def test_a_full_disk_is_a_clear_error_and_the_trace_goes_on_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    with TraceWriter(path) as trace:
        trace(FIRST_LEG[0])
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100, hard))
        try:
            with pytest.raises(StorageError, match="trace"):
                trace(Noted(text="x" * 1_000))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        trace(Noted(text="after"))
    assert [event.text for event in read_events(path) if isinstance(event, Noted)] == ["after"]


@pytest.mark.parametrize("make", [TraceWriter, lambda path: list(read_trace(path))])
def test_a_path_that_cannot_be_a_trace_is_a_clear_error(tmp_path: Path, make: Any) -> None:
    with pytest.raises(StorageError, match="trace"):
        make(tmp_path / "no such folder" / "trace.jsonl")
    with pytest.raises(StorageError, match="trace"):
        make(tmp_path)


def test_lines_are_json_that_other_tools_read(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    write(path, FIRST_LEG, SECOND_LEG)
    for line in path.read_text().splitlines():
        record = json.loads(line)
        assert {"type", "trace_id", "span_id", "name", "start_unix_nano"} <= set(record)
