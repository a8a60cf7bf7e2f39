"""Is a forecast of success honest? Forecasts and outcomes go in; Brier, ECE, AUROC and a reliability curve come out.

Laws: equal forecasts are always in one bin, so no result depends on the order of the rows; Brier's parts add up to its
score. ECE alone rewards whoever says the base rate every time, so it is read beside the resolution or the AUROC.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from ..errors import DataError

BINS = 10
_WILSON_Z = 1.959963984540054
"""Of a two-sided 95 % interval."""


@dataclass(frozen=True, slots=True)
class Brier:
    """The mean squared error of forecasts, and what it is made of: score = reliability - resolution + uncertainty.

    Attributes:
        score: 0 is perfect, the base rate said every time scores `uncertainty`.
        reliability: how far outcomes are from what was forecast; 0 is calibrated.
        resolution: how well forecasts tell outcomes apart; 0 for a forecaster who knows no more than the base rate.
        uncertainty: variance of the outcomes, which no forecaster changes.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float

    @property
    def skill(self) -> float | None:
        """What is gained over the base rate: 1 is perfect, 0 no gain; None when all outcomes are the same."""
        return 1 - self.score / self.uncertainty if self.uncertainty > 0 else None


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Forecasts that lie together: their mean, the share that came true with its 95 % interval, and how many."""

    forecast: float
    observed: float
    low: float
    high: float
    count: int


def brier(forecasts: Sequence[float], outcomes: Sequence[bool], *, bins: int = BINS) -> Brier:
    """The Brier score (1950) in Murphy's parts (1973, "A new vector partition of the probability score").

    With more distinct forecasts than bins, forecasts differ within a bin; the two terms which that adds (Stephenson,
    Coelho and Jolliffe 2008, "Two extra components in the Brier score decomposition") are counted with the resolution,
    so that the parts still add up. With no more distinct forecasts than bins, these terms are 0.

    Args:
        forecasts: chances of success, 0..1.
        outcomes: what came of them, in the same order.
        bins: how many bins of equal mass at most.

    Raises:
        DataError: when there are none, their numbers differ, or one is not a chance.
    """
    count = len(_checked(forecasts, outcomes))
    base = sum(map(bool, outcomes)) / count
    score = math.fsum((said - came) ** 2 for said, came in zip(forecasts, outcomes, strict=True)) / count
    reliability = math.fsum(
        len(rows) * (_mean_forecast(rows) - _rate(rows)) ** 2 for rows in _equal_mass(forecasts, outcomes, bins)
    )
    uncertainty = base * (1 - base)
    return Brier(score, reliability / count, reliability / count + uncertainty - score, uncertainty)


def reliability_curve(
    forecasts: Sequence[float], outcomes: Sequence[bool], *, bins: int = BINS
) -> tuple[ReliabilityBin, ...]:
    """What came true against what was forecast, in bins of equal mass, by rising forecast.

    Intervals are Wilson's (1927), which stay within 0..1 and hold for few rows.

    Raises:
        DataError: as `brier` does.
    """
    _checked(forecasts, outcomes)
    curve = []
    for rows in _equal_mass(forecasts, outcomes, bins):
        low, high = wilson_interval(sum(came for _, came in rows), len(rows))
        curve.append(ReliabilityBin(_mean_forecast(rows), _rate(rows), low, high, len(rows)))
    return tuple(curve)


def expected_calibration_error(forecasts: Sequence[float], outcomes: Sequence[bool], *, bins: int = BINS) -> float:
    """The mean distance between forecast and outcome over bins of equal mass; 0 is calibrated.

    ECE is Naeini et al. 2015; equal mass instead of equal width is Nixon et al. 2019, "Measuring calibration in deep
    learning".

    Raises:
        DataError: as `brier` does.
    """
    count = len(_checked(forecasts, outcomes))
    return (
        math.fsum(
            len(rows) * abs(_mean_forecast(rows) - _rate(rows)) for rows in _equal_mass(forecasts, outcomes, bins)
        )
        / count
    )


def auroc(forecasts: Sequence[float], outcomes: Sequence[bool]) -> float | None:
    """The chance that a success was given a higher forecast than a failure; ties count a half.

    This is the Mann-Whitney statistic (Hanley and McNeil 1982). 0.5 is no better than chance; None when all outcomes
    are the same.

    Raises:
        DataError: as `brier` does.
    """
    _checked(forecasts, outcomes)
    failures = sorted(said for said, came in zip(forecasts, outcomes, strict=True) if not came)
    successes = [said for said, came in zip(forecasts, outcomes, strict=True) if came]
    if not failures or not successes:
        return None
    wins = sum(bisect_left(failures, said) + bisect_right(failures, said) for said in successes)
    return wins / (2 * len(failures) * len(successes))


def wilson_interval(successes: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927, "Probable inference"). `count` is positive."""
    share, z_squared = successes / count, _WILSON_Z**2
    centre = share + z_squared / (2 * count)
    spread = _WILSON_Z * math.sqrt(share * (1 - share) / count + z_squared / (4 * count**2))
    scale = 1 + z_squared / count
    # Rounding must not put the share itself outside.
    return max(0.0, min(share, (centre - spread) / scale)), min(1.0, max(share, (centre + spread) / scale))


_Rows = list[tuple[float, bool]]


def _checked(forecasts: Sequence[float], outcomes: Sequence[bool]) -> Sequence[float]:
    if len(forecasts) != len(outcomes):
        raise DataError(f"There are {len(forecasts)} forecasts for {len(outcomes)} outcomes.")
    if not forecasts:
        raise DataError("There are no forecasts to score.", hint="Choose runs that have ended.")
    for place, said in enumerate(forecasts):
        if not 0 <= said <= 1:
            raise DataError(f"Forecast {place} is {said}, which is no chance from 0 to 1.")
    return forecasts


def _equal_mass(forecasts: Sequence[float], outcomes: Sequence[bool], bins: int) -> Iterator[_Rows]:
    """Rows by rising forecast, in at most `bins` bins; a bin for each distinct forecast when there are no more."""
    if bins < 1:
        raise DataError(f"{bins} bins cannot hold forecasts.", hint="Use at least one.")
    rows = sorted((float(said), bool(came)) for said, came in zip(forecasts, outcomes, strict=True))
    ties = [list(group) for _, group in groupby(rows, key=lambda row: row[0])]
    if len(ties) <= bins:
        yield from ties
        return
    taken, held, filled = 0, _Rows(), 0
    for tied in ties:
        held += tied
        taken += len(tied)
        if taken * bins >= (filled + 1) * len(rows):
            yield held
            filled, held = taken * bins // len(rows), _Rows()


def _mean_forecast(rows: _Rows) -> float:
    return math.fsum(said for said, _ in rows) / len(rows)


def _rate(rows: _Rows) -> float:
    return sum(came for _, came in rows) / len(rows)
