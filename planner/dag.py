"""Graph algorithms over a plan's dependencies.

A `Graph` maps each id to the ids it depends on. Unless said otherwise it is topologically ordered: an id's dependencies
stand before it, as they do in every valid plan. All functions but `width` are linear in nodes and edges.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

Graph: TypeAlias = Mapping[str, Sequence[str]]


class Path(NamedTuple):
    """A chain of dependent subtasks, first to last, and the sum of their weights."""

    ids: tuple[str, ...]
    length: float


def children(graph: Graph) -> dict[str, tuple[str, ...]]:
    """For each id, the ids that depend on it, in the graph's order."""
    found: dict[str, list[str]] = {node: [] for node in graph}
    for node, parents in graph.items():
        for parent in dict.fromkeys(parents):
            found[parent].append(node)
    return {node: tuple(dependants) for node, dependants in found.items()}


def levels(graph: Graph) -> tuple[tuple[str, ...], ...]:
    """Ids by depth: level 0 depends on nothing, level n on at least one id of level n - 1."""
    depth: dict[str, int] = {}
    rows: list[list[str]] = []
    for node, parents in graph.items():
        depth[node] = 1 + max((depth[parent] for parent in parents), default=-1)
        if depth[node] == len(rows):
            rows.append([])
        rows[depth[node]].append(node)
    return tuple(map(tuple, rows))


def remaining_path(graph: Graph, weight: Mapping[str, float]) -> dict[str, float]:
    """For each id, the weight of the heaviest chain that starts with it, its own weight included."""
    after = dict.fromkeys(graph, 0.0)
    remaining: dict[str, float] = {}
    for node in reversed(list(graph)):
        remaining[node] = weight[node] + after[node]
        for parent in graph[node]:
            after[parent] = max(after[parent], remaining[node])
    return {node: remaining[node] for node in graph}


def critical_path(graph: Graph, weight: Mapping[str, float]) -> Path:
    """The heaviest chain; among equals the one that stands first. Empty for an empty graph."""
    remaining = remaining_path(graph, weight)
    dependants = children(graph)
    ids: list[str] = []
    nodes: Sequence[str] = list(graph)
    while nodes:
        ids.append(max(nodes, key=remaining.__getitem__))
        nodes = dependants[ids[-1]]
    return Path(tuple(ids), remaining[ids[0]] if ids else 0.0)


def width(graph: Graph) -> int:
    """The size of the maximum antichain: how many subtasks could at most run at the same time, whatever they take.

    By Dilworth's theorem (Annals of Mathematics 51, 1950) this equals the fewest chains that cover the graph, which is
    the number of nodes less a maximum matching in the transitive closure (Fulkerson 1956). Closure rows are integers
    used as bit sets, so that a step costs a few machine words per 64 nodes.
    """
    rows = _ancestors(graph)
    return len(rows) - _matching_size(rows)


def ordered(graph: Graph) -> list[str]:
    """All ids, each after those it depends on, and otherwise as they stand. What is on a cycle comes last.

    The graph need not be ordered or complete.
    """
    place = {node: at for at, node in enumerate(graph)}
    waiting = {node: len({parent for parent in parents if parent in graph}) for node, parents in graph.items()}
    dependants = _dependants(graph)
    ready = [place[node] for node, count in waiting.items() if count == 0]
    nodes, order = list(graph), list[str]()
    while ready:
        node = nodes[heapq.heappop(ready)]
        del waiting[node]
        order.append(node)
        for dependant in dependants[node]:
            waiting[dependant] -= 1
            if waiting[dependant] == 0:
                heapq.heappush(ready, place[dependant])
    return [*order, *waiting]


def find_cycle(graph: Graph) -> tuple[str, ...]:
    """One cycle, its first id again at the end, or () when there is none. The graph need not be ordered or complete."""
    waiting = {node: len({parent for parent in parents if parent in graph}) for node, parents in graph.items()}
    dependants = _dependants(graph)
    ready = [node for node, count in waiting.items() if count == 0]
    while ready:
        node = ready.pop()
        del waiting[node]
        for dependant in dependants[node]:
            waiting[dependant] -= 1
            if waiting[dependant] == 0:
                ready.append(dependant)
    return _walk_cycle(graph, waiting)


def _dependants(graph: Graph) -> dict[str, list[str]]:
    """For each id, those that depend on it; dependencies outside the graph are passed over."""
    found: dict[str, list[str]] = {node: [] for node in graph}
    for node, parents in graph.items():
        for parent in dict.fromkeys(parents):
            if parent in graph:
                found[parent].append(node)
    return found


def _walk_cycle(graph: Graph, stuck: Mapping[str, int]) -> tuple[str, ...]:
    """Follow dependencies among nodes that never became ready until one comes again."""
    seen: dict[str, int] = {}
    node = next(iter(stuck), None)
    while node is not None and node not in seen:
        seen[node] = len(seen)
        node = next((parent for parent in graph[node] if parent in stuck), None)
    return () if node is None else (*list(seen)[seen[node] :], node)


def _ancestors(graph: Graph) -> list[int]:
    """For each node a bit set of all nodes it waits for, directly or not."""
    number = {node: at for at, node in enumerate(graph)}
    rows: list[int] = []
    for parents in graph.values():
        row = 0
        for parent in parents:
            row |= rows[number[parent]] | 1 << number[parent]
        rows.append(row)
    return rows


def _matching_size(rows: Sequence[int]) -> int:
    """The size of a maximum matching between row numbers and bit numbers.

    Augmenting paths are searched from all unmatched rows in turn; what a phase has seen stays seen until the next, so a
    phase is linear in the rows. A phase that finds none proves the matching maximal.
    """
    matching = _Matching(rows)
    unmatched = list(range(len(rows)))
    while True:
        matching.unseen = (1 << len(rows)) - 1
        left = [row for row in unmatched if not matching.augment(row)]
        if len(left) == len(unmatched):
            return len(rows) - len(unmatched)
        unmatched = left


class _Matching:
    def __init__(self, rows: Sequence[int]) -> None:
        self._rows = rows
        self._bit_of: list[int | None] = [None] * len(rows)
        self._row_of: dict[int, int] = {}
        self._free = (1 << len(rows)) - 1
        self.unseen = 0

    def augment(self, root: int) -> bool:
        """Match `root`, moving others along an augmenting path; False when none is found in what is unseen."""
        stack, via = [root], dict[int, int]()
        while stack:
            row = stack[-1]
            reach = self._rows[row] & self.unseen
            if free := reach & self._free:
                self._flip(_lowest_bit(free), row, via)
                return True
            if reach:
                bit = _lowest_bit(reach)
                self.unseen ^= 1 << bit
                via[bit] = row
                stack.append(self._row_of[bit])
            else:
                stack.pop()
        return False

    def _flip(self, bit: int, row: int, via: Mapping[int, int]) -> None:
        self._free ^= 1 << bit
        while True:
            freed = self._bit_of[row]
            self._bit_of[row], self._row_of[bit] = bit, row
            if freed is None:
                return
            bit, row = freed, via[freed]


def _lowest_bit(bits: int) -> int:
    return (bits & -bits).bit_length() - 1
