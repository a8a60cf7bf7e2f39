"""The parts world: its data sets are fit for grading, and reports are graded by their scorers."""

import inspect
import random
import sys

import pytest

gym = pytest.importorskip("reasoning_gym")

from foreplan.evals.errors import EvalsError, MissingExtra  # noqa: E402
from foreplan.evals.worlds.parts.datasets import ALLOWED, GARBAGE, INTEGERS, Puzzle, pose  # noqa: E402
from foreplan.evals.worlds.parts.grade import grade_answers, grade_report  # noqa: E402
from foreplan.evals.worlds.parts.world import Parts  # noqa: E402

WORTHLESS = (
    "", " ", "\n", "garbage", "the answer is unknown", "[]", "{}", "()", "x", "None", "nothing to see here", "- - -",
    "a" * 1_900, "\x00", "\ud800", "[" * 1_000, "9" * 1_999, "1" * 10_000_000,
)  # fmt: skip


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_allowed_data_sets_score_their_own_answers_and_nothing_else(name):
    shared = random.getstate()
    for level in range(ALLOWED[name] + 1):
        for seed in range(4):
            posed = pose(Puzzle(name, seed, level))
            assert posed.score(posed.answer) == 1
            assert "\n" not in posed.answer
            assert len(posed.question) < 2_500
            assert (name not in INTEGERS) or posed.answer == str(int(posed.answer))
            assert max(posed.score(each) for each in WORTHLESS) <= GARBAGE
    assert random.getstate() == shared


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_no_scorer_evaluates_what_a_model_says(name):
    source = inspect.getsource(type(pose(Puzzle(name, 0, 0)).dataset).score_answer)
    assert not [word for word in ("eval(", "exec(", "parse_expr", "sympify", "pickle") if word in source]


@pytest.mark.parametrize("name", ["countdown", "puzzle24", "graph_color", "boxnet", "spiral_matrix", "nothing"])
def test_other_data_sets_are_refused(name):
    with pytest.raises(EvalsError, match=name):
        pose(Puzzle(name, 0, 0))


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "reasoning_gym", None)
    monkeypatch.setitem(sys.modules, "reasoning_gym.factory", None)
    with pytest.raises(MissingExtra, match="reasoning-gym"):
        pose(Puzzle("lcm", 987_654, 0))


def test_which_puzzle_is_meant_follows_from_the_answers_before():
    followed = 0
    for seed in range(30):
        problem = Parts().problem(seed, direct=0, unsolvable=0, parts=5)
        answers = {part.id: part.answer for part in problem.parts}
        for part in problem.parts:
            if part.depends_on and part.id != "total":
                count = sum(name.startswith(f"{part.id}-") for name in problem.documents)
                number = 1 + sum(int(answers[each] or 0) for each in part.depends_on) % count
                asked = pose(Puzzle(**problem.hidden["puzzles"][part.id])).question
                assert asked in problem.documents[f"{part.id}-{number}.md"]
                followed += 1
    assert followed > 30


@pytest.mark.parametrize("seed", range(12))
def test_gold_reports_score_one_and_others_do_not(seed):
    problem = Parts().problem(seed, unsolvable=0.4, direct=0)
    lines = [f"{part.id}: {part.answer or 'unknown'}" for part in problem.parts if part.id != "total"]
    gold = "\n".join([*lines, f"Answer: {problem.answer or 'unknown'}"])
    assert grade_report(problem, gold).reward == 1
    assert (
        grade_report(problem, "\n".join(f"- **{line.replace(':', ':**', 1)}" for line in gold.split("\n"))).reward == 1
    )
    assert grade_answers(problem, {part.id: part.answer or "unknown" for part in problem.parts}).reward == 1
    for bad in ("", "garbage", "\n".join(problem.documents.values()), "p1: " * 2_000_000):
        assert grade_report(problem, bad).reward <= GARBAGE
    worse = grade_report(problem, gold.replace("p1:", "p9:"))
    assert worse.sub_rewards["p1"] == 0


def test_nothing_to_plan_is_graded_by_the_answer_alone():
    problem = Parts().problem(1, direct=1)
    assert problem.parts == ()
    assert grade_report(problem, f"Answer: {problem.answer}").reward == 1
    assert grade_report(problem, "Answer: none").reward == 0
