"""The common shape itself: rows go through as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import Row


def matches(row: Mapping[str, Any]) -> bool:
    """An id and a question."""
    return "id" in row and isinstance(row.get("question"), str)


def row_of(row: Mapping[str, Any], name: str) -> Row:
    """The row, its id as text."""
    return {**row, "id": str(row["id"])}
