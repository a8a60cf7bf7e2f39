"""plan_valid, plan_match and critical_path: the five-way check, hacks that must not pay, and laws by property."""

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.grading import check_grader
from support.planning import make_plan, make_subtask

from foreplan.evals.errors import GraderError
from foreplan.evals.graders.base import Sample
from foreplan.evals.graders.critical_path import durations_of, path_ratio
from foreplan.evals.graders.own import OWN, own_grader
from foreplan.evals.graders.plan_form import parts_of
from foreplan.evals.graders.plan_match import match
from foreplan.evals.worlds.base import Part
from foreplan.planner.codec import encode
from foreplan.planner.wire import dump_plan, load_plan

CITIES = ("Arlen", "Borim", "Costa", "Delfi", "Estra", "Fjord")


def subtask(name, goal, depends_on=()):
    return make_subtask(name, *depends_on, goal=goal)


def sample(*subtasks):
    return Sample("", data=make_plan(*subtasks).model_dump(mode="json"))


def fan():
    """List the cities, then one population each, then the sum: a DAG with a wide middle."""
    leaves = [Part(id=city.lower(), goal=f"Find the population of {city}", depends_on=("list",)) for city in CITIES]
    return (
        Part(id="list", goal="List the harbour cities of the league", answer=", ".join(CITIES)),
        *leaves,
        Part(id="sum", goal="Add up the numbers", depends_on=tuple(part.id for part in leaves)),
    )


def as_subtasks(parts, wording="{}"):
    return [subtask(part.id, wording.format(part.goal), part.depends_on) for part in parts]


ITEM = {"parts": [part.model_dump(mode="json") for part in fan()]}
GOLD = as_subtasks(fan())


def filler(count):
    return [subtask(f"filler{at}", f"Consider aspect {at} of the matter") for at in range(count)]


def clique(parts):
    """Every subtask depends on all before it."""
    return [subtask(part.id, part.goal, [each.id for each in parts[:at]]) for at, part in enumerate(parts)]


# plan_valid


async def test_plan_valid_stands_every_output():
    cyclic = [subtask("a", "First", ["b"]), subtask("b", "Second", ["a"])]
    broken = [
        sample(*cyclic),
        sample(subtask("a", "Twice"), subtask("a", "Twice")),
        Sample("", data={**make_plan(*GOLD).model_dump(mode="json"), "extra": 1}),
        Sample("", data=[1, 2]),
        Sample(json.dumps({"mode": "plan", "subtasks": []})),
    ]
    best = await check_grader(own_grader("plan_valid"), {}, dump_plan(make_plan(*GOLD)), gamed=broken)
    assert best.sub_rewards == {}


async def test_plans_are_read_in_every_form():
    grader, whole = own_grader("plan_valid"), make_plan(*GOLD)
    forms = [
        Sample("", data=whole),
        Sample("", data=whole.model_dump(mode="json")),
        Sample(dump_plan(whole)),
        Sample(f"Here it is:\n```json\n{whole.model_dump_json()}\n```"),
        Sample(encode(whole)),
    ]
    for form in forms:
        assert (await grader.grade({}, form)).reward == 1.0, form.text[:80]
    assert load_plan(dump_plan(whole)) == whole


async def test_the_items_rules_are_kept():
    grader = own_grader("plan_valid")
    assert (await grader.grade({"rules": {"budget_tokens": 100_000}}, sample(*GOLD))).reward == 1.0
    poor = await grader.grade({"rules": {"budget_tokens": 3_000}}, sample(*GOLD))
    assert poor.reward == 0.0
    assert "budget" in poor.errors[0]
    odd = await grader.grade({"rules": {"budget": 3_000}}, sample(*GOLD))
    assert "unknown fields: budget" in odd.errors[0]


# plan_match


async def test_plan_match_stands_every_output():
    unlike = [sample(*filler(200)), sample(subtask("a", " ".join(part.goal for part in fan()))), Sample("[]")]
    best = await check_grader(own_grader("plan_match"), ITEM, dump_plan(make_plan(*GOLD)), gamed=unlike)
    assert best.sub_rewards == {"coverage": 1.0, "edge_f1": 1.0, "lean": 1.0}


def test_a_gold_plan_in_other_words_and_another_order_is_matched():
    parts = fan()
    said = as_subtasks(parts, "Using the sources, {} and note where it stands")
    found = match([said[0], *reversed(said[1:-1]), said[-1]], parts)
    assert (found.coverage, found.edge_f1, found.redundancy) == (1.0, 1.0, 0.0)
    assert set(found.pairs) == {(part.id, part.id) for part in parts}


@pytest.mark.parametrize("count", [1, 8, 200])
def test_filler_costs(count):
    found = match([*GOLD, *filler(count)], fan())
    assert found.coverage == 1.0
    assert found.redundancy == pytest.approx(count / (len(GOLD) + count))
    assert found.quality < 1.0
    assert len(found.extra) == count


def test_a_full_clique_of_dependencies_loses():
    found = match(clique(fan()), fan())
    assert found.coverage == 1.0
    assert found.edge_f1 < 0.5


def test_dependencies_that_follow_anyway_neither_help_nor_harm():
    parts = fan()
    more = [*GOLD[:-1], subtask("sum", parts[-1].goal, [part.id for part in parts[:-1]])]
    assert match(more, parts).edge_f1 == 1.0


def test_a_path_through_an_extra_subtask_counts_as_the_dependency():
    parts = (Part(id="a", goal="Find the founder of Arlen"), Part(id="b", goal="Find a rival's age", depends_on=("a",)))
    through = [
        subtask("a", parts[0].goal), subtask("x", "Think it over", ["a"]), subtask("b", parts[1].goal, ["x"]),
    ]  # fmt: skip
    assert match(through, parts).edge_f1 == 1.0
    assert match([through[0], subtask("b", parts[1].goal)], parts).edge_f1 == 0.0


@pytest.mark.parametrize(
    "goals",
    [
        ["Find the population of Arlen"] * 8,
        [f"Find the population of Arlen, attempt {at}" for at in range(8)],
        ["Find the population"] * 8,
        [f"Find the population of {' and '.join(CITIES)}, list them and add up, number {at}" for at in range(8)],
    ],
    ids=["repeated", "varied", "general", "everything"],
)
def test_one_goal_said_often_covers_one_part_at_most(goals):
    found = match([subtask(f"s{at}", goal) for at, goal in enumerate(goals)], fan())
    assert found.coverage <= 1 / len(fan())
    assert found.redundancy >= 7 / 8


def test_distractors_are_left_out():
    parts = (*fan(), Part(id="d", goal="Describe the weather in Zamora", needed=False))
    assert match(GOLD, parts).quality == 1.0
    found = match([*GOLD, subtask("weather", "Describe the weather in Zamora")], parts)
    assert found.coverage == 1.0
    assert found.extra == ("weather",)


def test_dropping_parts_costs():
    kept = [each for each in GOLD if each.id not in ("fjord", "estra")]
    kept[-1] = subtask("sum", "Add up the numbers", [each.id for each in kept[1:-1]])
    found = match(kept, fan())
    assert found.coverage == pytest.approx(6 / 8)
    assert found.edge_f1 < 1.0
    assert match([], fan()).quality == 0.0


async def test_each_figure_can_be_the_reward():
    for figure, reward in {"coverage": 1.0, "lean": 8 / 16, "edge_f1": 1.0}.items():
        grade = await own_grader("plan_match", figure=figure).grade(ITEM, sample(*GOLD, *filler(8)))
        assert grade.reward == pytest.approx(reward)
    with pytest.raises(GraderError, match="figure is 'f2'"):
        own_grader("plan_match", figure="f2")


async def test_malformed_items_are_told():
    items: list[dict[str, Any]] = [
        {},
        {"parts": []},
        {"subtasks": "x"},
        {"parts": [{"id": 1}]},
        {"subtasks": [{"id": "1"}]},
    ]
    for item in items:
        grade = await own_grader("plan_match").grade(item, sample(*GOLD))
        assert grade.reward == 0.0
        assert "item" in grade.errors[0]


words = st.sampled_from([f"{a}{b}o" for a, b in itertools.product("bdfgklmn", "aeiou")])


@st.composite
def dags(draw):
    """Parts with goals of their own, depending on earlier ones."""
    count = draw(st.integers(1, 10))
    parts = []
    for at in range(count):
        goal = f"Find {draw(words)} of {draw(words)} in item{at}"
        parents = draw(st.sets(st.integers(0, at - 1), max_size=3)) if at else set()
        parts.append(Part(id=f"p{at}", goal=goal, depends_on=tuple(f"p{parent}" for parent in sorted(parents))))
    return tuple(parts)


@settings(max_examples=60, deadline=None)
@given(dags())
def test_gold_scores_one_and_nothing_added_or_dropped_gains(parts):
    gold = as_subtasks(parts)
    best = match(gold, parts)
    assert best.quality == 1.0
    assert path_ratio(gold, parts, dict.fromkeys((part.id for part in parts), 1.0)) == 1.0
    assert match([*gold, *filler(3)], parts).quality < 1.0
    assert match(clique(parts), parts).quality <= 1.0
    assert match(gold[1:], parts).quality < 1.0


@settings(max_examples=60, deadline=None)
@given(dags(), st.lists(st.tuples(st.text(max_size=30), st.lists(st.integers(0, 9), max_size=4)), max_size=10))
def test_any_plan_gets_figures_from_0_to_1(parts, written):
    said = [subtask(f"s{at}", goal or "x", [f"s{parent}" for parent in on]) for at, (goal, on) in enumerate(written)]
    found = match(said, parts)
    assert all(0.0 <= figure <= 1.0 for figure in (found.coverage, found.edge_f1, found.redundancy, found.quality))
    assert len({part for _, part in found.pairs}) == len(found.pairs) == len({own for own, _ in found.pairs})


def test_the_assignment_is_optimal():
    """Greedy would give the general goal to the wrong part and leave the other one uncovered."""
    linear = pytest.importorskip("scipy.optimize")
    from foreplan.evals.graders.matching import Gold, about, assign

    parts = tuple(Part(id=f"p{at}", goal=f"alpha beta gamma {' '.join(CITIES[: at + 1])}") for at in range(6))
    gold = Gold(parts)
    goals = [f"alpha beta {' '.join(CITIES[at % 6 : at % 6 + 2 + at // 6])}" for at in range(12)]
    like = [[gold.like(about(goal)).get(number, 0.0) for number in range(6)] for goal in goals]
    rows, columns = linear.linear_sum_assignment(like, maximize=True)
    best = sum(like[row][column] for row, column in zip(rows, columns, strict=True))
    taken = assign(goals, gold)
    assert sum(like[row][column] for row, column in taken.items()) == pytest.approx(best)
    assert best > 2


# critical_path


async def test_critical_path_stands_every_output():
    item = {**ITEM, "durations": {part.id: 10.0 for part in fan()}}
    best = await check_grader(
        own_grader("critical_path"), item, dump_plan(make_plan(*GOLD)), gamed=[sample(*filler(200))]
    )
    assert best.sub_rewards == {"coverage": 1.0}


async def test_chains_and_missing_dependencies_both_cost():
    grader = own_grader("critical_path")
    chain = [subtask(part.id, part.goal, [fan()[at - 1].id] if at else []) for at, part in enumerate(fan())]
    assert (await grader.grade(ITEM, sample(*chain))).reward == pytest.approx(3 / 8)
    loose = [subtask(part.id, part.goal) for part in fan()]
    assert (await grader.grade(ITEM, sample(*loose))).reward == pytest.approx(1 / 3)
    assert (await grader.grade(ITEM, sample(*clique(fan())))).reward < 0.5


def test_durations_come_from_the_item():
    item = {
        "subtasks": [
            {"id": "1", "question": "Boil the water", "duration_minutes": [4, 6]},
            {"id": "2", "question": "Brew tea", "depends_on": ["1"], "duration_minutes": [3, 3]},
        ]
    }
    parts = parts_of(item)
    assert durations_of(item, parts) == {"1": 5.0, "2": 3.0}
    assert path_ratio([subtask("a", "Boil the water"), subtask("b", "Brew tea")], parts, {"1": 5.0, "2": 3.0}) == 5 / 8


async def test_odd_durations_are_told():
    for odd in (float("nan"), -1, "3", None, True):
        grade = await own_grader("critical_path").grade({**ITEM, "durations": {"list": odd}}, sample(*GOLD))
        assert grade.reward == 0.0
        assert "duration" in grade.errors[0]


# all


def test_every_own_grader_is_found_by_name():
    assert "plan_match" in OWN
    for name in sorted(set(OWN) - {"pddl"}):  # The one that needs a library when it is made.
        assert own_grader(name).name == name
    page = (Path(__file__).parents[2] / "docs" / "graders-own.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(OWN)
    with pytest.raises(GraderError, match="plan_match"):
        own_grader("plan_macth")
    with pytest.raises(GraderError, match="cannot be made"):
        own_grader("plan_valid", strict=True)
