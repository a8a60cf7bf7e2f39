"""`--budgets forecast`: what past runs took corrects the plan of the next one, over real HTTP."""

import pytest

from foreplan.testing import ModelServer, ResearchJob


@pytest.fixture
def job(tmp_path):
    made = ResearchJob(subtasks=4, levels=2, distractors=4, budget_tokens=30_000)
    made.write(tmp_path / "pages")
    return made


def models(server: ModelServer) -> list[str]:
    return ["--base-url", server.url, "--planner", "planner", "--worker", "worker", "--writer", "writer"]


def test_the_first_runs_history_corrects_the_second_and_tells_its_cost(foreplan, job):
    with ModelServer(job.script) as server:
        first = foreplan("run", job.goal, "--sources", "pages", *models(server), "--budgets", "forecast", "--json")
        second = foreplan("run", job.goal, "--sources", "pages", *models(server), "--budgets", "forecast", "--json")
        as_planned = foreplan("run", job.goal, "--sources", "pages", *models(server), "--json")
        planned = foreplan("plan", job.goal, "--sources", "pages", *models(server)[:4], "--budgets", "forecast")
    assert first.code == second.code == planned.code == 0, second.err
    assert "expected cost: not known" in first.err
    assert f"expected cost: {first.json['spend']['tokens']:,} tokens" in second.err
    assert "50 %:" in planned.err
    assert "90 %:" in planned.err
    assert "expected cost" not in as_planned.err
    before, after, kept = (ran.json["plan"]["subtasks"] for ran in (first, second, as_planned))
    assert kept == before
    assert [each["id"] for each in after] == [each["id"] for each in before]
    assert all(a["forecast"] != b["forecast"] for a, b in zip(after, before, strict=True))
    assert set(job.found(second.json["report"])) == set(job.facts)


def test_a_word_that_is_no_choice_is_refused(foreplan, job):
    foreplan("run", job.goal, "--budgets", "guess").explains("--budgets", "forecast", code=2)
