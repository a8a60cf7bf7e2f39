"""Pack: the digests a subtask may see go in, with its goal and its budget; out come the same digests with fewer claims.

Laws: the packed digests and the note on what was left out, rendered, never exceed the budget in the counter's tokens;
equal input gives equal output; no claim is reworded; what was left out is listed by claim id, so that it stays within
reach.

Claims are chosen for value per token (Dantzig's greedy rule for the knapsack): relevance to the goal times confidence.
Before that, each open question gets the claim that answers it best.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .digest import Claim, Digest
from .text.overlap import Overlap
from .text.size import Counter, upper_bound_tokens
from .text.words import terms

_BASE_RELEVANCE = 0.1
"""What a claim is worth that shares no word with the goal: its subtask was declared a parent for some reason."""
_UNSUPPORTED = 0.1
"""What a claim marked unsupported is worth, compared with the same claim supported."""
_NOTE_SHARE = 0.1
"""At most this part of the budget lists what was left out."""


@dataclass(frozen=True)
class Packed:
    """What fits.

    Attributes:
        digests: those given, in order, with the claims that fit, each digest's in its own order.
        left_out: ids of the claims that do not fit, most valuable first.
        note: one line for the subtask that lists as many of them as fit; empty when nothing was left out.
        tokens: what `render()` comes to.
    """

    digests: tuple[Digest, ...]
    left_out: tuple[str, ...]
    note: str
    tokens: int

    def render(self) -> str:
        """The text that the size is measured on."""
        return _render(self.digests, self.note)


def pack(
    digests: Sequence[Digest],
    *,
    goal: str,
    cap_tokens: int,
    open_questions: Sequence[str] = (),
    counter: Counter = upper_bound_tokens,
) -> Packed:
    """The most valuable part of `digests` that fits `cap_tokens`.

    Args:
        digests: those of the subtask's declared parents.
        goal: what the subtask is to do.
        cap_tokens: its memory budget, in the counter's tokens.
        open_questions: questions to cover first, beside those the digests left open themselves.
        counter: tokens of a text; the default is an upper bound for any tokenizer.
    """
    whole = Packed(tuple(digests), (), "", counter(_render(digests, "")))
    if whole.tokens <= cap_tokens:
        return whole
    items = _items(digests, counter)
    order = _by_value(items, goal, [*open_questions, *(question for d in digests for question in d.open_questions)])
    chosen = _greedy(digests, items, order, cap_tokens - round(cap_tokens * _NOTE_SHARE), counter)
    packed = _assemble(digests, items, chosen)
    while chosen and counter(_render(packed, "")) > cap_tokens:
        chosen.pop()
        packed = _assemble(digests, items, chosen)
    left_out = _ids(items, order, frozenset(chosen))
    note = _note(left_out, cap_tokens - counter(_render(packed, "")), counter)
    note = note if counter(_render(packed, note)) <= cap_tokens else ""
    return Packed(packed, left_out, note, counter(_render(packed, note)))


def render_claim(claim: Claim) -> str:
    """One claim as a line: its text, its value if the text lacks it, its standing, its id."""
    value = f" ({claim.value}{f' {claim.unit}' if claim.unit else ''})" if claim.value else ""
    standing = "" if claim.supported else " (unsupported)"
    return f"- {claim.text}{value}{standing} [{claim.id}]"


@dataclass(frozen=True, slots=True)
class _Item:
    """Something to choose: a claim, an open question or a failure of digest number `digest`."""

    digest: int
    content: Claim | str
    line: str
    tokens: int


def _items(digests: Sequence[Digest], counter: Counter) -> list[_Item]:
    return [
        _Item(place, content, line, counter(f"{line}\n"))
        for place, digest in enumerate(digests)
        for content, line in _contents(digest)
    ]


def _contents(digest: Digest) -> Iterator[tuple[Claim | str, str]]:
    for claim in digest.claims:
        yield claim, render_claim(claim)
    for text in (*digest.open_questions, *digest.failures):
        yield text, f"- open: {text}"


def _by_value(items: Sequence[_Item], goal: str, open_questions: Sequence[str]) -> list[int]:
    """Places of the items, those to take first in front."""
    overlap = Overlap([item.line for item in items])
    wanted = frozenset(terms(goal))
    values = [_value(item, overlap.share(wanted, place)) for place, item in enumerate(items)]
    best = sorted(range(len(items)), key=lambda place: (-values[place] / items[place].tokens, place))
    first = [_answer(items, overlap, frozenset(terms(question)), best) for question in dict.fromkeys(open_questions)]
    return list(dict.fromkeys([*(place for place in first if place is not None), *best]))


def _value(item: _Item, share: float) -> float:
    relevance = _BASE_RELEVANCE + (1 - _BASE_RELEVANCE) * share
    if isinstance(item.content, str):
        return relevance / 2
    return relevance * (0.05 + item.content.confidence) * (1.0 if item.content.supported else _UNSUPPORTED)


def _answer(items: Sequence[_Item], overlap: Overlap, wanted: frozenset[str], best: Sequence[int]) -> int | None:
    """The supported claim that shares most with a question, or None when none shares half of it."""
    shares = {
        place: overlap.share(wanted, place)
        for place in best
        if isinstance(content := items[place].content, Claim) and content.supported
    }
    answer = max(shares, key=lambda place: shares[place], default=None)
    return answer if answer is not None and shares[answer] >= 0.5 else None


def _greedy(
    digests: Sequence[Digest], items: Sequence[_Item], order: Sequence[int], room: int, counter: Counter
) -> list[int]:
    """Places of the items that fit one after the other; the first of a digest pays for its heading."""
    chosen: list[int] = []
    headed: set[int] = set()
    for place in order:
        item = items[place]
        heading = 0 if item.digest in headed else counter(f"{_heading(digests[item.digest])}\n")
        if item.tokens + heading <= room:
            room -= item.tokens + heading
            headed.add(item.digest)
            chosen.append(place)
    return chosen


def _assemble(digests: Sequence[Digest], items: Sequence[_Item], chosen: Sequence[int]) -> tuple[Digest, ...]:
    """The digests with the chosen ones of their claims, open questions and failures; empty ones are left out."""
    kept: dict[int, list[Claim | str]] = {}
    for place in sorted(chosen):
        kept.setdefault(items[place].digest, []).append(items[place].content)
    return tuple(_only(digests[place], contents) for place, contents in sorted(kept.items()))


def _only(digest: Digest, contents: Sequence[Claim | str]) -> Digest:
    texts = frozenset(content for content in contents if isinstance(content, str))
    return digest.model_copy(
        update={
            "claims": tuple(content for content in contents if isinstance(content, Claim)),
            "open_questions": tuple(text for text in digest.open_questions if text in texts),
            "failures": tuple(text for text in digest.failures if text in texts),
        }
    )


def _ids(items: Sequence[_Item], order: Sequence[int], chosen: frozenset[int]) -> tuple[str, ...]:
    contents = (items[place].content for place in order if place not in chosen)
    return tuple(dict.fromkeys(content.id for content in contents if isinstance(content, Claim)))


def _note(left_out: Sequence[str], room: int, counter: Counter) -> str:
    """As many ids of claims left out as fit, with how many there are."""
    if not left_out:
        return ""
    opening = f"{len(left_out)} more claims by id:"
    each = max(1, counter(f" {left_out[0]}"))
    fitting = max(0, room - counter(f"{opening}\n")) // each
    return " ".join([opening, *left_out[:fitting]]) if fitting else ""


def _heading(digest: Digest) -> str:
    return f"## {digest.subtask} ({digest.state})"


def _render(digests: Sequence[Digest], note: str) -> str:
    lines = [line for digest in digests for line in (_heading(digest), *(line for _, line in _contents(digest)))]
    return "\n".join([*lines, note] if note else lines)
