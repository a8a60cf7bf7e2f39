"""Feeds through the commands, without a model: added, run by a real worker, looked at, paused, forgotten; refusals."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.feedlab import FeedSite

pytest.importorskip("dbos")

GOAL = "Who built the mill at Ober, and what happened to the mill?"
BUILT = "The mill at Ober was built in 1871 by Anna Roth."
BURNED = "The mill at Ober burned down in 2025."


@pytest.fixture
def news(tmp_path: Path) -> Path:
    folder = tmp_path / "news"
    folder.mkdir()
    (folder / "mill.md").write_text(f"# The mill\n\n{BUILT}")
    return folder


@pytest.fixture
def foreplan(foreplan):
    yield foreplan
    foreplan("worker", "--stop")


def test_a_feed_reports_what_is_new_and_only_that(foreplan, news):
    added = foreplan("feed", "add", "mill", "--every", "0 7 * * *", "--embedded", GOAL, "--sources", news)
    assert added.code == 0, added.err
    assert "is due next at" in added.err
    first = foreplan("feed", "run", "mill")
    assert first.code == 0, first.err
    assert BUILT in first.out
    assert "run done" in first.err
    assert "nothing new, 0 new documents" in foreplan("feed", "run", "mill").err
    (news / "fire.md").write_text(f"# Fire\n\n{BURNED} {BUILT}")
    second = foreplan("feed", "run", "mill", "--json")
    assert second.json["state"] == "reported"
    assert BURNED in second.json["report"]
    assert BUILT not in second.json["report"]
    runs = foreplan("feed", "history", "mill", "--json").json
    assert [run["state"] for run in runs] == ["reported", "nothing new", "reported"]
    assert BURNED in foreplan("feed", "history", "mill", runs[0]["run"]).out
    (listed,) = foreplan("feed", "list", "--json").json
    assert (listed["feed"], listed["paused"], listed["last"]["run"]) == ("mill", False, runs[0]["run"])
    assert "reported" in foreplan("feed", "list").out


@pytest.mark.slow
def test_a_feed_runs_in_the_background_is_paused_and_forgotten(foreplan, news):
    foreplan("feed", "add", "mill", "--every", "@daily", "--embedded", GOAL, "--sources", news)
    asked = foreplan("feed", "run", "mill", "--background")
    assert asked.code == 0, asked.err
    watched = foreplan("jobs", "watch", asked.out.strip())
    assert watched.code == 0, watched.err
    assert foreplan("feed", "history", "mill", "--json").json[0]["state"] == "reported"
    assert foreplan("feed", "pause", "mill").code == 0
    assert "paused" in foreplan("feed", "list").out
    assert foreplan("feed", "resume", "mill").code == 0
    assert foreplan("feed", "rm", "mill").code == 0
    assert foreplan("feed", "list", "--json").json == []
    foreplan("feed", "history", "mill").explains("mill", "feed list", code=2)


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused starts none, and what is looked at needs none."""
    from foreplan.cli.commands import feed_add

    monkeypatch.setattr(feed_add, "ensure_worker", lambda places, flags: False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("mill", "--every", "7 o'clock", GOAL, "--sources", "news"), "cron"),
        (("mill", "--every", "0 0 31 2 *", GOAL, "--sources", "news"), "never"),
        (("mill", GOAL, "--sources", "news"), "--every"),
        (("mill", "--every", "@daily", "--tz", "Ober/Mill", GOAL, "--sources", "news"), "time zone"),
        (("The Mill", "--every", "@daily", GOAL, "--sources", "news"), "name"),
        (("mill", "--every", "@daily", GOAL), "--sources"),
        (("mill", "--every", "@daily", "--sources", "news"), "question"),
        (("mill", "--every", "@daily", GOAL, "--sources", "nowhere"), "neither"),
        (("mill", "--every", "@daily", GOAL, "--sources", "ftp://x/y"), "neither"),
        (("mill", "--every", "@daily", GOAL, "--sources", "javascript:alert(1)"), "neither"),
    ],
)
def test_what_cannot_be_a_feed_is_refused(foreplan, news, no_worker, words, said):
    foreplan("feed", "add", *words).explains(said, code=2)
    assert foreplan("feed", "list", "--json").json == []


def test_a_name_is_taken_once_and_a_dead_address_is_a_warning(foreplan, news, no_worker):
    with FeedSite() as site:
        (news.parent / "foreplan.toml").write_text(f'[tools]\nallow_hosts = ["{site.host}"]\n')
        good = site.rss("/news", [("Dam", "A dam.")])
        words = ("--every", "@daily", "--embedded", GOAL, "--sources", good, "--sources", site.url("/dead"))
        added = foreplan("feed", "add", "mill", *words)
        assert added.code == 0
        assert f"{good}: 1 document" in added.err
        assert "warning" in added.err
        assert "404" in added.err
        foreplan("feed", "add", "mill", *words).explains("There is a feed mill already", "feed rm mill", code=2)
