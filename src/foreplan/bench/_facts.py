"""Questions whose answer stands in known sentences of known paragraphs: from a task set, or generated.

In goes a folder in the common shape of the task sets (`tasks.jsonl`; see `docs/benchmarks.md`), out come `Asked`s. A
sub-question's `#n` is filled in with the gold answer of sub-question n. Sets without sub-questions ask the question
itself for its supporting sentences. Items without distractors get the pages of nine other items.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foreplan.memory.compress.base import Excerpt
from foreplan.memory.text.sentences import sentences
from foreplan.memory.text.spans import Span
from foreplan.memory.text.words import words

OTHERS = 9


@dataclass(frozen=True, slots=True)
class Asked:
    """A question over paragraphs. One of the `gold` sentences must survive: (paragraph number, span).

    `answer` is the gold answer, empty where the gold sentences are given without one. No gold sentence means that
    the answer does not stand in its paragraph word by word: that counts as lost for every method.
    """

    question: str
    excerpts: tuple[Excerpt, ...]
    gold: tuple[tuple[int, Span], ...]
    answer: str = ""


def excerpts_of(documents: Sequence[tuple[str, str]]) -> tuple[Excerpt, ...]:
    """Titles and texts as excerpts. The artifact's hash is the document's number: enough to tell them apart."""
    return tuple(Excerpt(f"{number:064x}", text, title=title) for number, (title, text) in enumerate(documents))


def read_facts(data: Path) -> list[Asked]:
    """The questions of a task set."""
    path = data / "tasks.jsonl" if data.is_dir() else data
    with path.open(encoding="utf-8") as lines:
        tasks = [json.loads(line) for line in lines]
    tasks = [task for task in tasks if task.get("docs")]
    return [asked for place in range(len(tasks)) for asked in _of_task(tasks, place)]


def generated_facts(count: int = 100, *, seed: int = 0) -> list[Asked]:
    """Made-up reports on made-up places: each question has one answering sentence among look-alikes."""
    rng = random.Random(seed)
    return [_generated(rng) for _ in range(count)]


def holds(text: str, answer: str) -> bool:
    """Whether a text has the answer's words, one after the other."""
    return f" {' '.join(words(answer))} " in f" {' '.join(words(text))} "


def _of_task(tasks: Sequence[dict[str, Any]], place: int) -> Iterator[Asked]:
    task = tasks[place]
    documents = list(task["docs"])
    if all(document.get("supporting") for document in documents):
        documents += distractors(tasks, place)
        random.Random(place).shuffle(documents)
    excerpts = excerpts_of([(document["title"], document["text"]) for document in documents])
    numbers = {document["id"]: number for number, document in enumerate(documents)}
    if not task.get("subtasks"):
        yield from _supporting(task, excerpts)
        return
    answers = {each["id"]: _text(each["answer"]) for each in task["subtasks"]}
    for each in task["subtasks"]:
        answer = _text(each["answer"])
        if answer:
            question = re.sub(r"#(\w+)", lambda found: answers.get(found[1]) or found[0], each["question"])
            yield Asked(question, excerpts, _gold(each, answer, excerpts, numbers), answer)


def distractors(tasks: Sequence[dict[str, Any]], place: int) -> list[dict[str, Any]]:
    """The documents of nine other items, the same ones in every run."""
    others = [number for number in range(len(tasks)) if number != place]
    chosen = random.Random(place).sample(others, min(OTHERS, len(others)))
    return [document | {"id": f"{number} {document['id']}"} for number in chosen for document in tasks[number]["docs"]]


def _text(answer: Any) -> str:
    """A gold answer as words; lists, tables and truth values are no words of a sentence."""
    return str(answer) if isinstance(answer, (str, int, float)) and not isinstance(answer, bool) else ""


def _gold(
    subtask: dict[str, Any], answer: str, excerpts: Sequence[Excerpt], numbers: dict[str, int]
) -> tuple[tuple[int, Span], ...]:
    """The sentences of the supporting paragraphs that hold the answer."""
    places = [numbers[each] for each in subtask["evidence"] if each in numbers]
    return tuple(
        (place, span)
        for place in places
        for span in sentences(excerpts[place].text)
        if holds(span.of(excerpts[place].text), answer)
    )


def _supporting(task: dict[str, Any], excerpts: tuple[Excerpt, ...]) -> Iterator[Asked]:
    """The question, once for each of its supporting sentences."""
    for fact in task.get("facts", ()):
        places = [(number, excerpt.text.find(fact.strip())) for number, excerpt in enumerate(excerpts)]
        gold = tuple((number, Span(at, at + len(fact.strip()))) for number, at in places if at >= 0)
        yield Asked(task["question"], excerpts, gold)


_FACTS: tuple[tuple[str, str, Callable[[random.Random], str]], ...] = (
    ("When was {name} founded?", "It was founded in {value}.", lambda rng: str(rng.randint(1100, 1950))),
    ("How many people live in {name}?", "{value} people live there.", lambda rng: f"{rng.randint(10_000, 900_000):,}"),
    ("Who built the town hall of {name}?", "Its town hall was built by {value}.", lambda rng: _name(rng, 2)),
    ("Which river flows through {name}?", "The river {value} flows through the town.", lambda rng: _name(rng, 1)),
    ("What is the best-known product of {name}?", "Its best-known product is {value}.", lambda rng: _name(rng, 1)),
)
_FILLER = (
    "The old market is surrounded by houses from several centuries.",
    "In summer a festival draws visitors from the whole region.",
    "The railway reached the town later than its neighbours.",
    "A fire destroyed much of the centre, which was rebuilt in stone.",
    "Its school of music is known beyond the borders of the country.",
    "Farms around the town grow barley, hops and apples.",
)


def _generated(rng: random.Random) -> Asked:
    names = [_name(rng, 1) for _ in range(20)]
    documents, facts = [], []
    for name in names:
        values = [make(rng) for _, _, make in _FACTS]
        lines = [pattern.format(value=value) for (_, pattern, _), value in zip(_FACTS, values, strict=True)]
        lines += rng.sample(_FILLER, 4)
        rng.shuffle(lines)
        documents.append((name, " ".join([f"{name} is a town in the province of {_name(rng, 1)}.", *lines])))
        facts.append(values)
    town, fact = rng.randrange(len(names)), rng.randrange(len(_FACTS))
    excerpts, answer = excerpts_of(documents), facts[town][fact]
    text = excerpts[town].text
    gold = tuple((town, span) for span in sentences(text) if holds(span.of(text), answer))
    return Asked(_FACTS[fact][0].format(name=names[town]), excerpts, gold, answer)


def _name(rng: random.Random, count: int) -> str:
    """So many made-up words, capitalised."""
    return " ".join(
        "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(3)).capitalize() for _ in range(count)
    )
