"""The fanout world: a seed goes in, a question over a made-up corpus comes out, with its parts and their evidence.

`outcome` grades a plan by its structure (`worlds.structure`); `grade.grade_report` grades the report of a real run over
the folder that `write_documents` fills.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import Field

from ....planner.brief import Brief
from ....planner.plan import Plan
from ..answers import UNKNOWN
from ..base import Outcome, Part, Problem
from ..dials import Dials, read_dials
from ..direct import trivial
from ..draw import draw_for
from ..structure import TOTAL, Doubt, best_plan, simulate
from .naming import Naming
from .pages import Evidence, write_pages
from .question import AGGREGATIONS, Aggregation, Chain, Question, ask, ends, written
from .relations import BY_NAME, Relation, paths, phrase
from .things import Maker, Thing

SOURCES = "documents"
"""What the brief calls its sources."""
UNSOLVABLE = 2.0
"""Difficulty of a part whose fact stands nowhere."""


class FanoutDials(Dials):
    """Dials of the fanout world.

    Attributes:
        width: chains that the question is about.
        hops: relations from a chain's beginning, which the question names, to its value.
        distractors: look-alikes a chain.
        unsolvable: the share of chains whose last fact stands nowhere.
        direct: the chance that there is nothing to plan.
        aggregation: the last step: 0 list, 1 compare, 2 count, 3 sum, 4 earliest; -1 for any of them.
    """

    width: int = Field(3, ge=1, le=12)
    hops: int = Field(2, ge=1, le=4)
    distractors: int = Field(2, ge=0, le=8)
    unsolvable: float = Field(0.1, ge=0, le=1)
    direct: float = Field(0.1, ge=0, le=1)
    aggregation: int = Field(-1, ge=-1, le=len(AGGREGATIONS) - 1)


class Fanout:
    """Multi-hop and wide questions over documents."""

    name = "fanout"

    def problem(self, seed: int, **dials: float) -> Problem:
        """The problem of this seed.

        Raises:
            SettingsError: when a dial is unknown or out of its bounds.
        """
        set_ = read_dials(FanoutDials, dials)
        draw = draw_for(self.name, seed, "question")
        easy = draw.random() < set_.direct
        chosen = set_.aggregation if set_.aggregation >= 0 else draw.randrange(len(AGGREGATIONS))
        chains, others = _chains(seed, set_, AGGREGATIONS[chosen], draw)
        things = [thing for chain in chains for thing in chain.things] + others
        documents, evidence = write_pages(things, draw_for(self.name, seed, "pages"))
        if easy:
            return self._easy(seed, set_, documents)
        question = ask(chains, AGGREGATIONS[chosen], draw)
        return self._asked(seed, set_, chains, others, question, documents, evidence)

    def best_plan(self, problem: Problem) -> Plan:
        """One subtask a part, and one that aggregates; forecasts know no more than the dials."""
        dials = FanoutDials.model_validate(problem.hidden["dials"])
        chains = enumerate(problem.hidden["chains"], 1)
        last = {f"c{at}h{len(chain['relations'])}": BY_NAME[chain["relations"][-1]] for at, chain in chains}
        doubts = {name: Doubt(1 - dials.unsolvable, _difficulty(relation, dials)) for name, relation in last.items()}
        return best_plan(problem, problem.hidden["goals"], "research", doubts)

    def outcome(self, problem: Problem, plan: Plan, *, draw: int = 0) -> Outcome:
        """What comes of a plan, by its structure alone."""
        return simulate(problem, plan, Naming.of(problem.hidden), draw=draw)

    def _easy(self, seed: int, dials: FanoutDials, documents: Mapping[str, str]) -> Problem:
        asked = trivial(draw_for(self.name, seed, "direct"))
        return Problem(
            world=self.name,
            seed=seed,
            brief=Brief(goal=asked.goal, context=asked.context, sources=(SOURCES,), length="short", cite=False),
            parts=(),
            answer=asked.answer,
            documents=documents,
            hidden={"dials": dials.model_dump(), "goals": {}, "chains": [], "names": [], "expected": asked.answer},
        )

    def _asked(
        self,
        seed: int,
        dials: FanoutDials,
        chains: list[Chain],
        others: list[Thing],
        question: Question,
        documents: Mapping[str, str],
        evidence: Evidence,
    ) -> Problem:
        parts = [part for at, chain in enumerate(chains, 1) for part in _parts(at, chain, dials, evidence)]
        goals = {f"c{at}h{hop}": _goal(chain, hop) for at, chain in enumerate(chains, 1) for hop in _hops(chain)}
        if question.total:
            parts.append(_total(question, chains))
            goals[TOTAL] = question.total
        mistaken = [other.name for other in others[:1] if other.kind == chains[0].things[0].kind]
        solvable = all(chain.value is not None for chain in chains)
        return Problem(
            world=self.name,
            seed=seed,
            brief=Brief(
                goal=question.goal, return_format=question.return_format, context=_warning(mistaken), sources=(SOURCES,)
            ),
            parts=(*parts, *_needless(chains[0], others, evidence)),
            answer=question.answer if solvable else None,
            documents=documents,
            hidden={
                "dials": dials.model_dump(),
                "goals": goals,
                "chains": [
                    {"root": chain.root, "relations": [relation.name for relation in chain.path]} for chain in chains
                ],
                "names": [thing.name for thing in others],
                "expected": question.answer,
                "beside": _beside([thing for chain in chains for thing in chain.things] + others, parts),
            },
        )


def write_documents(problem: Problem, folder: Path) -> Path:
    """Write the problem's sources into `folder`, which is made if need be, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in problem.documents.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def _chains(
    seed: int, dials: FanoutDials, aggregation: Aggregation, draw: random.Random
) -> tuple[list[Chain], list[Thing]]:
    """The chains that are asked for, and all look-alikes."""
    maker = Maker(draw_for("fanout", seed, "things"))
    found = paths(dials.hops, ends(aggregation))
    path = draw.choice(found)
    chains, others = [], []
    for _ in range(dials.width):
        things = tuple(maker.thing(relation.subject) for relation in path)
        lost = draw.random() < dials.unsolvable
        for at, thing in enumerate(things):
            leads_to = {path[at].name: things[at + 1]} if at + 1 < len(things) else {}
            missing = frozenset({path[-1].name} if lost and at + 1 == len(things) else ())
            maker.complete(thing, leads_to, outdated=0.5, missing=missing)
        chains.append(Chain(things, path, None if lost else things[-1].facts[path[-1].name].value))
        for number in range(dials.distractors):
            other = maker.thing(things[-number % len(things)].kind, like=things[-number % len(things)])
            maker.complete(other, {}, outdated=0.5, missing=frozenset())
            others.append(other)
    return chains, others


def _hops(chain: Chain) -> range:
    return range(1, len(chain.path) + 1)


def _goal(chain: Chain, hop: int) -> str:
    return f"Find {phrase(chain.path[:hop], chain.root)}."


def _parts(number: int, chain: Chain, dials: FanoutDials, evidence: Evidence) -> Iterator[Part]:
    for hop in _hops(chain):
        relation, thing = chain.path[hop - 1], chain.things[hop - 1]
        lost = hop == len(chain.path) and chain.value is None
        subject = chain.root if hop == 1 else f"{{c{number}h{hop - 1}}}"
        yield Part(
            id=f"c{number}h{hop}",
            goal=f"Find {relation.phrase.format(x=subject)}.",
            depends_on=(f"c{number}h{hop - 1}",) if hop > 1 else (),
            difficulty=UNSOLVABLE if lost else _difficulty(relation, dials),
            answer=None if lost else written(thing.facts[relation.name].value),
            evidence=() if lost else (evidence[thing.name, relation.name],),
        )


def _total(question: Question, chains: Sequence[Chain]) -> Part:
    """The part that aggregates what all chains lead to."""
    leaves = tuple(f"c{at}h{len(chain.path)}" for at, chain in enumerate(chains, 1))
    answer = None if question.answer == UNKNOWN else question.answer
    return Part(id=TOTAL, goal=question.total, depends_on=leaves, difficulty=0.1, answer=answer)


def _warning(mistaken: Sequence[str]) -> str:
    return " ".join(f"{name} is not meant, though the name is like another." for name in mistaken)


def _difficulty(relation: Relation, dials: FanoutDials) -> float:
    return round(min(0.9, relation.difficulty + 0.05 * dials.distractors), 2)


def _needless(chain: Chain, others: list[Thing], evidence: Evidence) -> Iterator[Part]:
    """What a plan could ask about the look-alikes, and should not."""
    for number, other in enumerate(others, 1):
        relation = next((each for each in chain.path if each.subject == other.kind), None)
        if relation is not None:
            yield Part(
                id=f"other{number}",
                goal=f"Find {relation.phrase.format(x=other.name)}.",
                difficulty=relation.difficulty,
                needed=False,
                answer=written(other.facts[relation.name].value),
                evidence=(evidence[other.name, relation.name],),
            )


def _beside(things: list[Thing], parts: Sequence[Part]) -> list[str]:
    """All values of the corpus that nobody asks for."""
    facts = [fact for thing in things for fact in thing.facts.values()]
    values = [fact.value for fact in facts] + [fact.outdated[1] for fact in facts if fact.outdated]
    gold = {part.answer for part in parts}
    return [value for value in map(written, values) if value not in gold]
