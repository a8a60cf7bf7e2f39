"""From what a model hands in to checked claims. Hostile arguments go in, claims with exact spans come out.

Each quote is located in the store, each claim checked against its span and repaired once in code (a better span, or the
evidence's own sentence in its place); what still fails is dropped, and said. Laws: no claim leaves here that its
evidence does not bear out; a claim of absence is worded by us, since there is no span it could be checked against; what
a derived claim was computed from comes along.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from ...core.models.found_json import parse_object
from ...memory.checks import verify
from ...memory.checks.limits import check_limits
from ...memory.checks.repair import repair_claim
from ...memory.checks.support import check_support
from ...memory.digest import Claim, Digest
from ...memory.documents.readers.base import clean
from ...memory.evidence import EvidenceRef
from ...memory.text.sentences import sentences
from ..tools.delimit import restored
from ..tools.desk import Desk
from ..tools.submit import MAX_CLAIMS, MAX_OPEN_QUESTIONS, MAX_TEXT_CHARS, SubmittedClaim, open_question

MAX_ARGUMENT_CHARS = 200_000
MAX_GUESSED = 3
"""Pieces that are searched for a claim whose quote stands nowhere."""


class Malformed(ValueError):
    """What was handed in is not in the form of a digest; the message says to the model what is wrong."""


@dataclass(frozen=True)
class Findings:
    """What a submission comes to. `rejected` has a sentence for each claim that its evidence does not bear out."""

    claims: tuple[Claim, ...] = ()
    open_questions: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    repaired: int = 0


def hand_in(arguments: str, desk: Desk, goal: str) -> Findings:
    """The findings in the arguments of `submit_digest`.

    Raises:
        Malformed: when there is nothing in them that could be a digest.
    """
    submitted, questions, faults = _read(arguments)
    claims: list[Claim] = []
    for each in submitted:
        claim = _claim(each, desk, goal)
        if claim is None:
            faults.append(f"{each.text[:100]!r}: its quote does not stand in {each.source[:40]!r}.")
        else:
            claims.append(claim)
    return _checked(claims, desk, questions, faults)


def claims_in_words(text: str, desk: Desk) -> Findings:
    """The sentences of a model's plain words that the evidence bears out."""
    text = clean(text[: MAX_CLAIMS * MAX_TEXT_CHARS])
    spans = sentences(text)[:MAX_CLAIMS]
    claims = (_anchored(Claim(text=span.of(text)[:MAX_TEXT_CHARS]), desk, ()) for span in spans)
    return _checked([claim for claim in claims if claim is not None], desk, (), [])


def _read(arguments: str) -> tuple[list[SubmittedClaim], tuple[str, ...], list[str]]:
    """Claims, open questions, and what was wrong with single claims."""
    value = parse_object(arguments) if len(arguments) <= MAX_ARGUMENT_CHARS else None
    if value is None:
        raise Malformed("The arguments must be one JSON object: {claims: [{text, source, quote}], open_questions: []}.")
    listed = value.get("claims")
    if not isinstance(listed, list):
        raise Malformed("claims must be a list of {text, source, quote}.")
    claims: list[SubmittedClaim] = []
    faults: list[str] = []
    for each in listed[:MAX_CLAIMS]:
        try:
            claims.append(SubmittedClaim.model_validate(each))
        except ValidationError as error:
            first = error.errors()[0]
            faults.append(f"A claim is not in its form: {'.'.join(map(str, first['loc']))}: {first['msg']}.")
    if faults and not claims:
        raise Malformed(faults[0])
    return claims, _questions(value.get("open_questions")), faults


def _questions(listed: Any) -> tuple[str, ...]:
    texts = [open_question(each) for each in listed[:MAX_OPEN_QUESTIONS]] if isinstance(listed, list) else []
    return tuple(dict.fromkeys(text for text in texts if text))


def _claim(submitted: SubmittedClaim, desk: Desk, goal: str) -> Claim | None:
    """The claim with its evidence, or None when there is none."""
    handles = desk.handles_in(submitted.source)
    if submitted.kind == "absence":
        return _absence(desk, handles, goal, submitted.confidence)
    claim = Claim(
        text=restored(submitted.text),
        value=submitted.value or None,
        unit=submitted.unit or None,
        confidence=submitted.confidence,
    )
    derived = next((desk.derived[handle] for handle in handles if handle in desk.derived), None)
    if derived is not None:
        return _worded(derived, claim, desk)
    given = _refs(desk, (handle for handle in handles if handle in desk.inherited))
    quoted = desk.place(submitted.quote, handles) if submitted.quote.strip() else None
    evidence = tuple(dict.fromkeys([*([quoted] if quoted else []), *given]))
    if evidence:
        kind = "quote" if quoted and claim.text in desk.artifacts.span(quoted) else "fact"
        return claim.model_copy(update={"kind": kind, "evidence": evidence})
    return _anchored(claim, desk, handles)


def _worded(derived: Claim, claim: Claim, desk: Desk) -> Claim:
    """A computed claim in the model's words if they are about what was computed, else in those of the computation.

    The check of derived claims looks at numbers only, so anything without one could be hung on a computation.
    """
    fact = claim.model_copy(update={"evidence": derived.evidence})
    spans = [desk.artifacts.span(ref) for ref in derived.evidence]
    if check_support(fact, spans, ()) or check_limits(fact, spans):
        return derived.model_copy(update={"confidence": claim.confidence})
    unit = claim.unit if claim.unit and any(claim.unit in span for span in spans) else None
    return derived.model_copy(update={"text": claim.text, "unit": unit, "confidence": claim.confidence})


def _anchored(claim: Claim, desk: Desk, handles: Sequence[str]) -> Claim | None:
    """A claim without a quote, on the sentence of its source (or of the desk) that bears it out; None without one."""
    refs = _refs(desk, handles) or [piece.ref for piece in desk.pieces.values()]
    return repair_claim(claim.model_copy(update={"evidence": tuple(refs[:MAX_GUESSED])}), desk.artifacts)


def _absence(desk: Desk, handles: Sequence[str], goal: str, confidence: float) -> Claim | None:
    """That nothing was found, in our words: the model's own could say anything. Its evidence is what was searched."""
    refs = _refs(desk, handles) or [piece.ref for piece in desk.pieces.values()]
    if not refs:
        return None
    text = f"Nothing was found in the sources for: {goal}"[:MAX_TEXT_CHARS]
    return Claim(text=text, kind="absence", evidence=tuple(refs[:MAX_GUESSED]), confidence=confidence)


def _refs(desk: Desk, handles: Iterable[str]) -> list[EvidenceRef]:
    return list(dict.fromkeys(ref for handle in handles for ref in desk.refs(handle)))


def _checked(claims: list[Claim], desk: Desk, questions: tuple[str, ...], faults: list[str]) -> Findings:
    known = {claim.id: claim for claim in desk.inherited.values()}
    verified = verify(Digest(subtask="", claims=tuple(desk.with_inputs(claims))), desk.artifacts, known=known)
    dropped = (f"{claim.text[:100]!r}: {failing[0]}." for claim, failing in verified.reasons)
    return Findings(verified.digest.claims, questions, (*faults, *dropped), verified.repaired)
