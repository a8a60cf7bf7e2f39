"""What a grader is: an output and what is known of its item go in, a reward from 0 to 1 comes out.

Laws: a grader never raises because of what an output says (that is a reward of 0, with the reason in `errors`); the
gold answer scores 1; the same input gives the same reward, but where a model judges.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict

from ...core.models.base import Effort, Message, OutputSchema

Item: TypeAlias = Mapping[str, Any]
"""What is known of a task: the data set's row, as JSON data."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One output to be graded.

    Attributes:
        text: what the model said.
        data: the same as JSON data, when it is structured output (a plan, for one); None otherwise.
        tools: the tool calls it made, in OpenAI's form.
    """

    text: str
    data: Any = None
    tools: tuple[Mapping[str, Any], ...] = ()


class Grade(BaseModel):
    """A grader's verdict.

    Attributes:
        reward: from 0 (worthless) to 1 (perfect).
        sub_rewards: the rewards it was made of, by name.
        errors: why parts could not be graded, a sentence each; such a part counts 0.
        seconds: wall time it took.
        tokens: what judging models used.
    """

    model_config = ConfigDict(frozen=True)

    reward: float
    sub_rewards: dict[str, float] = {}
    errors: tuple[str, ...] = ()
    seconds: float = 0.0
    tokens: int = 0


class Grader(Protocol):
    """Scores one output."""

    @property
    def name(self) -> str:
        """What it is called in grades and errors."""

    async def grade(self, item: Item, sample: Sample) -> Grade:
        """The verdict on one output."""


Score: TypeAlias = Callable[[Item, Sample], float | Mapping[str, float]]
"""A plain function that grades: one reward, or several by name, of which `reward` is the one that counts."""


class GradingFault(ValueError):
    """Raised by a `Score` when an output or an item cannot be graded; the message becomes the grade's error."""


@dataclass(frozen=True)
class CodeGrader:
    """A plain function as a grader: timed, bounded to 0..1, its faults turned into a reward of 0 with the reason."""

    name: str
    score: Score
    faults: tuple[type[Exception], ...] = field(default=(GradingFault,))

    async def grade(self, item: Item, sample: Sample) -> Grade:
        """The verdict; `GradingFault` is a reward of 0. Anything else that is raised is a bug of the function."""
        began = time.perf_counter()
        try:
            scored = self.score(item, sample)
        except self.faults as error:
            return Grade(reward=0.0, errors=(f"{self.name}: {error}",), seconds=time.perf_counter() - began)
        parts = dict(scored) if isinstance(scored, Mapping) else {}
        reward = parts.pop("reward") if isinstance(scored, Mapping) else scored
        return Grade(
            reward=bounded(reward),
            sub_rewards={name: bounded(value) for name, value in parts.items()},
            seconds=time.perf_counter() - began,
        )


def bounded(value: float) -> float:
    """The nearest reward from 0 to 1; 0 for what is not a number."""
    return 0.0 if math.isnan(value) else min(1.0, max(0.0, float(value)))


@dataclass(frozen=True, slots=True)
class Question:
    """What a judging model is asked.

    Attributes:
        messages: in the OpenAI form. They hold the output to be judged: hostile text.
        output: the form its answer must have.
        effort, temperature, seed, max_completion_tokens: how it is sampled; None for what the model's settings say.
    """

    messages: tuple[Message, ...]
    output: OutputSchema
    effort: Effort | None = None
    temperature: float | None = None
    seed: int | None = None
    max_completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judging model answered, as it wrote it, and the tokens the call was settled at."""

    text: str
    tokens: int = 0


Judge: TypeAlias = Callable[[Question], Awaitable[Judgement]]
"""Asks a judging model. A `GradingFault` says that this output cannot be judged; an endpoint that fails is raised."""

Embed: TypeAlias = Callable[[Sequence[str]], Awaitable[Sequence[Sequence[float]]]]
"""Turns texts into vectors of one length, one for each text, in their order."""
