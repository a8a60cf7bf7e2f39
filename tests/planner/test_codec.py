"""The compact codec is a bijection on plans whose numbers lie on the grid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.planning import make_plan, make_subtask, plans, texts

from foreplan.planner.codec import decode, encode
from foreplan.planner.errors import CodecError
from foreplan.planner.grid import TOKEN_GRID, on_grid
from foreplan.planner.plan import Plan
from foreplan.planner.validate import PlanRules, check_plan

any_text = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(str.strip)


@given(plans(text=any_text | texts.filter(str.strip)))
def test_decoding_gives_the_plan_on_the_grid(plan: Plan) -> None:
    assert decode(encode(plan)) == on_grid(plan)
    assert on_grid(on_grid(plan)) == on_grid(plan)
    assert encode(on_grid(plan)) == encode(plan)


@given(plans())
def test_the_grid_keeps_a_plan_valid_and_never_raises_a_budget(plan: Plan) -> None:
    room = sum(subtask.budget for subtask in plan.subtasks)
    assert check_plan(on_grid(plan), PlanRules(budget_tokens=room)) == []
    for before, after in zip(plan.subtasks, on_grid(plan).subtasks, strict=True):
        assert after.budget <= before.budget < after.budget * 2 ** (1 / 4) + 1
        for name in ("tokens_p50", "tokens_p90"):
            exact, near = getattr(before.forecast, name), getattr(after.forecast, name)
            assert exact < 100 or 2 ** (-1 / 8) - 0.01 <= near / exact <= 2 ** (1 / 8) + 0.01


def test_it_takes_a_line_for_each_subtask() -> None:
    plan = make_plan(
        make_subtask("born", goal="When was A|B born?", done_when="a\ndate"),
        make_subtask("died", "born", kind="reason", worker="fast", attempts=3, select="vote", on_missing="partial"),
        answer="",
    )
    assert encode(plan).split("\n") == [
        r"plan|\0|Compare.|80",
        r"born|r|When was A\|B born?|a\ndate|s||l1f|90 14 18|20",
        "died<born|t|Find died|found|p|fast|l3v|90 14 18|20",
        "end",
    ]
    assert TOKEN_GRID[20] <= 3_000 < TOKEN_GRID[21]


GOOD = encode(make_plan(make_subtask("a"), make_subtask("b", "a")))


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "last line must be 'end'"),
        (GOOD[:-4], 3, "last line must be 'end'"),
        (GOOD.replace("plan|", "plot|", 1), 1, "mode"),
        (GOOD.replace("|80", "|101"), 1, "success"),
        (GOOD.replace("|80", "|080"), 1, "would be written"),
        (GOOD.replace("a|r", "a|z"), 2, "'z' is none of r, t, c, w, k"),
        (GOOD.replace("Find a", r"Find \x"), 2, "is no escape"),
        (GOOD.replace("Find a|", "Find a\\"), 2, "8 columns instead of 9"),
        (GOOD.replace("b<a", "b<A"), 3, "depends_on"),
        (GOOD.replace("b<a", "b<"), 3, "would be written"),
        (GOOD.replace("|20\nend", "|2\nend"), 3, "not a number of tokens"),
        (GOOD.replace("|20\nend", "|81\nend"), 3, "not a number of tokens"),
        (GOOD.replace("|20\nend", "|20\\\nend"), 3, "lone backslash"),
        (GOOD.replace("l1f", "l99f"), 2, "attempts"),
        (GOOD.replace("l1f", "l1"), 2, "as in m1f"),
        (GOOD.replace("90 14 18", "90 14"), 2, "as in 80 13 21"),
        ("\n" * 6_000 + "end", 5_002, "at most 5000"),
    ],
)
def test_a_fault_is_told_with_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(CodecError, match=says.replace("|", r"\|")) as caught:
        decode(text)
    assert caught.value.line == line
    assert f"Line {line} " in str(caught.value)
    assert caught.value.raw == text


@given(plans(), st.data())
def test_a_mutated_text_decodes_to_what_it_says_or_is_refused(plan: Plan, data: st.DataObject) -> None:
    text = encode(plan)
    at = data.draw(st.integers(0, len(text)))
    mutated = text[:at] + data.draw(st.text("|\\<,0r\n\r ", max_size=2)) + text[at + data.draw(st.integers(0, 3)) :]
    try:
        decoded = decode(mutated)
    except CodecError:
        return
    assert encode(decoded) == mutated
