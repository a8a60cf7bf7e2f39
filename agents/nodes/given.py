"""A plan that somebody hands in (with the brief, or as an edit): JSON in, a valid plan out.

What stands in a plan file, with its version, is taken as well as the bare fields.
"""

from __future__ import annotations

import json
from typing import Any

from ...planner.errors import InvalidPlan
from ...planner.plan import Plan
from ...planner.reading import read_plan
from ...planner.validate import PlanRules
from ...planner.wire import load_plan


def given_plan(data: Any, rules: PlanRules) -> Plan:
    """The plan in `data`.

    Raises:
        InvalidPlan: when it is none, or breaks the run's rules; it lists every fault.
    """
    if isinstance(data, dict) and "version" in data:
        return load_plan(json.dumps(data), rules)
    read = read_plan(data, rules)
    if isinstance(read, Plan):
        return read
    raise InvalidPlan("The plan cannot be used:", faults=read, hint="\nEdit it, or leave it out to have one written.")
