"""Amounts in few characters: counts, seconds and dollars go in, what a person reads at a glance comes out."""

from __future__ import annotations


def number(value: float) -> str:
    """A count in few characters: 950, 1.2k, 34k, 5.6M."""
    for limit, divisor, unit in ((1_000, 1, ""), (1_000_000, 1_000, "k"), (1_000_000_000, 1_000_000, "M")):
        if value < limit:
            scaled = value / divisor
            return f"{scaled:.1f}{unit}" if unit and scaled < 10 else f"{scaled:.0f}{unit}"
    return f"{value / 1e9:.1f}G"


def counted(count: int, thing: str) -> str:
    """A count with its noun: 1 claim, 2 claims."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def duration(seconds: float) -> str:
    """A time in few characters: 0.4s, 12s, 3m05s, 2h07m."""
    if seconds < 10:
        return f"{seconds:.1f}s"
    if seconds < 60:
        return f"{seconds:.0f}s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}m"


def dollars(amount: float) -> str:
    """An amount of dollars: $12.30, and $0.0042 where cents would hide it."""
    return f"${amount:,.2f}" if amount >= 0.1 or not amount else f"${amount:.4f}"
