"""PlanBench's release (Valmeekam et al. 2023): one JSON object with a domain and its `instances`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import Row


def matches(row: Mapping[str, Any]) -> bool:
    """An instance of a domain, with its query."""
    return "instance_id" in row and "query" in row


def row_of(row: Mapping[str, Any], name: str) -> Row:
    """One problem. Its query tells the actions, an example or none, and the problem."""
    domain = str(row.get("domain", "planbench"))
    return {
        "id": f"{domain}-{row['instance_id']}",
        "question": row["query"],
        "answer": row.get("ground_truth_plan"),
        "meta": {"domain": domain},
    }
