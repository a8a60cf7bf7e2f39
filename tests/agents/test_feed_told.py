"""What is new in a report: what was reported is left out, whatever differs in a number, a name or a "not" is not."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreplan.agents.feeds.told import Fresh, Told, fresh
from foreplan.agents.report import Citation, Missing
from foreplan.agents.writers.assemble import assemble
from foreplan.memory.evidence import EvidenceRef


def result(text: str, *quotes: str, missing: tuple[Missing, ...] = ()) -> dict[str, Any]:
    """A run's result whose report has this text, with a citation for each quote."""
    citations = [
        Citation(
            number=number,
            ref=EvidenceRef(artifact=hashlib.sha256(quote.encode()).hexdigest(), start=0, end=len(quote)),
            quote=quote,
            title="Page",
            source=f"{number}.md",
        )
        for number, quote in enumerate(quotes, start=1)
    ]
    report = assemble(text, citations, missing)
    return {
        "report": report.markdown,
        "citations": [each.model_dump(mode="json") for each in citations],
        "missing": [each.model_dump(mode="json") for each in missing],
    }


def again(text: str, *before: str) -> Fresh:
    told = [Told(each) for each in before]
    return fresh(result(f"- {text} [1]", text), told)


MILL = "The mill at Ober was built in 1871 by Anna Roth."


def test_all_is_new_to_a_feed_that_has_reported_nothing():
    given_result = result(f"# The mill\n\n- {MILL} [1]", MILL)
    found = fresh(given_result, [])
    assert found.markdown == given_result["report"]
    assert [each.text for each in found.statements] == [MILL]


def test_nothing_is_left_of_a_report_that_was_reported():
    given_result = result(f"# The mill\n\n## When?\n\n- {MILL} [1]", MILL)
    first = fresh(given_result, [])
    assert fresh(given_result, first.statements) == Fresh("", (), 1)


@pytest.mark.parametrize(
    "other",
    [
        "The mill at Ober was built in 1872 by Anna Roth.",
        "The mill at Ober was built in 1871 by Carl Roth.",
        "The mill at Ober was not built in 1871 by Anna Roth.",
        "The mill at Ober was built in 1871 by Anna Roth and burned down.",
        "The mill at Unter was built in 1871 by Anna Roth.",
        "The mill at Ober was built in 1871 by Anna Roth with 12 workers.",
    ],
)
def test_what_differs_is_new(other):
    assert again(other, MILL).statements


@pytest.mark.parametrize(
    "same", [MILL, "In 1871, Anna Roth built the mill at Ober.", "The mill at Ober: built by Anna Roth in 1871."]
)
def test_other_words_for_the_same_are_not(same):
    assert not again(same, "The dam is old.", MILL).statements


def test_a_longer_statement_tells_a_shorter_one_and_not_the_other_way_round():
    longer = "The mill at Ober was built in 1871 by Anna Roth, who had bought the land from the abbey in Altdorf."
    assert not again(MILL, longer).statements
    assert again(longer, MILL).statements


def test_a_paragraph_with_something_new_stays_whole_and_citations_count_from_one():
    fire = "It burned down in 2025."
    text = f"# The mill\n\n## Old\n\n{MILL} [1]\n\n## New\n\n{MILL} [1] {fire} [2]\n\n- {fire} [2, 3]\n\n## More"
    found = fresh(result(text, MILL, fire, "In 2025 it burned down."), [Told(MILL)])
    assert "## Old" not in found.markdown
    assert "## More" not in found.markdown
    assert f"{MILL} [1] {fire} [2]\n\n- {fire} [2, 3]" in found.markdown
    assert found.left_out == 1
    later = fresh(result(f"- {MILL} [1]\n- {fire} [2]", MILL, fire), [Told(MILL)])
    assert later.markdown == f"- {fire} [1]\n\n## Sources\n\n1. Page, 2.md: “{fire}”\n"


def test_what_is_missing_is_still_said():
    missing = (Missing(subtask="b", goal="Who paid?", reason="nothing was found"),)
    found = fresh(result(f"{MILL} [1]", MILL, missing=missing), [])
    assert "Who paid?: nothing was found" in found.markdown
    assert found.markdown.count("## Missing parts") == 1


@given(st.text(alphabet="ab1 .[]#-\n,“|", max_size=300), st.lists(st.text(alphabet="ab1 .", max_size=30), max_size=5))
def test_any_report_can_be_compared(text, before):
    found = fresh(result(text, "a b 1", "b b"), [Told(each) for each in before])
    assert bool(found.markdown) == bool(found.statements)
    assert fresh(result(text, "a b 1", "b b"), found.statements).statements == ()


def test_many_statements_are_compared_in_little_time():
    known = [f"The mill number {number} at Ober was built in {1000 + number} by Anna Roth." for number in range(5_000)]
    text = "\n".join(f"- {each} [1]" for each in known[:300])
    assert fresh(result(text, MILL), list(map(Told, known))).left_out == 300
