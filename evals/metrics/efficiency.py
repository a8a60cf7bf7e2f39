"""What does a solved task cost, and does parallel work pay? Records go in, costs and speed-ups come out.

Everything is counted, the planner included: a plan that saves its workers' tokens by planning longer saves nothing.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...planner.dag import Graph, children, critical_path
from ..errors import DataError
from ..records import EvalRecord


@dataclass(frozen=True, slots=True)
class Efficiency:
    """Costs per solved task, and means over tasks.

    Attributes:
        tasks: how many were tried.
        solved: how many were solved.
        tokens_per_solved: tokens of all tasks, failures too, for each that was solved; None when none was.
        dollars_per_solved: the same in dollars.
        critical_steps: mean number of model calls that had to be made one after another.
        speed_up: mean parallel speed-up, over tasks with timed subtasks; None when there are none.
        spurious_parallelism: mean share of parallel subtasks that served nothing, over tasks that have parallel ones.
    """

    tasks: int
    solved: int
    tokens_per_solved: float | None
    dollars_per_solved: float | None
    critical_steps: float
    speed_up: float | None
    spurious_parallelism: float | None


def efficiency(records: Sequence[EvalRecord]) -> Efficiency:
    """What these tasks cost and how well their work was spread.

    Raises:
        DataError: when there are no records, or a subtask depends on one that does not stand before it.
    """
    if not records:
        raise DataError("There are no records to sum up.")
    graphs = [_graph(record) for record in records]
    solved = sum(record.solved for record in records)
    return Efficiency(
        tasks=len(records),
        solved=solved,
        tokens_per_solved=sum(record.tokens for record in records) / solved if solved else None,
        dollars_per_solved=math.fsum(record.dollars for record in records) / solved if solved else None,
        critical_steps=statistics.fmean(
            critical_steps(graph, {each.id: each.calls for each in record.subtasks}, main_steps=record.calls)
            for graph, record in zip(graphs, records, strict=True)
        ),
        speed_up=_mean(
            parallel_speed_up([each.seconds for each in record.subtasks], seconds=record.seconds) for record in records
        ),
        spurious_parallelism=_mean(
            spurious_parallelism(graph, {each.id for each in record.subtasks if each.solved and each.used})
            for graph, record in zip(graphs, records, strict=True)
        ),
    )


def critical_steps(graph: Graph, steps: Mapping[str, int], *, main_steps: int = 0) -> int:
    """Steps that had to be made one after another: the main agent's, and those of the longest chain of subtasks.

    Where each subtask waits for all of the wave before it, this is the critical steps of Kimi K2.5's technical report
    (2026, section on agent swarms): the sum over waves t of main_t + max_i sub_t,i.

    Args:
        graph: each subtask with those it waits for, which stand before it.
        steps: model calls of each.
        main_steps: those of planner and writer.
    """
    return main_steps + round(critical_path(graph, {node: float(steps[node]) for node in graph}).length)


def parallel_speed_up(subtask_seconds: Sequence[float], *, seconds: float) -> float | None:
    """How many times longer the subtasks take one after another than the whole run took.

    This is the average parallelism of Eager, Zahorjan and Lazowska (1989, "Speedup versus efficiency in parallel
    systems"). Planning and writing count as time of the run and not as work, so it is never too high. None when no time
    was measured.
    """
    work = math.fsum(subtask_seconds)
    return work / seconds if seconds > 0 and work > 0 else None


def spurious_parallelism(graph: Graph, useful: Collection[str]) -> float | None:
    """The share of parallel subtasks that served nothing; None when no two subtasks could run side by side.

    Kimi K2.5's technical report (2026) calls parallelism spurious when agents are spawned that do not complete what
    they are for. A subtask is parallel when there is another that neither waits for it nor is waited for; it served
    something when it is among `useful` or one of those was made from its result.

    Args:
        graph: each subtask with those it waits for, which stand before it.
        useful: ids of subtasks that were solved and whose results were used.
    """
    places = {node: place for place, node in enumerate(graph)}
    above = _reachable(graph, places)
    below = _reachable(dict(reversed(children(graph).items())), places)
    parallel = [node for node in graph if (above[node] | below[node]).bit_count() + 1 < len(graph)]
    if not parallel:
        return None
    served = 0
    for node in useful:
        served |= above[node] | 1 << places[node]
    return sum(not served >> places[node] & 1 for node in parallel) / len(parallel)


def _graph(record: EvalRecord) -> dict[str, tuple[str, ...]]:
    graph: dict[str, tuple[str, ...]] = {}
    for subtask in record.subtasks:
        if subtask.id in graph or any(parent not in graph for parent in subtask.depends_on):
            raise DataError(
                f"In the record of task {record.task!r} subtask {subtask.id!r} stands twice, or depends on one that"
                " does not stand before it."
            )
        graph[subtask.id] = subtask.depends_on
    return graph


def _reachable(graph: Graph, places: Mapping[str, int]) -> dict[str, int]:
    """For each id a set bit at the place of each id that leads to it; `graph` has an id's parents before it.

    Bits, because the sets of 5,000 subtasks in a chain would take a gigabyte.
    """
    found: dict[str, int] = {}
    for node, parents in graph.items():
        found[node] = 0
        for parent in parents:
            found[node] |= found[parent] | 1 << places[parent]
    return found


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None
