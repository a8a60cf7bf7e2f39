"""Asking the user about a plan: a plan goes in; approve, an edited plan or a rejection comes out."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from foreplan.cli.plan_view import plan_lines
from foreplan.cli.progress import Progress
from foreplan.cli.text import safe
from foreplan.core.errors import ForeplanError, InputError
from foreplan.planner.plan import Plan
from foreplan.planner.wire import dump_plan, load_plan

QUESTION = "Run this plan? [y]es, [e]dit, [n]o: "


def check_can_ask() -> None:
    """See that there is somebody to ask.

    Raises:
        InputError: when standard input is no terminal.
    """
    if not sys.stdin.isatty():
        raise InputError(
            "--approve asks on the terminal, but standard input is none.",
            hint="Use `foreplan plan -o plan.json`, look at it, then `foreplan run --plan plan.json`.",
        )


class Asking:
    """What a run calls when its plan waits for approval."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown

    async def __call__(self, plan: Plan, fault: str) -> dict[str, Any]:
        """The decision, in the form that node `approve` takes. Nothing else happens in the run while it waits."""
        with self._shown.paused(), _interruptible():
            print(safe("\n".join(plan_lines(plan))), file=sys.stderr)
            while True:
                if fault:
                    print(safe(fault), file=sys.stderr)
                answer = _answer()
                if answer in ("y", "yes"):
                    return {"decision": "approve"}
                if answer in ("n", "no"):
                    return {"decision": "reject", "reason": "rejected on the terminal"}
                if answer in ("e", "edit"):
                    try:
                        return {"decision": "edit", "plan": edited(plan).model_dump(mode="json")}
                    except ForeplanError as error:
                        fault = str(error)


def edited(plan: Plan) -> Plan:
    """The plan as the user's editor leaves it.

    Raises:
        InputError: when the editor fails or leaves no plan.
    """
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory(prefix="foreplan-") as folder:
        path = Path(folder) / "plan.json"
        path.write_text(dump_plan(plan), encoding="utf-8")
        try:
            subprocess.run([*command, str(path)], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise InputError(f"The editor {command[0]} failed: {error}.", hint="Set EDITOR.") from error
        return load_plan(path)


def _answer() -> str:
    print(QUESTION, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    return line.strip().lower() if line else "no"


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C ends the question at once; asyncio's own handler would wait for the answer first."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
