"""Calendars: a proposed time has the right length, a day that is asked about, and nobody is busy then.

The answer is its last "day, from - to". An output that gives several times after its last "proposed time" proposes
none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .base import GradingFault, Item

_DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
_TIME = re.compile(
    rf"\b({_DAYS})\b[,:]?\s{{0,3}}(?:from )?(\d{{1,2}}):([0-5]\d)\s{{0,3}}(?:-|–|—|to)\s{{0,3}}(\d{{1,2}}):([0-5]\d)"  # noqa: RUF001
)
_PROPOSED = re.compile(r"proposed time|SOLUTION", re.IGNORECASE)
_EARLIEST = re.compile(r"\bearl(?:iest|ist)\b", re.IGNORECASE)
_CLOSE = 1e-6
_HOURS = 24


class Slot(NamedTuple):
    """A stretch of a day, in hours."""

    day: str
    start: float
    end: float


def calendar(item: Item, constraints: Mapping[str, Any], text: str) -> Mapping[str, float]:
    """Reward 1 for a time that suits everybody, and is the earliest one where that is asked.

    Raises:
        GradingFault: with what is wrong about the time.
    """
    slot, hours = proposed(text), float(constraints["meeting_duration"])
    busy = [Slot(str(row["day"]), float(row["start"]), float(row["end"])) for row in constraints["disallowed_ranges"]]
    if abs(slot.end - slot.start - hours) > _CLOSE:
        raise GradingFault(f"the meeting is to last {hours:g} hours")
    if not _free(slot, busy):
        raise GradingFault(f"{slot.day} from {slot.start:g} to {slot.end:g} does not suit everybody")
    if _EARLIEST.search(_task(item)) and any(_earlier(other, slot) for other in _starts(busy, hours)):
        raise GradingFault("there is an earlier time")
    return {"reward": 1.0}


def proposed(text: str) -> Slot:
    """The time that an answer proposes.

    Raises:
        GradingFault: when it proposes none, or several.
    """
    marks = list(_PROPOSED.finditer(text))
    found = _TIME.findall(text[marks[-1].end() :]) if marks else _TIME.findall(text)[-1:]
    slots = {Slot(day, int(h) + int(m) / 60, int(to_h) + int(to_m) / 60) for day, h, m, to_h, to_m in found}
    if len(slots) != 1:
        raise GradingFault(f"the answer proposes {len(slots)} times")
    slot = slots.pop()
    if slot.end > _HOURS:
        raise GradingFault("the day has no such time")
    return slot


def _free(slot: Slot, busy: Sequence[Slot]) -> bool:
    """Whether nobody is busy then; days without any range are not asked about."""
    ranges = [each for each in busy if each.day == slot.day]
    return bool(ranges) and all(slot.end <= each.start + _CLOSE or slot.start >= each.end - _CLOSE for each in ranges)


def _starts(busy: Sequence[Slot], hours: float) -> list[Slot]:
    """Free times that begin when something ends: the earliest one of each day is among them."""
    slots = {Slot(each.day, each.end, each.end + hours) for each in busy if each.end + hours <= _HOURS}
    return [slot for slot in slots if _free(slot, busy)]


def _earlier(left: Slot, right: Slot) -> bool:
    order = _DAYS.split("|")
    return (order.index(left.day), left.start) < (order.index(right.day), right.start - _CLOSE)


def _task(item: Item) -> str:
    """The question itself, without the examples before it."""
    return str(item.get("question") or "").rpartition("TASK:")[2]
