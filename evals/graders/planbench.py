"""PlanBench's two domains: an item's problem in words in, PDDL out; and plans in words or as actions, as actions.

The domains are the classical ones of the planning competitions: blocksworld with four operators, and depots (Long and
Fox 2003, IPC 3). The items of PlanBench (Valmeekam et al. 2023) tell their problems in fixed sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .base import GradingFault
from .fields import last_match

BLOCKSWORLD = """
(define (domain blocksworld)
  (:requirements :strips)
  (:predicates (clear ?x) (ontable ?x) (handempty) (holding ?x) (on ?x ?y))
  (:action pick-up :parameters (?x)
    :precondition (and (clear ?x) (ontable ?x) (handempty))
    :effect (and (holding ?x) (not (clear ?x)) (not (ontable ?x)) (not (handempty))))
  (:action put-down :parameters (?x)
    :precondition (holding ?x)
    :effect (and (clear ?x) (ontable ?x) (handempty) (not (holding ?x))))
  (:action stack :parameters (?x ?y)
    :precondition (and (holding ?x) (clear ?y))
    :effect (and (on ?x ?y) (clear ?x) (handempty) (not (holding ?x)) (not (clear ?y))))
  (:action unstack :parameters (?x ?y)
    :precondition (and (on ?x ?y) (clear ?x) (handempty))
    :effect (and (holding ?x) (clear ?y) (not (on ?x ?y)) (not (clear ?x)) (not (handempty)))))
"""

DEPOTS = """
(define (domain depots)
  (:requirements :strips :typing)
  (:types place locatable - object depot distributor - place truck hoist surface - locatable pallet crate - surface)
  (:predicates (at ?x - locatable ?y - place) (on ?x - crate ?y - surface) (in ?x - crate ?y - truck)
    (lifting ?x - hoist ?y - crate) (available ?x - hoist) (clear ?x - surface))
  (:action drive :parameters (?t - truck ?from - place ?to - place)
    :precondition (at ?t ?from)
    :effect (and (not (at ?t ?from)) (at ?t ?to)))
  (:action lift :parameters (?h - hoist ?c - crate ?s - surface ?p - place)
    :precondition (and (at ?h ?p) (available ?h) (at ?c ?p) (on ?c ?s) (clear ?c))
    :effect (and (not (at ?c ?p)) (lifting ?h ?c) (not (clear ?c)) (not (available ?h)) (clear ?s) (not (on ?c ?s))))
  (:action drop :parameters (?h - hoist ?c - crate ?s - surface ?p - place)
    :precondition (and (at ?h ?p) (at ?s ?p) (clear ?s) (lifting ?h ?c))
    :effect (and (available ?h) (not (lifting ?h ?c)) (at ?c ?p) (not (clear ?s)) (clear ?c) (on ?c ?s)))
  (:action load :parameters (?h - hoist ?c - crate ?t - truck ?p - place)
    :precondition (and (at ?h ?p) (at ?t ?p) (lifting ?h ?c))
    :effect (and (not (lifting ?h ?c)) (in ?c ?t) (available ?h)))
  (:action unload :parameters (?h - hoist ?c - crate ?t - truck ?p - place)
    :precondition (and (at ?h ?p) (at ?t ?p) (available ?h) (in ?c ?t))
    :effect (and (not (in ?c ?t)) (not (available ?h)) (lifting ?h ?c))))
"""


class Problem(NamedTuple):
    """A domain and a problem in PDDL."""

    domain: str
    problem: str


_NAME = r"([a-z][a-z0-9_-]{0,40})"
_SENTENCES = {
    "blocksworld": (
        (rf"the {_NAME} block is on top of the {_NAME} block", "(on {0} {1})"),
        (rf"the {_NAME} block is on the table", "(ontable {0})"),
        (rf"the {_NAME} block is clear", "(clear {0})"),
        (r"the hand is empty", "(handempty)"),
    ),
    "depots": (
        (rf"{_NAME} is at {_NAME}", "(at {0} {1})"),
        (rf"{_NAME} is on {_NAME}", "(on {0} {1})"),
        (rf"{_NAME} is in {_NAME}", "(in {0} {1})"),
        (rf"{_NAME} is available", "(available {0})"),
        (rf"{_NAME} is clear", "(clear {0})"),
    ),
}
_STEPS = (
    (rf"unstack the {_NAME} block from on top of the {_NAME} block", "unstack {0} {1}"),
    (rf"stack the {_NAME} block on top of the {_NAME} block", "stack {0} {1}"),
    (rf"pick up the {_NAME} block", "pick-up {0}"),
    (rf"put down the {_NAME} block", "put-down {0}"),
    (rf"drive {_NAME} from {_NAME} to {_NAME}", "drive {0} {1} {2}"),
    (rf"use {_NAME} to lift {_NAME} from {_NAME} at {_NAME}", "lift {0} {1} {2} {3}"),
    (rf"use {_NAME} to drop {_NAME} to {_NAME} at {_NAME}", "drop {0} {1} {2} {3}"),
    (rf"use {_NAME} to load {_NAME} into {_NAME} at {_NAME}", "load {0} {1} {2} {3}"),
    (rf"use {_NAME} to unload {_NAME} from {_NAME} at {_NAME}", "unload {0} {1} {2} {3}"),
)
_STATEMENT = re.compile(
    r"initial conditions I have that,?(?P<init>[^.]{1,20000})\.\s*My goal is to have that(?P<goal>[^.]{1,20000})\."
)
_ACTION = re.compile(r"\(\s*([a-z][a-z0-9_-]{0,60}(?:\s+[a-z0-9][a-z0-9_-]{0,60}){0,12})\s*\)")
_MARK = re.compile(r"[ \t]{0,20}(?:\d{1,4}[.):]|[-*•])?[ \t]{0,20}")


def problem_of(question: str) -> Problem:
    """The last problem that a question tells.

    Raises:
        GradingFault: when it tells none, or in other sentences than PlanBench's.
    """
    last = last_match(_STATEMENT, question)
    if last is None:
        raise GradingFault("the question tells no problem in PlanBench's form")
    domain = "blocksworld" if " block " in last["init"] else "depots"
    init, goal = _facts(last["init"], domain), _facts(last["goal"], domain)
    names = sorted({name for fact in (*init, *goal) for name in fact.strip("()").split()[1:]})
    objects = " ".join(
        names if domain == "blocksworld" else (f"{name} - {name.rstrip('0123456789')}" for name in names)
    )
    text = f"(define (problem item) (:domain {domain}) (:objects {objects})"
    text += f" (:init {' '.join(init)}) (:goal (and {' '.join(goal)})))"
    return Problem(BLOCKSWORLD if domain == "blocksworld" else DEPOTS, text)


def _facts(text: str, domain: str) -> list[str]:
    found = []
    for phrase in re.split(r",\s*(?:and )?|\s+and\s+", text.strip()):
        for form, fact in _SENTENCES[domain]:
            if match := re.fullmatch(form, phrase.strip().lower()):
                found.append(fact.format(*match.groups()))
                break
        else:
            raise GradingFault(f"the question tells something that is not understood: {phrase[:80]!r}")
    return found


def actions_in(text: str) -> Iterator[tuple[str, ...]]:
    """The steps of a plan, each an action's name and its objects: `(stack a b)`, or a sentence of PlanBench a line."""
    plan = text[text.rfind("[PLAN]") + 1 :].partition("[PLAN END]")[0].lower()
    if actions := [tuple(match[1].split()) for match in _ACTION.finditer(plan)]:
        yield from actions
        return
    for line in plan.splitlines():
        step = _MARK.sub("", line, count=1).strip(" .\t")
        for form, action in _STEPS:
            if match := re.fullmatch(form, step):
                yield tuple(action.format(*match.groups()).split())
                break
