"""Sections: material goes in with the room of one prompt; the same material comes out in pieces that fit it.

Laws: every claim and every open question is in exactly one piece, in order; a piece takes no more than the room unless
it is one claim or one question alone; what is missing is told with every piece.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ...memory.text.size import Counter
from .material import Material, Part


def in_sections(material: Material, room_tokens: int, counter: Counter) -> list[Material]:
    """As few pieces as the order allows; one empty piece for empty material.

    Args:
        material: what a report is made from.
        room_tokens: what the parts of one piece may take, in the counter's tokens.
        counter: tokens of a text.
    """
    pieces: list[list[Part]] = [[]]
    used = 0
    for part in _fitting(material.parts, room_tokens, counter):
        size = counter(f"{part}\n\n")
        if pieces[-1] and used + size > room_tokens:
            pieces.append([])
            used = 0
        pieces[-1].append(part)
        used += size
    return [Material(tuple(piece), material.missing) for piece in pieces]


def _fitting(parts: Iterable[Part], room_tokens: int, counter: Counter) -> Iterator[Part]:
    """The parts, those larger than the room cut into several of the same goal."""
    for part in parts:
        if counter(f"{part}\n\n") <= room_tokens:
            yield part
        else:
            yield from _cut(part, room_tokens, counter)


def _cut(part: Part, room_tokens: int, counter: Counter) -> Iterator[Part]:
    bare = replace(part, claims=(), open_questions=())
    heading = counter(f"{bare}\n\n")
    whole, used = bare, heading
    for one in _ones(part, bare):
        size = counter(f"{one}\n\n") - heading
        if whole != bare and used + size > room_tokens:
            yield whole
            whole, used = bare, heading
        whole = replace(
            bare, claims=whole.claims + one.claims, open_questions=whole.open_questions + one.open_questions
        )
        used += size
    yield whole


def _ones(part: Part, bare: Part) -> Iterator[Part]:
    """Each claim and each question of the part as a part of its own."""
    for claim in part.claims:
        yield replace(bare, claims=(claim,))
    for question in part.open_questions:
        yield replace(bare, open_questions=(question,))
