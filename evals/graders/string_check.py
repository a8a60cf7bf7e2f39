"""string_check: two texts go in; 1 when they are equal, differ, or one holds the other, as asked for; else 0."""

from __future__ import annotations

import operator
from collections.abc import Callable

from .base import CodeGrader, GradingFault, Item, Sample
from .spec import StringCheckSpec
from .template import template


def string_check(spec: StringCheckSpec) -> CodeGrader:
    """The grader that `spec` describes.

    `eq`, `ne` and `like` are exact, `ilike` knows no upper and lower case. Every text holds the empty one, so `like`
    and `ilike` cannot be asked for it: such an item is a reward of 0 with the reason.

    Raises:
        ValueError: when a template has a placeholder that is not known.
    """
    left, right = template(spec.input), template(spec.reference)
    check, holds = _CHECKS[spec.operation], spec.operation.endswith("like")

    def score(item: Item, sample: Sample) -> float:
        text, reference = left.fill(item, sample), right.fill(item, sample)
        if holds and not reference:
            raise GradingFault("the reference is empty, and every text holds an empty one")
        return float(check(text, reference))

    return CodeGrader(spec.name, score)


_CHECKS: dict[str, Callable[[str, str], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "like": lambda text, reference: reference in text,
    "ilike": lambda text, reference: reference.casefold() in text.casefold(),
}
