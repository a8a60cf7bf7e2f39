"""The benchmark of harder trainings in its short form: each of them runs from one end to the other."""

import math

import pytest

pytest.importorskip("trl")
pytest.importorskip("llguidance")

from foreplan.bench import stretch


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_each_training_runs_and_says_what_came_of_it():
    found = stretch.run(quick=True)
    assert list(found) == ["blind", "parts", "pools", "prose", "json", "graph"]
    graph = found.pop("graph")
    assert 0 < graph["score_best"] <= 1
    assert {each.removesuffix("_rl") for each in graph if each.endswith("_rl")} == {
        each.removesuffix("_sft") for each in graph if each.endswith("_sft")
    }
    for row in found.values():
        assert row["regret_const"] > row["regret_const_abstaining"] > 0
        assert all(math.isfinite(row[name]) for name in ("regret_sft", "regret_rl", "greedy_regret_rl", "spend_ratio"))
        assert 0 <= row["coverage"] <= 1
