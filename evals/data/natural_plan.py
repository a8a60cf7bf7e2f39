"""NATURAL PLAN's release (Zheng et al. 2024): JSON objects of trips, days of meetings and calendars, by their names.

The grader checks constraints, which the release tells in fixed sentences: they are read here, once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .base import Row

_DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
_WINDOW = re.compile(r"(?:between|[Dd]uring|[Ff]rom) day (\d+) (?:and|to) day (\d+)")
_FLIGHT = re.compile(r"(?:from )?(.+?) (?:and|to) (.+)")
_HOURS = re.compile(r"between the work hours of (\d+:\d+) to (\d+:\d+) on (.*?)\. ?$", re.MULTILINE)
_BUSY = re.compile(rf"({_DAYS}) during ((?:\d+:\d+ to \d+:\d+(?:, )?)+)")
_RANGE = re.compile(r"(\d+:\d+) to (\d+:\d+)")
_AVOID = re.compile(
    r"(?:avoid more meetings|rather not meet|do(?:es)? not want to meet|can ?not meet) on"
    rf"((?:\s+(?:{_DAYS})(?: (?:before|after) \d+:\d+)?\.?)+)"
)
_AVOIDED = re.compile(rf"({_DAYS})(?: (before|after) (\d+:\d+))?")


def matches(row: Mapping[str, Any]) -> bool:
    """A golden plan."""
    return "golden_plan" in row


def row_of(row: Mapping[str, Any], name: str) -> Row:
    """One problem with its constraints.

    Raises:
        ValueError: when it is of no known kind, or told in other sentences.
    """
    question = str(row.get("prompt_0shot") or row["prompt_5shot"])
    task = question.rpartition("TASK:")[2]
    if "dist_matrix" in row:
        constraints = _meeting(row)
    elif "cities" in row:
        constraints = _trip(task, str(row["cities"]).split("**"), str(row["durations"]).split("**"))
    elif "duration" in row:
        constraints = _calendar(task, float(row["duration"]))
    else:
        raise ValueError("it is no trip, no day of meetings and no calendar")
    meta = {"parsed_constraints": constraints}
    return {"id": name, "question": question, "answer": row["golden_plan"], "meta": meta}


def _meeting(row: Mapping[str, Any]) -> Row:
    start, *friends = row["constraints"]
    met = []
    for friend, place, hours, minutes in friends:
        begin, _, end = str(hours).partition(" to ")
        met.append(
            {
                "name": friend,
                "location": place,
                "time_of_day": {"from": begin, "to": end},
                "min_meeting_duration": int(minutes),
            }
        )
    return {
        "travel_distances": [
            {"place": {"from": here, "to": there}, "walking_time": minutes}
            for here, ways in row["dist_matrix"].items()
            for there, minutes in ways.items()
        ],
        "start": {"location": start[0], "time_of_day": start[1]},
        "people_to_meet": met,
    }


def _trip(task: str, cities: list[str], durations: list[str]) -> Row:
    told, _, flights = task.partition("direct flights:")
    windows = []
    for sentence in re.split(r"(?<=\.)\s+", told):
        city = next((each for each in cities if re.search(rf"\b{re.escape(each)}\b", sentence)), None)
        if city and (found := _WINDOW.search(sentence)):
            windows.append({"city": city, "start": int(found[1]), "end": int(found[2])})
    listed = flights.strip().partition("\n")[0].rstrip(". ").split(", ")
    pairs = [found for each in listed if (found := _FLIGHT.fullmatch(each.strip()))]
    days = [int(each) for each in durations]
    return {
        # The day of a flight counts for both cities.
        "trip_length": sum(days) - len(days) + 1,
        "city_length": [{"city": city, "days": count} for city, count in zip(cities, days, strict=True)],
        "city_day_ranges": windows,
        "direct_flights": [{"from": found[1], "to": found[2]} for found in pairs],
    }


def _calendar(task: str, hours: float) -> Row:
    work = _HOURS.search(task)
    if work is None:
        raise ValueError("it does not tell the work hours")
    begin, end = _clock(work[1]), _clock(work[2])
    days = re.findall(_DAYS, work[3])
    outside = [{"day": day, "start": low, "end": high} for day in days for low, high in ((0.0, begin), (end, 24.0))]
    return {"meeting_duration": hours, "disallowed_ranges": [*outside, *_busy(task), *_avoided(task)]}


def _busy(task: str) -> Iterator[Row]:
    for found in _BUSY.finditer(task):
        for begin, end in _RANGE.findall(found[2]):
            yield {"day": found[1], "start": _clock(begin), "end": _clock(end)}


def _avoided(task: str) -> Iterator[Row]:
    for found in _AVOID.finditer(task):
        for day, when, clock in _AVOIDED.findall(found[1]):
            begin = _clock(clock) if when == "after" else 0.0
            yield {"day": day, "start": begin, "end": _clock(clock) if when == "before" else 24.0}


def _clock(text: str) -> float:
    """Hours since midnight."""
    hours, _, minutes = text.partition(":")
    return int(hours) + int(minutes) / 60
