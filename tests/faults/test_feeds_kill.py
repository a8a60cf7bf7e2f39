"""Feeds with real workers: due each second, killed at any moment, missed for a week: nothing is lost or told twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("dbos")

from support.feedlab import FeedSite

from foreplan.agents.feeds.feed import Feed
from foreplan.agents.feeds.schedule import FEED, Feeds
from foreplan.agents.feeds.shelf import Shelf, Turn
from foreplan.agents.jobs.places import JobPlaces
from foreplan.agents.jobs.queue import JobQueue
from foreplan.planner.brief import Brief

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

WEEK_S = 7 * 24 * 3600
GOAL = "What happened to the mill at Ober?"


class Lab:
    """A home with a folder of news, workers that can be killed, and a look at feeds without a process."""

    def __init__(self, home: Path, database: str | None) -> None:
        self.places = JobPlaces(home, database)
        self.news = home / "news"
        self.news.mkdir(parents=True)
        self.config = home / "foreplan.toml"
        self.config.write_text("embedded = true\n" + (f'[jobs]\ndatabase = "{database}"\n' if database else ""))
        self.workers: list[subprocess.Popen[bytes]] = []

    def write(self, number: int) -> str:
        fact = f"In {1900 + number} the mill at Ober was sold to miller number {number}."
        (self.news / f"{number}.md").write_text(f"# News {number}\n\n{fact}")
        return fact

    def add(self, cron: str, *sources: str, since: float | None = None) -> None:
        with JobQueue(self.places) as queue, closing(Shelf(self.places.url)) as shelf:
            Feeds(queue, shelf).add(
                Feed(
                    name="mill", cron=cron, brief=Brief(goal=GOAL), sources=sources or (str(self.news),),
                    settings={"embedded": True}, since=since or time.time(),
                )
            )  # fmt: skip

    def worker(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "foreplan", "worker"]
        with (self.places.home / "workers.log").open("ab") as log:
            worker = subprocess.Popen(
                [*command, "--home", str(self.places.home), "--config", str(self.config)], stdout=log, stderr=log
            )
        self.workers.append(worker)
        return worker

    def history(self) -> list[Turn]:
        with closing(Shelf(self.places.url)) as shelf:
            return shelf.history("mill")

    def reports(self) -> list[str]:
        return [turn.report for turn in reversed(self.history()) if turn.state == "reported"]

    def wait(self, true: Callable[[], bool], *, seconds: float = 90.0) -> None:
        until = time.monotonic() + seconds
        while not true():
            said = (self.places.home / "workers.log").read_text(errors="replace")[-2_000:]
            assert time.monotonic() < until, f"not in time: {self.history()[:5]} {said}"
            time.sleep(0.1)

    def looked_at(self) -> Counter[str]:
        """In how many runs that ended well each document of the folder was new."""
        runs = self.places.home / "runs"
        well = [turn.turn for turn in self.history() if turn.state in ("reported", "nothing new")]
        return Counter(path.name for turn in well for path in (runs / turn / "new").glob("*.md"))

    def told(self, facts: list[str]) -> Counter[str]:
        """How often each fact stands in the text of a report (its sources quote it once more)."""
        texts = [report.partition("## Sources")[0] for report in self.reports()]
        return Counter({fact: sum(text.count(fact) for text in texts) for fact in facts})


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    database = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    made = Lab(tmp_path / "home", database)
    yield made
    for worker in made.workers:
        worker.kill()
        worker.wait()


def test_a_feed_that_is_due_each_two_seconds_reports_each_thing_once(lab):
    facts = [lab.write(0)]
    lab.add("*/2 * * * * *")
    lab.worker()
    lab.wait(lambda: len(lab.reports()) == 1)
    for number in range(1, 4):
        facts.append(lab.write(number))
        lab.wait(lambda: all(lab.told(facts).values()))
    assert set(lab.told(facts).values()) == {1}
    assert {turn.state for turn in lab.history()} <= {"reported", "nothing new", "skipped", "running"}


def test_a_worker_reads_rss_and_an_unchanged_feed_is_not_sent_again(lab):
    with FeedSite() as site:
        lab.config.write_text(f'{lab.config.read_text()}[tools]\nallow_hosts = ["{site.host}"]\n')
        facts = [f"In {1900 + number} the mill at Ober was sold to miller number {number}." for number in range(2)]
        lab.add("* * * * * *", site.rss("/news", [("One", facts[0])]))
        lab.worker()
        lab.wait(lambda: lab.told(facts)[facts[0]] == 1)
        site.rss("/news", [("Two", facts[1]), ("One", facts[0])])
        lab.wait(lambda: lab.told(facts)[facts[1]] == 1)
        lab.wait(lambda: ("/news", 304) in site.asked)
    lab.wait(lambda: any("could not be loaded" in turn.note for turn in lab.history()))
    assert lab.told(facts) == dict.fromkeys(facts, 1)


def test_a_worker_killed_at_any_moment_loses_nothing_and_reports_nothing_twice(lab):
    draw = random.Random(7)
    facts: list[str] = []
    lab.add("* * * * * *")
    for number in range(10):
        facts.append(lab.write(number))
        worker = lab.worker()
        time.sleep(draw.uniform(1.5, 6.0))
        worker.kill()
        worker.wait()
    lab.worker()
    lab.wait(lambda: len(lab.looked_at()) == len(facts))
    facts.append(lab.write(len(facts)))
    lab.wait(lambda: lab.told(facts)[facts[-1]] > 0)
    # One look at many documents quotes the few that answer best, so that not each of them is told.
    assert set(lab.looked_at().values()) == {1}
    assert set(lab.told(facts).values()) <= {0, 1}


def test_a_week_without_a_worker_is_caught_up_with_one_run(lab):
    fact = lab.write(0)
    lab.add("0 * * * *", since=time.time() - WEEK_S)
    if time.time() % 3600 > 3500:
        time.sleep(110)  # The hour would strike in the middle of the test.
    lab.worker()
    lab.wait(lambda: bool(lab.reports()))
    time.sleep(6)
    assert [turn.state for turn in lab.history()] == ["reported"]
    assert fact in lab.reports()[0]
    with JobQueue(lab.places) as queue:
        assert len(queue.newest(limit=10)) == 1


def test_a_run_is_taken_over_from_a_worker_that_died_in_the_middle(lab):
    """The first worker is stopped with its feed's run in its hands, and killed; another one ends it."""
    fact = lab.write(0)
    lab.add("* * * * * *")
    first = lab.worker()
    lab.wait(lambda: bool(lab.history()))
    os.kill(first.pid, signal.SIGSTOP)
    held = lab.history()
    first.kill()
    first.wait()
    lab.worker()
    lab.wait(lambda: len(lab.history()) > len(held) and bool(lab.reports()))
    assert lab.told([fact])[fact] == 1


def test_workflows_of_runs_that_have_ended_do_not_pile_up(lab):
    lab.write(0)
    lab.add("* * * * * *")
    lab.worker()
    lab.wait(lambda: len(lab.history()) >= 8)
    with JobQueue(lab.places) as queue:
        assert len(queue.client.list_workflows(name=FEED)) <= 4


def test_a_worker_that_is_told_to_stop_stops_soon(lab):
    lab.add("* * * * * *")
    worker = lab.worker()
    lab.wait(lambda: len(lab.history()) >= 2)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=20) == 0
