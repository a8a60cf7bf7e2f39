"""Grades of answers to a parts problem, by the puzzles' own scorers: answers or a report go in, a reward comes out."""

from __future__ import annotations

from collections.abc import Mapping

from ...graders.base import Grade
from ..answers import FINAL, UNKNOWN, equal, said
from ..base import Problem
from ..structure import TOTAL
from .datasets import Puzzle, pose

MAX_CHARS = 200_000


def grade_answers(problem: Problem, answers: Mapping[str, str]) -> Grade:
    """The mean score of all needed parts, the last step among them; by part in `sub_rewards`.

    Args:
        problem: a problem of this world.
        answers: what was answered, by the part's id; the last step's is `total`. What is lost is `unknown`.
    """
    scores = {TOTAL: float(equal(answers.get(TOTAL, ""), problem.hidden["expected"]))}
    for part in problem.parts:
        if part.needed and part.id != TOTAL:
            given = answers.get(part.id, "")
            known = pose(Puzzle(**problem.hidden["puzzles"][part.id]))
            scores[part.id] = float(equal(given, UNKNOWN)) if part.answer is None else known.score(given)
    return Grade(reward=sum(scores.values()) / len(scores), sub_rewards=scores)


def grade_report(problem: Problem, report: str) -> Grade:
    """The grade of a report in the form that the brief asks for: lines `p1: …`, and `Answer: …` for the last step."""
    lines = said(report[:MAX_CHARS])
    return grade_answers(problem, {**lines, TOTAL: lines.get(FINAL.lower(), "")})
