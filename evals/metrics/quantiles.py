"""Are forecasts of tokens honest? Quantile forecasts and spends, some cut off at a cap, go in; loss and coverage out.

A capped subtask says only that it needed more than its cap. What it would have needed is spread over what the others
needed above that cap, by Kaplan and Meier (1958), which is Efron's redistribution to the right (1967, "The two sample
problem with censored data", section 7). Above the largest cap nothing was seen; the tail there is the exponential one
of Brown, Hollander and Korwar (1974, "Nonparametric tests of independence for censored data").

Laws: the need of a capped subtask lies above its cap, so whoever forecasts the cap pays; what is spread does not depend
on the forecasts, so no forecaster can shape what it is judged by. It takes for granted that a cap says nothing about
the need; where caps follow the forecasts, score uncapped audit runs.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from ...core.statistics import kaplan_meier
from ..errors import DataError

_TAIL_STEPS = 50
"""In so many pieces of equal mass is the tail above the largest cap taken."""


@dataclass(frozen=True, slots=True)
class QuantileScore:
    """How good the forecasts of one quantile of tokens are.

    Attributes:
        quantile: 0.5 for the median.
        loss: mean pinball loss on ln tokens; 0 only if each forecast is the need itself.
        climatology_loss: that of the one forecast, the same for all, that fits these rows best.
        coverage: the share of needs at or below their forecast; that of honest forecasts is `quantile`.
        undecided: the share of rows cut off below their forecast, whose part in `coverage` is estimated.
        rows: how many forecasts were scored.
    """

    quantile: float
    loss: float
    climatology_loss: float
    coverage: float
    undecided: float
    rows: int

    @property
    def skill(self) -> float | None:
        """1 - loss / climatology's: 1 is perfect, 0 no better than one number for all; None when that is perfect."""
        return 1 - self.loss / self.climatology_loss if self.climatology_loss > 0 else None


def pinball(quantile: float, need: float, forecast: float) -> float:
    """max(q u, (q - 1) u) with u = ln need - ln forecast (Koenker and Bassett 1978). Tokens below 1 count as 1."""
    missing = _ln(need) - _ln(forecast)
    return max(quantile * missing, (quantile - 1) * missing)


def score_quantile(
    quantile: float, forecasts: Sequence[float], spent_tokens: Sequence[float], capped: Sequence[bool]
) -> QuantileScore | None:
    """Score the forecasts of one quantile, such as each subtask's `tokens_p50` or `tokens_p90`.

    Args:
        quantile: strictly between 0 and 1.
        forecasts: tokens forecast at that quantile.
        spent_tokens: what was spent, in the same order.
        capped: whether the spend was cut off, so that the need lies above it.

    Returns:
        None when every row was cut off: then nothing is known of what they need.

    Raises:
        DataError: when there are no rows, their numbers differ, or one is no number of tokens.
    """
    _check(quantile, forecasts, spent_tokens, capped)
    if all(capped):
        return None
    needs = _Needs(spent_tokens, capped)
    rows = list(zip(forecasts, spent_tokens, capped, strict=True))
    constant = needs.quantile(quantile)
    return QuantileScore(
        quantile=quantile,
        loss=_mean([needs.loss(quantile, *row) for row in rows]),
        climatology_loss=_mean([needs.loss(quantile, constant, spent, cut) for _, spent, cut in rows]),
        coverage=_mean([needs.covered(*row) for row in rows]),
        undecided=_mean([float(cut and spent < forecast) for forecast, spent, cut in rows]),
        rows=len(rows),
    )


class _Needs:
    """How needs are spread: pieces of mass at rising needs, with sums that answer for any cap in one look-up."""

    def __init__(self, spent: Sequence[float], capped: Sequence[bool]) -> None:
        pieces = _spread(spent, capped)
        self._tokens = [tokens for tokens, _ in pieces]
        self._mass = [0.0, *accumulate(mass for _, mass in pieces)]
        self._ln_mass = [0.0, *accumulate(mass * _ln(tokens) for tokens, mass in pieces)]

    def quantile(self, quantile: float) -> float:
        """The forecast that is best when all get the same one."""
        wanted = quantile * self._mass[-1] - 1e-12
        return next(tokens for tokens, mass in zip(self._tokens, self._mass[1:], strict=True) if mass >= wanted)

    def loss(self, quantile: float, forecast: float, spent: float, cut: bool) -> float:
        """The expected pinball loss of one row."""
        if not cut:
            return pinball(quantile, spent, forecast)
        start, end = bisect_right(self._tokens, spent), len(self._tokens)
        middle = max(start, bisect_right(self._tokens, forecast))
        below = _ln(forecast) * self._between(self._mass, start, middle) - self._between(self._ln_mass, start, middle)
        above = self._between(self._ln_mass, middle, end) - _ln(forecast) * self._between(self._mass, middle, end)
        return ((1 - quantile) * below + quantile * above) / self._between(self._mass, start, end)

    def covered(self, forecast: float, spent: float, cut: bool) -> float:
        """The chance that one row's need is at or below its forecast."""
        if not cut or forecast <= spent:
            return float(not cut and spent <= forecast)
        start = bisect_right(self._tokens, spent)
        inside = self._between(self._mass, start, bisect_right(self._tokens, forecast))
        return inside / self._between(self._mass, start, len(self._tokens))

    @staticmethod
    def _between(sums: Sequence[float], start: int, end: int) -> float:
        return sums[end] - sums[start]


def _spread(spent: Sequence[float], capped: Sequence[bool]) -> list[tuple[float, float]]:
    """Pieces (tokens, mass) of the completed Kaplan-Meier curve, by rising tokens; their mass sums to 1."""
    curve = kaplan_meier(spent, [not cut for cut in capped])
    before = [1.0, *(share for _, share in curve)]
    pieces = [(tokens, above - share) for (tokens, share), above in zip(curve, before, strict=False) if above > share]
    last, left = curve[-1]
    if left <= 0:
        return pieces
    # Exponential through the curve's last point: survival(t) = left ** (t / last), so a tail of mean last / -ln(left).
    scale = max(1.0, last) / -math.log(left)
    tail = [
        (max(1.0, last) - scale * math.log(1 - (step + 0.5) / _TAIL_STEPS), left / _TAIL_STEPS)
        for step in range(_TAIL_STEPS)
    ]
    return pieces + tail


def _check(quantile: float, forecasts: Sequence[float], spent: Sequence[float], capped: Sequence[bool]) -> None:
    if not 0 < quantile < 1:
        raise DataError(f"{quantile} is no quantile.", hint="Use one between 0 and 1, such as 0.5.")
    if not len(forecasts) == len(spent) == len(capped):
        raise DataError(f"{len(forecasts)} forecasts, {len(spent)} spends and {len(capped)} caps do not match.")
    if not forecasts:
        raise DataError("There are no forecasts to score.", hint="Choose runs that have ended.")
    for tokens in (*forecasts, *spent):
        if not 0 <= tokens < math.inf:
            raise DataError(f"{tokens} is no number of tokens.")


def _ln(tokens: float) -> float:
    return math.log(max(1.0, tokens))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
