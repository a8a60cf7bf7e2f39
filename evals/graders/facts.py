"""Gold facts: an item in, what its outputs should state out, each with what it is about and the values that state it.

The common shape's `subtasks` (a sub-question and its answer each), `facts` (sentences) and `answer` are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ...memory.text.dates import dates
from ...memory.text.entities import entities
from ...memory.text.numbers import numbers
from ...memory.text.words import terms
from .base import GradingFault, Item
from .fields import answer_text, rows
from .matching import about

Kind = Literal["answer", "subtasks", "facts"]

_REFERENCE = re.compile(r"#\d+|\{[\w.-]{1,80}\}")


@dataclass(frozen=True)
class Fact:
    """One thing to be stated.

    Attributes:
        about: stems of what it is said about; empty when the values alone tell.
        values: what must be said of it; for each, the forms that count.
        names: the stems of each name in the subject; a passage about the subject has some of at least half of them.
        sentence: the fact in words, where it is a sentence, which may be said in others.
    """

    about: frozenset[str]
    values: tuple[tuple[str, ...], ...]
    names: tuple[frozenset[str], ...] = ()
    sentence: str = ""


def facts_of(item: Item, kind: Kind | None) -> list[Fact]:
    """The item's facts of a kind; without one, of the first kind that it has: subtasks, facts, answer.

    Raises:
        GradingFault: when it has none.
    """
    readers = {"subtasks": _of_subtasks, "facts": _of_sentences, "answer": _of_answer}
    for name, reader in readers.items():
        if kind in (None, name) and (found := list(reader(item))):
            return found
    raise GradingFault(f"the item has no {kind or 'gold facts'}")


def _of_subtasks(item: Item) -> Iterator[Fact]:
    for row in rows(item, "subtasks") if item.get("subtasks") else ():
        answer = row.get("answer")
        if answer is not None and answer_text(answer).strip():
            yield _told(str(row.get("question") or ""), answer, _values(answer))


def _of_sentences(item: Item) -> Iterator[Fact]:
    given = item.get("facts") or ()
    for sentence in given if isinstance(given, Sequence) and not isinstance(given, str) else ():
        text = str(sentence)
        if about(text):
            yield Fact(about(text), tuple((value,) for value in _telling(text)), sentence=text)


def _telling(text: str) -> list[str]:
    """The dates, numbers and names of a sentence, as it writes them."""
    whole = [date.span for date in dates(text) if date.month is not None or date.decade is not None]
    single = [each.span for each in numbers(text) if not any(each.span.within(span) for span in whole)]
    named = [each.span for each in entities(text) if not any(each.span.within(span) for span in whole)]
    return list(dict.fromkeys(span.of(text) for span in (*whole, *single, *named)))


def _of_answer(item: Item) -> Iterator[Fact]:
    """A mapping is a fact for each key; anything else is said about the question, in any of its aliases."""
    answer, question = item.get("answer"), str(item.get("question") or "")
    if isinstance(answer, Mapping):
        for key, value in answer.items():
            yield Fact(about(str(key)), _values(value))
    elif isinstance(answer, list | tuple):
        yield from (Fact(frozenset(), _values(each)) for each in answer)
    elif answer is not None and answer_text(answer).strip():
        aliases = item.get("answer_aliases") or ()
        forms = (answer_text(answer), *map(str, aliases if not isinstance(aliases, str) else ()))
        yield _told(question, answer, (forms,)) if isinstance(answer, bool) else Fact(frozenset(), (forms,))


def _told(question: str, answer: Any, values: tuple[tuple[str, ...], ...]) -> Fact:
    """What a question asks, told: about what the question names beyond the answer."""
    bare, said = _REFERENCE.sub(" ", question), about(answer_text(answer))
    names = dict.fromkeys(frozenset(terms(each.name)) - said for each in entities(bare))
    return Fact(about(bare) - said, values, tuple(name for name in names if name))


def _values(answer: Any) -> tuple[tuple[str, ...], ...]:
    """Each value of an answer: the members of a list, keys and values of a mapping, a text as a whole.

    Truth values in a mapping are left out: several of them in one passage cannot be told apart.
    """
    if isinstance(answer, Mapping):
        told = {key: () if isinstance(value, bool) else _values(value) for key, value in answer.items()}
        return tuple(form for key, values in told.items() for form in ((str(key),), *values))
    if isinstance(answer, list | tuple):
        return tuple(form for each in answer for form in _values(each))
    text = answer_text(answer).strip()
    return ((text,),) if text else ()
