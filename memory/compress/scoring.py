"""What each sentence of some excerpts is worth for a goal, before and after others have been chosen.

In go a goal and excerpts; out comes a `Pool` of sentences that knows the worth of each and what choosing one changes.
Worth is a weighted sum of parts that lie in 0..1 each. The weights are the best levels of a random search on hotpotqa
(70 settings, mean over the settings that share a level); fanoutqa is saturated and was only checked. musique had no
part in that search, but the parts themselves were tried out on it too. The search would have switched `TITLE` and
`REPEATS` off and counted names like other words; they are kept at their best other level, since a goal that names its
subject and pages that repeat each other are common outside of that set. `SUBJECT` and `TURN` came later, from a search
over hotpotqa, short questions made of its pages, and strategyqa's facts (130 settings), then `NEW` from a few levels
tried on the same; musique was left out until all three were chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..documents.base import Passage
from ..documents.names import Name, question_line, says, title_name
from ..documents.passages import split
from ..documents.relevance import Relevance, scaled
from ..text.entities import entities
from ..text.sentences import sentences
from ..text.spans import Span
from ..text.words import STOP_WORDS, terms, words
from .base import Excerpt

NAME = 1.5
"""What a stem of a name, or a number, counts in the goal; other stems count 1."""
SENTENCE = 0.4
"""Match of the sentence alone with the goal (BM25)."""
TITLED = 0.55
"""Match of the sentence together with its title, which says what its pronouns point to."""
PARAGRAPH = 0.25
"""Match of the paragraph around it."""
TITLE = 0.25
"""Match of the title alone."""
ASKED = 0.6
"""The goal names the title outright."""
SUBJECT = 0.3
"""Match of the sentence with the rest of the goal, once its title is named: its title's words say nothing new there."""
NEW = 0.1
"""It has a name or a number that neither goal nor title has: an answer is one of these more often than not."""
TURN = 0.4
"""Taken off a paragraph that was quoted, while one of another title that the goal names outright was not."""
LEAD = 0.15
"""It opens its paragraph, and so says what that is about."""
LINKED = 0.9
"""A chosen sentence brought in a new name, and the title is that name: the second hop."""
REPEATS = 0.5
"""Taken off, in proportion, when more than half of its stems have been said."""

WHOLE_CHARS = 4_000
"""An excerpt up to this long is one paragraph: whoever cut it knew where its subject ends."""

MAX_POOL = 400
"""Only so many sentences, the best by themselves, are chosen from, so that the work stays linear in the input."""


class Sentence(NamedTuple):
    """A sentence of an excerpt; `paragraph` numbers the paragraphs of all excerpts, `lead` says that it opens one."""

    excerpt: Excerpt
    span: Span
    text: str
    paragraph: int
    lead: bool


class Pool:
    """The sentences to choose from, equal ones once. `base` is what each is worth by itself."""

    def __init__(self, goal: str, excerpts: Sequence[Excerpt]) -> None:
        found, base, asked = _scored(goal, excerpts)
        best_first = sorted(range(len(found)), key=lambda place: -base[place])
        once = {found[place].text: place for place in reversed(best_first)}
        best = sorted([place for place in best_first if once[found[place].text] == place][:MAX_POOL])
        self.sentences = [found[place] for place in best]
        self.base = [base[place] for place in best]
        self._terms = [frozenset(terms(sentence.text)) for sentence in self.sentences]
        self._titles = [title_name(sentence.excerpt.title) for sentence in self.sentences]
        self._waiting = {sentence.paragraph for sentence in self.sentences if asked[sentence.paragraph]}
        self._quoted: set[int] = set()
        self._line = question_line(goal)
        self._said: set[str] = set()
        self._brought: set[Name] = set()

    def worth(self, place: int) -> float:
        """What a sentence adds to those chosen so far."""
        linked = LINKED if self._titles[place] in self._brought else 0.0
        own = self._terms[place]
        repeated = len(own & self._said) / len(own) if own else 1.0
        turn = TURN if self._waiting and self.sentences[place].paragraph in self._quoted else 0.0
        return self.base[place] + linked - turn - REPEATS * max(0.0, 2 * repeated - 1)

    def choose(self, place: int) -> None:
        """Take a sentence: what it says is said, and the names it brings in are worth following."""
        self._said |= self._terms[place]
        self._waiting.discard(self.sentences[place].paragraph)
        self._quoted.add(self.sentences[place].paragraph)
        line = question_line(self.sentences[place].text)
        new = {title for title in self._titles if title and says(line, title) and not says(self._line, title)}
        self._brought |= new - {self._titles[place]}


def goal_weights(goal: str) -> dict[str, float]:
    """The stems of a goal and what each counts."""
    strong = {term for name in entities(goal) for term in terms(name.name)}
    return {term: NAME if term in strong or any(map(str.isdigit, term)) else 1.0 for term in terms(goal)}


def paragraph_scores(goal: str, passages: Sequence[Passage]) -> list[float]:
    """How well each passage matches the goal, 0..1, the best one 1."""
    weights, relevance = goal_weights(goal), Relevance(passages)
    return scaled(relevance.text(place, weights) for place in range(len(passages)))


def paragraphs_of(excerpts: Sequence[Excerpt]) -> list[tuple[Excerpt, Span]]:
    """The excerpts, and in place of those longer than `WHOLE_CHARS` their paragraphs, with their places."""
    return [
        (excerpt, span)
        for excerpt in excerpts
        for span in (split(excerpt.text) if len(excerpt.text) > WHOLE_CHARS else [Span(0, len(excerpt.text))])
    ]


def as_passage(excerpt: Excerpt, span: Span, *, titled: bool = True) -> Passage:
    """A span of an excerpt in the form that relevance is measured on."""
    title = excerpt.title if titled else ""
    return Passage(
        excerpt.artifact, excerpt.start + span.start, excerpt.start + span.end, span.of(excerpt.text), title, ""
    )


def _scored(goal: str, excerpts: Sequence[Excerpt]) -> tuple[list[Sentence], list[float], list[bool]]:
    """All sentences, what each is worth by itself, and whether the goal names each paragraph's title."""
    weights, blocks = goal_weights(goal), paragraphs_of(excerpts)
    whole = [as_passage(*block) for block in blocks]
    by_paragraph = paragraph_scores(goal, whole)
    relevance = Relevance(whole)
    by_title = scaled(relevance.title(place, weights) for place in range(len(whole)))
    asked = _asked(goal, whole)
    found = [
        sentence for number, (excerpt, span) in enumerate(blocks) for sentence in _sentences(excerpt, span, number)
    ]
    alone, rest = _match(found, weights)
    with_title = _match_titled(found, weights)
    known = frozenset(words(goal)) | STOP_WORDS
    base = [
        SENTENCE * alone[place]
        + TITLED * with_title[place]
        + PARAGRAPH * by_paragraph[sentence.paragraph]
        + TITLE * by_title[sentence.paragraph]
        + asked[sentence.paragraph] * (ASKED + SUBJECT * rest[place])
        + NEW * _brings(sentence, known)
        + LEAD * sentence.lead
        for place, sentence in enumerate(found)
    ]
    return found, base, asked


def _sentences(excerpt: Excerpt, paragraph: Span, number: int) -> list[Sentence]:
    """The sentences of a paragraph, without those that only repeat its title, as headings do."""
    text, title = paragraph.of(excerpt.text), frozenset(terms(excerpt.title))
    spans = [span for span in sentences(text) if not title or not title.issuperset(terms(span.of(text)))]
    places = [Span(paragraph.start + start, paragraph.start + end) for start, end in spans]
    return [Sentence(excerpt, span, span.of(excerpt.text), number, place == 0) for place, span in enumerate(places)]


def _match(found: Sequence[Sentence], weights: dict[str, float]) -> tuple[list[float], list[float]]:
    """How well each sentence alone matches the goal, and how well the part of it that its title does not say."""
    relevance = Relevance([as_passage(sentence.excerpt, sentence.span, titled=False) for sentence in found])
    rest = [_without(weights, sentence.excerpt.title) for sentence in found]
    return (
        scaled(relevance.text(place, weights) for place in range(len(found))),
        scaled(relevance.text(place, rest[place]) for place in range(len(found))),
    )


def _match_titled(found: Sequence[Sentence], weights: dict[str, float]) -> list[float]:
    relevance = Relevance([as_passage(sentence.excerpt, sentence.span) for sentence in found])
    return scaled(relevance.text(place, weights) for place in range(len(found)))


def _without(weights: dict[str, float], title: str) -> dict[str, float]:
    said = frozenset(terms(title))
    return {term: weight for term, weight in weights.items() if term not in said}


def _brings(sentence: Sentence, known: frozenset[str]) -> bool:
    """Whether a sentence has a name or a number with a word that is neither known nor in its title."""
    known = known.union(words(sentence.excerpt.title))
    new = [word for word in words(sentence.text) if word not in known]
    if any(any(map(str.isdigit, word)) for word in new):
        return True
    return any(not known.issuperset(words(entity.name)) for entity in entities(sentence.text))


def _asked(goal: str, passages: Sequence[Passage]) -> list[bool]:
    """Whether the goal names each passage's title; of titles within each other only the longest counts."""
    line = question_line(goal)
    titles = [title_name(passage.title) for passage in passages]
    said = {title for title in titles if title and says(line, title)}
    longest = {title for title in said if not any(title != other and _inside(title, other, line) for other in said)}
    return [title in longest for title in titles]


def _inside(title: Name, other: Name, line: str) -> bool:
    """Whether `title` is a part of `other` wherever the line has it."""
    short, long = f" {' '.join(title)} ", f" {' '.join(other)} "
    return short in long and line.count(short) <= line.count(long)
