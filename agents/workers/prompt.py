"""The messages a worker's model starts from. The assignment and its evidence go in, messages in the wire form come out.

Order: instructions and brief (equal for all workers of a run, so that prefix caches hit), then the subtask, the
parents' claims and the evidence. Whatever was not written by the user or the planner is delimited as data.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...core.models.base import Message
from ...planner.brief import Brief
from ..prompts import load_prompt
from ..roles import Assignment
from ..tools.desk import Desk, Piece
from ..tools.show import fold_piece, show_claims, show_piece, show_questions

MAX_GOAL_CHARS = 600
MAX_CONSTRAINTS_CHARS = 600


def opening(assignment: Assignment, desk: Desk, evidence: str) -> list[Message]:
    """The system message and the task, with `evidence` (what the first search found, as it is shown)."""
    return [
        {"role": "system", "content": f"{load_prompt('worker')}\n\n{_job(assignment.brief)}"},
        {"role": "user", "content": "\n\n".join(_task(assignment, desk, evidence))},
    ]


def nudge() -> Message:
    """What is said to a model that answered in words instead of handing in."""
    return {"role": "user", "content": load_prompt("worker_nudge")}


def show_pieces(desk: Desk, pieces: Iterable[Piece]) -> str:
    """Pieces of evidence, one after the other."""
    return "\n".join(show_piece(piece, desk.text(piece.handle)) for piece in pieces)


def show_folded(desk: Desk, pieces: Iterable[Piece], goal: str) -> str:
    """Pieces of evidence as a handle each, with what matters most in them for the goal."""
    return "\n".join(fold_piece(piece, desk.text(piece.handle), goal) for piece in pieces)


def gone_note(pieces: int) -> str:
    """That earlier results are not shown any more, though `read` still has them."""
    return f"Earlier results (p1 to p{pieces}) were left out for room; read shows any of them again."


def _job(brief: Brief) -> str:
    goal = f"The whole job: {_cut(brief.goal, MAX_GOAL_CHARS)}"
    constraints = "; ".join(brief.constraints)
    return f"{goal}\nConstraints: {_cut(constraints, MAX_CONSTRAINTS_CHARS)}" if constraints else goal


def _task(assignment: Assignment, desk: Desk, evidence: str) -> Iterable[str]:
    subtask = assignment.subtask
    done_when = f"\nDone when: {subtask.done_when}" if subtask.done_when else ""
    yield f"Your subtask: {subtask.goal}{done_when}"
    if desk.given:
        yield f"Found by earlier subtasks:\n{show_claims(desk.given)}"
    if desk.left_out:
        handles = list(desk.left_out)
        yield f"They found more, {handles[0]} to {handles[-1]}, left out for room; read shows where each of it stands."
    if questions := list(dict.fromkeys(each for digest in assignment.parents for each in digest.open_questions)):
        yield f"Left open by them:\n{show_questions(questions)}"
    if assignment.missing:
        yield f"Nothing came from: {', '.join(assignment.missing)}. Do what can be done without."
    if evidence:
        yield f"Evidence:\n{evidence}"


def _cut(text: str, chars: int) -> str:
    return text if len(text) <= chars else f"{text[: chars - 1]}…"
