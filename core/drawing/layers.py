"""Where the nodes of a layered graph lie: what each depends on goes in, columns and heights come out.

Each node stands one column to the right of the last thing it depends on. Edges over several columns take a lane in each
of them, which all edges of one node share. The order within a column is found by barycentres in sweeps to and fro
(Sugiyama, Tagawa and Toda, IEEE Transactions on Systems, Man, and Cybernetics 11, 1981); the one with the fewest
crossings is kept.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

_SWEEPS = 8
_LANE = 0.35
"""The height of a lane, where that of a node is 1."""

Spot: TypeAlias = tuple[int, int]
"""A node, and a column: the node's own, or one in which its edges have a lane."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns from left to right and heights from top to bottom, in nodes.

    Attributes:
        depth: the column of each node.
        at: the height of the middle of each spot.
        width: how many columns there are.
        height: how high the highest column is.
    """

    depth: tuple[int, ...]
    at: dict[Spot, float]
    width: int
    height: float


def depths(parents: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """How deep each node stands; `parents[n]` are numbers below n."""
    found: list[int] = []
    for each in parents:
        found.append(1 + max((found[parent] for parent in each), default=-1))
    return tuple(found)


def layout(parents: Sequence[Sequence[int]]) -> Layout:
    """Places for nodes 0, 1, …; `parents[n]` are the nodes that n depends on, numbers below n."""
    depth = depths(parents)
    columns, links = _columns(parents, depth)
    columns = _untangled(columns, links)
    heights = [sum(_size(spot, depth) for spot in column) for column in columns]
    highest = max(heights, default=0.0)
    at: dict[Spot, float] = {}
    for column, height in zip(columns, heights, strict=True):
        top = (highest - height) / 2
        for spot in column:
            at[spot] = top + _size(spot, depth) / 2
            top += _size(spot, depth)
    return Layout(depth, at, len(columns), highest)


def _size(spot: Spot, depth: Sequence[int]) -> float:
    node, column = spot
    return 1.0 if depth[node] == column else _LANE


def _columns(
    parents: Sequence[Sequence[int]], depth: Sequence[int]
) -> tuple[list[list[Spot]], list[list[tuple[Spot, Spot]]]]:
    """The spots of each column in plan order, and the links from each column to the next."""
    last = list(depth)
    for node, each in enumerate(parents):
        for parent in each:
            last[parent] = max(last[parent], depth[node] - 1)
    count = 1 + max(depth, default=-1)
    columns: list[list[Spot]] = [[] for _ in range(count)]
    links: list[list[tuple[Spot, Spot]]] = [[] for _ in range(count)]
    for node in range(len(parents)):
        for column in range(depth[node], last[node] + 1):
            columns[column].append((node, column))
            if column > depth[node]:
                links[column - 1].append(((node, column - 1), (node, column)))
        for parent in dict.fromkeys(parents[node]):
            links[depth[node] - 1].append(((parent, depth[node] - 1), (node, depth[node])))
    return columns, links


def _untangled(columns: list[list[Spot]], links: Sequence[Sequence[tuple[Spot, Spot]]]) -> list[list[Spot]]:
    best, fewest = columns, _crossings(columns, links)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        columns = _swept(columns, links, forward=sweep % 2 == 0)
        crossings = _crossings(columns, links)
        if crossings < fewest:
            best, fewest = columns, crossings
    return best


def _swept(
    columns: list[list[Spot]], links: Sequence[Sequence[tuple[Spot, Spot]]], *, forward: bool
) -> list[list[Spot]]:
    """Each column ordered by the mean place of what its spots are linked to in the column before it."""
    swept = [list(column) for column in columns]
    numbers = range(1, len(columns)) if forward else range(len(columns) - 2, -1, -1)
    for number in numbers:
        other = {spot: place for place, spot in enumerate(swept[number - 1 if forward else number + 1])}
        near: dict[Spot, list[int]] = {}
        for left, right in links[number - 1 if forward else number]:
            here, there = (right, left) if forward else (left, right)
            near.setdefault(here, []).append(other[there])
        # What is linked to nothing keeps its place.
        mean = {
            spot: sum(near[spot]) / len(near[spot]) if spot in near else place
            for place, spot in enumerate(swept[number])
        }
        swept[number].sort(key=mean.__getitem__)
    return swept


def _crossings(columns: Sequence[Sequence[Spot]], links: Sequence[Sequence[tuple[Spot, Spot]]]) -> int:
    total = 0
    for number in range(len(columns) - 1):
        left = {spot: place for place, spot in enumerate(columns[number])}
        right = {spot: place for place, spot in enumerate(columns[number + 1])}
        seen: list[int] = []
        for _, end in sorted((left[start], right[end]) for start, end in links[number]):
            total += len(seen) - bisect_right(seen, end)
            insort(seen, end)
    return total
