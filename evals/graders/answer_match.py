"""`answer_match`: exact match and F1 of words with the gold answer or one of its aliases, the best of them.

Reads of the item: `answer` (text, number or truth value) and `answer_aliases`. What counts as the output's answer is
what follows its last "Answer:", or all of it. Texts are compared as SQuAD does (Rajpurkar et al. 2016, section 6.1):
in small letters, without punctuation and articles; yes and no earn no partial credit (Yang et al. 2018, HotpotQA).
F1 divides by what was said, so listing all possible answers, or an essay around the right one, lowers it.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from typing import Literal, get_args

from .base import CodeGrader, Grader, GradingFault, Item, Sample
from .fields import answer_text, bounded_text, field, final_answer

MAX_ANSWER_CHARS = 100_000
"""An F1 with a longer text is next to nothing."""

Figure = Literal["f1", "em"]

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_WHOLE = frozenset(("yes", "no", "noanswer"))


def normalised(text: str) -> str:
    """`text` in SQuAD's normal form; where nothing is left of it ("The The"), in small letters only."""
    plain = " ".join(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())
    return plain or " ".join(text.lower().split())


def f1(said: str, gold: str) -> float:
    """Harmonic mean of precision and recall of words, both texts in normal form."""
    if said == gold or said in _WHOLE or gold in _WHOLE:
        return float(said == gold)
    have, want = said.split(), gold.split()
    common = (Counter(have) & Counter(want)).total()
    return 2 * common / (len(have) + len(want)) if common else 0.0


def golds_of(item: Item) -> list[str]:
    """The answers that the item accepts.

    Raises:
        GradingFault: when it has none, or one of several parts, which is for `gold_facts`.
    """
    answer, aliases = field(item, "answer"), item.get("answer_aliases") or ()
    if not isinstance(answer, str | int | float):
        raise GradingFault("the item's answer has several parts: use gold_facts")
    if isinstance(aliases, str) or not isinstance(aliases, Sequence):
        raise GradingFault("answer_aliases of the item is no list")
    found = [text for each in (answer, *aliases) if (text := normalised(answer_text(each)))]
    if not found:
        raise GradingFault("the item's answer is empty")
    return found


def score(item: Item, sample: Sample) -> dict[str, float]:
    """`em` and `f1`, and `f1` as the reward.

    Raises:
        GradingFault: when the output is longer than any answer, or the item has none.
    """
    said = normalised(final_answer(bounded_text(sample.text, MAX_ANSWER_CHARS)))
    golds = golds_of(item)
    best = max(f1(said, gold) for gold in golds)
    return {"reward": best, "em": float(said in golds), "f1": best}


def grader(*, figure: Figure = "f1") -> Grader:
    """The grader.

    Args:
        figure: which of the two the reward is.
    """
    if figure not in get_args(Figure):
        raise ValueError(f"figure is {figure!r}, and must be one of {', '.join(get_args(Figure))}")

    def chosen(item: Item, sample: Sample) -> dict[str, float]:
        found = score(item, sample)
        return {**found, "reward": found[figure]}

    return CodeGrader("answer_match", chosen)
