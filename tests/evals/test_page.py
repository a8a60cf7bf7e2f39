"""The page that compares two planners."""

import random
import re
from html.parser import HTMLParser

import pytest

from foreplan.evals.errors import DataError
from foreplan.evals.page.compare_page import compare_page
from foreplan.evals.records import EvalRecord, SubtaskRecord

HOSTILE = '</title><script>alert(1)</script>"><img src=http://example.invalid/x onerror=y>'


def records(
    planner: str, *, tasks: int = 60, epochs: int = 4, factor: float = 1.0, task: str = "t"
) -> list[EvalRecord]:
    draw = random.Random(1)
    found = []
    for number in range(tasks):
        difficulty = draw.random()
        for epoch in range(epochs):
            solved = draw.random() > difficulty
            tokens = round(factor * 500 * 10 ** (difficulty + draw.gauss(0, 0.1)))
            subtask = SubtaskRecord(
                id="a", forecast_success=round(1 - difficulty, 1), tokens_p50=tokens, tokens_p90=2 * tokens,
                spent_tokens=tokens, solved=solved, seconds=2, calls=1,
            )  # fmt: skip
            found.append(
                EvalRecord(
                    task=f"{task}{number}", suite="s", planner=planner, epoch=epoch, score=float(solved), solved=solved,
                    forecast_success=1 - difficulty, tokens=tokens, dollars=tokens / 1e6, seconds=3,
                    difficulty=difficulty, oracle_tokens=round(1_000 * difficulty), subtasks=(subtask,),
                )
            )  # fmt: skip
    return found


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.cells: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name in {"src", "href"}]

    def handle_data(self, data: str) -> None:
        self.cells.append(data)


def test_the_page_shows_the_five_things_and_asks_nobody() -> None:
    text = compare_page(records("one"), records("two", factor=1.5))
    found = _Page(text)
    assert found.tags.count("figure") == 5
    for title in ("Reliability of plans", "Spend against difficulty", "Coverage", "Cost-quality frontier"):
        assert title in found.cells
    assert "no data" not in text
    assert "Score (0 to 1)" in found.cells
    assert "NOT compared at equal tokens" in text
    assert not re.search(r"https?://|url\(|@import|<script", text)
    assert len(text) < 300_000


def test_equal_tokens_are_said_too() -> None:
    text = compare_page(records("one"), records("two", factor=1.02))
    assert "compared at equal tokens" in text
    assert "NOT" not in text


def test_names_stay_text() -> None:
    text = compare_page(records(HOSTILE, task=HOSTILE), records("b\u202e", task=HOSTILE))
    found = _Page(text)
    assert not {"script", "img"} & set(found.tags)
    assert f"{HOSTILE} and b on 60 tasks" in "".join(found.cells)


def test_planners_that_forecast_nothing_and_know_nothing_have_a_page() -> None:
    bare = [EvalRecord(task="t", suite="s", planner="one", score=0, solved=False, tokens=0)]
    text = compare_page(bare, [each.model_copy(update={"planner": "two"}) for each in bare])
    assert text.count("no data") >= 1
    assert "none" in _Page(text).cells


def test_many_records_make_a_page_that_opens() -> None:
    many = records("one", tasks=5_000, epochs=1)
    assert len(compare_page(many, [each.model_copy(update={"planner": "two"}) for each in many])) < 2_000_000


def test_other_tasks_are_refused() -> None:
    with pytest.raises(DataError, match="same tasks"):
        compare_page(records("one"), records("two", tasks=59))
