# ruff: noqa: RUF001 - the signs that people write
"""A goal in; when it is nothing but arithmetic, its exact result out.

Numbers, brackets and + - * / only, computed in fractions without rounding. `2020-2021` and `24/7` stand for other
things unless they are asked for or written with spaces.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from fractions import Fraction

_MAX_CHARS = 100
_ASK = re.compile(r"(?:what(?:\s+is|['’]s)|how\s+much\s+is|calculate|compute|evaluate)\s+", re.IGNORECASE)
_END = re.compile(r"[\s=?.!]*\Z")
_EXPRESSION = re.compile(r"[0-9.+\-*/() ]*[+\-*/][0-9.+\-*/() ]*")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_SURELY = re.compile(r"[+*]|\s[-/]\s")
_PYTHON_ONLY = re.compile(r"\*\s*\*|/\s*/")

_OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def answer_arithmetic(goal: str) -> str | None:
    """The result as a decimal number (`5`, `0.3`), or as a fraction with what it comes to; None for any other goal."""
    if len(goal) > _MAX_CHARS:
        return None
    asked = _ASK.match(goal.strip()) or goal.rstrip("? ").endswith("=")
    text = _END.sub("", _ASK.sub("", goal.strip(), count=1)).translate(str.maketrans("×·÷−", "**/-"))
    text = _GROUPED.sub(lambda found: found[0].replace(",", ""), text)
    if not _EXPRESSION.fullmatch(text) or _PYTHON_ONLY.search(text) or not re.search(r"\d\D+\d", text):
        return None
    if not asked and not _SURELY.search(text):
        return None
    try:
        tree = ast.parse(text.strip(), mode="eval")
        return _shown(_value(tree.body, text.strip()))
    except (SyntaxError, ZeroDivisionError):
        return None


def _value(node: ast.expr, text: str) -> Fraction:
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_value(node.left, text), _value(node.right, text))
    if isinstance(node, ast.UnaryOp):
        value = _value(node.operand, text)
        return -value if isinstance(node.op, ast.USub) else value
    literal = ast.get_source_segment(text, node) if isinstance(node, ast.Constant) else None
    if literal is None:
        raise SyntaxError(f"not arithmetic: {text}")
    return Fraction(literal)


def _shown(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value)
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return f"{value} ≈ {float(value):.6g}"
    digits = max(twos, fives)
    scaled = f"{abs(value.numerator) * 10**digits // value.denominator:0{digits + 1}}"
    return f"{'-' if value < 0 else ''}{scaled[:-digits]}.{scaled[-digits:]}"
