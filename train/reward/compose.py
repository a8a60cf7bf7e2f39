"""The reward: a config goes in, terms that are added up come out.

Outcome, spend, structure and length reach the same tokens and are held together by prices. Forecasts reach tokens that
none of those reach.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..errors import RecipeError
from ..rollout import Credit, Episode, Term
from ..rollout import Field as Place
from .base import Curve
from .calibration import SuccessForecast, TokenForecast
from .outcome import Outcome
from .overlong import Overlong
from .spend import Spend
from .structure import Structure

_Weight = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]


class RewardConfig(BaseModel):
    """The weights, in units of what the whole task is worth.

    Attributes:
        part_dollars: what one needed part is worth; spend is measured against it.
        outcome: for a full grade.
        spend: for spending what the task is worth.
        structure: for a plan about all that is needed, at the first step.
        structure_floor: the same from step `anneal_steps` on.
        anneal_steps: over so many steps it falls.
        success: for forecasts of success.
        tokens: for forecasts of tokens.
        max_tokens: the longest plan that is sampled, in tokens.
        soft_tokens: the last of them, in which length is charged.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    part_dollars: Annotated[float, Field(gt=0, le=1_000, allow_inf_nan=False)] = 0.002
    outcome: _Weight = 1.0
    spend: _Weight = 1.0
    structure: _Weight = 0.5
    structure_floor: _Weight = 0.2
    anneal_steps: Annotated[int, Field(ge=0)] = 200
    success: _Weight = 0.5
    tokens: _Weight = 0.5
    max_tokens: Annotated[int, Field(ge=8)] = 160
    soft_tokens: Annotated[int, Field(ge=1)] = 16

    @model_validator(mode="after")
    def _calibration_is_no_goal(self) -> RewardConfig:
        if self.success + self.tokens > self.outcome:
            raise ValueError(
                f"success and tokens weigh {self.success + self.tokens:g} together, more than outcome "
                f"({self.outcome:g}): then it would pay to forecast a failure and to fail"
            )
        return self


@runtime_checkable
class Curved(Protocol):
    """A term that knows what other numbers in a plan would have been worth."""

    def curves(self, episode: Episode) -> Iterator[tuple[Place, Curve]]:
        """Fields, each with its curve; what other fields say stays as it is."""


@dataclass(frozen=True)
class Composed:
    """The sum of some terms, each of them blind to the other episodes of the group."""

    terms: tuple[Term, ...]

    def at(self, step: int) -> Composed:
        """The same at a step of the training."""
        terms: list[Term] = [each.at(step) if isinstance(each, Structure) else each for each in self.terms]
        return Composed(tuple(terms))

    def score(self, group: Sequence[Episode]) -> list[list[Credit]]:
        """The credits of each episode."""
        return [[credit for term in self.terms for credit in term.score(episode)] for episode in group]

    def curves(self, episode: Episode) -> Mapping[Place, Curve]:
        """What other numbers would be worth: the sum of what the terms say that know it."""
        found: dict[Place, list[Curve]] = {}
        for term in self.terms:
            if isinstance(term, Curved):
                for field, curve in term.curves(episode):
                    found.setdefault(field, []).append(curve)
        return {field: _sum(each) for field, each in found.items()}


def _sum(curves: Sequence[Curve]) -> Curve:
    return lambda number: sum(each(number) for each in curves)


def compose(config: RewardConfig) -> Composed:
    """The terms of a config; those of weight 0 are left out."""
    terms: tuple[tuple[float, Term], ...] = (
        (config.outcome, Outcome(config.outcome)),
        (config.spend, Spend(config.part_dollars, config.spend)),
        (
            max(config.structure, config.structure_floor),
            Structure(config.structure, config.structure_floor, config.anneal_steps),
        ),
        (config.success, SuccessForecast(config.success)),
        (config.tokens, TokenForecast(config.tokens)),
        (1.0, Overlong(config.max_tokens, min(config.soft_tokens, config.max_tokens))),
    )
    return Composed(tuple(term for weight, term in terms if weight > 0))


def read_reward(path: Path) -> RewardConfig:
    """The config of a TOML file, from its table `reward` if it has one.

    Raises:
        RecipeError: when it cannot be read, or a weight cannot be used.
    """
    hint = f"It may say: {', '.join(RewardConfig.model_fields)}."
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        return RewardConfig.model_validate(said.get("reward", said))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"{path} cannot be read as TOML: {error}", hint=hint) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "reward"
        raise RecipeError(f"{path}: {where}: {first['msg']}", hint=hint) from error
