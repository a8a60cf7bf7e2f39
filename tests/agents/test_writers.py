from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.plans import plan_of, subtask

from foreplan.agents.report import Report
from foreplan.agents.roles import Writing
from foreplan.agents.writers.cite import UNSUPPORTED, Citer
from foreplan.agents.writers.extractive import ExtractiveWriter
from foreplan.agents.writers.model import ModelWriter
from foreplan.core.errors import ModelError
from foreplan.core.ledger import Ledger, free_account
from foreplan.core.limits import Limits
from foreplan.core.models.base import Reply, Request
from foreplan.core.testing.models import FunctionModel, model_of, scripted
from foreplan.memory.artifacts import MemoryArtifacts
from foreplan.memory.digest import Claim, Digest
from foreplan.memory.evidence import EvidenceRef
from foreplan.planner.brief import Brief
from foreplan.planner.plan import Plan

PAGE = "The bridge opened in 1932. It is 503 metres long. Nobody lives on it."


@pytest.fixture
def artifacts() -> MemoryArtifacts:
    return MemoryArtifacts()


def claim(artifacts: MemoryArtifacts, text: str, page: str = PAGE) -> Claim:
    sha = artifacts.put(page, title="Bridges", source="bridges.md")
    start = page.find(text)
    return Claim(text=text, evidence=(EvidenceRef(artifact=sha, start=start, end=start + len(text)),), confidence=0.9)


def citer(artifacts: MemoryArtifacts) -> Citer:
    opened = claim(artifacts, "The bridge opened in 1932.")
    long = claim(artifacts, "It is 503 metres long.")
    return Citer({"c1": opened, "c2": long}, artifacts)


def test_handles_become_numbers_bound_to_exact_spans(artifacts):
    each = citer(artifacts)
    text = each.cite("It opened in 1932 [c1]. Its length is 503 metres [c2], and it opened in 1932 [c1].")
    assert text == "It opened in 1932 [1]. Its length is 503 metres [2], and it opened in 1932 [1]."
    assert [(one.number, one.quote) for one in each.citations] == [
        (1, "The bridge opened in 1932."),
        (2, "It is 503 metres long."),
    ]
    assert all(artifacts.span(one.ref) == one.quote for one in each.citations)


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        ("It opened in 1933 [c1].", f"It opened in 1933. {UNSUPPORTED}"),
        ('It "opened in style" [c1].', f'It "opened in style". {UNSUPPORTED}'),
        ("See https://example.org/x [c1].", f"See https://example.org/x. {UNSUPPORTED}"),
        ("Nothing known [c9].", f"Nothing known. {UNSUPPORTED}"),
    ],
)
def test_a_citation_that_does_not_bear_its_sentence_out_goes_and_the_sentence_is_marked(artifacts, draft, expected):
    each = citer(artifacts)
    assert each.cite(draft) == expected
    assert each.citations == []
    assert each.removed == 1


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        ("It opened in 1932. [c1] It is 503 metres long. [c2]", "It opened in 1932. [1] It is 503 metres long. [2]"),
        ("Opened in 1932, it is 503 metres long [c1, c2].", "Opened in 1932, it is 503 metres long [1, 2]."),
        ("Known [c1; c9] 1932.", "Known [1] 1932."),
        ("- 1932 [c1]\n- 503 metres [c2]", "- 1932 [1]\n- 503 metres [2]"),
        ("2. It opened in 1932 [c1]", "2. It opened in 1932 [1]"),
        ("# Title\n\nNo handle, 77 things [3] [see](x).", "# Title\n\nNo handle, 77 things  [see](x)."),
    ],
)
def test_handles_stand_where_models_put_them(artifacts, draft, expected):
    assert citer(artifacts).cite(draft) == expected


@given(st.text(alphabet=' .[]c1239,;\n-#abé“”"', max_size=200))
def test_whatever_is_written_every_number_in_brackets_is_a_citation(draft):
    each = citer(MemoryArtifacts())
    text = each.cite(draft)
    assert "[c1]" not in text
    known = {one.number for one in each.citations}
    assert known == set(range(1, len(known) + 1))


def writing(artifacts: MemoryArtifacts, *digests: Digest, tokens: int | None = None, **brief: Any) -> Writing:
    plan = plan_of(*(subtask(digest.subtask) for digest in digests))
    account = free_account() if tokens is None else Ledger(Limits(tokens=tokens)).account("writer")
    return Writing(Brief(goal="What about the bridge?", **brief), plan, digests, account, artifacts)


def found(artifacts: MemoryArtifacts, name: str, *texts: str) -> Digest:
    return Digest(subtask=name, claims=tuple(claim(artifacts, text) for text in texts))


async def test_the_model_sees_claims_and_its_report_is_checked(artifacts):
    model = FunctionModel(lambda request: "It opened in 1932 [c1]. It is 999 metres long [c2].")
    digest = found(artifacts, "age", "The bridge opened in 1932.", "It is 503 metres long.")
    report = await ModelWriter(model_of(model)).write(writing(artifacts, digest))
    assert report.markdown.startswith(f"It opened in 1932 [1]. It is 999 metres long. {UNSUPPORTED}\n")
    assert "1. Bridges, bridges.md: “The bridge opened in 1932.”" in report.markdown
    assert (len(report.citations), report.removed) == (1, 1)
    asked = str(model.requests[0].messages)
    assert "[c1] The bridge opened in 1932." in asked


async def test_unsupported_claims_never_reach_the_writer(artifacts):
    model = FunctionModel(lambda request: "Nothing.")
    bad = claim(artifacts, "Nobody lives on it.").model_copy(update={"supported": False})
    digest = found(artifacts, "age", "The bridge opened in 1932.")
    digest = digest.model_copy(update={"claims": (*digest.claims, bad)})
    await ModelWriter(model_of(model)).write(writing(artifacts, digest))
    assert "Nobody lives" not in str(model.requests[0].messages)


async def test_what_is_missing_is_named_with_its_reason(artifacts):
    lost = Digest(subtask="lost", state="failed", failures=("the endpoint was down",))
    done = found(artifacts, "age", "The bridge opened in 1932.")
    for writer in (ModelWriter(scripted("It opened in 1932 [c1].")), ExtractiveWriter()):
        report = await writer.write(writing(artifacts, done, lost))
        assert "- Find out about lost: the endpoint was down" in report.markdown
        assert [each.subtask for each in report.missing] == ["lost"]


@pytest.mark.parametrize("error", [ModelError("no key", kind="auth"), ModelError("no", kind="refused")])
async def test_when_the_writer_fails_the_claims_are_quoted(artifacts, error):
    digest = found(artifacts, "age", "The bridge opened in 1932.")
    report = await ModelWriter(scripted(error)).write(writing(artifacts, digest))
    assert "The bridge opened in 1932. [1]" in report.markdown


async def test_more_claims_than_fit_are_written_in_sections_and_no_citation_is_lost(artifacts):
    page = "\n".join(f"Beam number {n} weighs {1_000 + n} kg." for n in range(300))
    digests = [
        Digest(
            subtask=f"part{part}",
            claims=tuple(
                claim(artifacts, f"Beam number {n} weighs {1_000 + n} kg.", page)
                for n in range(part * 30, part * 30 + 30)
            ),
        )
        for part in range(10)
    ]

    def all_of_it(request: Request) -> Reply:
        lines = [line for line in str(request.messages[-1]["content"]).split("\n") if line.startswith("[c")]
        return Reply(text="\n".join(f"{line.partition('] ')[2]} {line.partition('] ')[0]}]" for line in lines))

    model = FunctionModel(all_of_it)
    report = await ModelWriter(model_of(model, window_tokens=6_000)).write(writing(artifacts, *digests, length="long"))
    assert len(model.requests) > 1
    assert len(report.citations) == 300
    assert report.removed == 0


async def test_a_writer_without_budget_quotes_everything(artifacts):
    model = FunctionModel(lambda request: "never asked")
    digest = found(artifacts, "age", "The bridge opened in 1932.", "It is 503 metres long.")
    report = await ModelWriter(model_of(model)).write(writing(artifacts, digest, tokens=50))
    assert model.requests == []
    assert len(report.citations) == 2


async def test_a_direct_plan_is_its_answer(artifacts):
    plan = Plan(mode="direct", answer="5", synthesis="", success=1.0, subtasks=())
    job = Writing(Brief(goal="2 + 3"), plan, (), free_account(), artifacts)
    for writer in (ModelWriter(scripted()), ExtractiveWriter()):
        assert await writer.write(job) == Report(markdown="5\n")


async def test_a_report_is_never_empty(artifacts):
    report = await ExtractiveWriter().write(writing(artifacts, Digest(subtask="age", state="failed")))
    assert "Nothing was found" in report.markdown
