"""Compress without a model: the sentences that serve the goal best, quoted with their exact spans.

Chosen one by one for what each adds (maximal marginal relevance, Carbonell and Goldstein 1998): match with the goal,
of its paragraph and title too, names that chosen sentences brought in, less what has been said already. A sentence
that does not fit any more is passed over for a shorter one; the choice ends when nothing useful is left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from ..digest import Claim, Digest
from ..text.size import Counter, upper_bound_tokens
from .base import Excerpt, fitting
from .scoring import Pool, Sentence, as_passage, paragraph_scores, paragraphs_of

_MAX_CLAIM_CHARS = 1_000


class Extractive:
    """Query-focused choice of sentences.

    Args:
        counter: tokens of a text; an upper bound by default.
    """

    name = "extractive"

    def __init__(self, *, counter: Counter = upper_bound_tokens) -> None:
        self._counter = counter

    async def compress(self, goal: str, excerpts: Sequence[Excerpt], *, subtask: str, cap_tokens: int) -> Digest:
        """See `Compressor.compress`. Works in a thread, so that large inputs do not hold up other subtasks."""
        claims = await asyncio.to_thread(extract, goal, excerpts, cap_tokens, self._counter)
        return Digest(subtask=subtask, claims=tuple(claims))


def extract(
    goal: str, excerpts: Sequence[Excerpt], cap_tokens: int, counter: Counter = upper_bound_tokens
) -> list[Claim]:
    """Quotes that serve the goal, best first, together of at most `cap_tokens`.

    Confidence is the worth of the sentence by itself beside the best one's.
    """
    pool = Pool(goal, excerpts)
    best = max(pool.base, default=0.0) or 1.0
    chosen = [
        _quote(pool.sentences[place], min(1.0, pool.base[place] / best)) for place in _choose(pool, cap_tokens, counter)
    ]
    return fitting(chosen, cap_tokens, counter)


def most_relevant(goal: str, excerpts: Sequence[Excerpt], cap_tokens: int, counter: Counter) -> list[Excerpt]:
    """The excerpts as they are when they fit `cap_tokens`; else the paragraphs that match the goal best, in order."""
    if sum(counter(excerpt.text) for excerpt in excerpts) <= cap_tokens:
        return list(excerpts)
    blocks = paragraphs_of(excerpts)
    scores = paragraph_scores(goal, [as_passage(*block) for block in blocks])
    kept: list[int] = []
    for place in sorted(range(len(blocks)), key=lambda place: -scores[place]):
        cost = counter(blocks[place][1].of(blocks[place][0].text))
        if cost <= cap_tokens:
            cap_tokens -= cost
            kept.append(place)
    return [
        Excerpt(excerpt.artifact, span.of(excerpt.text), excerpt.start + span.start, excerpt.title)
        for excerpt, span in (blocks[place] for place in sorted(kept))
    ]


def _choose(pool: Pool, room: int, counter: Counter) -> Iterator[int]:
    """Places of the sentences to take, in the order of taking."""
    costs = [counter(f"{sentence.text}\n") for sentence in pool.sentences]
    left = {
        place
        for place, cost in enumerate(costs)
        if cost <= room and len(pool.sentences[place].text) <= _MAX_CLAIM_CHARS
    }
    while left:
        place = max(left, key=lambda place: (pool.worth(place), -place))
        if pool.worth(place) <= 0:
            return
        yield place
        pool.choose(place)
        room -= costs[place]
        left = {other for other in left if other != place and costs[other] <= room}


def _quote(sentence: Sentence, confidence: float) -> Claim:
    return Claim(
        text=sentence.text,
        kind="quote",
        evidence=(sentence.excerpt.ref(sentence.span),),
        confidence=max(0.05, confidence),
    )
