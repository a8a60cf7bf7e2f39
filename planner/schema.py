"""The plan's JSON schema, in the strict form that OpenAI and vLLM accept.

Laws: every field is required, null stands for "none", no union but with null, no additional properties, no `$ref`, and
a bound on every string, array and number, so that constrained decoding cannot run away. The bounds here are tighter
than the types' own: a model writes short plans, a file may hold long ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from ..core.models.base import OutputSchema
from .plan import Plan
from .validate import MIN_BUDGET_TOKENS, PlanRules

JsonSchema: TypeAlias = dict[str, Any]

MODEL_SUBTASKS = 40
"""Subtasks that a model may write at a go."""

_ID = {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,39}$"}
_TIGHTER = {"answer": 2_000, "synthesis": 800, "goal": 600, "done_when": 300}
_MODEL_DEPENDENCIES = 16


def output_schema(rules: PlanRules, *, known: int = 0) -> OutputSchema:
    """The form asked of a model that writes a plan under these rules, in which it may restate `known` subtasks."""
    return OutputSchema(
        "plan",
        plan_schema(
            min(rules.max_subtasks, MODEL_SUBTASKS + known),
            workers=rules.workers or (),
            direct=rules.allows_direct,
            budget_tokens=rules.subtask_tokens,
        ),
    )


def plan_schema(
    max_subtasks: int = MODEL_SUBTASKS,
    *,
    workers: Sequence[str] = (),
    direct: bool = True,
    budget_tokens: int | None = None,
) -> JsonSchema:
    """The strict schema of a plan.

    Args:
        max_subtasks: the most subtasks allowed.
        workers: names a subtask may ask for; with none, `worker` must be null.
        direct: whether the brief may be answered at once.
        budget_tokens: the most tokens one subtask's budget may have.
    """
    raw = Plan.model_json_schema()
    schema: JsonSchema = _inlined(raw, raw.pop("$defs"))
    head, subtask = schema["properties"], schema["properties"]["subtasks"]["items"]["properties"]
    for properties in (head, subtask):
        for name in _TIGHTER.keys() & properties.keys():
            _tighten(properties[name], _TIGHTER[name])
    if not direct:
        head["mode"] = {"type": "string", "enum": ["plan"]}
        head["answer"] = {"type": "null"}
    head["subtasks"]["maxItems"] = max_subtasks
    subtask["id"] = dict(_ID)
    subtask["depends_on"] = {"type": "array", "items": dict(_ID), "maxItems": _MODEL_DEPENDENCIES}
    subtask["worker"] = _worker_schema(workers)
    subtask["budget"]["minimum"] = MIN_BUDGET_TOKENS
    if budget_tokens is not None:
        subtask["budget"]["maximum"] = max(MIN_BUDGET_TOKENS, min(budget_tokens, subtask["budget"]["maximum"]))
    return schema


def _worker_schema(workers: Sequence[str]) -> JsonSchema:
    if not workers:
        return {"type": "null"}
    return {"anyOf": [{"type": "string", "enum": list(workers)}, {"type": "null"}]}


def _tighten(schema: JsonSchema, max_length: int) -> None:
    for part in [schema, *schema.get("anyOf", [])]:
        if part.get("type") == "string":
            part["maxLength"] = max_length


def _inlined(part: Any, definitions: Mapping[str, Any]) -> Any:
    """`part` with `$ref`s replaced by what they point at, and without titles and descriptions, which cost tokens."""
    if isinstance(part, list):
        return [_inlined(each, definitions) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _inlined(definitions[part["$ref"].rsplit("/", 1)[1]], definitions)
    return {
        key: {name: _inlined(each, definitions) for name, each in value.items()}
        if key == "properties"
        else _inlined(value, definitions)
        for key, value in part.items()
        if key not in ("title", "description")
    }
