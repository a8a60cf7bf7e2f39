"""Spans sent to a collector while a run goes on: the same as in the trace, live, and no collector can harm a run."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="needs the extra `otel`")
pytest.importorskip("opentelemetry.proto", reason="needs opentelemetry-proto")

from support.collector import Collector, attributes_of
from support.traced import events_of

from foreplan.core.events import Noted, RunStarted, SubtaskEnded, SubtaskStarted
from foreplan.memory.redact import Redactor
from foreplan.memory.trace import TraceWriter, read_trace
from foreplan.memory.trace.otlp import PATIENCE_S, OtlpSender

RUN = "20261120-211305-heron-k7qd"


def sent_of(sender: OtlpSender, path: Path, redactor: Redactor | None = None) -> None:
    """A whole run told to a trace and a sender."""
    with sender, TraceWriter(path, run=RUN, redactor=redactor, on_record=sender) as trace:
        for event in events_of(RUN):
            trace(event)
        trace.keep("report", "A long report.")


def test_spans_arrive_as_they_are_in_the_trace(tmp_path: Path) -> None:
    with Collector() as collector:
        sender = OtlpSender(collector.url + "/v1/traces", {"x-api-key": "k-1"})
        sent_of(sender, tmp_path / "trace.jsonl")
    written = {each.span_id: each for each in read_trace(tmp_path / "trace.jsonl") if each.type == "span"}
    assert {span.span_id.hex() for span in collector.spans} == set(written)
    for span in collector.spans:
        record = written[span.span_id.hex()]
        assert (span.name, span.trace_id.hex()) == (record.name, record.trace_id)
        assert span.parent_span_id.hex() == (record.parent_span_id or "")
        assert (span.start_time_unix_nano, span.end_time_unix_nano) == (record.start_unix_nano, record.end_unix_nano)
        assert attributes_of(span) == record.attributes
    assert sender.lost == 0
    assert collector.paths[0] == "/v1/traces"
    assert collector.headers[0]["x-api-key"] == "k-1"
    assert collector.resources[0]["service.name"] == "foreplan"


def test_failures_events_and_parents_are_told_and_kept_content_is_not(tmp_path: Path) -> None:
    with Collector() as collector:
        sent_of(OtlpSender(collector.url + "/v1/traces"), tmp_path / "trace.jsonl")
    failed = next(span for span in collector.spans if span.name == "execute_tool fetch")
    assert failed.status.code == 2
    assert failed.status.message == "HTTP 404"
    owner = next(span for span in collector.spans if span.name == "invoke_agent b")
    assert failed.parent_span_id == owner.span_id
    plan = next(span for span in collector.spans if span.name == "plan")
    assert [event.name for event in plan.events] == ["foreplan.plan.item"]
    assert "A long report" not in str(collector.spans)


def test_a_span_arrives_while_the_run_goes_on(tmp_path: Path) -> None:
    with (
        Collector() as collector,
        OtlpSender(collector.url + "/v1/traces") as sender,
        TraceWriter(tmp_path / "trace.jsonl", run=RUN, on_record=sender) as trace,
    ):
        for event in events_of(RUN)[:-1]:
            trace(event)
        assert attributes_of(collector.wait_for("invoke_agent a"))["foreplan.run.state"] == "done"
        assert "invoke_workflow" not in collector.names


def test_secrets_are_gone(tmp_path: Path) -> None:
    with Collector() as collector:
        sent_of(OtlpSender(collector.url + "/v1/traces"), tmp_path / "t.jsonl", Redactor(["Weigh the moon"]))
    assert "Weigh the moon" not in str(collector.spans)
    assert "[redacted]" in str(collector.spans)


def test_standard_variables_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=moon")
        sent_of(OtlpSender(), tmp_path / "trace.jsonl")
    assert collector.paths[0] == "/v1/traces"
    assert collector.headers[0]["x-team"] == "moon"


@pytest.mark.parametrize("status", [400, pytest.param(503, marks=pytest.mark.slow)])
def test_a_collector_that_refuses_costs_a_bounded_time_and_is_told(tmp_path: Path, status: int) -> None:
    with Collector(lambda: status) as collector:
        sender = OtlpSender(collector.url + "/v1/traces")
        began = time.monotonic()
        sent_of(sender, tmp_path / "trace.jsonl")
        assert time.monotonic() - began < PATIENCE_S + 2
    assert sender.lost == 9


def test_a_collector_that_never_answers_does_not_hold_the_run_up(tmp_path: Path) -> None:
    over = threading.Event()

    def hang() -> int:
        over.wait(30)
        return 503

    with Collector(hang) as collector:
        sender = OtlpSender(collector.url + "/v1/traces")
        began = time.monotonic()
        with TraceWriter(tmp_path / "trace.jsonl", run=RUN, on_record=sender) as trace:
            trace(RunStarted(run=RUN, goal="g"))
            for number in range(5_000):
                trace(SubtaskEnded(subtask=f"s{number}", state="done"))
        told_s = time.monotonic() - began
        sender.close()
        closed_s = time.monotonic() - began - told_s
        over.set()
    assert sender.lost == 5_000
    assert told_s < 10
    assert closed_s < PATIENCE_S + 1


def test_nobody_at_the_address_is_no_fault_of_the_run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    sender = OtlpSender("http://127.0.0.1:9/v1/traces")
    sent_of(sender, tmp_path / "trace.jsonl")
    assert sender.lost == 9
    assert capfd.readouterr() == ("", "")


def test_a_span_has_as_many_events_as_a_collector_takes(tmp_path: Path) -> None:
    with Collector() as collector:
        sender = OtlpSender(collector.url + "/v1/traces")
        with sender, TraceWriter(tmp_path / "trace.jsonl", run=RUN, on_record=sender) as trace:
            trace(SubtaskStarted(subtask="a"))
            trace(RunStarted(run=RUN, goal="g"))
            for number in range(300):
                trace(Noted(text=f"note {number}"))
            trace(events_of(RUN)[-1])
        assert len(collector.wait_for("invoke_workflow").events) == 128
