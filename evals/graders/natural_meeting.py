"""Meetings: the steps of a day are walked through by the clock, and the friends met are counted.

Read are steps such as "You travel to X in 23 minutes and arrive at 9:23AM.", "You wait until 2:45PM." and "You meet
Sarah for 105 minutes from 2:45PM to 4:30PM."; clock and place follow from the item's distances, and a step that does
not fit them ends the day.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .base import GradingFault, Item

_CLOCK = r"(\d{1,2}):(\d{2})[ ]?([AaPp])\.?[Mm]\.?"
_PLACE = r"(?P<place>[^.\n]{1,80}?)"
_TRAVEL = rf"travel to {_PLACE} in (?P<minutes>\d{{1,4}}) minutes?(?: and arrive at (?P<arrive>{_CLOCK}))?"
_WAIT = rf"wait until (?P<until>{_CLOCK})"
_HOURS = rf"from (?P<begin>{_CLOCK}) to (?P<end>{_CLOCK})"
_MEET = rf"meet (?P<friend>[^.\n]{{1,60}}?) for (?P<length>\d{{1,4}}) minutes? {_HOURS}"
_STEP = re.compile(rf"\b(?:{_TRAVEL}|{_WAIT}|{_MEET})")
_TIME = re.compile(_CLOCK)


@dataclass(frozen=True)
class Friend:
    """Where somebody is from when to when, in minutes of the day, and how long to meet them at least."""

    place: str
    begin: int
    end: int
    minutes: int


class Day:
    """The clock in minutes, the place, and who was met."""

    def __init__(self, constraints: Mapping[str, Any]) -> None:
        start = constraints["start"]
        self.place, self.clock = str(start["location"]), clock(str(start["time_of_day"]))
        self.met: list[str] = []
        self._minutes = {
            (str(row["place"]["from"]), str(row["place"]["to"])): int(row["walking_time"])
            for row in constraints["travel_distances"]
        }
        self._friends = {str(row["name"]): _friend(row) for row in constraints["people_to_meet"]}

    def take(self, step: re.Match[str]) -> None:
        """Do one step.

        Raises:
            GradingFault: when it cannot be done.
        """
        if step["place"]:
            self._travel(step["place"], int(step["minutes"]), step["arrive"])
        elif step["until"]:
            self._wait(clock(step["until"]))
        else:
            self._meet(step["friend"], int(step["length"]), clock(step["begin"]), clock(step["end"]))

    def _travel(self, place: str, minutes: int, arrive: str | None) -> None:
        if self._minutes.get((self.place, place)) != minutes:
            raise GradingFault(f"{self.place} to {place[:60]} is not a walk of {minutes} minutes")
        self.place, self.clock = place, self.clock + minutes
        if arrive is not None and clock(arrive) != self.clock:
            raise GradingFault(f"{place[:60]} is not reached at {arrive}")

    def _wait(self, until: int) -> None:
        if until < self.clock:
            raise GradingFault("the wait ends before it begins")
        self.clock = until

    def _meet(self, name: str, minutes: int, begin: int, end: int) -> None:
        friend = self._friends.get(name)
        if friend is None or name in self.met:
            raise GradingFault(f"{name[:60]} is not to be met, or was met already")
        if friend.place != self.place or begin < self.clock or end - begin != minutes:
            raise GradingFault(f"{name} is not there, or the times do not fit")
        if begin < friend.begin or end > friend.end or minutes < friend.minutes:
            raise GradingFault(f"{name} is met for too short a time, or when not there")
        self.met.append(name)
        self.clock = end


def meeting(item: Item, constraints: Mapping[str, Any], text: str) -> Mapping[str, float]:
    """Reward 1 for a sound day that meets as many friends as the gold one; `met` is their share.

    Raises:
        GradingFault: when there are no steps, or one of them cannot be done.
    """
    best = len(_walk(constraints, _text(item.get("answer"))).met)
    if not best:
        raise GradingFault("the item's own answer meets nobody")
    met = len(_walk(constraints, text).met)
    return {"reward": float(met >= best), "met": met / best}


def _walk(constraints: Mapping[str, Any], text: str) -> Day:
    day = Day(constraints)
    steps = list(_STEP.finditer(text[text.rfind("SOLUTION:") + 1 :]))
    if not steps:
        raise GradingFault("the answer has no steps")
    for step in steps:
        day.take(step)
    return day


def _text(answer: Any) -> str:
    return "\n".join(map(str, answer)) if isinstance(answer, list) else str(answer or "")


def _friend(row: Mapping[str, Any]) -> Friend:
    hours = row["time_of_day"]
    return Friend(
        str(row["location"]), clock(str(hours["from"])), clock(str(hours["to"])), int(row["min_meeting_duration"])
    )


def clock(text: str) -> int:
    """A time such as "2:45PM" in minutes of the day.

    Raises:
        GradingFault: when there is no such time.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None or not 1 <= int(found[1]) <= 12 or int(found[2]) > 59:
        raise GradingFault(f"{text[:20]!r} is no time of day")
    return int(found[1]) % 12 * 60 + int(found[2]) + (720 if found[3] in "Pp" else 0)
