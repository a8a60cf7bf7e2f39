"""Trace: the events of a run go in, one JSONL file of OpenTelemetry-named spans comes out, and is read back.

`record` is one line, `fold` turns events into lines, `writer` appends them, `reader` streams them; `view` folds
events into what a person sees. `score` is a judgement that is appended later; `otlp` sends spans to a collector while
they are written.
"""

from .reader import read_events, read_kept, read_scores, read_spans, read_trace
from .record import TRACE_VERSION, Kept, OnRecord, TraceRecord
from .score import Score
from .writer import TraceWriter

__all__ = [
    "TRACE_VERSION",
    "Kept",
    "OnRecord",
    "Score",
    "TraceRecord",
    "TraceWriter",
    "read_events",
    "read_kept",
    "read_scores",
    "read_spans",
    "read_trace",
]
