"""Which parts of a fanout problem a subtask's words name: a goal goes in, ids of parts come out.

A chain is named by its root, or else by what the subtask depends on; within a chain the last relation whose words stand
in the goal is what is asked for. A look-alike's name is no root's, though it may contain one. Subtasks of another kind
than research that speak of sums, counts or comparisons name the aggregating part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ....planner.plan import Subtask
from ..structure import TOTAL
from .relations import BY_NAME

_TOTAL = re.compile(
    r"\b(?:sum|total|add|altogether|count|how many|compar\w*|which|largest|most|highest|biggest|earliest|oldest)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Naming:
    """Reads goals for one problem: roots and relations of its chains, names of look-alikes, whether it aggregates."""

    roots: tuple[str, ...]
    relations: tuple[str, ...]
    others: tuple[str, ...]
    total: str | None

    @classmethod
    def of(cls, hidden: Mapping[str, Any]) -> Naming:
        """The reader of the problem with this `hidden` data."""
        chains = hidden["chains"]
        return cls(
            tuple(chain["root"] for chain in chains),
            tuple(chains[0]["relations"]) if chains else (),
            tuple(hidden["names"]),
            TOTAL if TOTAL in hidden["goals"] else None,
        )

    def __call__(self, subtask: Subtask, reach: frozenset[str]) -> Iterator[str]:
        """The parts named."""
        if self.total and subtask.kind != "research" and _TOTAL.search(subtask.goal):
            yield self.total
            return
        asked = [at for at, name in enumerate(self.relations, 1) if BY_NAME[name].words.search(subtask.goal)]
        if not asked:
            return
        roots, others = self._named(subtask.goal)
        if not roots and not others:
            roots = {at for at in range(1, len(self.roots) + 1) if any(each.startswith(f"c{at}h") for each in reach)}
        for at in sorted(roots):
            yield f"c{at}h{asked[-1]}"

    def _named(self, goal: str) -> tuple[set[int], bool]:
        """Numbers of the chains whose root a goal names, and whether it names a look-alike."""
        found = {each.casefold() for each in self._any_name.findall(goal)} if self.roots else set()
        roots = {at for at, root in enumerate(self.roots, 1) if root.casefold() in found}
        return roots, any(each.casefold() in found for each in self.others)

    @cached_property
    def _any_name(self) -> re.Pattern[str]:
        """Longest first, so that "New Marford" is not read as "Marford"."""
        names = sorted({*self.roots, *self.others}, key=lambda name: (-len(name), name))
        return re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b", re.IGNORECASE)
