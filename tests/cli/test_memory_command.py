"""`foreplan memory`, and what lessons do: a tool fails for good in one run, the planner of the project's next knows."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from foreplan.agents.durable import open_store
from foreplan.agents.run import LESSONS
from foreplan.memory.lessons import LessonBook, save
from foreplan.testing import Answer, ChatRequest, ModelServer

GOAL = "Fetch the depth of Lake Orvane from the harbour's page."
PAGE = "http://127.0.0.1:9/depth"


def learn(home: Path, project: str, *pages: str) -> list[str]:
    """Keep a lesson for each page; their keys."""

    async def keep() -> list[str]:
        book = LessonBook("run-1", clock=lambda: 1_700_000_000.0)
        for page in pages:
            book.record("fetch", {"url": page}, kind="not_found", happened="the page is gone", tried="find the depth")
        async with open_store(home / LESSONS) as store:
            return [lesson.key for lesson in await save(store, project, book.lessons)]

    home.mkdir(parents=True, exist_ok=True)
    return asyncio.run(keep())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_projects_are_listed_with_their_lessons(foreplan, home):
    learn(home, "lakes", "a", "b")
    learn(home, "rivers", "c")
    told = foreplan("memory", "list", "--json").json
    assert {each["project"]: each["lessons"] for each in told["projects"]} == {"lakes": 2, "rivers": 1}
    listed = foreplan("memory", "list")
    assert "2" in next(line for line in listed.out.splitlines() if "lakes" in line)


def test_lessons_are_listed_and_one_is_shown(foreplan, home):
    one, other = learn(home, "lakes", "a", "b")
    listed = foreplan("memory", "show", "--project", "lakes")
    assert one in listed.out
    assert "fetch with" in listed.out
    assert "the page is gone" in listed.out
    shown = foreplan("memory", "show", other[:6], "--project", "lakes")
    assert "not_found" in shown.out
    assert one not in shown.out
    assert [each["key"] for each in foreplan("memory", "show", one, "--project", "lakes", "--json").json] == [one]


def test_the_project_of_a_setting_is_used(foreplan, home, monkeypatch):
    learn(home, "lakes", "a")
    monkeypatch.setenv("FOREPLAN_STORAGE__PROJECT", "lakes")
    assert "the page is gone" in foreplan("memory", "show").out


def test_one_lesson_or_all_are_forgotten(foreplan, home):
    one, other, more = learn(home, "lakes", "a", "b", "c")
    gone = foreplan("memory", "forget", one[:8], "--project", "lakes", "--json").json
    assert gone["forgotten"] == [one]
    left = foreplan("memory", "show", "--project", "lakes", "--json").json
    assert {each["key"] for each in left} == {other, more}
    assert other in foreplan("memory", "forget", "--all", "--project", "lakes").out
    foreplan("memory", "show", "--project", "lakes").explains("no lessons", code=2)


def test_nothing_is_forgotten_by_mistake(foreplan, home):
    keys = learn(home, "lakes", *map(str, range(40)))
    foreplan("memory", "forget", "--project", "lakes").explains("--all", code=2)
    foreplan("memory", "forget", keys[0], "--all", "--project", "lakes").explains("--all", code=2)
    foreplan("memory", "forget", "zzz", "--project", "lakes").explains("'zzz'", code=2)
    shared = next(key[0] for key in keys if sum(each.startswith(key[0]) for each in keys) > 1)
    foreplan("memory", "forget", shared, "--project", "lakes").explains("more of the key", code=2)
    assert len(foreplan("memory", "show", "--project", "lakes", "--json").json) == 40


def test_without_lessons_nothing_is_made_and_others_are_named(foreplan, home):
    ran = foreplan("memory", "list")
    assert (ran.code, ran.out) == (0, "")
    assert "No run has learned" in ran.err
    assert not (home / LESSONS).exists()
    foreplan("memory", "show").explains("--project", code=2)
    learn(home, "lakes", "a")
    foreplan("memory", "show").explains("lakes", code=2)


def test_a_damaged_store_is_a_clear_error(foreplan, home):
    home.mkdir()
    (home / LESSONS).write_bytes(b"no database" * 1_000)
    foreplan("memory", "list").explains("lessons.sqlite", "cannot be used", code=2)


def plan() -> dict[str, object]:
    forecast = {"success": 0.9, "tokens_p50": 1_000, "tokens_p90": 2_000}
    subtask: dict[str, object] = {
        "id": "depth", "depends_on": [], "kind": "research", "goal": GOAL, "done_when": "", "on_missing": "skip",
        "worker": None, "effort": "low", "attempts": 1, "select": "first", "forecast": forecast, "budget": 20_000,
    }  # fmt: skip
    return {"mode": "plan", "answer": None, "synthesis": "", "success": 0.9, "subtasks": [subtask]}


@pytest.mark.parametrize(("second", "knows"), [("lakes", True), ("rivers", False)])
def test_what_failed_for_good_in_one_run_is_known_to_the_planner_of_the_projects_next(
    foreplan, monkeypatch, second, knows
):
    """The page is on a private address, which `fetch` refuses for good."""
    monkeypatch.setenv("FOREPLAN_TOOLS__FETCH", "true")
    asked: list[ChatRequest] = []

    def say(request: ChatRequest) -> Answer:
        if "planner" in request.model:
            asked.append(request)
            return Answer(json=plan())
        if "worker" in request.model:
            if any(message.get("role") == "tool" for message in request.messages):
                return Answer(tool_calls=[("submit_digest", {"claims": [], "open_questions": ["the depth"]})])
            return Answer(tool_calls=[("fetch", {"url": PAGE})])
        return Answer(text="Nothing is known.")

    with ModelServer(say) as server:
        models = ["--base-url", server.url, "--planner", "planner", "--worker", "worker", "--writer", "writer"]
        monkeypatch.setenv("FOREPLAN_LIMITS__MAX_REVISIONS", "0")
        first = foreplan("run", GOAL, *models, "--project", "lakes", "--json")
        assert first.code == 5, first.err
        assert PAGE in foreplan("memory", "show", "--project", "lakes").out
        foreplan("run", GOAL, *models, "--project", second, "--json")
    before, after = (json.dumps(list(request.messages)) for request in asked)
    assert "<lessons>" not in before
    assert (PAGE in after and "<lessons>" in after) == knows


def test_each_working_folder_is_a_project_of_its_own(foreplan, tmp_path, monkeypatch):
    names = set()
    for folder in ("a/papers", "b/papers", "a/papers"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        monkeypatch.chdir(tmp_path / folder)
        names.add(foreplan("memory", "list", "--json").json["project"])
    assert len(names) == 2
    assert all(name.startswith("papers-") for name in names)
