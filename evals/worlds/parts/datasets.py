"""Puzzles of reasoning-gym that may be parts: a name, a seed and a level go in, a question with its scorer comes out.

Only these data sets are allowed. Laws, tested for each: the gold answer scores 1 and stands on one line; empty answers
and garbage score at most `GARBAGE`; the same seed gives the same puzzle in every process; the scorer neither evaluates
nor parses an answer as code; nothing draws from the generator that a whole process shares. So these stay out: countdown
and puzzle24 pay for anything, graph_color, boxnet, rush_hour and rubiks_cube do not score their own answers,
string_insertion and spiral_matrix call `eval` on answers, ransom_note and word_ladder change from process to process,
basic_arithmetic draws from the shared generator.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

from ...errors import EvalsError, MissingExtra
from ...graders.base import bounded

GARBAGE = 0.01
"""The most that a worthless answer may score."""
MAX_ANSWER_CHARS = 2_000
LEVELS = 4

INTEGERS = {
    "chain_sum": 3,
    "count_bits": 3,
    "count_primes": 3,
    "largest_island": 1,
    "lcm": 3,
    "leg_counting": 3,
    "products": 3,
    "simple_equations": 3,
    "simple_geometry": 2,
}
"""Data sets whose answers are whole numbers, on which others may depend, with the highest level of the curriculum."""

TEXTS = {
    "base_conversion": 3,
    "caesar_cipher": 1,
    "knights_knaves": 2,
    "quantum_lock": 3,
    "shortest_path": 1,
    "string_manipulation": 1,
    "word_sequence_reversal": 2,
    "word_sorting": 3,
}
"""Data sets with other answers, with the highest level of the curriculum."""

ALLOWED = INTEGERS | TEXTS


class Puzzle(NamedTuple):
    """Which puzzle it is; `level` is the curriculum's, from 0."""

    dataset: str
    seed: int
    level: int


@dataclass(frozen=True)
class Posed:
    """A puzzle's question, its gold answer, and what its scorer needs."""

    question: str
    answer: str
    dataset: Any
    entry: dict[str, Any]

    def score(self, answer: str) -> float:
        """The reward of an answer by the data set's own scorer; an empty or very long one is worth nothing."""
        text = answer.strip()
        if not text or len(text) > MAX_ANSWER_CHARS:
            return 0.0
        return bounded(self.dataset.score_answer(text, self.entry))


@lru_cache(maxsize=2_048)
def pose(puzzle: Puzzle) -> Posed:
    """The puzzle itself.

    Raises:
        EvalsError: when its data set is not allowed.
        MissingExtra: without reasoning-gym.
    """
    if puzzle.dataset not in ALLOWED:
        raise EvalsError(
            f"The data set {puzzle.dataset!r} cannot be a part.", hint=f"Allowed are: {', '.join(ALLOWED)}."
        )
    gym = reasoning_gym()
    config = {**_config(puzzle.dataset, min(puzzle.level, ALLOWED[puzzle.dataset])), "seed": puzzle.seed, "size": 1}
    dataset = gym.create_dataset(puzzle.dataset, **config)
    entry = dataset[0]
    return Posed(str(entry["question"]).strip(), str(entry["answer"]).strip(), dataset, entry)


@lru_cache(maxsize=256)
def _config(name: str, level: int) -> dict[str, Any]:
    """The data set's settings at a level of its curriculum."""
    curriculum = reasoning_gym().factory.create_curriculum(name)
    curriculum.set_global_level(level)
    return dict(vars(curriculum.generate_configuration({"seed": 0, "size": 1})))


def reasoning_gym() -> ModuleType:
    """The library.

    Raises:
        MissingExtra: when it is not installed.
    """
    try:
        import_module("reasoning_gym.factory")
        return import_module("reasoning_gym")
    except ImportError as error:
        raise MissingExtra("reasoning-gym", "The world parts") from error
