"""A model's whole answer in; the plan in it, or all its faults, out."""

from __future__ import annotations

from .errors import Fault
from .plan import Plan
from .reading import JsonReader, NotJson, read_plan
from .scan import RootFinder
from .validate import PlanRules


def read_answer(text: str, rules: PlanRules) -> Plan | list[Fault]:
    """The plan in a model's answer, whatever prose, code fence or `<think>` block stands around it."""
    finder, reader = RootFinder(), JsonReader()
    if finder.feed(text) < 0:
        return [Fault("", "the text holds no plan: no JSON object with the field mode")]
    try:
        data, _ = reader.read_prefix(text, finder.start)
    except NotJson as error:
        return [Fault("", f"the text is not JSON: {error}")]
    read = read_plan(data, rules)
    duplicates = reader.faults()
    return read if not duplicates else [*duplicates, *(read if isinstance(read, list) else [])]
