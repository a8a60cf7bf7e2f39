"""Going on with a stopped run: its id and the flags it was begun with go in, the command for it comes out."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foreplan.core.errors import InputError
from foreplan.core.events import RunStarted
from foreplan.memory.rundir import RunDir
from foreplan.memory.trace.reader import read_events

_REPEATED = ("model", "planner", "worker", "writer", "base_url", "config")
"""Flags that say which models work. Limits are not among them: often they are why the run stopped."""


def how_to_go_on(run_id: str, home: Path, flags: Mapping[str, Any]) -> str:
    """A sentence with the command that continues a run with the same models."""
    words = ["foreplan", "run", "--resume", run_id, "--home", str(home)]
    for name in _REPEATED:
        if flags.get(name):
            words += [f"--{name.replace('_', '-')}", str(flags[name])]
    if flags.get("embedded"):
        words.append("--embedded")
    return f"What is done is kept; go on with: {shlex.join(words)}"


def check_same_kind(directory: RunDir) -> None:
    """See that a run which is to go on with no model was begun with none: its report would not be the one asked for.

    Raises:
        InputError: when models worked on it.
    """
    if not directory.trace.is_file():
        return
    started = next((each for each in read_events(directory.trace) if isinstance(each, RunStarted)), None)
    if started is not None and not started.embedded:
        raise InputError(
            f"Run {directory.run} was begun with models, and none is configured now.",
            hint="Give the same models again (--base-url, --model, --config or OPENAI_API_KEY), or go on without any "
            "by --embedded.",
        )
