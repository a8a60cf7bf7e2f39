"""Trips: a plan of stays and flights keeps to the cities' days, the fixed dates and the direct flights.

A day of travel counts for both cities. Read are lines such as "Day 2-4: Visit Oslo for 3 days" and "Day 4: Fly from
Oslo to Split"; flights may be left out, since stays that meet on a day tell them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from .base import GradingFault, Item
from .fields import last_match

_LINE = re.compile(r"\bDays?[ ]{0,2}(\d{1,4})(?:[ ]{0,2}(?:-|–|—|to)[ ]{0,2}(\d{1,4}))?\b(.{0,300})", re.IGNORECASE)  # noqa: RUF001
_FLIGHT = re.compile(r"\b(?:fly|flight|flies|travel)\b", re.IGNORECASE)
_LISTED = re.compile(r"direct flights:\s*(.{1,20000}?)\.\s*(?:\n|$)", re.DOTALL)
_ONE_WAY = re.compile(r"from (.+?) to (.+)")


class Stay(NamedTuple):
    """A city and its first and last day."""

    city: str
    first: int
    last: int


def trip(item: Item, constraints: Mapping[str, Any], text: str) -> Mapping[str, float]:
    """Reward 1 for a trip that keeps all constraints.

    Raises:
        GradingFault: with the first constraint that is broken.
    """
    days = {str(row["city"]): int(row["days"]) for row in constraints["city_length"]}
    stays, flown = _read(text, list(days))
    _check_stays(stays, days, int(constraints["trip_length"]))
    for row in constraints["city_day_ranges"]:
        _check_range(stays, str(row["city"]), int(row["start"]), int(row["end"]))
    _check_flights(stays, flown, _flights(str(item.get("question") or ""), constraints, list(days)))
    return {"reward": 1.0}


def _read(text: str, cities: Sequence[str]) -> tuple[list[Stay], list[tuple[int, str, str]]]:
    """The stays, and the flights (day, from, to), as the lines say them."""
    names = re.compile("|".join(rf"\b{re.escape(city)}\b" for city in sorted(cities, key=len, reverse=True)))
    stays: list[Stay] = []
    flown: list[tuple[int, str, str]] = []
    for found in _LINE.finditer(text):
        first, said = int(found[1]), names.findall(found[3])
        if len(said) >= 2 and _FLIGHT.search(found[3]) and said[0] != said[1]:
            flown.append((first, said[0], said[1]))
        elif len(set(said)) == 1:
            stays.append(Stay(said[0], first, int(found[2] or first)))
    return stays, flown


def _check_stays(stays: Sequence[Stay], days: Mapping[str, int], length: int) -> None:
    if sorted(stay.city for stay in stays) != sorted(days):
        raise GradingFault(f"the trip has {len(stays)} stays; each of {len(days)} cities is to be visited once")
    for stay in stays:
        if stay.last - stay.first + 1 != days[stay.city]:
            raise GradingFault(
                f"{stay.city} is visited on days {stay.first} to {stay.last}, not {days[stay.city]} days"
            )
    if stays[0].first != 1 or stays[-1].last != length:
        raise GradingFault(f"the trip does not last from day 1 to day {length}")
    for before, after in pairwise(stays):
        if before.last != after.first:
            raise GradingFault(f"the stays in {before.city} and {after.city} do not meet on a day of travel")


def _check_range(stays: Sequence[Stay], city: str, start: int, end: int) -> None:
    """A date in a city is kept when the stay holds it, or fills what it can of it."""
    stay = next((stay for stay in stays if stay.city == city), None)
    if stay is None:
        raise GradingFault(f"{city} is not visited")
    if not ((stay.first <= start and end <= stay.last) or (start <= stay.first and stay.last <= end)):
        raise GradingFault(f"{city} is not visited between day {start} and day {end}")


def _check_flights(
    stays: Sequence[Stay], flown: Sequence[tuple[int, str, str]], direct: frozenset[tuple[str, str]]
) -> None:
    hops = [(after.first, before.city, after.city) for before, after in pairwise(stays)]
    if strange := [hop for hop in flown if hop not in hops]:
        raise GradingFault(f"a flight on day {strange[0][0]} does not fit the stays")
    for _, origin, target in hops:
        if (origin, target) not in direct:
            raise GradingFault(f"there is no direct flight from {origin} to {target}")


def _flights(question: str, constraints: Mapping[str, Any], cities: Sequence[str]) -> frozenset[tuple[str, str]]:
    """The flights that the question lists ("A and B" both ways, "from A to B" one way), or else the constraints'."""
    last = last_match(_LISTED, question)
    found: set[tuple[str, str]] = set()
    for entry in last[1].split(", ") if last else ():
        one_way = _ONE_WAY.fullmatch(entry.strip())
        ends = (one_way[1], one_way[2]) if one_way else tuple(entry.strip().split(" and "))
        if len(ends) == 2 and all(end in cities for end in ends):
            found.update({(ends[0], ends[1])} if one_way else {(ends[0], ends[1]), (ends[1], ends[0])})
    if found:
        return frozenset(found)
    listed = [(str(row["from"]), str(row["to"])) for row in constraints["direct_flights"]]
    return frozenset(listed) | {(target, origin) for origin, target in listed}
