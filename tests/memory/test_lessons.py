"""Lessons: identical retries are refused, relevant ones found, and a project's outlive the run in every store."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore
from langgraph.store.sqlite.aio import AsyncSqliteStore

from foreplan.core.errors import FaultKind, SettingsError
from foreplan.memory import lessons as shelf
from foreplan.memory.errors import StorageError, UnknownVersion
from foreplan.memory.lessons import Lesson, LessonBook, normalise
from foreplan.memory.lessons.lesson import MAX_ARGUMENTS_CHARS
from foreplan.memory.redact import Redactor

URL = {"url": "https://example.org/missing"}


def lesson(number: int, **fields: Any) -> Lesson:
    return Lesson.model_validate(
        {"tool": "fetch", "arguments": normalise({"n": number}), "kind": "tool", "at": float(number), **fields}
    )


@pytest.mark.parametrize("kind", get_args(FaultKind))
def test_only_deterministic_failures_are_refused(kind: FaultKind) -> None:
    book = LessonBook("run")
    recorded = book.record("fetch", URL, kind=kind, happened="HTTP 404", tried="Read the page")
    expected = None if kind in {"transient", "limit", "cancelled"} else recorded
    assert book.refuses("fetch", URL) == expected


def test_another_tool_or_other_arguments_are_not_refused() -> None:
    book = LessonBook("run")
    book.record("fetch", URL, kind="not_found", happened="HTTP 404")
    assert book.refuses("read", URL) is None
    assert book.refuses("fetch", {"url": "https://example.org/Missing"}) is None
    assert book.refuses("fetch", {**URL, "page": 2}) is None
    assert LessonBook("run").refuses("fetch", URL) is None


@pytest.mark.parametrize(
    "same",
    [
        {"b": [1.0, "two  words"], "a": "café"},
        {"a": " cafe\u0301\n", "b": [1, "two words"], "c": None},
        '{"a": "caf\\u00e9", "b": [1, "two words"]}',
        '  {"b":[1,"two\\twords"],"a":"café"}  ',
    ],
)
def test_arguments_that_mean_the_same_are_the_same(same: Any) -> None:
    book = LessonBook("run")
    book.record("tool", {"a": "café", "b": [1, "two words"]}, kind="tool", happened="no")
    assert book.refuses("tool", same) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"x": 1}, {"x": "1"}),
        ({"x": True}, {"x": 1}),
        ({"x": [1, 2]}, {"x": [2, 1]}),
        ({"x": "a" * 5_000 + "b"}, {"x": "a" * 5_000 + "c"}),
        ({"x": [None, 1]}, {"x": [1]}),
        ("not json {", "not json ["),
        ("[" * 5_000 + "1", "[" * 5_000 + "2"),
        ({}, {"x": 0}),
    ],
)
def test_arguments_that_differ_are_told_apart(one: Any, other: Any) -> None:
    assert normalise(one) != normalise(other)


ARGUMENTS = st.dictionaries(
    st.text(),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters(exclude_categories=())),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    ),
)


@given(ARGUMENTS, st.randoms())
@settings(max_examples=50)
def test_normal_form_ignores_order_and_is_stable(arguments: dict[str, Any], chance: Any) -> None:
    names = list(arguments)
    chance.shuffle(names)
    normal = normalise(arguments)
    # Two names may become one: then the later field wins, and order matters.
    if len({" ".join(normalise(name).split()) for name in names}) == len(names):
        assert normalise({name: arguments[name] for name in names}) == normal
    assert len(normal) <= MAX_ARGUMENTS_CHARS
    if "…sha256:" not in normal:
        assert normalise(normal) == normal


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_of_a_tool_makes_a_lesson_of_one_line(happened: str, arguments: str) -> None:
    book = LessonBook("run")
    recorded = book.record("tool", arguments, kind="bug", happened=happened, tried=happened)
    assert book.refuses("tool", arguments) == recorded
    assert recorded.happened.isprintable()
    assert Lesson.model_validate_json(recorded.model_dump_json()) == recorded


def test_huge_text_is_cut() -> None:
    recorded = LessonBook().record("tool", {"x": "y" * 3_000_000}, kind="bug", happened="z" * 3_000_000)
    assert len(recorded.model_dump_json()) < 4_000


def test_an_equal_failure_is_one_lesson_with_what_happened_last() -> None:
    book = LessonBook("run", clock=iter([1.0, 2.0, 3.0]).__next__)
    for happened in ["HTTP 404", "HTTP 410"]:
        book.record("fetch", URL, kind="not_found", happened=happened)
    book.record("fetch", URL, kind="auth", happened="HTTP 401")
    assert [(each.kind, each.happened, each.at) for each in book.lessons] == [
        ("not_found", "HTTP 410", 2.0),
        ("auth", "HTTP 401", 3.0),
    ]


def test_a_lesson_reads_as_a_sentence() -> None:
    book = LessonBook()
    book.record("fetch", URL, kind="not_found", happened="HTTP 404", tried="Read the page")
    book.record("", {"goal": "x"}, kind="bug", happened="It broke", tried="Find the mayor")
    assert set(book.texts()) == {
        'fetch with {"url": "https://example.org/missing"} failed as not_found: HTTP 404 (wanted: Read the page)',
        "Find the mayor failed as bug: It broke",
    }


def test_relevant_are_those_of_this_run_then_earlier_ones_about_the_goal() -> None:
    earlier = [
        lesson(1, tried="Find the population of Lisbon in 2021", run="old", happened="no table"),
        lesson(2, tried="Find the height of the tallest bridge", run="old", happened="paywall"),
        lesson(3, tried="Compile quarterly results of a bakery chain", run="old", happened="timeout"),
    ]
    book = LessonBook("now", earlier)
    own = book.record("web_search", {"q": "Lisboa"}, kind="refused", happened="blocked", tried="Something else")
    goal = "What is the population of Lisbon, and of Porto?"
    assert book.relevant(goal) == [own, earlier[0]]
    assert book.relevant(goal, limit=1) == [own]
    assert book.relevant("Bake bread") == [own]
    assert book.texts(goal)[-1] == own.text


@given(st.permutations(range(8)))
def test_relevance_does_not_depend_on_the_order_of_loading(order: list[int]) -> None:
    stored = [lesson(number % 3, tried=f"Find item {number}", run=f"r{number}") for number in range(8)]
    stored = [each.model_copy(update={"arguments": f'{{"n": {place}}}'}) for place, each in enumerate(stored)]
    found = LessonBook("now", [stored[place] for place in order]).relevant("Find item 3")
    assert found == LessonBook("now", stored).relevant("Find item 3")


def test_earlier_runs_refuse_nothing_but_the_resumed_run_itself_does() -> None:
    stored = Lesson(tool="fetch", arguments=normalise(URL), kind="not_found", run="old")
    assert LessonBook("new", [stored]).refuses("fetch", URL) is None
    assert LessonBook("old", [stored]).refuses("fetch", URL) == stored


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[BaseStore]:
    if request.param == "memory":
        yield InMemoryStore()
    elif request.param == "sqlite":
        async with AsyncSqliteStore.from_conn_string(str(tmp_path / "lessons.sqlite")) as sqlite:
            await sqlite.setup()
            yield sqlite
    else:
        from langgraph.store.postgres.aio import AsyncPostgresStore

        async with AsyncPostgresStore.from_conn_string(request.getfixturevalue("postgres_url")) as postgres:
            await postgres.setup()
            yield postgres


async def test_saved_lessons_are_loaded_newest_first(store: BaseStore) -> None:
    saved = [lesson(number, happened="w\u0000eird \ud83d\ude00", run="r") for number in range(5)]
    await shelf.save(store, "my.project", saved)
    assert await shelf.load(store, "my.project") == saved[::-1]
    assert await shelf.load(store, "another") == []
    newer = saved[0].model_copy(update={"at": 99.0, "happened": "again"})
    await shelf.save(store, "my.project", [newer])
    assert await shelf.load(store, "my.project") == [newer, *saved[:0:-1]]


async def test_projects_do_not_see_each_other(store: BaseStore) -> None:
    names = ["a", "ab", "a.b", "A", "a%", "a_", "ä/b c", "foreplan"]
    for number, name in enumerate(names):
        await shelf.save(store, name, [lesson(number)])
    for number, name in enumerate(names):
        assert await shelf.load(store, name) == [lesson(number)]
    assert await shelf.projects(store) == sorted(names)
    assert await shelf.forget(store, "a", "") == [lesson(0)]
    assert await shelf.load(store, "a") == []
    assert await shelf.load(store, "ab") == [lesson(1)]


async def test_one_lesson_can_be_shown_and_forgotten_by_the_start_of_its_key(store: BaseStore) -> None:
    await shelf.save(store, "p", [lesson(number) for number in range(4)])
    key = lesson(2).key
    assert await shelf.show(store, "p", key[:8]) == [lesson(2)]
    assert await shelf.forget(store, "p", key) == [lesson(2)]
    assert await shelf.show(store, "p", key) == []
    assert len(await shelf.show(store, "p", "")) == 3
    assert await shelf.forget(store, "p", "%") == []


async def test_the_oldest_go_when_there_are_too_many(store: BaseStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foreplan.memory.lessons.store.MAX_LESSONS", 3)
    monkeypatch.setattr("foreplan.memory.lessons.store._PAGE", 2)
    await shelf.save(store, "p", [lesson(number) for number in range(7)])
    assert [each.at for each in await shelf.load(store, "p")] == [6.0, 5.0, 4.0]


async def test_secrets_are_not_kept(store: BaseStore) -> None:
    key = "my-own-key-7"
    leaky = LessonBook("r").record("fetch", {"u": f"https://h/?k={key}"}, kind="auth", happened=f"401 {key}", tried=key)
    kept = await shelf.save(store, "p", [leaky], redactor=Redactor([key]))
    assert kept == await shelf.load(store, "p")
    assert key not in json.dumps([each.model_dump() for each in kept])


async def test_what_is_not_ours_is_refused_with_what_to_do(store: BaseStore) -> None:
    namespace = ("foreplan", "lessons", "p")
    await store.aput(namespace, "k", {"version": 2})
    with pytest.raises(UnknownVersion, match="Upgrade"):
        await shelf.load(store, "p")
    await store.aput(namespace, "k", {"version": 1, "tool": ["?"]})
    with pytest.raises(StorageError, match="no lesson"):
        await shelf.load(store, "p")


async def test_a_project_without_a_name_is_refused() -> None:
    with pytest.raises(SettingsError, match="no name"):
        await shelf.load(InMemoryStore(), "")
