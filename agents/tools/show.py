"""How evidence and claims are shown to a model: delimited as data, each under its handle."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...memory.digest import Claim
from .delimit import defused
from .desk import Piece

_NOT_A_LABEL = re.compile(r"[\s\"<>]+")
_MAX_LABEL_CHARS = 80
EXTRACT_CHARS = 120


def show_piece(piece: Piece, text: str) -> str:
    """A piece of evidence; what part of its whole it is, when it is not all."""
    # A last line end is nobody's loss.
    is_whole = piece.ref.start == 0 and piece.ref.end >= piece.length - 1
    part = "" if is_whole else f" {piece.ref.start}-{piece.ref.end}/{piece.length}"
    return f"<data {piece.handle} {_label(piece.title or piece.source)}{part}>\n{defused(text.strip())}\n</data>"


def fold_piece(piece: Piece, text: str) -> str:
    """A piece of evidence in short: `read` shows all of it again."""
    extract = " ".join(text[: 2 * EXTRACT_CHARS].split())[:EXTRACT_CHARS]
    return f"<data {piece.handle} folded; read it again by its handle>\n{defused(extract)}…\n</data>"


def show_claims(claims: Mapping[str, Claim]) -> str:
    """Claims of earlier subtasks, one a line under their handles."""
    lines = (f"{handle}: {_statement(claim)}" for handle, claim in claims.items())
    return "\n".join(["<claims>", *lines, "</claims>"])


def _statement(claim: Claim) -> str:
    """A claim as one line. Its value is said again only where the text does not say it."""
    value = f" = {claim.value} {claim.unit or ''}".rstrip() if claim.value and claim.value not in claim.text else ""
    note = "" if claim.supported else " (unsupported)"
    return defused(" ".join(f"{claim.text}{value}{note}".split()))


def _label(words: str) -> str:
    return _NOT_A_LABEL.sub(" ", words).strip()[:_MAX_LABEL_CHARS]
