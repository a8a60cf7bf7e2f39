"""text_similarity: two texts go in, how alike they are by one metric comes out, from 0 to 1.

Laws: equal texts score 1 by every metric, also where it is not defined for texts so short; padding gains nothing,
since each metric counts what the other text lacks. Only the first `MAX_CHARS` characters of a text are compared: what
lies beyond counts as unlike, and the grade's errors say so. Nothing is downloaded.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from .base import Embed, Grade, GradingFault, Item, Sample, bounded
from .similarity import Similarity, cosine, metric
from .spec import TextSimilaritySpec
from .template import Template, template

MAX_CHARS = 20_000
"""About 3,000 words: whole reports, and milliseconds for every metric."""


def text_similarity(spec: TextSimilaritySpec, *, embed: Embed | None = None) -> TextSimilarity:
    """The grader that `spec` describes.

    Raises:
        ValueError: when a template has a placeholder that is not known.
        GraderError: when the metric needs data or an embedder that is not there; it says which.
        MissingExtra: when the metric's library is not installed.
    """
    measure = cosine(embed) if spec.evaluation_metric == "cosine" else metric(spec.evaluation_metric)
    return TextSimilarity(spec.name, template(spec.input), template(spec.reference), measure)


@dataclass(frozen=True)
class TextSimilarity:
    """How alike two filled templates are."""

    name: str
    input: Template
    reference: Template
    measure: Similarity

    async def grade(self, item: Item, sample: Sample) -> Grade:
        """The similarity; an empty reference is a reward of 0, since nothing can be like it."""
        began = time.perf_counter()
        try:
            reward, notes = await self._compared(self.input.fill(item, sample), self.reference.fill(item, sample))
        except GradingFault as fault:
            reward, notes = 0.0, (str(fault),)
        errors = tuple(f"{self.name}: {note}" for note in notes)
        return Grade(reward=reward, errors=errors, seconds=time.perf_counter() - began)

    async def _compared(self, text: str, reference: str) -> tuple[float, tuple[str, ...]]:
        text, reference = text.strip(), reference.strip()
        if not reference:
            raise GradingFault("the reference is empty")
        if text == reference:
            return 1.0, ()
        if not text:
            return 0.0, ()
        kept = min(1.0, MAX_CHARS / len(text)) * min(1.0, MAX_CHARS / len(reference))
        alike = await self.measure(text[:MAX_CHARS], reference[:MAX_CHARS])
        notes = tuple(
            f"only the first {MAX_CHARS:,} of {len(each):,} characters of {side} were compared"
            for side, each in (("the input", text), ("the reference", reference))
            if len(each) > MAX_CHARS
        )
        return bounded(alike * kept), notes
