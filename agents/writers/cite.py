"""Citing: a draft whose sentences end in claim handles (`[c3]`, `[c3, c7]`) becomes text with checked, numbered ones.

Laws: each number is bound to one exact span; a citation that does not bear out the numbers, dates, links and quotations
of its sentence is taken away and the sentence marked; a handle nobody gave out is taken away; nothing else changes.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ...memory.artifacts import ArtifactStore
from ...memory.checks import check_sentence
from ...memory.digest import Claim
from ...memory.evidence import EvidenceRef
from ...memory.text.sentences import sentences
from ...memory.text.spans import Span
from ..report import Citation

UNSUPPORTED = "*(unsupported)*"

_HANDLES = re.compile(r"[ \t]?\[\s*c\d{1,6}(?:\s*[,;]\s*c\d{1,6})*\s*\]")
_HANDLE = re.compile(r"c\d{1,6}")
_NUMBERS = re.compile(r"\[(\s*\d{1,6}(?:\s*[,;–-]\s*\d{1,6})*\s*)\](?!\()")  # noqa: RUF001
_BLOCK_MARK = re.compile(r"(?:[#>|\s]|[-*+]\s|\d{1,3}[.)]\s)*")


@dataclass
class Citer:
    """Turns drafts into cited text. Numbers go on from draft to draft, so that sections can be cited one by one."""

    claims: Mapping[str, Claim]
    artifacts: ArtifactStore
    citations: list[Citation] = field(default_factory=list)
    removed: int = 0
    _numbers: dict[EvidenceRef, int] = field(default_factory=dict)
    _spans: dict[EvidenceRef, str] = field(default_factory=dict)

    def cite(self, draft: str) -> str:
        """The draft with numbered citations. Numbers the model made up itself are taken away first."""
        return "\n".join(self._line(line) for line in _NUMBERS.sub("", draft).split("\n"))

    def _line(self, line: str) -> str:
        plain, groups = _lift_handles(line)
        # What was taken away may have stood within brackets that now hold nothing but a number.
        plain = _NUMBERS.sub(r"(\1)", plain)
        inserts: list[tuple[int, str]] = []
        for span, own in _by_sentence(plain, groups):
            inserts += self._sentence(plain, span, own)
        pieces: list[str] = []
        done = 0
        for position, text in sorted(inserts):
            pieces += [plain[done:position], text]
            done = position
        return "".join([*pieces, plain[done:]])

    def _sentence(self, plain: str, span: Span, groups: Sequence[_Group]) -> list[tuple[int, str]]:
        """What to insert where: numbers for each group of handles, or one mark when the spans do not bear it out."""
        refs = {group: self._refs(group.handles) for group in groups}
        cited = list(dict.fromkeys(ref for each in refs.values() for ref in each))
        mark = _BLOCK_MARK.match(plain, span.start, span.end)
        statement = plain[mark.end() if mark else span.start : span.end]
        if not cited or check_sentence(statement, [self._span(ref) for ref in cited]):
            self.removed += sum(len(group.handles) for group in groups)
            return [(span.end, f" {UNSUPPORTED}")]
        numbers = {group: sorted({self._number(ref) for ref in each}) for group, each in refs.items() if each}
        return [(group.position, f" [{', '.join(map(str, each))}]") for group, each in numbers.items()]

    def _refs(self, handles: Sequence[str]) -> list[EvidenceRef]:
        known = [self.claims[handle] for handle in handles if handle in self.claims]
        return list(dict.fromkeys(ref for claim in known for ref in claim.evidence))

    def _span(self, ref: EvidenceRef) -> str:
        if ref not in self._spans:
            self._spans[ref] = self.artifacts.span(ref)
        return self._spans[ref]

    def _number(self, ref: EvidenceRef) -> int:
        if ref not in self._numbers:
            self._numbers[ref] = len(self._numbers) + 1
            artifact = self.artifacts.get(ref.artifact)
            self.citations.append(
                Citation(
                    number=self._numbers[ref],
                    ref=ref,
                    quote=self._span(ref),
                    title=artifact.title,
                    source=artifact.source,
                )
            )
        return self._numbers[ref]


class _Group(NamedTuple):
    """Handles that stood together, and where in the line without handles."""

    position: int
    handles: tuple[str, ...]


def _lift_handles(line: str) -> tuple[str, list[_Group]]:
    """The line without handles, and where they stood."""
    pieces: list[str] = []
    groups: list[_Group] = []
    length = done = 0
    for found in _HANDLES.finditer(line):
        pieces.append(line[done : found.start()])
        length += len(pieces[-1])
        groups.append(_Group(length, tuple(_HANDLE.findall(found[0]))))
        done = found.end()
    return "".join([*pieces, line[done:]]), groups


def _by_sentence(plain: str, groups: Sequence[_Group]) -> Iterator[tuple[Span, list[_Group]]]:
    """Each sentence that has handles, with them. Handles behind a full stop belong to the sentence before them."""
    spans = sentences(plain) if groups else []
    positions = [group.position for group in groups]
    for i, span in enumerate(spans):
        first = 0 if i == 0 else span.start + 1
        last = spans[i + 1].start if i + 1 < len(spans) else len(plain)
        if own := groups[bisect_left(positions, first) : bisect_right(positions, last)]:
            yield span, list(own)
