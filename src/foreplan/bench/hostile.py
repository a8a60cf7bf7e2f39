"""A compressor that lies: what of its claims reaches a report, and how many of the honest ones mixed in are kept.

In each case a scripted compressor hands in one false and two true claims about a made-up page. They go the way of
every claim: checks, repair, packing for size, then a report's citations. A false claim counts as unsupported when its
words stand in the report uncontradicted, a true one with the wrong evidence when it still cites that.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foreplan.agents.writers.cite import UNSUPPORTED, Citer
from foreplan.bench._lies import Page, page
from foreplan.memory.artifacts import MemoryArtifacts
from foreplan.memory.compress.base import Excerpt
from foreplan.memory.compress.checked import compress_checked
from foreplan.memory.digest import Claim, Digest
from foreplan.memory.evidence import EvidenceRef

CASES = 1_000
CAP_TOKENS = 4_000
FALSE_SHARE = 0.7
"""The part of the lies that say something false; the others say something true and cite the wrong thing."""
WRONG_EVIDENCE = ("wrong span", "other page", "no evidence", "no artifact")


class Scripted:
    """A compressor that says what it was told to say."""

    name = "scripted"

    def __init__(self, claims: Sequence[Claim]) -> None:
        self.claims = tuple(claims)

    async def compress(self, goal: str, excerpts: Sequence[Excerpt], *, subtask: str, cap_tokens: int) -> Digest:
        """The scripted claims, whatever the excerpts say."""
        return Digest(subtask=subtask, claims=self.claims)


@dataclass(frozen=True)
class Case:
    """One false claim and the true ones beside it. `bearing` are the sentences that do state what it says."""

    trick: str
    lie: Claim
    honest: tuple[Claim, ...]
    bearing: tuple[str, ...]


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """Counts over the cases.

    Args:
        data: not used; pages are generated.
        quick: a tenth of the cases.

    Returns:
        `cases`, `unsupported` (false claims that reached a report), `kept_honest` (share of the true claims that came
        through as they were), `repaired` and `dropped` false claims, and `tricks`: how often each was tried.
    """
    rng = random.Random(0)
    counts: Counter[str] = Counter()
    tricks: Counter[str] = Counter()
    for _ in range(CASES // 10 if quick else CASES):
        artifacts = MemoryArtifacts()
        case = _case(rng, artifacts)
        tricks[case.trick] += 1
        counts += asyncio.run(_count(case, artifacts))
    return {
        "cases": tricks.total(),
        "unsupported": counts["unsupported"],
        "kept_honest": counts["kept"] / counts["honest"],
        "repaired": counts["repaired"],
        "dropped": counts["dropped"],
        "tricks": dict(sorted(tricks.items())),
    }


def _case(rng: random.Random, artifacts: MemoryArtifacts) -> Case:
    pages = [page(rng), page(rng)]
    hashes = [artifacts.put(each.text, title=each.title, source=f"{each.title}.txt") for each in pages]
    about = pages[0]
    place = rng.randrange(len(about.statements))
    statement = about.statements[place]
    honest = tuple(
        about.claim(hashes[0], other, rng.choice(about.statements[other].honest))
        for other in rng.sample([at for at in range(len(about.statements)) if at != place], 2)
    )
    trick = rng.choice(list(statement.false) if rng.random() < FALSE_SHARE else WRONG_EVIDENCE)
    lie = _lie(rng, trick, pages, hashes, place)
    stated = (each for other in pages for each in other.statements)
    return Case(trick, lie, honest, tuple(each.sentence for each in stated if lie.text in each.honest))


def _lie(rng: random.Random, trick: str, pages: Sequence[Page], hashes: Sequence[str], place: int) -> Claim:
    about = pages[0]
    statement = about.statements[place]
    if trick in statement.false:
        claim = about.claim(hashes[0], place, statement.false[trick])
        return claim.model_copy(update={"value": "7777"}) if trick == "wrong value field" else claim
    claim = about.claim(hashes[0], place, rng.choice(statement.honest))
    if trick == "no evidence":
        return claim.model_copy(update={"evidence": ()})
    if trick == "wrong span":
        other = rng.choice([at for at in range(len(about.statements)) if at != place])
        return about.claim(hashes[0], place, claim.text, evidence=other)
    if trick == "other page":
        return claim.model_copy(update={"evidence": pages[1].claim(hashes[1], place, claim.text).evidence})
    nowhere = EvidenceRef(artifact="0" * 64, start=0, end=10)
    return claim.model_copy(update={"evidence": (nowhere,)})


async def _count(case: Case, artifacts: MemoryArtifacts) -> Counter[str]:
    checked = await compress_checked(
        Scripted((*case.honest, case.lie)), "the bridge", [], subtask="s", cap_tokens=CAP_TOKENS, artifacts=artifacts
    )
    reported = [claim for claim in checked.digest.claims if _in_report(claim, artifacts)]
    kept = {(claim.text, claim.evidence) for claim in reported}
    return Counter(
        {
            "unsupported": sum(
                claim.text == case.lie.text and not _borne_out(claim, case, artifacts) for claim in reported
            ),
            "honest": len(case.honest),
            "kept": sum((claim.text, claim.evidence) in kept for claim in case.honest),
            "repaired": checked.repaired,
            "dropped": checked.dropped,
        }
    )


def _borne_out(claim: Claim, case: Case, artifacts: MemoryArtifacts) -> bool:
    """Whether what was said with the wrong evidence now cites the right words. Other lies are never borne out."""
    if case.trick not in WRONG_EVIDENCE:
        return False
    return any(sentence in artifacts.span(ref) for ref in claim.evidence for sentence in case.bearing)


def _in_report(claim: Claim, artifacts: MemoryArtifacts) -> bool:
    """Whether a report's sentence of this claim keeps its citation."""
    handle = "c1"
    text = Citer({handle: claim}, artifacts).cite(f"{claim.text} [{handle}]")
    return UNSUPPORTED not in text
