r"""The tiny planner's prompt, at run time and at training time alike: a market brief's goal, and who may be asked.

    all | p3 r 2 | p1<p3 t 7
    by bee ant cat

Law: this function is the only one that writes the prompt, so training and running cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...planner.brief import Brief
from ...planner.messages import WorkerOffer
from ..errors import TrainError
from .words import UNKNOWN, ids_by_piece, ids_of


def tiny_prompt(brief: Brief, workers: Sequence[WorkerOffer] = ()) -> str:
    """The text that asks the tiny planner for a plan. It tells the goal and the workers' names, and nothing else."""
    return f"{brief.goal}\nby{''.join(f' {worker.name}' for worker in workers)}\n"


def tiny_prompt_ids(brief: Brief, workers: Sequence[WorkerOffer] = ()) -> list[int]:
    """The same as tokens.

    Raises:
        TrainError: when the brief or a worker's name has words that the tiny planner does not know.
    """
    ids = ids_of(tiny_prompt(brief, workers))
    if ids_by_piece()[UNKNOWN] in ids:
        raise TrainError(
            "This tiny planner reads briefs of the world market only.",
            hint="Its briefs look like 'all | p3 r 2 | p1<p3 t 7'; train a larger planner for other briefs.",
        )
    return ids
