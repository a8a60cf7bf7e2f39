"""`ifeval`: 1 when the output follows every instruction of its item, else 0.

Reads of the item: `instruction_id_list` and `kwargs`, as IFEval gives them (Zhou et al. 2023, "strict" accuracy by
prompt). Beside the reward: `followed`, the share of instructions followed, and each instruction under its id. Nothing
is followed by an empty output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .base import CodeGrader, Grader, GradingFault, Item, Sample
from .fields import bounded_text, field
from .ifeval_checks import CHECKS

MAX_ANSWER_CHARS = 200_000


def score(item: Item, sample: Sample) -> dict[str, float]:
    """The reward and its parts.

    Raises:
        GradingFault: when the output is empty or endless, or the item has an instruction that is not known.
        MissingExtra: when an instruction is about the language and langdetect is not installed.
    """
    text = bounded_text(sample.text, MAX_ANSWER_CHARS)
    names, options = field(item, "instruction_id_list"), field(item, "kwargs")
    if not _strings(names) or not isinstance(options, Sequence) or len(options) != len(names) or not names:
        raise GradingFault("instruction_id_list and kwargs of the item are no lists of equal length")
    if not text.strip():
        raise GradingFault("the output is empty")
    parts: dict[str, float] = {}
    for name, given in zip(names, options, strict=True):
        parts[name] = min(parts.get(name, 1.0), float(_follows(name, given, text)))
    followed = sum(parts.values()) / len(parts)
    return {"reward": float(followed == 1.0), "followed": followed, **parts}


def _follows(name: str, given: object, text: str) -> bool:
    check = CHECKS.get(name)
    if check is None:
        raise GradingFault(f"there is no check of the instruction {name[:80]!r}")
    arguments = {key: value for key, value in given.items() if value is not None} if isinstance(given, Mapping) else {}
    try:
        return check(text, arguments)
    except (KeyError, TypeError, ValueError) as error:
        raise GradingFault(f"the arguments of {name} are malformed: {error!r:.150}") from error


def _strings(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(each, str) for each in value)


def grader() -> Grader:
    """The grader; it has no options."""
    return CodeGrader("ifeval", score)
