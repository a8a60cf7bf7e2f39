"""Sections: nothing is lost, nothing is said twice, no piece takes more than its room; calls keep window and budget."""

from __future__ import annotations

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st
from support.plans import plan_of, subtask

from foreplan.agents.roles import Writing
from foreplan.agents.writers.material import Material, Part
from foreplan.agents.writers.model import WINDOW_TOKENS, ModelWriter
from foreplan.agents.writers.sections import in_sections
from foreplan.core.ledger import Ledger
from foreplan.core.limits import Limits
from foreplan.core.models.base import Request
from foreplan.core.models.bounds import PromptBound
from foreplan.core.testing.models import FunctionModel, model_of
from foreplan.memory.artifacts import MemoryArtifacts
from foreplan.memory.digest import Claim, Digest
from foreplan.memory.evidence import EvidenceRef
from foreplan.memory.text.size import upper_bound_tokens
from foreplan.planner.brief import Brief

TEXTS = st.lists(st.text("ab ", min_size=1, max_size=60), max_size=6)
PARTS = st.lists(st.tuples(TEXTS, TEXTS), max_size=5).map(
    lambda drawn: tuple(
        Part(f"s{n}", f"Goal {n}", tuple((f"c{n}_{i}", Claim(text=text)) for i, text in enumerate(claims)), tuple(asks))
        for n, (claims, asks) in enumerate(drawn)
        if claims or asks
    )
)


@given(PARTS, st.integers(1, 400))
def test_pieces_keep_their_room_and_hold_everything_once_and_in_order(parts: tuple[Part, ...], room: int) -> None:
    pieces = in_sections(Material(parts, ()), room, upper_bound_tokens)
    told = list(chain.from_iterable(piece.parts for piece in pieces))
    for part in parts:
        of_goal = [each for each in told if each.goal == part.goal]
        assert tuple(chain.from_iterable(each.claims for each in of_goal)) == part.claims
        assert tuple(chain.from_iterable(each.open_questions for each in of_goal)) == part.open_questions
    for piece in pieces:
        alone = sum(len(each.claims) + len(each.open_questions) for each in piece.parts) == 1
        assert alone or sum(upper_bound_tokens(f"{each}\n\n") for each in piece.parts) <= room or not piece.parts


def many_digests(artifacts: MemoryArtifacts, number: int) -> list[Digest]:
    found = []
    for n in range(number):
        text = f"Station {n} holds {n + 1_000} crates of tea."
        ref = EvidenceRef(artifact=artifacts.put(text), start=0, end=len(text))
        found.append(Digest(subtask=f"s{n}", claims=(Claim(text=text, evidence=(ref,)),)))
    return found


async def test_each_call_keeps_the_window_and_failures_in_hundreds_take_bounded_room() -> None:
    artifacts = MemoryArtifacts()
    failed = [Digest(subtask=f"f{n}", state="failed", failures=("the page is gone " * 30,)) for n in range(500)]
    digests = [*many_digests(artifacts, 300), *failed]
    plan = plan_of(*(subtask(digest.subtask) for digest in digests))
    backend = FunctionModel(lambda request: "Nothing to say.")
    for window in (12_000, None):
        backend.requests.clear()
        account = Ledger(Limits(tokens=None)).account("writer")
        writing = Writing(Brief(goal="What is held?", length="long"), plan, tuple(digests), account, artifacts)
        report = await ModelWriter(model_of(backend, window_tokens=window)).write(writing)
        assert len(backend.requests) > 1
        for request in backend.requests:
            bound = PromptBound().tokens(Request(request.messages, 1))
            assert bound + request.max_completion_tokens <= (window or WINDOW_TOKENS)
        assert len(report.missing) == 500


async def test_sections_of_a_short_report_share_its_length() -> None:
    artifacts = MemoryArtifacts()
    digests = tuple(many_digests(artifacts, 120))
    plan = plan_of(*(subtask(digest.subtask) for digest in digests))
    backend = FunctionModel(lambda request: "Tea.")
    account = Ledger(Limits(tokens=None)).account("writer")
    writing = Writing(Brief(goal="What is held?", length="medium"), plan, digests, account, artifacts)
    await ModelWriter(model_of(backend, window_tokens=4_000)).write(writing)
    sections = len(backend.requests)
    assert sections > 2
    assert f"at most {500 // sections} words" in str(backend.requests[0].messages)
