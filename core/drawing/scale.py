"""Where a value lies on an axis: the values to be shown go in, positions and round ticks come out.

Law: what has no place on the axis (not finite; beyond its ends; 0 or below on a logarithmic one) is left out, and never
drawn at an edge as if it were there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

_STEPS = (1, 2, 2.5, 5, 10)
_WANTED_TICKS = 5
_LARGEST, _SMALLEST = 1e15, 1e-12
"""Beyond any count of tokens, seconds or dollars: such a value is a fault and would squeeze the others together."""


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis says.

    Attributes:
        label: what is measured.
        unit: in what, such as `tokens`; empty for shares.
        low: where it begins; None for where the values do.
        high: where it ends; None for where the values do.
        log: whether equal distances are equal ratios.
    """

    label: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    log: bool = False

    @property
    def caption(self) -> str:
        """Label and unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def shows(self, value: float) -> bool:
        """Whether a value has a place on this axis."""
        inside = (self.low is None or value >= self.low) and (self.high is None or value <= self.high)
        return inside and abs(value) <= _LARGEST and (value >= _SMALLEST or not self.log)


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high` at positions from `start` to `end`, and the ticks between."""

    low: float
    high: float
    start: float
    end: float
    log: bool
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """The position of a value; outside of the ends it is held at them."""
        low, high, here = (math.log10(each) if self.log else each for each in (self.low, self.high, value))
        share = (here - low) / (high - low)
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)


def scale(axis: Axis, values: Iterable[float], *, start: float, end: float) -> Scale:
    """The scale of an axis that shows these values. Without any it goes from 0 (logarithmic: 1) to 1 (10)."""
    shown = [value for value in values if axis.shows(value)]
    low, high = _ends(axis, shown)
    ticks = _log_ticks(low, high) if axis.log else _ticks(low, high)
    # Ends that were not asked for are moved out to round values.
    low = low if axis.low is not None else min(low, ticks[0])
    high = high if axis.high is not None else max(high, ticks[-1])
    return Scale(low, high, start, end, axis.log, tuple(tick for tick in ticks if low <= tick <= high))


def short_number(value: float) -> str:
    """A number as a tick or a table says it: 0.25, 1,200, 12k, 3.4M."""
    if not math.isfinite(value):
        return "none"
    # Rounded first, so that 999,950 is 1M and not 1000k.
    rounded = float(f"{value:.3g}")
    for least, size, letter in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if abs(rounded) >= least:
            return f"{rounded / size:.3g}{letter}"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def _ends(axis: Axis, shown: list[float]) -> tuple[float, float]:
    low = axis.low if axis.low is not None else min(shown, default=1.0 if axis.log else 0.0)
    high = axis.high if axis.high is not None else max(shown, default=10.0 if axis.log else 1.0)
    # About one value only: room on both sides of it.
    if axis.log:
        return (low, high) if high > low * 1.01 else (low / 2, low * 2)
    if high - low > _SMALLEST * max(1.0, abs(low), abs(high)):
        return low, high
    room = abs(low) / 2 if abs(low) > _SMALLEST else 0.5
    return low - room, low + room


def _ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / _WANTED_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in _STEPS if each * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [place * step for place in range(first, last + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    between = (1,) if last - first > 2 else (1, 2, 5)
    every = max(1, math.ceil((last - first) / _WANTED_TICKS))
    ticks = [*(digit * 10.0**power for power in range(first, last, every) for digit in between), 10.0**last]
    # One round value beyond each end is enough.
    below, above = (
        max(tick for tick in ticks if tick <= low * 1.001),
        min(tick for tick in ticks if tick >= high * 0.999),
    )
    return [tick for tick in ticks if below <= tick <= above]
