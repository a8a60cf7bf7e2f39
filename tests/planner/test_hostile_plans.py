"""Mutated and invented texts at each door of the planner: faults or the room's errors come out, nothing else."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.planning import as_json, in_pieces, plans

from foreplan.core.errors import InputError
from foreplan.planner.answer import read_answer
from foreplan.planner.brief import Brief
from foreplan.planner.codec import decode
from foreplan.planner.embedded import facets
from foreplan.planner.errors import CodecError, Fault, StreamFault
from foreplan.planner.plan import Plan
from foreplan.planner.stream import PlanStream
from foreplan.planner.validate import PlanRules, check_plan
from foreplan.planner.wire import load_plan

RULES = PlanRules(budget_tokens=50_000, workers=("fast",), sources=True)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
snippets = st.sampled_from(
    ['"', "\\", "{", "}", "[", "]", ",", ":", "null", "NaN", "-", "1e999", "\x00", "\\ud800", "<think>", "\u2028", " "]
)


@st.composite
def mutated_texts(draw: st.DrawFn) -> str:
    """A plan's text, with pieces taken out, doubled, or put in."""
    text = as_json(draw(plans(3)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        middle = draw(st.one_of(st.just(""), snippets, st.just(text[start:end] * 2)))
        text = text[:start] + middle + text[end:]
    return text


@st.composite
def mutated_values(draw: st.DrawFn) -> Any:
    """A plan's JSON value with one value anywhere in it replaced."""
    value = draw(plans(3)).model_dump(mode="json")
    place: Any = value
    while True:
        key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
            place = place[key]
            continue
        place[key] = draw(json_values)
        return value


def check_everywhere(text: str, cuts: list[int]) -> None:
    read = read_answer(text, RULES)
    assert isinstance(read, Plan) or (read and all(isinstance(fault, Fault) for fault in read))
    stream = PlanStream(RULES)
    items = [item for piece in in_pieces(text, cuts) for item in stream.feed(piece)]
    try:
        assert stream.finish() == read
    except StreamFault as fault:
        committed = fault.committed
        assert items == ([] if committed is None else [committed.head, *committed.subtasks])
        str(fault).encode()
    for door in (load_plan, decode):
        try:
            door(text)
        except (InputError, CodecError) as error:
            str(error).encode()


@settings(max_examples=500)
@given(mutated_texts(), st.lists(st.integers(0, 3_000), max_size=5))
def test_mutated_texts(text: str, cuts: list[int]) -> None:
    check_everywhere(text, cuts)


@settings(max_examples=500)
@given(mutated_values(), st.lists(st.integers(0, 3_000), max_size=5))
def test_mutated_values(value: Any, cuts: list[int]) -> None:
    check_everywhere(json.dumps(value), cuts)
    try:
        assert check_plan(load_plan(json.dumps({"version": 1, **value})), PlanRules()) == []
    except InputError as error:
        str(error).encode()


@given(st.text(max_size=200), st.lists(st.integers(0, 200), max_size=3))
def test_invented_texts(text: str, cuts: list[int]) -> None:
    check_everywhere(text, cuts)


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=400).filter(lambda text: text.strip(" \n\t")))
def test_any_goal_has_sound_facets(goal: str) -> None:
    try:
        brief = Brief(goal=goal, sources=("papers",))
    except ValueError:
        assert not "".join(char if char.isprintable() else " " for char in goal).strip()
        return
    assert check_plan(facets(brief), PlanRules(sources=True)) == []
