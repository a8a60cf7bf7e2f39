"""When a feed is due: cron expressions, time zones, what cannot be one, and times around changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("croniter")

from foreplan.agents.feeds.feed import Feed, check_name, check_when, read_feed, turn_id
from foreplan.core.errors import InputError
from foreplan.planner.brief import Brief

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC).timestamp()


def feed(cron: str, zone: str = "UTC") -> Feed:
    return Feed(name="rivers", cron=cron, zone=zone, brief=Brief(goal="What?"), sources=("/papers",), since=NOW)


@pytest.mark.parametrize("cron", ["0 7 * * *", "*/15 * * * *", "@daily", "30 7 * * mon-fri", "*/2 * * * * *"])
def test_what_comes_true_is_taken(cron):
    check_when(cron, "Europe/Berlin", NOW)


@pytest.mark.parametrize(
    "cron",
    ["", "daily", "61 * * * *", "0 7 * *", "0 0 31 2 *", "R R * * *", "H H * * *", "* " * 500, "0 7 * * *; rm", "\0"],
)
def test_what_is_no_time_or_never_comes_is_refused(cron):
    with pytest.raises(InputError, match=r"cron|true"):
        check_when(cron, "UTC", NOW)


@pytest.mark.parametrize("zone", ["", "Nowhere/Land", "../../etc/passwd", "/etc/localtime", "\0", "x" * 5_000])
def test_an_unknown_time_zone_is_refused(zone):
    with pytest.raises(InputError, match="time zone"):
        check_when("0 7 * * *", zone, NOW)


@pytest.mark.parametrize("name", ["", "Rivers", "a b", "../x", "-a", "x" * 41, "é"])
def test_a_name_is_one_that_files_and_ids_take(name):
    with pytest.raises(InputError, match="name"):
        check_name(name)


def last_due(one: Feed, now: float) -> datetime:
    found = one.last_due(now)
    assert found is not None
    return found


def test_times_count_in_the_feeds_own_zone_also_over_summer_time():
    berlin = feed("0 7 * * *", "Europe/Berlin")
    before = datetime(2026, 3, 28, 12, tzinfo=UTC).timestamp()
    after = datetime(2026, 3, 29, 12, tzinfo=UTC).timestamp()
    assert last_due(berlin, before).astimezone(UTC).hour == 6
    assert last_due(berlin, after).astimezone(UTC).hour == 5
    assert turn_id("rivers", last_due(berlin, after)) == "20260329-050000-rivers"


@given(
    st.floats(min_value=1_600_000_000, max_value=2_000_000_000),
    st.sampled_from(["0 7 * * *", "*/5 * * * *", "* * * * * *", "0 0 29 2 *"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
)
def test_each_moment_lies_between_the_last_due_time_and_the_next(now, cron, zone):
    one = feed(cron, zone)
    last, following = last_due(one, now), one.next_due(now)
    assert following is not None
    assert last.timestamp() <= now < following.timestamp()
    assert one.last_due(following.timestamp()) == following


@pytest.mark.parametrize("data", [None, 3, {}, {"name": "a"}, {"name": "../x", "cron": "@daily"}])
def test_what_is_no_feed_is_said_to_be_none(data):
    with pytest.raises(InputError, match="feed"):
        read_feed(data, paused=False)
