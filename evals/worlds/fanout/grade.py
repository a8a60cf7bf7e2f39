"""The grade of a report on a fanout problem: its text goes in, answer match and coverage of gold facts come out.

Laws: the answer is what the `Answer:` line says, compared by value; a gold fact is covered when the report states its
value; stating values of the corpus that nobody asks for takes from `precision`, so quoting everything gains nothing.
"""

from __future__ import annotations

from ....memory.text.dates import dates
from ....memory.text.numbers import numbers
from ....memory.text.words import words
from ...graders.base import Grade
from ..answers import FINAL, equal, said
from ..base import Problem

MAX_CHARS = 200_000
"""A report is read up to here."""


def grade_report(problem: Problem, report: str) -> Grade:
    """The mean of `answer` (0 or 1) and of the F1 of `facts` and `precision`; only `answer` where there is no fact."""
    text = report[:MAX_CHARS]
    answer = float(equal(said(text).get(FINAL.lower(), ""), problem.hidden["expected"]))
    gold = [part.answer for part in problem.parts if part.needed and part.answer and part.evidence]
    if not gold:
        return Grade(reward=answer, sub_rewards={"answer": answer})
    stated = Stated(text)
    found = sum(map(stated.states, gold))
    beside = sum(map(stated.states, problem.hidden["beside"]))
    facts, precision = found / len(gold), found / (found + beside) if found else 0.0
    f1 = 2 * facts * precision / (facts + precision) if found else 0.0
    return Grade(
        reward=(answer + f1) / 2, sub_rewards={"answer": answer, "facts": facts, "precision": precision, "f1": f1}
    )


class Stated:
    """What a text states, by value."""

    def __init__(self, text: str) -> None:
        self._days = {each[:3] for each in dates(text)}
        self._values = {each.value for each in numbers(text)}
        self._words = f" {' '.join(words(text))} "

    def states(self, value: str) -> bool:
        """Whether a gold value (digits, an ISO date or a name) stands in the text in any notation."""
        days = [each[:3] for each in dates(value) if each.day]
        if days:
            return days[0] in self._days
        if value.isdigit():
            return int(value) in self._values
        return f" {' '.join(words(value))} " in self._words
