import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreplan.cli.drawing import MARKS, draw
from foreplan.cli.progress import PlainLines
from foreplan.cli.text import duration, number, one_line, safe
from foreplan.core.events import (
    Event,
    Noted,
    PlanItem,
    PlanReady,
    Retried,
    RunEnded,
    RunStarted,
    Spent,
    SubtaskEnded,
    SubtaskStarted,
    ToolCalled,
)
from foreplan.memory.trace.view import RunView

GOAL = "Which bridges did she build, and when were they opened to the public?"
EVENTS: list[Event] = [
    RunStarted(at=0, run="r", goal=GOAL),
    Spent(at=1, account="planner", model="m", prompt_tokens=900, completion_tokens=100, dollars=0.5),
    PlanItem(at=1, subtask="find-bridges", goal="Find her bridges", forecast_tokens=3_000, budget_tokens=6_000),
    PlanItem(at=1, subtask="find-dates", goal="Find dates", depends_on=("find-bridges",), forecast_tokens=2_000),
    PlanReady(at=2, mode="plan", subtasks=2),
    SubtaskStarted(at=2, subtask="find-bridges"),
    ToolCalled(at=3, subtask="find-bridges", tool="search", detail="bridges"),
    Spent(at=4, account="subtask:find-bridges", model="m", prompt_tokens=1_500, completion_tokens=500),
    SubtaskEnded(at=5, subtask="find-bridges", state="done", claims=3, tokens=2_000, seconds=3),
    SubtaskStarted(at=5, subtask="find-dates"),
    Retried(at=6, account="subtask:find-dates:1", reason="the endpoint is busy", attempt=1, wait_s=1.5),
]


def folded(events) -> RunView:
    view = RunView()
    for event in events:
        view.apply(event)
    return view


def text_of(view: RunView, width: int = 100, height: int = 30, now: float = 8.0) -> str:
    return "\n".join(line.plain.rstrip() for line in draw(view, width=width, height=height, now=now))


def test_a_tree_shows_state_spend_against_forecast_and_time():
    assert text_of(folded(EVENTS)).splitlines() == [
        GOAL,
        "working · 1/2 subtasks · 3.0k tokens · $0.50 · 8.0s",
        "✓ find-bridges  Find her bridges" + " " * 54 + "2.0k/3.0k 3.0s",
        "▸  find-dates   Find dates" + " " * 63 + "0/2.0k 3.0s",
    ]


def test_a_tree_fits_forty_columns():
    lines = text_of(folded(EVENTS), width=40).splitlines()
    assert all(len(line) <= 40 for line in lines)
    assert "find-bridges" in lines[2]
    assert "2.0k/3.0k" in lines[2]


def test_a_view_tells_the_phases_of_a_run():
    phases = [folded(EVENTS[:count]).phase for count in (1, 3, 5, 9)]
    assert phases == ["planning", "planning", "working", "working"]
    done = [*EVENTS, SubtaskEnded(at=7, subtask="find-dates", state="failed", reason="no dates")]
    assert folded(done).phase == "writing"
    ended = folded([*done, RunEnded(at=9, state="partial", tokens=4_000, calls=4)])
    assert (ended.phase, ended.tokens, ended.calls, ended.seconds(100)) == ("over", 4_000, 4, 9)


def test_notes_are_kept_and_bounded():
    view = folded([*EVENTS, *(Noted(text=f"note {count}") for count in range(10_000))])
    assert view.notes[0] == "find-dates: the endpoint is busy, trying again in 1.5 s"
    assert len(view.notes) <= 200


def test_what_runs_or_failed_stays_in_view_when_a_plan_is_larger_than_the_screen():
    events: list[Event] = [RunStarted(at=0, run="r", goal="g")]
    events += [PlanItem(subtask=f"s{count}", goal="g") for count in range(5_000)]
    events += [SubtaskStarted(at=1, subtask="s4000"), SubtaskEnded(at=2, subtask="s3000", state="failed")]
    shown = text_of(folded(events), height=10)
    assert len(shown.splitlines()) <= 10
    assert "s4000" in shown
    assert "s3000" in shown
    assert "and 4994 more" in shown


def test_five_thousand_subtasks_are_folded_in_linear_time():
    view = RunView()
    for count in range(5_000):
        view.apply(PlanItem(subtask=f"s{count}", goal="g"))
    for count in range(5_000):
        view.apply(SubtaskStarted(subtask=f"s{count}"))
        view.apply(SubtaskEnded(subtask=f"s{count}", state="done"))
    assert view.unfinished == 0
    assert view.phase == "writing"


@given(st.randoms(use_true_random=False), st.integers(20, 200), st.integers(0, 50), st.text(max_size=300))
def test_any_order_of_events_is_drawn_within_the_terminal(rng: random.Random, width, height, goal):
    events = [*EVENTS, RunStarted(at=0, run="r", goal=goal), SubtaskEnded(at=9, subtask="stranger", state="skipped")]
    rng.shuffle(events)
    lines = draw(folded(events), width=width, height=height, now=10)
    assert all(line.cell_len <= width for line in lines)
    assert all("\x1b" not in line.plain and "\n" not in line.plain for line in lines)
    assert len(lines) <= max(height, 4)


def test_every_state_has_a_sign():
    states = {"waiting", "running", "done", "capped", "partial", "failed", "skipped"}
    assert set(MARKS) == states
    assert len({sign for sign, _ in MARKS.values()}) == len(states)


def test_plain_lines_tell_what_happens_one_line_each(capsys):
    lines = PlainLines()
    with lines:
        for event in [*EVENTS, RunEnded(at=9, state="done", tokens=3_000, calls=2, seconds=9)]:
            lines(event)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [
        "plan: 2 subtasks",
        "start find-bridges: Find her bridges",
        "done find-bridges: 3 claims, 2.0k/3.0k tokens, 3.0s",
        "start find-dates: Find dates",
        "note: find-dates: the endpoint is busy, trying again in 1.5 s",
        "run done: 3.0k tokens, 2 calls, $0.0000, 9.0s",
    ]


@given(st.text())
def test_safe_text_cannot_move_a_cursor(text):
    shown = safe(text)
    assert not any(ord(each) < 32 and each not in "\n\t" for each in shown)
    shown.encode("utf-8")


@pytest.mark.parametrize(("text", "width", "shown"), [("a  b\nc", 10, "a b c"), ("abcdef", 4, "abc…"), ("abc", 0, "")])
def test_one_line(text, width, shown):
    assert one_line(text, width) == shown


def test_numbers_and_times_are_short():
    assert [number(each) for each in (0, 999, 1_234, 56_789, 5_600_000, 7e9)] == [
        "0",
        "999",
        "1.2k",
        "57k",
        "5.6M",
        "7.0G",
    ]
    assert [duration(each) for each in (0.44, 12.3, 185, 7_620)] == ["0.4s", "12s", "3m05s", "2h07m"]
