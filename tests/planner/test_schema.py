"""The plan's JSON schema: strict, bounded everywhere, and accepting exactly the plans that the rules allow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from support.planning import make_plan, make_subtask, plans

from foreplan.core.models.structured import without_bounds
from foreplan.planner.plan import Plan, Subtask
from foreplan.planner.schema import output_schema, plan_schema
from foreplan.planner.validate import PlanRules

KEYWORDS = {
    "type", "properties", "required", "additionalProperties", "items", "enum", "anyOf", "pattern",
    "minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum",
}  # fmt: skip


def parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for part in [*schema.get("properties", {}).values(), *schema.get("anyOf", [])]:
        yield from parts(part)
    if "items" in schema:
        yield from parts(schema["items"])


SCHEMAS = [plan_schema(), plan_schema(3, workers=["fast", "deep"], direct=False, budget_tokens=5_000)]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_it_is_in_the_strict_form(schema: dict[str, Any]) -> None:
    for part in parts(schema):
        assert set(part) <= KEYWORDS
        if part.get("type") == "object":
            assert part["additionalProperties"] is False
            assert part["required"] == list(part["properties"])
        if "anyOf" in part:
            assert [each["type"] for each in part["anyOf"]] == ["string", "null"]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_everything_is_bounded(schema: dict[str, Any]) -> None:
    for part in parts(schema):
        kind = part.get("type")
        assert kind != "string" or "maxLength" in part or "enum" in part or part["pattern"].endswith("{0,39}$")
        assert kind != "array" or "maxItems" in part
        assert kind not in ("integer", "number") or {"minimum", "maximum"} <= part.keys()


def test_fields_stand_in_the_order_of_writing() -> None:
    schema = plan_schema()
    assert list(schema["properties"]) == list(Plan.model_fields)
    assert next(iter(schema["properties"])) == "mode"
    assert list(schema["properties"])[-1] == "subtasks"
    subtask = schema["properties"]["subtasks"]["items"]["properties"]
    assert list(subtask) == list(Subtask.model_fields)
    assert list(subtask)[-1] == "budget"


def is_valid(plan: Plan, schema: dict[str, Any]) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(plan.model_dump(mode="json")))


@given(plans())
def test_sound_plans_fit_it(plan: Plan) -> None:
    assert is_valid(plan, plan_schema(workers=["fast", "deep|\\", ""]))


def test_rules_shape_it() -> None:
    direct = make_plan(mode="direct", answer="5")
    named = make_plan(make_subtask("a", worker="fast"))
    dear = make_plan(make_subtask("a", budget=6_000))
    two = make_plan(make_subtask("a"), make_subtask("b"))
    free = dict(output_schema(PlanRules(workers=("fast",))).json_schema)
    tight = dict(
        output_schema(
            PlanRules(budget_tokens=6_000, writer_tokens=1_000, max_subtasks=1, workers=(), sources=True)
        ).json_schema
    )
    assert all(is_valid(plan, free) for plan in (direct, named, dear, two))
    assert not any(is_valid(plan, tight) for plan in (direct, named, dear, two))
    assert is_valid(make_plan(make_subtask("a", budget=5_000)), tight)


def test_endpoints_that_refuse_bounds_get_none() -> None:
    bounds = {"pattern", "minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum"}
    assert not any(bounds & part.keys() for part in parts(without_bounds(plan_schema())))
