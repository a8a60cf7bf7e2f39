"""`calculate`: exact arithmetic over values that stand in evidence. The result is a `derived` claim with a handle.

A name in the expression is the handle of a claim (`c1`, `d2`), or is given in `values` with the source and the words it
is taken from. So each named number has its span, and the result can be computed again by anyone. The computation is
stored as an artifact, which is the result's evidence beside that of its inputs.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from decimal import Context, Decimal

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, ConfigDict, Field

from ...core.expression import FUNCTIONS, Value, evaluate, show_value
from ...memory.checks.derived import value_of
from ...memory.digest import Claim, Derivation
from ...memory.evidence import EvidenceRef
from ..errors import ToolFailed
from .desk import Desk

MAX_EXPRESSION_CHARS = 500
SHOWN_DIGITS = 12
_NAME = re.compile(r"\b[A-Za-z_]\w*")
_MAX_TEXT_CHARS = 900


class NamedValue(BaseModel):
    """A number by name, the handle of its source, and the words there that hold it."""

    model_config = ConfigDict(extra="ignore")

    name: str
    source: str
    quote: str


class CalculateArguments(BaseModel):
    """Arguments of `calculate`."""

    model_config = ConfigDict(extra="ignore")

    expression: str = Field(max_length=MAX_EXPRESSION_CHARS)
    values: list[NamedValue] = []


def calculate_tool(desk: Desk) -> BaseTool:
    """The tool over the claims and sources of this desk."""

    async def calculate(expression: str, values: Sequence[NamedValue] = ()) -> str:
        given = {value.name: await asyncio.to_thread(_given, desk, value) for value in values}
        claim, inputs = derive(desk, expression, given)
        return f"{desk.add_derived(claim, inputs)}: {claim.text}"

    return StructuredTool.from_function(
        coroutine=calculate,
        name="calculate",
        description="Exact arithmetic on c1, d1 or named values.",
        args_schema=CalculateArguments,
    )


def derive(desk: Desk, expression: str, given: Mapping[str, Claim]) -> tuple[Claim, tuple[Claim, ...]]:
    """The derived claim of an expression, and the claims it is computed from.

    Raises:
        ToolFailed: when a name has no value.
        InputError: when the expression has none.
    """
    inputs = {name: _input(desk, name, given) for name in _names(expression)}
    numbers: dict[str, Decimal] = {}
    for name, claim in inputs.items():
        number = value_of(claim)
        if number is None:
            raise ToolFailed(f"{name} does not state exactly one number: {claim.text[:100]!r}.", kind="malformed")
        numbers[name] = number
    result = _shown(evaluate(expression, numbers))
    text = _text(expression, result, inputs)
    sha256 = desk.artifacts.put(text, title="calculation", source="calculate")
    evidence = [EvidenceRef(artifact=sha256, start=0, end=len(text))]
    evidence += [ref for claim in inputs.values() for ref in claim.evidence]
    derived = Claim(
        text=text,
        kind="derived",
        value=result,
        evidence=tuple(dict.fromkeys(evidence)),
        derivation=Derivation(expression=expression, inputs={name: claim.id for name, claim in inputs.items()}),
        confidence=min((claim.confidence for claim in inputs.values()), default=0.9),
    )
    return derived, tuple(inputs.values())


def _given(desk: Desk, value: NamedValue) -> Claim:
    """A named value as a claim that quotes the words it stands in."""
    ref = desk.place(value.quote, desk.handles_in(value.source))
    if ref is None:
        raise ToolFailed(f"{value.quote[:100]!r} does not stand in {value.source[:40]!r}.", kind="not_found")
    return Claim(text=desk.artifacts.span(ref), kind="quote", evidence=(ref,), confidence=0.9)


def _input(desk: Desk, name: str, given: Mapping[str, Claim]) -> Claim:
    claim = given.get(name) or desk.claim(name)
    if claim is None:
        known = ", ".join([*given, *desk.given, *desk.derived][:20]) or "none"
        raise ToolFailed(f"{name} has no value. Known names: {known}. Give others in values.", kind="not_found")
    return claim


def _names(expression: str) -> list[str]:
    return [name for name in dict.fromkeys(_NAME.findall(expression)) if name not in FUNCTIONS]


def _shown(value: Value) -> str:
    """The result with at least `SHOWN_DIGITS` digits, and all those before the point."""
    if isinstance(value, bool):
        return show_value(value)
    return show_value(Context(prec=max(SHOWN_DIGITS, value.adjusted() + 7)).plus(value))


def _text(expression: str, result: str, inputs: Mapping[str, Claim]) -> str:
    """The computation in one line: `a / b = 3 (a: …; b: …)`."""
    line = f"{' '.join(expression.split())} = {result}"
    where = "; ".join(f"{name}: {' '.join(claim.text.split())}" for name, claim in inputs.items())
    return f"{line} ({where})"[:_MAX_TEXT_CHARS] if where else line
