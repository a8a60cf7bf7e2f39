"""Metrics of text similarity by the names of the OpenAI grader JSON, each from the library that is known for it.

A `Similarity` takes a text and a reference, neither empty, and gives 0 (nothing in common) to 1. Its time is linear in
their lengths, or quadratic by 64 characters at a time.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from rapidfuzz import fuzz
from rapidfuzz.distance import LCSseq

from ..errors import GraderError, MissingExtra
from .base import Embed, GradingFault
from .spec import Metric

Similarity: TypeAlias = Callable[[str, str], Awaitable[float]]

_WORD = re.compile(r"[^\W_]+")
_KEPT_TOKENISATIONS = 1_000


def metric(name: Metric) -> Similarity:
    """The similarity called `name`, its library loaded.

    Raises:
        MissingExtra: when the library is not installed.
        GraderError: for `meteor`, when NLTK's WordNet is not on this machine.
    """
    measure = _rouge_n(int(name[-1])) if name[-1].isdigit() else _PLAIN[name]()

    async def similarity(text: str, reference: str) -> float:
        return measure(text, reference)

    return similarity


def cosine(embed: Embed | None) -> Similarity:
    """The cosine of the two texts' vectors, 0 where they point apart.

    Raises:
        GraderError: when there is no embedder.
    """
    if embed is None:
        raise GraderError(
            "The metric cosine needs an embedder, and none was given.",
            hint="Pass embed= to grader_from, or use fuzzy_match, bleu or rouge_l, which need none.",
        )

    async def similarity(text: str, reference: str) -> float:
        left, right = await embed([text, reference])
        norms = math.hypot(*left) * math.hypot(*right)
        if len(left) != len(right) or not norms or not math.isfinite(norms):
            raise GradingFault("the embedder gave no two vectors of one length that could be compared")
        return math.fsum(a * b for a, b in zip(left, right, strict=True)) / norms

    return similarity


def words(text: str) -> list[str]:
    """Runs of letters and digits in lower case, in any script; in ASCII the same as rouge-score's own tokenizer."""
    return _WORD.findall(text.lower())


def _fuzzy_match() -> Callable[[str, str], float]:
    """Share of characters that need no insertion or deletion (rapidfuzz's `ratio`).

    Not its `WRatio`: that gives a long answer most of the reward for holding the reference somewhere.
    """
    return lambda text, reference: fuzz.ratio(text, reference) / 100


def _bleu() -> Callable[[str, str], float]:
    """Sentence BLEU (Papineni et al. 2002) with exponential smoothing and effective order, as sacrebleu has it."""
    scorer = _library("sacrebleu", "the metric bleu").BLEU(effective_order=True)
    # sacrebleu keeps its last 65,536 tokenisations, which for long answers is gigabytes.
    caches: list[Any] = [type(scorer.tokenizer).__call__, type(scorer.tokenizer._post_tokenizer).__call__]

    def measure(text: str, reference: str) -> float:
        if caches[0].cache_info().currsize > _KEPT_TOKENISATIONS:
            for cache in caches:
                cache.cache_clear()
        return float(scorer.sentence_score(text, [reference]).score) / 100

    return measure


def _gleu() -> Callable[[str, str], float]:
    """Google's sentence BLEU (Wu et al. 2016, section 6): the smaller of n-gram precision and recall, n from 1 to 4."""
    sentence_gleu = _library("nltk.translate.gleu_score", "the metric gleu").sentence_gleu
    return lambda text, reference: float(sentence_gleu([reference.split()], text.split()))


def _meteor() -> Callable[[str, str], float]:
    """METEOR (Banerjee and Lavie 2005) with NLTK's WordNet, where that is on this machine."""
    score = _library("nltk.translate.meteor_score", "the metric meteor").meteor_score
    try:
        wordnet = importlib.import_module("nltk.corpus").wordnet
        wordnet.ensure_loaded()
    except (LookupError, OSError):
        raise GraderError(
            "The metric meteor needs NLTK's WordNet data, which is not whole on this machine; nothing is downloaded.",
            hint="Get it with: python -m nltk.downloader wordnet. Or use gleu or rouge_l, which need no data.",
        ) from None
    return lambda text, reference: float(score([words(reference)], words(text), wordnet=wordnet))


def _rouge_n(size: int) -> Callable[[str, str], float]:
    """ROUGE-N (Lin 2004, section 2): F1 of the n-grams of `size` words."""
    scorers = _library("rouge_score.rouge_scorer", f"the metric rouge_{size}")
    kind = f"rouge{size}"
    scorer = scorers.RougeScorer([kind], tokenizer=_Words())
    return lambda text, reference: float(scorer.score(reference, text)[kind].fmeasure)


def _rouge_l() -> Callable[[str, str], float]:
    """ROUGE-L (Lin 2004, section 3.1): F1 of the longest common subsequence of words.

    By rapidfuzz: rouge-score's table in Python takes seconds for two long reports.
    """

    def measure(text: str, reference: str) -> float:
        found, wanted = words(text), words(reference)
        return 2 * LCSseq.similarity(found, wanted) / max(1, len(found) + len(wanted))

    return measure


_PLAIN: dict[str, Callable[[], Callable[[str, str], float]]] = {
    "fuzzy_match": _fuzzy_match,
    "bleu": _bleu,
    "gleu": _gleu,
    "meteor": _meteor,
    "rouge_l": _rouge_l,
}


class _Words:
    """`words` in the form that rouge-score takes."""

    def tokenize(self, text: str) -> list[str]:
        return words(text)


def _library(module: str, purpose: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        root = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != root:
            raise
        raise MissingExtra(root.replace("_", "-"), purpose[0].upper() + purpose[1:]) from error
