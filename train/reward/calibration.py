"""Calibration: a plan's forecasts and what came of it go in; proper scores for the tokens of each forecast come out.

Success is scored by Brier's rule (1950), tokens by the quantile score of Koenker and Bassett (1978) on a logarithmic
scale. Gneiting (2011, "Quantiles as optimal point forecasts") shows that score proper on any rising scale, so the scale
is cut off at both ends, which bounds the rule: with bounded rules and a weight not above the outcome's, no calibrated
failure beats a success (RLCR, 2507.16806).

A forecast is of *uncapped* work. So it is scored on audits, which run without caps; those are a share of all episodes
and weigh 1 / share. Capped runs never count: there, forecasting the cap would look perfect.

Law: a score is what not knowing loses, less the loss. Saying nothing (0) never beats an honest forecast.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from ...planner.plan import Forecast
from ..rollout import Credit, Episode, Field
from .base import Curve, expected_of, field, needed

UNKNOWING = 0.25
"""Brier loss of forecasting one half, whatever comes."""

PLAN = "plan"

_LEAST_TOKENS, _MOST_TOKENS = 50, 50_000
_QUANTILES = (("tokens_p50", 0.5), ("tokens_p90", 0.9))


@dataclass(frozen=True)
class SuccessForecast:
    """Scores the forecasts of success, the plan's own and each needed part's, by Brier's rule; half for each."""

    weight: float
    name: str = "success"

    def score(self, episode: Episode) -> Sequence[Credit]:
        """A credit for the plan's forecast, and for that of each needed part which was audited."""
        plan, rollout = episode.rollout.plan, episode.rollout
        if plan is None or not (episode.outcomes or episode.expected):
            return []
        chance = expected_of(episode).success
        loss = chance * (1 - plan.success) ** 2 + (1 - chance) * plan.success**2
        whole = Credit(self.name, self.weight / 2 * (UNKNOWING - loss), field(rollout, "", "success"), PLAN)
        share = self.weight / 2 / needed(episode.problem) / episode.audit_share
        earned = [whole]
        for own, part, forecast in _forecasts(episode):
            came = [each.solved[own] for each in episode.audits if each.solved and own in each.solved]
            if came:
                loss = fmean((forecast.success - ok) ** 2 for ok in came)
                earned.append(
                    Credit(self.name, share * (UNKNOWING - loss), field(rollout, own, "success"), f"{part}.success")
                )
        return earned

    def curves(self, episode: Episode) -> Iterator[tuple[Field, Curve]]:
        """What other chances would score, in place of each that `score` scores."""
        if episode.rollout.plan is None or not (episode.outcomes or episode.expected):
            return
        yield ("", "success"), _brier_curve(self.weight / 2, expected_of(episode).success)
        share = self.weight / 2 / needed(episode.problem) / episode.audit_share
        for own, _, _ in _forecasts(episode):
            came = [each.solved[own] for each in episode.audits if each.solved and own in each.solved]
            if came:
                yield (own, "success"), _brier_curve(share, fmean(came))


@dataclass(frozen=True)
class TokenForecast:
    """Scores each needed part's forecasts of its tokens, at the median and at 90 %; half for each."""

    weight: float
    name: str = "tokens"

    def score(self, episode: Episode) -> Sequence[Credit]:
        """Two credits for each needed part that was solved in some audit."""
        rollout = episode.rollout
        share = self.weight / 2 / needed(episode.problem) / episode.audit_share
        earned = []
        for own, part, forecast in _forecasts(episode):
            needs = list(_needs(episode, own))
            for name, quantile in _QUANTILES if needs else ():
                loss = fmean(scaled_pinball(quantile, need, getattr(forecast, name)) for need in needs)
                value = share * (UNKNOWING - loss)
                earned.append(Credit(self.name, value, field(rollout, own, name), f"{part}.{name}"))
        return earned

    def curves(self, episode: Episode) -> Iterator[tuple[Field, Curve]]:
        """What other numbers of tokens would score, in place of each that `score` scores."""
        share = self.weight / 2 / needed(episode.problem) / episode.audit_share
        for own, _, _ in _forecasts(episode):
            needs = list(_needs(episode, own))
            for name, quantile in _QUANTILES if needs else ():
                yield (own, name), _pinball_curve(share, quantile, needs)


def scaled_pinball(quantile: float, need: float, forecast: float) -> float:
    """Pinball loss on ln tokens, cut off at 50 and 50,000 and scaled so that the loss is within 0..1."""
    missing = _scaled(need) - _scaled(forecast)
    return max(quantile * missing, (quantile - 1) * missing)


def _scaled(tokens: float) -> float:
    within = min(max(tokens, _LEAST_TOKENS), _MOST_TOKENS)
    return math.log(within / _LEAST_TOKENS) / math.log(_MOST_TOKENS / _LEAST_TOKENS)


def _brier_curve(share: float, chance: float) -> Curve:
    return lambda said: share * (UNKNOWING - chance * (1 - said) ** 2 - (1 - chance) * said**2)


def _pinball_curve(share: float, quantile: float, needs: Sequence[int]) -> Curve:
    scaled = np.array([_scaled(need) for need in needs])

    def curve(tokens: Any) -> Any:
        said = np.log(np.clip(tokens, _LEAST_TOKENS, _MOST_TOKENS) / _LEAST_TOKENS)
        missing = scaled - said[..., None] / math.log(_MOST_TOKENS / _LEAST_TOKENS)
        return share * (UNKNOWING - np.maximum(quantile * missing, (quantile - 1) * missing).mean(axis=-1))

    return curve


def _forecasts(episode: Episode) -> Iterator[tuple[str, str, Forecast]]:
    """Subtask id, part id and forecast of each subtask that is about a needed part."""
    if episode.rollout.plan is None or not episode.audits:
        return
    for subtask in episode.rollout.plan.subtasks:
        if subtask.id in episode.part_of:
            yield subtask.id, episode.part_of[subtask.id], subtask.forecast


def _needs(episode: Episode, own: str) -> Iterator[int]:
    """What the audits that did this subtask took."""
    for each in episode.audits:
        if each.solved and each.spent_tokens and each.solved.get(own):
            yield each.spent_tokens[own]
