"""A derived claim comes out the same when its expression is computed again from the claims it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from ...core.errors import InputError
from ...core.expression import Value, evaluate
from ..digest import Claim
from ..text.dates import dates
from ..text.numbers import numbers
from .base import Failing

Calculate = Callable[[str, Mapping[str, Decimal]], Value]
"""Computes an expression from named numbers; raises `InputError` when it cannot."""


def check_derived(
    claim: Claim, known: Mapping[str, Claim], spans: Sequence[str], calculate: Calculate = evaluate
) -> list[Failing]:
    """What is wrong with the derivation of a derived claim.

    Args:
        claim: the claim; those of other kinds have nothing wrong.
        known: the claims it may name, by id, themselves checked.
        spans: the texts of its own evidence, if it has any.
        calculate: what recomputes the expression.
    """
    if claim.kind != "derived":
        return []
    if claim.derivation is None:
        return [Failing("derived", "it does not say how it was computed")]
    inputs: dict[str, Decimal] = {}
    for name, claim_id in claim.derivation.inputs.items():
        value = value_of(known[claim_id]) if claim_id in known else None
        if value is None:
            return [Failing("derived", f"{name} is not the value of a known claim")]
        inputs[name] = value
    try:
        result = calculate(claim.derivation.expression, inputs)
    except InputError as error:
        return [Failing("derived", error.message[:200])]
    return _compare(claim, result) + _other_numbers(claim, [known[i] for i in claim.derivation.inputs.values()], spans)


def value_of(claim: Claim) -> Decimal | None:
    """The number a claim states: its value, or the only number of its text."""
    found = numbers(claim.value) if claim.value is not None else numbers(claim.text)
    return found[0].value if found and (claim.value is not None or len({each.value for each in found}) == 1) else None


def _compare(claim: Claim, result: Value) -> list[Failing]:
    if isinstance(result, bool):
        stated = (claim.value or "").strip().lower()
        agrees = stated in (("true", "yes") if result else ("false", "no"))
        return [] if agrees else [Failing("derived", f"it is {result}, not {claim.value}")]
    stated_value = value_of(claim)
    if stated_value is None:
        return [Failing("derived", "it states no value")]
    return [] if rounds_to(result, stated_value) else [Failing("derived", f"it is {result:.12g}, not {stated_value}")]


def rounds_to(exact: Decimal, stated: Decimal) -> bool:
    """Whether `stated` is `exact`, or `exact` rounded to as many places as `stated` has."""
    exponent = stated.as_tuple().exponent
    if not isinstance(exponent, int) or not exact.is_finite():
        return False
    half = Decimal(5).scaleb(min(exponent, 0) - 1)
    return abs(exact - stated) <= half


def _other_numbers(claim: Claim, inputs: Sequence[Claim], spans: Sequence[str]) -> list[Failing]:
    """Numbers of the text that are neither the result, nor an input, nor in the expression."""
    texts = [*spans, *(text for each in inputs for text in (each.text, each.value or ""))]
    texts.append(claim.derivation.expression if claim.derivation else "")
    known = {number.value for text in texts for number in numbers(text)}
    known |= {Decimal(date.year) for text in texts for date in dates(text) if date.year is not None}
    result = value_of(claim)
    return [
        Failing("derived", number.span.of(claim.text))
        for number in numbers(claim.text)
        if number.value not in known and number.value != result
    ]
