"""How far a job is, as a fold over its run's events: events go in, a `Progress` for the book comes out."""

from __future__ import annotations

from pathlib import Path

from ...core.events import Event, PlanItem, PlanRevised, RunEnded, Spent, SubtaskEnded, SubtaskStarted
from ...memory.trace.reader import read_events
from .book import Progress


class Tally:
    """The sums of one job. Filled from the loop that runs the job, read from any thread."""

    def __init__(self, known: Progress) -> None:
        self._known = known
        self._planned: set[str] = set()
        self._ended: set[str] = set()
        self._tokens = 0
        self._dollars = 0.0
        self.note = ""
        self.fresh = True
        """Whether something changed since it was last written into the book."""

    def take_up(self, trace: Path) -> None:
        """Begin again with what the run's trace holds from earlier sittings."""
        self._planned, self._ended, self._tokens, self._dollars = set(), set(), 0, 0.0
        if trace.is_file():
            for event in read_events(trace):
                self(event)

    def __call__(self, event: Event) -> None:
        """Take one event in."""
        match event:
            case PlanItem():
                self._planned.add(event.subtask)
            case SubtaskStarted():
                self._planned.add(event.subtask)
                self._ended.discard(event.subtask)
            case SubtaskEnded():
                self._ended.add(event.subtask)
            case PlanRevised():
                self._planned.difference_update(event.dropped)
            case Spent():
                self._tokens += event.prompt_tokens + event.completion_tokens
                self._dollars += event.dollars
            case RunEnded():
                # The ledger's sums also hold the calls that a crash cut off.
                self.settle(event.tokens, event.dollars)
            case _:
                return
        self.fresh = True

    def settle(self, tokens: int, dollars: float) -> None:
        """The ledger's own sums at the end of a sitting."""
        self._tokens, self._dollars, self.fresh = max(self._tokens, tokens), max(self._dollars, dollars), True

    def say(self, note: str) -> None:
        """What the job waits for; empty when for nothing."""
        if note != self.note:
            self.note, self.fresh = note, True

    def progress(self) -> Progress:
        """The sums now. Spend never goes down: another machine may have worked on the job before."""
        return Progress(
            done=len(self._ended & self._planned),
            total=len(self._planned),
            tokens=max(self._tokens, self._known.tokens),
            dollars=max(self._dollars, self._known.dollars),
            note=self.note,
        )
