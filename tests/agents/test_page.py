"""The run page, as its reader's machine sees it: what stands where, where links lead, that text stays text."""

from __future__ import annotations

import html
import itertools
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.hostile import texts
from support.pages import BEGAN, GOAL, SOURCE, large_run, small_run, text_of, tree_of, write_lines, write_run
from support.plans import DIAMOND, FunctionWorker, context_with, tell

from foreplan.agents.page.facts import facts_of
from foreplan.agents.page.items import items_of
from foreplan.agents.page.page import run_page
from foreplan.agents.run import run
from foreplan.core.events import (
    Event,
    Noted,
    PlanItem,
    PlanReady,
    RunEnded,
    RunStarted,
    Spent,
    SubtaskEnded,
    SubtaskStarted,
    parse_event,
)
from foreplan.memory.rundir import RunDirs
from foreplan.planner.brief import Brief

QUOTES = [(SOURCE, "Dam 5 was built in 1805."), (SOURCE, "It cost 700 crowns.")]
REPORT = """# Which dams of the northern bays still stand?

Most **stand** [1, 2]. <script>alert(1)</script> See [the list](https://dams.example/x?a=1&b=2).

#### Deep

Dam 5 is of 1805 [1]. [bad](javascript:alert(1)) ![pixel](https://spy.example/p.png) [9]

## Sources

1. The archive, a.txt: “Dam 5 was built in 1805.”
2. The archive, a.txt: “It cost 700 crowns.”
"""
SCRIPT = "<script>alert(1)</script>"
EVIL = f"{SCRIPT}\"' onload=x </title></style>\u202e\x1b[2J\x00 & {'x' * 500}"


def written(tmp_path: Path, events=None, **kept) -> str:
    return run_page(write_run(tmp_path, small_run() if events is None else events, **kept))


def source_of(page, number):
    """The entry in which a citation's span stands."""
    return next(page.get_element_by_id(f"cite-{number}").iterancestors("article"))


def test_the_page_says_what_became_of_a_run(tmp_path):
    page = tree_of(written(tmp_path, report=REPORT, spans=QUOTES))
    facts = {text_of(each.find("dt")): text_of(each.find("dd")) for each in page.xpath("//dl[@class='facts']/div")}
    assert facts == {
        "State": "done, but parts are missing", "Began": "2026-11-18 11:06 UTC", "Took": "10s", "Subtasks": "3 of 3",
        "Tokens": "3.2k", "Cost": "$0.51", "Calls": "3", "Run": "r",
    }  # fmt: skip
    rows = {text_of(row[0]): [text_of(cell) for cell in row[1:]] for row in page.xpath("//*[@id='plan']//tbody/tr")}
    assert rows["find"] == [
        "✓ done, critical",
        "2.0s",
        "1,000",
        "800",
        "2,000",
        "$0.0100",
        "3",
        "small",
        "Find the dams",
        "",
    ]
    assert rows["date"][-1] == "find"
    assert rows["cost"][0] == "✗ failed, taken out of the plan"
    assert "critical path, 3 subtasks of which each waits for the one before, took 8.0s" in text_of(
        page.get_element_by_id("timeline")
    )


def test_problems_and_the_ledger_are_complete(tmp_path):
    page = tree_of(written(tmp_path))
    problems = text_of(page.get_element_by_id("problems"))
    for told in (
        "cost failed no ledger of costs", "cost fetch https://dams.example HTTP 404", "cost not_found fetch failed",
        "Revision 1: There are no costs. (kept find, date; dropped cost)", "workers: 429: busy 1",
        "Warning: plates.pdf is encrypted",
    ):  # fmt: skip
        assert told in problems
    ledger = text_of(page.get_element_by_id("ledger"))
    for told in (
        "Budget of tokens: 3,200 of 20,000 spent (16%).", "Budget of dollars: $0.51 of $1.00 spent (51%).",
        "200 tokens of calls that were cut off are counted in full",
        "planner 1 900 300 100 40 1,000 $0.25 1.0s", "workers 1 900 300 100 40 1,000 $0.0100 1.0s",
        "all 3 2,700 900 300 120 3,000 $0.51 3.0s", "deep 2 1,800 600 200 80 2,000 $0.50 2.0s", "find 1 900",
    ):  # fmt: skip
        assert told in ledger


def test_every_link_leads_somewhere_and_every_id_is_there_once(tmp_path):
    page = tree_of(written(tmp_path, report=REPORT, spans=QUOTES))
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    links = page.xpath("//a/@href")
    assert {each for each in links if not each.startswith("#")} == {
        "https://dams.example/x?a=1&b=2",
        "https://spy.example/p.png",
    }
    assert {each[1:] for each in links if each.startswith("#")} <= set(ids)
    assert {"#cite-1", "#cite-2", "#ref-1", "#ref-2"} <= set(links)
    assert not {"#cite-9", "#ref-9"} & set(links)


def test_a_citation_leads_to_its_exact_span_in_the_source(tmp_path):
    page = tree_of(written(tmp_path, report=REPORT, spans=QUOTES))
    source = source_of(page, 2)
    assert [text_of(mark) for mark in source.iter("mark")] == ["It cost 700 crowns."]
    around = source.xpath(".//pre")[0].text_content()
    assert around == SOURCE
    assert "Sources" not in [text_of(each) for each in page.xpath("//*[@class='report']//*[self::h3 or self::h4]")]


def test_only_the_text_around_a_span_of_a_large_source_is_shown(tmp_path):
    source = f"{'wide water ' * 500_000}Dam 7 stands.{' far shore' * 500_000}"
    page = written(tmp_path, report="It stands [1].\n", spans=[(source, "Dam 7 stands.")])
    assert len(page) < 60_000
    shown = text_of(source_of(tree_of(page), 1).xpath(".//pre")[0])
    assert re.fullmatch(
        r"… 5,49\d,\d{3} characters left out … water wide water .* Dam 7 stands\. far shore .* left out …", shown
    )


def test_a_quotation_that_is_not_in_its_source_is_said_to_be_none(tmp_path):
    directory = write_run(tmp_path, small_run(), report="Yes [1].\n", spans=QUOTES[:1])
    trace = directory.trace.read_text(encoding="utf-8")
    directory.trace.write_text(trace.replace("Dam 5 was built in 1805.", "Dam 5 was built in 1905."), encoding="utf-8")
    source = text_of(source_of(tree_of(run_page(directory)), 1))
    assert "quotes this otherwise than it stands in the source" in source


def test_a_source_that_is_gone_leaves_its_quotation(tmp_path):
    directory = write_run(tmp_path, small_run(), report="Yes [1].\n", spans=QUOTES[:1])
    for path in (directory.artifacts / "objects").rglob("*"):
        if path.is_file():
            path.write_bytes(b"{}\ndamaged")
    source = source_of(tree_of(run_page(directory)), 1)
    assert [text_of(mark) for mark in source.iter("mark")] == ["Dam 5 was built in 1805."]
    assert "not in this page" in text_of(source)


def test_the_report_is_markdown_without_html_images_or_other_links(tmp_path):
    report = tree_of(written(tmp_path, report=REPORT, spans=QUOTES)).xpath("//*[@class='report']")[0]
    assert [each.tag for each in report.iter("h1", "h2", "h3", "h4", "h5", "h6")] == ["h3"]
    assert SCRIPT in text_of(report)
    assert "javascript:alert(1)" in text_of(report)
    assert not report.xpath(".//script | .//img | .//a[contains(@href, 'script')]")
    assert GOAL not in text_of(report)


def test_headings_landmarks_and_figures_are_in_order_for_those_who_do_not_see(tmp_path):
    page = tree_of(written(tmp_path, report=REPORT, spans=QUOTES))
    levels = [int(each.tag[1]) for each in page.iter("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert len(page.xpath("//main")) == len(page.xpath("//nav[@aria-label]")) == 1
    assert page.xpath("//body/a[1]/@href") == ["#main"]
    assert page.get("lang") == "en"
    for picture in page.xpath("//svg[not(@aria-hidden)]"):
        assert picture.get("role") == "img"
        assert picture.get("aria-label") or picture.get("aria-labelledby")
    for box in page.xpath("//div[contains(@class, 'table') or contains(@class, 'wide')]"):
        assert (box.get("tabindex"), box.get("role")) == ("0", "region")
        assert box.get("aria-label")


def test_nothing_is_asked_of_anybody(tmp_path):
    page = written(tmp_path, report=REPORT, spans=QUOTES)
    tree = tree_of(page)
    assert "default-src 'none'" in tree.xpath("//meta[@http-equiv]/@content")[0]
    assert not tree.xpath("//script | //link | //img | //iframe | //object | //form | //@src | //@style | //base")
    assert "url(" not in page
    assert "@import" not in page


def hostile_run() -> list[Event]:
    """The small run with every text that somebody else could choose replaced."""
    told = []
    for event in small_run():
        data = event.model_dump()
        for name in ("goal", "model", "worker", "reason", "text", "detail", "error", "tool", "kind", "project"):
            data[name] = EVIL if name in data else None
        names = {"find": EVIL, "cost": "</tr>" + EVIL}
        data["subtask"] = names.get(data.get("subtask", ""), data.get("subtask"))
        data["depends_on"] = [names.get(each, each) for each in data.get("depends_on", ())]
        data["account"] = data.get("account", "").replace("find", EVIL).replace("writer", EVIL)
        told.append(parse_event({name: value for name, value in data.items() if value is not None}))
    return told


def test_text_stays_text_wherever_it_comes_from(tmp_path):
    spans = [(f"{EVIL} Dam 5 stands. {EVIL}".replace("\x00", "").replace("\x1b", ""), "Dam 5 stands.")]
    report = f"# {EVIL}\n\n{EVIL} [1]\n\n```\n{EVIL}\n```\n\n| {EVIL} |\n|---|\n| {EVIL} |\n\n[{EVIL}](https://a.b/{SCRIPT})\n"
    page = written(tmp_path, hostile_run(), report=report, spans=spans, goal=EVIL)
    tree = tree_of(page)
    assert not tree.xpath("//script | //@onload | //@style")
    assert len(tree.xpath("//title[not(ancestor::svg)]")) == 1
    assert page.count("<style>") == page.count("</style>") == 1
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e\u2066-\u2069]", page)
    assert len(tree.xpath("//section")) == 7
    assert len(tree.xpath("//*[@id='plan']//tbody/tr")) == 4
    for key in ("plan", "problems", "ledger", "report", "sources"):
        assert SCRIPT in text_of(tree.get_element_by_id(key))


KINDS = ["plan_item", "subtask_started", "subtask_ended", "spent", "run_started", "run_ended"]


@given(
    st.lists(
        st.fixed_dictionaries(
            {"type": st.sampled_from(KINDS)},
            optional={
                "subtask": st.sampled_from(["a", "b", "c"]) | texts,
                "at": st.floats() | st.integers(-(10**30), 10**30),
                "depends_on": st.lists(st.sampled_from(["a", "b", "c", "none"]), max_size=4),
                "goal": texts, "run": texts, "account": st.just("subtask:a") | texts, "model": texts, "mode": texts,
                "state": st.sampled_from(["done", "failed", "partial"]), "resumed": st.booleans(),
                "prompt_tokens": st.integers(-(10**40), 10**40), "completion_tokens": st.integers(0, 10**40),
                "tokens": st.integers(-(10**40), 10**40), "seconds": st.floats(), "dollars": st.floats(),
                "forecast_tokens": st.integers(-(10**40), 10**40), "budget_tokens": st.none() | st.integers(),
            },
        ),
        max_size=20,
    ),
    texts,
)  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_events_and_any_report_make_a_whole_page(tmp_path_factory, told, report):
    defaults = {
        "subtask": "a",
        "goal": "g",
        "run": "r",
        "account": "writer",
        "model": "m",
        "mode": "plan",
        "state": "done",
    }
    directory = write_run(tmp_path_factory.mktemp("home"), [], report=report)
    write_lines(directory, [{**defaults, "prompt_tokens": 1, "completion_tokens": 1, **each} for each in told])
    tree = tree_of(run_page(directory))
    assert len(tree.xpath("//section")) == 7
    for bar in tree.xpath("//rect[contains(@class, 'bar')]"):
        assert all(0 <= float(bar.get(name).rstrip("%")) <= 100 for name in ("x", "width"))


def test_a_run_that_was_cut_off_has_a_page(tmp_path):
    page = tree_of(written(tmp_path, small_run()[:15]))
    assert "not over, or was cut off; foreplan run --resume r goes on with it" in text_of(page)
    assert "There is no report yet." in text_of(page)
    states = [text_of(row[1]) for row in page.xpath("//*[@id='plan']//tbody/tr")]
    assert states == ["✓ done, critical", "▸ running, critical", "✗ failed", "· waiting"]


def test_a_run_before_its_first_event_and_an_empty_directory_have_pages(tmp_path):
    empty = RunDirs(tmp_path).create("empty")
    assert "There is no plan yet." in text_of(tree_of(run_page(empty)))
    begun = write_run(tmp_path, [], run="begun")
    assert "not yet" in text_of(tree_of(run_page(begun)))


def test_a_direct_answer_has_a_page(tmp_path):
    events: list[Event] = [
        RunStarted(at=BEGAN, run="r", goal="2 + 3"),
        PlanReady(at=BEGAN, mode="direct", subtasks=0),
        RunEnded(at=BEGAN, state="done"),
    ]
    page = tree_of(written(tmp_path, events, report="5\n", goal="2 + 3"))
    assert text_of(page.xpath("//*[@class='report']")[0]) == "5"
    assert "answered at once, without subtasks" in text_of(page)


def test_a_trace_that_is_gone_leaves_what_the_other_files_say(tmp_path):
    directory = write_run(tmp_path, [])
    directory.trace.unlink()
    directory.write(directory.result, {"state": "done", "report": "It stands.\n", "citations": [], "missing": []})
    page = text_of(tree_of(run_page(directory)))
    assert "It stands." in page
    assert GOAL in page


def test_time_in_which_a_run_lay_still_is_not_work(tmp_path):
    day = 86_400.0
    events: list[Event] = [
        RunStarted(at=0, run="r", goal="g"),
        PlanItem(at=0, subtask="a", goal="g"),
        PlanItem(at=0, subtask="b", goal="g", depends_on=("a",)),
        SubtaskStarted(at=1, subtask="a"),
        SubtaskEnded(at=3, subtask="a", state="done"),
        SubtaskStarted(at=3, subtask="b"),
        RunStarted(at=day, run="r", goal="g", resumed=True),
        SubtaskStarted(at=day, subtask="a", cached=True),
        SubtaskEnded(at=day, subtask="a", state="done"),
        SubtaskStarted(at=day + 1, subtask="b"),
        SubtaskEnded(at=day + 5, subtask="b", state="done"),
        RunEnded(at=day + 5, state="done"),
    ]
    facts = facts_of(write_run(tmp_path, events))
    assert facts.seconds == 8
    times = {item.row.subtask: (item.start, item.end) for item in items_of(facts).all}
    assert times == {"a": (1, 3), "b": (4, 8)}
    assert facts.resumed_at == [3]


def test_dependencies_that_form_a_cycle_are_drawn_without_it(tmp_path):
    events = [
        PlanItem(at=1, subtask=name, goal="g", depends_on=parents)
        for name, parents in {"a": ("b", "x"), "b": ("a",)}.items()
    ]
    items = items_of(facts_of(write_run(tmp_path, events))).all
    assert [item.parents for item in items] == [(), (0,)]


@pytest.mark.parametrize(("subtasks", "most_bytes"), [(150, 300_000), (1_000, 900_000)])
def test_the_page_of_a_large_run_is_bounded_and_its_table_whole(tmp_path, subtasks, most_bytes):
    told = [event.model_dump(mode="json") for event in large_run(subtasks)]
    page = run_page(write_lines(write_run(tmp_path, []), told))
    assert len(page.encode()) < most_bytes
    tree = tree_of(page)
    assert len(tree.xpath("//*[@id='plan']//tbody/tr")) == subtasks
    assert len(tree.xpath("//*[@id='timeline']//svg[1]/g")) <= 100
    failed = subtasks // 9
    assert f"{subtasks - failed:,} done, {failed:,} failed" in text_of(tree.get_element_by_id("plan"))


def test_a_trace_with_more_subtasks_than_a_plan_may_have_says_what_is_left_out(tmp_path):
    told = ({"type": "plan_item", "at": 1, "subtask": f"part-{n}", "goal": "g " * 2_000} for n in range(5_200))
    page = run_page(write_lines(write_run(tmp_path, []), told))
    assert len(page) < 4_000_000
    assert "200 more subtasks are left out" in page


def test_a_report_of_many_megabytes_is_cut_and_said_to_be(tmp_path):
    page = written(tmp_path, report="It stands. " * 500_000)
    assert len(page) < 400_000
    assert re.search(r"The report's last \d{3},\d{3} characters are left out\.", html.unescape(page))


async def test_a_run_leaves_its_page_and_a_page_that_cannot_be_written_fails_no_run(tmp_path):
    context = context_with(FunctionWorker(tell))
    brief = Brief(goal=GOAL)
    done = await run(brief, context=context, home=tmp_path, run_id="good", plan=DIAMOND)
    page = tree_of(RunDirs(tmp_path).at("good").page.read_text(encoding="utf-8"))
    assert len(page.xpath("//*[@id='plan']//tbody/tr")) == 4
    assert done.report is not None
    assert text_of(source_of(page, 1).find(".//mark")) in "\n".join(each.quote for each in done.report.citations)

    def in_the_way(event: Event) -> None:
        events.append(event)
        (tmp_path / "runs" / "bad" / "report.html").mkdir(exist_ok=True)

    events: list[Event] = []
    result = await run(brief, context=context, home=tmp_path, run_id="bad", plan=DIAMOND, on_event=in_the_way)
    assert result.state == "done"
    assert RunDirs(tmp_path).at("bad").finished
    assert any(isinstance(event, Noted) and "page" in event.text for event in events)


def test_books_add_up_however_many_models_there_are(tmp_path):
    events = [Spent(at=1, account="writer", model=f"m{n}", prompt_tokens=1, completion_tokens=1) for n in range(500)]
    spending = facts_of(write_run(tmp_path, events)).spending
    assert len(spending.models) <= 101
    assert (
        sum(book.usage.total_tokens for book in spending.models.values()) == spending.total.usage.total_tokens == 1_000
    )
