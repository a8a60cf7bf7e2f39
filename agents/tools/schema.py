"""Tools as they are sent to a model, in the OpenAI wire form: foreign ones unchanged, our own without decoration."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from ...core.models.base import ToolSchema

_DECORATION = frozenset({"title", "default", "additionalProperties", "minLength"})
"""What pydantic writes into a schema beyond what a model needs to know."""

_MADE: dict[Hashable, ToolSchema] = {}


def wire_form(tool: BaseTool) -> ToolSchema:
    """A user's or a server's tool as it describes itself."""
    return convert_to_openai_tool(tool)


def terse_form(tool: BaseTool) -> ToolSchema:
    """One of our own tools, in as few bytes as say the same. Equal ones share one schema: it takes a while to make."""
    made = _MADE.get((tool.name, tool.args_schema))
    if made is None:
        schema = convert_to_openai_tool(tool)
        function = schema["function"]
        made = {**schema, "function": {**function, "parameters": _terse(function["parameters"])}}
        _MADE[tool.name, tool.args_schema] = made
    return made


def _terse(schema: Any, *, named: bool = False) -> Any:
    """Without decoration, and without the docstrings of objects. `named`: the keys are names of properties."""
    if isinstance(schema, list):
        return [_terse(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    dropped = () if named else (*_DECORATION, *(("description",) if "properties" in schema else ()))
    kept = {key: value for key, value in schema.items() if key not in dropped}
    return {key: _terse(value, named=not named and key == "properties") for key, value in kept.items()}
