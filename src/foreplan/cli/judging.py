"""Judgements kept with a run: a score goes in, a line of the run's trace comes out, whether or not the run is over."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from foreplan.core.errors import InputError
from foreplan.memory.redact import Redactor
from foreplan.memory.rundir import RunDir
from foreplan.memory.trace.score import Score
from foreplan.memory.trace.writer import TraceWriter


def keep_score(directory: RunDir, score: Score, secrets: Iterable[str]) -> None:
    """Append a judgement to the run's trace.

    Raises:
        InputError: when the run has no trace.
        RunBusy: when a process is at work on the run.
        StorageError: when the trace cannot be written.
    """
    check_trace(directory)
    with directory.working(), TraceWriter(directory.trace, redactor=Redactor(secrets)) as trace:
        trace.score(score)


def check_trace(directory: RunDir) -> None:
    """See that the run left something to judge.

    Raises:
        InputError: when it has no trace.
    """
    if not directory.trace.is_file():
        raise InputError(f"Run {directory.run} has no trace.", hint="It was cut off before it began.")


def tell_score(directory: RunDir, score: Score, *, as_json: bool, more: dict[str, Any] | None = None) -> None:
    """Say what was kept."""
    if as_json:
        print(json.dumps({"run": directory.run, **score.model_dump(mode="json"), **(more or {})}))
    else:
        print(f"{directory.run}: {score.value:.2f} by {score.name}")
