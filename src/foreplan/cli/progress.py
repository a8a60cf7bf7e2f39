"""Showing a run while it goes on: events go in, a live tree or plain lines come out on standard error.

Standard output stays free for the report. A terminal gets the tree; a pipe, a file or a dumb terminal gets one line for
each thing that happens.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import TracebackType
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live

from foreplan.cli.drawing import draw, spent_of
from foreplan.cli.text import counted, duration, number, safe
from foreplan.core.events import Event, Noted, PlanReady, PlanRevised, Retried, RunEnded, SubtaskEnded, SubtaskStarted
from foreplan.memory.trace.view import RunView, note_of

REFRESH_PER_SECOND = 8


class Progress(Protocol):
    """Something that shows a run. Entered before the run, left after it; `view` is what it has seen so far."""

    view: RunView

    def __call__(self, event: Event) -> None:
        """Take one event in."""

    def __enter__(self) -> Progress:
        """Begin to show."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Show the last state and stop."""

    def paused(self) -> AbstractContextManager[None]:
        """Leave the terminal to someone else for a while, such as a question to the user."""


def progress() -> Progress:
    """The form that suits standard error."""
    console = Console(stderr=True, highlight=False)
    return LiveTree(console) if console.is_terminal and not console.is_dumb_terminal else PlainLines()


class LiveTree:
    """A tree of subtasks that redraws itself in place."""

    def __init__(self, console: Console) -> None:
        self.view = RunView()
        self._console = console
        self._ascii_only = not console.encoding.startswith("utf")
        self._live = self._begin()

    def __call__(self, event: Event) -> None:
        """See `Progress`."""
        self.view.apply(event)

    def __enter__(self) -> LiveTree:
        self._live.start()
        return self

    def _begin(self) -> Live:
        return Live(
            console=self._console,
            get_renderable=self._render,
            refresh_per_second=REFRESH_PER_SECOND,
            redirect_stdout=False,
        )

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()
        for note in self.view.notes:
            print(f"note: {safe(note)}", file=sys.stderr)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """See `Progress.paused`."""
        self._live.stop()
        try:
            yield
        finally:
            # One that is started again would draw over what was printed meanwhile.
            self._live = self._begin()
            self._live.start()

    def _render(self) -> Group:
        width, height = self._console.size
        # A terminal writes ^C behind the last line; a full line would then wrap, and the next drawing be one line off.
        return Group(
            *draw(self.view, width=width - len("^C"), height=height, now=time.time(), ascii_only=self._ascii_only)
        )


class PlainLines:
    """One line for each thing that happens."""

    def __init__(self) -> None:
        self.view = RunView()

    def __call__(self, event: Event) -> None:
        """See `Progress`."""
        line = self.line(event)
        if line:
            print(safe(line), file=sys.stderr, flush=True)

    def __enter__(self) -> PlainLines:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Nothing is left to show."""

    def paused(self) -> AbstractContextManager[None]:
        """See `Progress.paused`."""
        return nullcontext()

    def line(self, event: Event) -> str:
        """What to say of an event, which is taken in; empty for nothing."""
        known = self.view.knows(event)
        self.view.apply(event)
        match event:
            case _ if known:
                return ""
            case PlanReady():
                return f"plan: {counted(event.subtasks, 'subtask')}" if event.subtasks else f"plan: {event.mode}"
            case SubtaskStarted():
                return "" if event.cached else f"start {event.subtask}: {self.view.rows[event.subtask].goal}"
            case SubtaskEnded():
                return self._ended(event)
            case Noted() | Retried() | PlanRevised():
                return f"note: {note_of(event)}"
            case RunEnded():
                spent = f"{number(event.tokens)} tokens, {counted(event.calls, 'call')}, ${event.dollars:.4f}"
                return f"run {event.state}: {spent}, {duration(event.seconds)}"
            case _:
                return ""

    def _ended(self, event: SubtaskEnded) -> str:
        row = self.view.rows[event.subtask]
        claims = counted(event.claims, "claim")
        parts = [
            "kept" if row.cached else "",
            claims,
            f"{spent_of(row)} tokens" if spent_of(row) else "",
            duration(event.seconds),
        ]
        reason = f" ({event.reason})" if event.reason else ""
        return f"{event.state} {event.subtask}: {', '.join(filter(None, parts))}{reason}"
