"""Graph algorithms against networkx and brute force on random DAGs."""

from __future__ import annotations

from itertools import combinations, pairwise

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.planning import graphs, make_plan, make_subtask

from foreplan.core.errors import InputError
from foreplan.planner import dag

Graph = dict[str, tuple[str, ...]]


def as_networkx(graph: Graph) -> nx.DiGraph[str]:
    found: nx.DiGraph[str] = nx.DiGraph()
    found.add_nodes_from(graph)
    found.add_edges_from((parent, node) for node, parents in graph.items() for parent in parents)
    return found


def weights(graph: Graph, numbers: list[int]) -> dict[str, float]:
    return {node: float(number) for node, number in zip(graph, numbers, strict=False)}


some_weights = st.lists(st.integers(0, 1_000), min_size=12, max_size=12)


@given(graphs(), some_weights)
def test_critical_path_is_as_long_as_the_longest_path(graph: Graph, numbers: list[int]) -> None:
    weight = weights(graph, numbers)
    path = dag.critical_path(graph, weight)
    other = as_networkx(graph)
    for parent, node in other.edges:
        other.edges[parent, node]["weight"] = weight[parent]
    longest = max(
        (nx.dag_longest_path_length(other.subgraph({end, *nx.ancestors(other, end)})) + weight[end] for end in graph),
        default=0,
    )
    assert path.length == longest == sum(weight[node] for node in path.ids)
    assert all(first in graph[second] for first, second in zip(path.ids, path.ids[1:], strict=False))


@given(graphs(), some_weights)
def test_remaining_path_of_each_is_its_own_weight_and_the_longest_of_its_children(
    graph: Graph, numbers: list[int]
) -> None:
    weight = weights(graph, numbers)
    remaining = dag.remaining_path(graph, weight)
    children = dag.children(graph)
    assert list(remaining) == list(graph)
    for node in graph:
        assert remaining[node] == weight[node] + max((remaining[child] for child in children[node]), default=0)


@given(graphs(9))
def test_width_is_the_largest_set_of_subtasks_that_do_not_wait_for_each_other(graph: Graph) -> None:
    closure = nx.transitive_closure(as_networkx(graph))
    largest = max(
        size
        for size in range(len(graph) + 1)
        if size == 0
        or any(
            not any(closure.has_edge(a, b) or closure.has_edge(b, a) for a, b in combinations(group, 2))
            for group in combinations(graph, size)
        )
    )
    assert dag.width(graph) == largest


def test_width_may_exceed_every_level() -> None:
    graph = {"a": (), "b": ("a",), "c": ("b",), "x": (), "y": ("x",), "z": ("y",), "late": ("a",), "free": ("b", "x")}
    assert max(map(len, dag.levels(graph))) == 3
    assert dag.width(graph) == 4  # late, free, c, y


def test_width_of_a_plan_of_5000_is_exact() -> None:
    rows = [[f"r{row}c{column}" for column in range(10)] for row in range(500)]
    graph: Graph = {}
    for above, row in zip([[], *rows], rows, strict=False):
        for column, node in enumerate(row):
            graph[node] = tuple({above[column], above[-1 - column]}) if above else ()
    assert dag.width(graph) == 10


@given(graphs())
def test_levels_follow_dependencies(graph: Graph) -> None:
    depth = {node: at for at, level in enumerate(dag.levels(graph)) for node in level}
    assert sorted(depth) == sorted(graph)
    for node, parents in graph.items():
        assert depth[node] == max((depth[parent] + 1 for parent in parents), default=0)


@given(graphs(), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=6))
def test_a_cycle_is_found_exactly_when_there_is_one(graph: Graph, extra: list[tuple[int, int]]) -> None:
    names = list(graph)
    tangled: dict[str, list[str]] = {node: list(parents) for node, parents in graph.items()}
    for node, parent in extra:
        if max(node, parent) < len(names):
            tangled[names[node]].append(names[parent])
    cycle = dag.find_cycle(tangled)
    other: nx.DiGraph[str] = nx.DiGraph((parent, node) for node, parents in tangled.items() for parent in parents)
    assert bool(cycle) == (not nx.is_directed_acyclic_graph(other))
    assert all(second in tangled[first] for first, second in pairwise(cycle))
    assert cycle == () or cycle[0] == cycle[-1]


def test_plan_methods_use_the_median_forecast_unless_told_otherwise() -> None:
    slow = {"forecast": {"success": 0.5, "tokens_p50": 9_000, "tokens_p90": 9_000}}
    plan = make_plan(make_subtask("a"), make_subtask("b", "a"), make_subtask("c", **slow), make_subtask("d", "a", "c"))
    assert plan.critical_path() == (("c", "d"), 10_000)
    assert plan.critical_path(lambda subtask: 1) == (("a", "b"), 2)
    assert plan.remaining_path() == {"a": 2_000, "b": 1_000, "c": 10_000, "d": 1_000}
    assert plan.children() == {"a": ("b", "d"), "b": (), "c": ("d",), "d": ()}
    assert plan.levels() == (("a", "c"), ("b", "d"))
    assert plan.width() == 2
    assert plan.subtask("b").depends_on == ("a",)


def test_an_unordered_plan_is_refused_by_graph_methods() -> None:
    with pytest.raises(InputError, match="'b'"):
        make_plan(make_subtask("b", "a"), make_subtask("a")).critical_path()
