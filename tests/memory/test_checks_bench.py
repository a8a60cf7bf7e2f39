"""The benchmarks of facts run small: lies do not reach a report, compression beats its baselines."""

import sys

from foreplan.bench import hostile, recall


def test_no_lie_reaches_a_report_and_honest_claims_are_kept():
    found = hostile.run(quick=True)
    assert found["cases"] == 100
    assert found["unsupported"] == 0
    assert found["kept_honest"] >= 0.98


def test_generated_facts_survive_compression_better_than_the_head():
    found = recall.run(quick=True)
    assert set(found["recall"]) == set(found["probe"]) == {"4", "8", "16", "32"}
    assert all(found["recall"][ratio] >= found["bm25"][ratio] > found["head"][ratio] for ratio in found["recall"])


def test_without_networkx_the_other_baselines_are_measured_and_the_missing_one_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "networkx", None)
    found = recall.run(quick=True)
    assert found["centrality"] == {}
    assert "foreplan[dev]" in found["not_measured"]["centrality"]
    assert set(found["bm25"]) == {"4", "8", "16", "32"}
    assert "networkx" in capsys.readouterr().err
