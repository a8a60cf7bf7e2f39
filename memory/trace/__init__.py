"""Trace: the events of a run go in, one JSONL file of OpenTelemetry-named spans comes out, and is read back.

`record` is one line, `fold` turns events into lines, `writer` appends them, `reader` streams them.
"""

from .reader import read_events, read_kept, read_trace
from .record import TRACE_VERSION, Kept, TraceRecord
from .writer import TraceWriter

__all__ = ["TRACE_VERSION", "Kept", "TraceRecord", "TraceWriter", "read_events", "read_kept", "read_trace"]
