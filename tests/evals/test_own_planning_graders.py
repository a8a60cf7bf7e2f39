"""pddl and natural_plan: the five-way check, every constraint broken once, and any valid plan counting as right."""

import importlib
from typing import Any

import pytest
from support.grading import check_grader

from foreplan.evals.errors import MissingExtra
from foreplan.evals.graders import pddl
from foreplan.evals.graders.base import Sample
from foreplan.evals.graders.own import own_grader
from foreplan.evals.graders.planbench import actions_in, problem_of

# pddl

STACKED = (
    "[STATEMENT]\nAs initial conditions I have that, the red block is clear, the hand is empty, the red block is on"
    " top of the blue block and the blue block is on the table.\nMy goal is to have that the blue block is on top of"
    " the red block.\n\nMy plan is as follows:\n\n[PLAN]"
)
BLOCKS = {"question": STACKED.replace("blue", "green") + "\nput down the red block\n[PLAN END]\n" + STACKED}
SWAP = "(unstack red blue)\n(put-down red)\n(pick-up blue)\n(stack blue red)"
IN_WORDS = """[PLAN]
1. Unstack the red block from on top of the blue block.
2. put down the red block
3. pick up the blue block
4. stack the blue block on top of the red block
[PLAN END]
Then we are done: put down the blue block"""
FREIGHT = {
    "question": (
        "As initial conditions I have that, crate0 is at depot0, hoist0 is at depot0, hoist1 is at distributor0,"
        " pallet0 is at depot0, pallet1 is at distributor0, truck0 is at distributor0, hoist0 is available, hoist1 is"
        " available, crate0 is clear, pallet1 is clear and crate0 is on pallet0.\n"
        "My goal is to have that crate0 is on pallet1.\n"
    )
}
DELIVERED = """(drive truck0 distributor0 depot0)
(lift hoist0 crate0 pallet0 depot0)
(load hoist0 crate0 truck0 depot0)
(drive truck0 depot0 distributor0)
(unload hoist1 crate0 truck0 distributor0)
(drop hoist1 crate0 pallet1 distributor0)"""
SWITCH = {
    "domain_pddl": "(define (domain lamp) (:requirements :strips) (:predicates (on)) (:action press :parameters ()"
    " :precondition (not (on)) :effect (on)))",
    "problem_pddl": "(define (problem dark) (:domain lamp) (:init) (:goal (on)))",
}


@pytest.fixture
def simulated():
    pytest.importorskip("unified_planning")
    return own_grader("pddl")


async def test_pddl_stands_every_output(simulated):
    every = "\n".join(
        f"({act} {x} {y})" for act in ("unstack", "stack") for x in ("red", "blue") for y in ("red", "blue")
    )
    gamed = [
        every,
        "(stack blue red)",
        SWAP.replace("(put-down red)\n", ""),
        SWAP + "\n(unstack blue red)",
        SWAP + "\n(fly blue)",
        SWAP + "\n(stack blue)",
        SWAP + "\n(pick-up gold)",
        SWAP * 300,
    ]
    best = await check_grader(simulated, BLOCKS, SWAP, gamed=gamed, seconds=10)
    assert best.sub_rewards == {"executed": 1.0, "goals": 1.0}


async def test_any_valid_plan_is_right_in_words_too(simulated):
    longer = SWAP.replace("(pick-up blue)", "(pick-up red)\n(put-down red)\n(pick-up blue)")
    for text in (IN_WORDS, longer, f"My plan is:\n{SWAP.upper()}\nThat is it."):
        assert (await simulated.grade(BLOCKS, Sample(text))).reward == 1.0, text


async def test_depots_and_other_domains_are_simulated(simulated):
    assert (await simulated.grade(FREIGHT, Sample(DELIVERED))).reward == 1.0
    late = DELIVERED.replace("(drive truck0 depot0 distributor0)\n", "")
    grade = await simulated.grade(FREIGHT, Sample(late))
    assert grade.reward == 0.0
    assert grade.sub_rewards["executed"] == pytest.approx(3 / 5)
    wrong = DELIVERED.replace("lift hoist0 crate0 pallet0", "lift truck0 crate0 pallet0")
    assert (await simulated.grade(FREIGHT, Sample(wrong))).reward == 0.0
    assert (await simulated.grade(SWITCH, Sample("(press)"))).reward == 1.0
    assert (await simulated.grade(SWITCH, Sample("(press)\n(press)"))).reward == 0.0


async def test_items_that_tell_no_problem_are_told(simulated):
    for item in ({}, {"question": "Stack them."}, {**SWITCH, "problem_pddl": "(define"}, {**SWITCH, "domain_pddl": ""}):
        grade = await simulated.grade(item, Sample("(press)"))
        assert grade.reward == 0.0
        assert grade.errors


def test_the_last_problem_and_the_last_plan_count():
    assert "(on blue red)" in problem_of(BLOCKS["question"]).problem
    assert [step[0] for step in actions_in(IN_WORDS)] == ["unstack", "put-down", "pick-up", "stack"]


def test_a_missing_library_is_told(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingExtra, match="unified-planning"):
        pddl.grader()


# natural_plan: trips

TRIP: dict[str, Any] = {
    "question": "You plan to visit 3 cities.\n\nHere are the cities that have direct flights:\nArlen and Borim, from"
    " Borim to Costa.\n\nFind a trip plan.",
    "meta": {
        "parsed_constraints": {
            "trip_length": 7,
            "city_length": [
                {"city": "Arlen", "days": 2}, {"city": "Borim", "days": 3}, {"city": "Costa", "days": 4},
            ],
            "city_day_ranges": [{"city": "Borim", "start": 2, "end": 4}],
            "direct_flights": [{"from": "Arlen", "to": "Borim"}, {"from": "Borim", "to": "Costa"}],
        }
    },
}  # fmt: skip
ROUTE = """**Day 1-2:** Arriving in Arlen and visit Arlen for 2 days.
**Day 2:** Fly from Arlen to Borim.
**Day 2-4:** Visit Borim for 3 days.
**Day 4:** Fly from Borim to Costa.
**Day 4-7:** Visit Costa for 4 days."""


async def test_trips_stand_every_output():
    reverse = ROUTE.translate(str.maketrans("AC", "CA")).replace("Costa", "x")
    gamed = [
        ROUTE.replace("Day 2:", "Day 3:"),
        ROUTE.replace("2-4", "3-5").replace("4-7", "5-8"),
        ROUTE.replace("Day 4-7", "Day 4-8"),
        ROUTE.replace("Costa", "Delfi"),
        ROUTE + "\n**Day 7-8:** Visit Arlen for 2 days.",
        "\n".join(f"Day {first}-{first + 2}: Visit {city}" for first in range(1, 7) for city in ("Arlen", "Borim")),
        reverse,
    ]
    await check_grader(own_grader("natural_plan"), TRIP, ROUTE, gamed=gamed)
    short = "Day 1-2: Arlen\nDay 2-4: Borim\nDay 4-7: Costa"
    assert (await own_grader("natural_plan").grade(TRIP, Sample(short))).reward == 1.0


async def test_flights_that_go_one_way_are_not_flown_back():
    lengths = [{"city": "Arlen", "days": 2}, {"city": "Borim", "days": 3}, {"city": "Costa", "days": 4}]
    constraints = {**TRIP["meta"]["parsed_constraints"], "city_day_ranges": [], "city_length": lengths}
    item = {**TRIP, "meta": {"parsed_constraints": constraints}}
    back = "Day 1-4: Costa\nDay 4-6: Borim\nDay 6-7: Arlen"
    grade = await own_grader("natural_plan").grade(item, Sample(back))
    assert "no direct flight from Costa to Borim" in grade.errors[0]
    both = {**item, "question": item["question"].replace("from Borim to Costa", "Borim and Costa")}
    assert (await own_grader("natural_plan").grade(both, Sample(back))).reward == 1.0
    unsaid = {**item, "question": ""}
    assert (await own_grader("natural_plan").grade(unsaid, Sample(back))).reward == 1.0


# natural_plan: meetings


def friend(name, location, begin, end, minutes):
    hours = {"from": begin, "to": end}
    return {"name": name, "location": location, "time_of_day": hours, "min_meeting_duration": minutes}


DAY = [
    "You start at Pier at 9:00AM.",
    "You travel to Park in 20 minutes and arrive at 9:20AM.",
    "You wait until 11:30AM.",
    "You meet Anna for 60 minutes from 11:30AM to 12:30PM.",
    "You travel to Mill in 15 minutes and arrive at 12:45PM.",
    "You meet Ben for 30 minutes from 12:45PM to 1:15PM.",
]
MEETING = {
    "answer": DAY,
    "meta": {
        "parsed_constraints": {
            "start": {"location": "Pier", "time_of_day": "9:00AM"},
            "travel_distances": [
                {"place": {"from": "Pier", "to": "Park"}, "walking_time": 20},
                {"place": {"from": "Park", "to": "Mill"}, "walking_time": 15},
                {"place": {"from": "Pier", "to": "Mill"}, "walking_time": 30},
            ],
            "people_to_meet": [
                friend("Anna", "Park", "11:30AM", "3:00PM", 60), friend("Ben", "Mill", "12:00PM", "2:00PM", 30),
            ],
        }
    },
}  # fmt: skip


async def test_meetings_stand_every_output():
    told = "SOLUTION: " + " ".join(DAY)
    gamed = [
        told.replace("in 20 minutes", "in 10 minutes"),
        told.replace("You wait until 11:30AM. ", "").replace("60 minutes from 11:30AM", "60 minutes from 9:20AM"),
        told.replace("for 60 minutes", "for 30 minutes"),
        told.replace("Ben for 30 minutes from 12:45PM to 1:15PM", "Anna for 30 minutes from 12:45PM to 1:15PM"),
        "You meet Anna for 60 minutes from 11:30AM to 12:30PM. You meet Ben for 30 minutes from 12:45PM to 1:15PM.",
        " ".join(DAY[:4]),
        told + " You meet Carl for 10 minutes from 1:15PM to 1:25PM.",
        told.replace("9:20AM", "9:99AM"),
    ]
    best = await check_grader(own_grader("natural_plan"), MEETING, told, gamed=gamed)
    assert best.sub_rewards == {"met": 1.0}
    some = await own_grader("natural_plan").grade(MEETING, Sample(" ".join(DAY[:4])))
    assert (some.reward, some.sub_rewards) == (0.0, {"met": 0.5})


# natural_plan: calendars


def busy(day, *ranges):
    return [{"day": day, "start": start, "end": end} for start, end in ((0, 9), (17, 24), *ranges)]


CALENDAR: dict[str, Any] = {
    "question": "TASK: examples, earliest\n\nTASK: You need to schedule a meeting on Monday or Tuesday.",
    "meta": {
        "parsed_constraints": {
            "meeting_duration": 1,
            "disallowed_ranges": [*busy("Monday", (9, 12.5), (13, 17)), *busy("Tuesday", (9, 10), (12, 17))],
        }
    },
}


async def test_calendars_stand_every_output():
    every = "\n".join(f"{day}, {hour}:00 - {hour + 1}:00" for day in ("Monday", "Tuesday") for hour in range(9, 17))
    gamed = [
        f"Here is the proposed time: {every}",
        "Monday, 12:30 - 13:00",
        "Monday, 12:30 - 13:30",
        "Tuesday, 10:00 - 12:00",
        "Wednesday, 10:00 - 11:00",
        "Monday, 24:00 - 25:00",
        "Tuesday, 11:30 - 10:30",
        "Tuesday at ten",
    ]
    gold = "Here is the proposed time: Tuesday, 10:00 - 11:00 "
    await check_grader(own_grader("natural_plan"), CALENDAR, gold, gamed=gamed)


async def test_the_earliest_time_is_asked_for():
    item = {**CALENDAR, "question": CALENDAR["question"] + " The group would like to meet at their earlist time."}
    grader = own_grader("natural_plan")
    assert (await grader.grade(CALENDAR, Sample("Tuesday, 11:00 - 12:00"))).reward == 1.0
    assert (await grader.grade(item, Sample("Tuesday, 10:00 - 11:00"))).reward == 1.0
    late = await grader.grade(item, Sample("Tuesday, 11:00 - 12:00"))
    assert "an earlier time" in late.errors[0]


async def test_items_of_no_known_kind_are_told():
    grader = own_grader("natural_plan")
    malformed: list[Any] = [{}, [], "x", {"trip_length": 3}, {"meeting_duration": 1, "disallowed_ranges": [1]}]
    for constraints in malformed:
        grade = await grader.grade({"meta": {"parsed_constraints": constraints}}, Sample("Monday, 9:00 - 10:00"))
        assert grade.reward == 0.0
        assert "item" in grade.errors[0]
