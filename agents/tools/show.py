"""How evidence and claims are shown to a model: delimited as data, each under its handle."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ...memory.compress.base import Excerpt as Source
from ...memory.compress.extractive import extract
from ...memory.digest import Claim
from .delimit import defused
from .desk import Piece

_NOT_A_LABEL = re.compile(r"[\s\"<>]+")
_MAX_LABEL_CHARS = 80
EXTRACT_CHARS = 200


def show_piece(piece: Piece, text: str) -> str:
    """A piece of evidence; what part of its whole it is, when it is not all."""
    # A last line end is nobody's loss.
    is_whole = piece.ref.start == 0 and piece.ref.end >= piece.length - 1
    part = "" if is_whole else f" {piece.ref.start}-{piece.ref.end}/{piece.length}"
    return f"<data {piece.handle} {_label(piece.title or piece.source)}{part}>\n{defused(text.strip())}\n</data>"


def fold_piece(piece: Piece, text: str, goal: str) -> str:
    """A piece of evidence in short, the sentences that bear most on the goal: `read` shows all of it again."""
    return (
        f"<data {piece.handle} folded; read it again by its handle>\n{defused(_extract(piece, text, goal))}…\n</data>"
    )


def show_questions(questions: Iterable[str]) -> str:
    """Questions that earlier subtasks left open, one a line."""
    return "\n".join(["<claims>", *(defused(" ".join(each.split())) for each in questions), "</claims>"])


def show_claims(claims: Mapping[str, Claim]) -> str:
    """Claims of earlier subtasks, one a line under their handles."""
    lines = (f"{handle}: {_statement(claim)}" for handle, claim in claims.items())
    return "\n".join(["<claims>", *lines, "</claims>"])


def _extract(piece: Piece, text: str, goal: str) -> str:
    """The sentences that bear most on the goal, in their order; the beginning where none is short enough."""
    chosen = extract(goal, [Source(piece.ref.artifact, text, title=piece.title)], EXTRACT_CHARS, len)
    claims = sorted(chosen, key=lambda claim: claim.evidence[0].start)
    return " … ".join(claim.text for claim in claims) or " ".join(text[: 2 * EXTRACT_CHARS].split())[:EXTRACT_CHARS]


def _statement(claim: Claim) -> str:
    """A claim as one line. Its value is said again only where the text does not say it."""
    value = f" = {claim.value} {claim.unit or ''}".rstrip() if claim.value and claim.value not in claim.text else ""
    note = "" if claim.supported else " (unsupported)"
    return defused(" ".join(f"{claim.text}{value}{note}".split()))


def _label(words: str) -> str:
    return _NOT_A_LABEL.sub(" ", words).strip()[:_MAX_LABEL_CHARS]
