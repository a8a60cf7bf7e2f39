"""A trace's file goes in, its records, its events or its kept content come out, one at a time in flat memory.

Lines that are no records are skipped: a killed process leaves at most half a line, and a later one goes on after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError

from ...core.events import Event, parse_event
from ..errors import UnknownVersion
from ..files import storage_errors
from .record import CONTENT, KEPT_NAMES, TRACE_VERSION, Kept, TraceRecord
from .score import Score, score_in

MAX_LINE_BYTES = 64 * 1024 * 1024
"""A longer line is none of ours, and is skipped without being held in memory whole."""


def read_trace(path: Path | str) -> Iterator[TraceRecord]:
    """The records of a trace, in the order they were written.

    Raises:
        StorageError: when the file cannot be read.
        UnknownVersion: when a newer Foreplan wrote it.
    """
    with (
        storage_errors(f"read the trace {path}", hint="Check the path and that you may read it."),
        Path(path).open("rb") as file,
    ):
        for line in _lines(file):
            try:
                record = TraceRecord.model_validate_json(line)
            except ValidationError:
                continue
            if record.type == "trace" and record.attributes.get("foreplan.trace.version") != TRACE_VERSION:
                found = record.attributes.get("foreplan.trace.version")
                raise UnknownVersion(f"The trace {path}", found=found, known=TRACE_VERSION)
            yield record


def read_events(path: Path | str) -> Iterator[Event]:
    """The typed events behind a trace, in order, so that any view of a live run can be had of an old one.

    Pieces of the report are not among them. Kinds that this version does not know are skipped.
    """
    for record in read_trace(path):
        if record.event is not None:
            try:
                yield parse_event(record.event)
            except ValidationError:
                continue


def read_kept(path: Path | str, what: Kept) -> Iterator[tuple[str, Any]]:
    """Content that was kept, each with the subtask it is of (empty when of the whole run), in order."""
    for record in read_trace(path):
        if record.name == KEPT_NAMES[what] and CONTENT in record.attributes:
            yield str(record.attributes.get("foreplan.plan.subtask", "")), record.attributes[CONTENT]


def read_spans(path: Path | str) -> Iterator[TraceRecord]:
    """Each span once: those that are over as they end, then those that were cut off, which have no end."""
    cut_off: dict[str, TraceRecord] = {}
    for record in read_trace(path):
        if record.type == "open":
            cut_off[record.span_id] = record
        elif record.type == "span":
            cut_off.pop(record.span_id, None)
            yield record
    yield from cut_off.values()


def read_scores(path: Path | str) -> Iterator[Score]:
    """The judgements of the run, in the order they were given."""
    return filter(None, map(score_in, read_trace(path)))


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(MAX_LINE_BYTES):
        if line.endswith(b"\n") or len(line) < MAX_LINE_BYTES:
            yield line
            continue
        while rest := file.readline(MAX_LINE_BYTES):
            if rest.endswith(b"\n"):
                break
