"""Costs per solved task and what parallel work was worth."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreplan.evals.errors import DataError
from foreplan.evals.metrics.efficiency import critical_steps, efficiency, parallel_speed_up, spurious_parallelism
from foreplan.evals.records import EvalRecord, SubtaskRecord


def subtask(name: str, *parents: str, solved: bool = True, used: bool = True) -> SubtaskRecord:
    return SubtaskRecord(
        id=name, depends_on=parents, forecast_success=0.5, tokens_p50=10, tokens_p90=20, spent_tokens=10, calls=2,
        seconds=5.0, solved=solved, used=used,
    )  # fmt: skip


def record(*subtasks: SubtaskRecord, solved: bool = True) -> EvalRecord:
    return EvalRecord(
        task="t", suite="s", planner="p", score=float(solved), solved=solved, forecast_success=0.5, tokens=300,
        dollars=0.02, seconds=10.0, calls=3, subtasks=subtasks,
    )  # fmt: skip


def test_failures_are_paid_by_what_was_solved() -> None:
    found = efficiency([record(), record(solved=False), record(solved=False)])
    assert (found.tasks, found.solved) == (3, 1)
    assert found.tokens_per_solved == 900
    assert found.dollars_per_solved == pytest.approx(0.06)
    assert found.critical_steps == 3
    assert (found.speed_up, found.spurious_parallelism) == (None, None)
    assert efficiency([record(solved=False)]).tokens_per_solved is None


def test_parallel_work_is_measured_and_what_served_nothing_is_seen() -> None:
    found = efficiency([record(subtask("a"), subtask("b"), subtask("c", used=False), subtask("end", "a", "b"))])
    assert found.critical_steps == 3 + 2 + 2
    assert found.speed_up == 2
    # a, b and c could run side by side, c also beside the end; c served nothing.
    assert found.spurious_parallelism == pytest.approx(1 / 4)


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=5), max_size=5), st.integers(0, 9))
def test_of_waves_the_critical_steps_are_the_sum_of_the_longest(waves: list[list[int]], main: int) -> None:
    names = [[f"{wave}.{place}" for place in range(len(steps))] for wave, steps in enumerate(waves)]
    graph: dict[str, tuple[str, ...]] = dict.fromkeys(names[0] if names else [], ())
    for before, wave in pairwise(names):
        graph |= {name: tuple(before) for name in wave}
    steps = {
        name: count for row, counts in zip(names, waves, strict=True) for name, count in zip(row, counts, strict=True)
    }
    assert critical_steps(graph, steps, main_steps=main) == main + sum(map(max, waves))


@given(st.integers(1, 12))
def test_a_chain_has_no_parallel_subtasks_and_filler_is_all_spurious(size: int) -> None:
    chain = {str(place): (str(place - 1),) if place else () for place in range(size)}
    assert spurious_parallelism(chain, set()) is None
    wide: dict[str, tuple[str, ...]] = {str(place): () for place in range(size)}
    assert spurious_parallelism(wide, wide) == (0 if size > 1 else None)
    assert spurious_parallelism(wide, set()) == (1 if size > 1 else None)


def test_what_a_used_result_was_made_from_served_too() -> None:
    graph = {"source": (), "other": (), "made": ("source",), "idle": ("other",)}
    assert spurious_parallelism(graph, {"made"}) == pytest.approx(0.5)


def test_speed_up_is_work_by_time() -> None:
    assert parallel_speed_up([4, 4, 4], seconds=6) == 2
    assert parallel_speed_up([], seconds=6) is None
    assert parallel_speed_up([4], seconds=0) is None


def test_records_that_are_no_plan_are_refused() -> None:
    with pytest.raises(DataError):
        efficiency([])
    for wrong in (
        record(subtask("a", "b"), subtask("b")),
        record(subtask("a"), subtask("a")),
        record(subtask("a", "a")),
    ):
        with pytest.raises(DataError, match="stands twice, or depends"):
            efficiency([wrong])
