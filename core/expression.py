"""Calculate a written expression: text and named numbers go in, one exact decimal or a truth value comes out.

Never `eval`: simpleeval walks the syntax tree with only numbers, names, arithmetic, comparisons and the functions of
`FUNCTIONS`. Laws: all arithmetic is decimal with `PRECISION` significant digits, so 0.1 + 0.2 is 0.3; length, depth
and size of every intermediate result are bounded, so that any text costs milliseconds at most; whatever is wrong is an
`InputError` that names it.
"""

from __future__ import annotations

import ast
import decimal
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

import simpleeval

from .errors import InputError

MAX_CHARS = 1_000
MAX_POWER = 1_000
MAX_EXPONENT = 5_000
"""The largest power of ten that any result, also in between, may have."""
PRECISION = 40

Value: TypeAlias = Decimal | bool

_CONTEXT = decimal.Context(
    prec=PRECISION,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-MAX_EXPONENT,
    Emax=MAX_EXPONENT,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
_ROUNDED = decimal.Context(prec=PRECISION - 4, Emin=-MAX_EXPONENT, Emax=MAX_EXPONENT, traps=[decimal.Overflow])
"""Results are given with fewer digits than are computed, so that log(8, 2) is 3."""
_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "^": "**", "≤": "<=", "≥": ">=", "≠": "!="})  # noqa: RUF001
_PERCENT = re.compile(r"(?<![\w.])(\d{1,40}(?:\.\d{1,40})?)[ ]?%(?![ ]{0,9}[\w(.])")
_GROUPED = re.compile(r"\d,\d{3}(?!\d)")


def evaluate(expression: str, names: Mapping[str, Decimal | float] | None = None) -> Value:
    """The value of `expression`.

    `5%` is 0.05; `%` between two operands is the remainder. `round` rounds halves away from zero, as people do.

    Args:
        expression: such as `round((a - b) / b * 100, 1)`; `×`, `÷` and `^` are understood.
        names: numbers the expression may use.

    Raises:
        InputError: when it is too long, not an expression of numbers, or has no finite value.
    """  # noqa: RUF002
    if len(expression) > MAX_CHARS:
        raise _wrong(expression, f"it is longer than {MAX_CHARS} characters")
    text = _PERCENT.sub(r"(\1/100)", expression.translate(_SIGNS).strip())
    evaluator = simpleeval.SimpleEval(operators=_OPERATORS, functions=FUNCTIONS, names=_decimals(names or {}))
    evaluator.nodes = {kind: handler for kind, handler in evaluator.nodes.items() if kind in _NODES}
    evaluator.nodes[ast.Constant] = lambda node: _constant(node, text)
    evaluator.nodes[ast.List] = evaluator.nodes[ast.Tuple] = lambda node: [evaluator._eval(item) for item in node.elts]
    try:
        with decimal.localcontext(_CONTEXT):
            return _result(evaluator.eval(text), expression)
    except _FAULTS as error:
        raise _wrong(expression, _reason(error)) from error


def show_value(value: Value) -> str:
    """The value as people write it: no trailing zeros, no exponent unless it is very large or small."""
    if isinstance(value, bool):
        return "true" if value else "false"
    plain = _CONTEXT.normalize(value)
    return f"{plain:f}" if -9 <= plain.adjusted() <= 20 else str(plain)


def _decimals(names: Mapping[str, Decimal | float]) -> dict[str, Decimal]:
    return {name: value if isinstance(value, Decimal) else Decimal(repr(value)) for name, value in names.items()}


def _constant(node: ast.Constant, text: str) -> Decimal:
    """A number exactly as it is written, without going through binary floating point."""
    if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
        raise simpleeval.FeatureNotAvailable(f"{node.value!r:.40} is no number")
    written = (ast.get_source_segment(text, node) or repr(node.value)).replace("_", "")
    return Decimal(written) if re.fullmatch(r"[\d.eE+-]+", written) else Decimal(repr(node.value))


def _power(base: Decimal, exponent: Decimal) -> Decimal:
    if abs(exponent) > MAX_POWER:
        raise simpleeval.NumberTooHigh(f"a power above {MAX_POWER}")
    return base**exponent


def _numbers(values: Iterable[Any]) -> list[Decimal]:
    """The arguments of a function, one list or several numbers, as numbers."""
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    if not flat or not all(isinstance(item, Decimal) for item in flat):
        raise TypeError("a function was given something else than numbers")
    return flat


def _of_many(function: Callable[[list[Decimal]], Decimal]) -> Callable[..., Decimal]:
    return lambda *values: function(_numbers(values))


def _of_one(function: Callable[[Decimal], Decimal]) -> Callable[[Any], Decimal]:
    return lambda value: function(_numbers([value])[0])


def _round(value: Decimal, digits: Decimal = Decimal(0)) -> Decimal:
    places = max(-PRECISION, min(PRECISION, int(digits)))
    if value.adjusted() + places >= PRECISION:
        return value
    return value.quantize(Decimal(1).scaleb(-places), rounding=decimal.ROUND_HALF_UP)


def _log(value: Decimal, base: Decimal | None = None) -> Decimal:
    return value.ln() if base is None else value.ln() / base.ln()


def _median(values: list[Decimal]) -> Decimal:
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


FUNCTIONS: dict[str, Callable[..., Decimal]] = {
    "min": _of_many(min),
    "max": _of_many(max),
    "sum": _of_many(lambda values: sum(values, Decimal(0))),
    "mean": _of_many(lambda values: sum(values, Decimal(0)) / len(values)),
    "median": _of_many(_median),
    "count": _of_many(lambda values: Decimal(len(values))),
    "abs": _of_one(abs),
    "sqrt": _of_one(Decimal.sqrt),
    "exp": _of_one(Decimal.exp),
    "log10": _of_one(Decimal.log10),
    "floor": _of_one(lambda value: value.to_integral_value(rounding=decimal.ROUND_FLOOR)),
    "ceil": _of_one(lambda value: value.to_integral_value(rounding=decimal.ROUND_CEILING)),
    "round": _round,
    "log": _log,
}
"""What an expression may call. `min`, `max`, `sum`, `mean`, `median` and `count` take numbers or one list of them."""

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_NODES = frozenset((ast.Expr, ast.UnaryOp, ast.BinOp, ast.Compare, ast.Call, ast.Name, ast.Constant))
_FAULTS = (
    simpleeval.InvalidExpression,
    SyntaxError,
    ArithmeticError,
    TypeError,
    ValueError,
    AttributeError,
    RecursionError,
    MemoryError,
)


def _result(value: object, expression: str) -> Value:
    if isinstance(value, bool):
        return value
    if isinstance(value, Decimal) and value.is_finite():
        return _ROUNDED.plus(value)
    hint = " (write 1200, not 1,200)" if _GROUPED.search(expression) else ""
    raise TypeError(f"it has no single finite value{hint}")


def _reason(error: BaseException) -> str:
    if isinstance(error, decimal.DivisionByZero | ZeroDivisionError | decimal.DivisionUndefined):
        return "it divides by zero"
    if isinstance(error, decimal.Overflow | simpleeval.NumberTooHigh):
        return "a number in it is too large"
    if isinstance(error, decimal.InvalidOperation):
        return "it has no value (a root or logarithm of a negative number, or 0/0)"
    if isinstance(error, RecursionError | MemoryError):
        return "it is nested too deeply"
    if isinstance(error, SyntaxError):
        return "it is not an expression"
    if isinstance(error, simpleeval.NameNotDefined):
        return f"{error.name!r:.60} is not a name given"
    if isinstance(error, simpleeval.FunctionNotDefined):
        return f"{error.func_name!r:.60} is not a function known here"
    return str(error).removeprefix("Sorry, ")[:200].rstrip(".")


def _wrong(expression: str, reason: str) -> InputError:
    known = ", ".join(sorted(FUNCTIONS))
    return InputError(
        f"Cannot calculate {expression[:80]!r}: {reason}.",
        hint=f"Use numbers, names, + - * / // % **, comparisons and {known}.",
        kind="malformed",
    )
