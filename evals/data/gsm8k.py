"""GSM8K's release (Cobbe et al. 2021): JSON lines whose answer is a worked solution that ends in `#### 42`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import Row

_MARK = "####"


def matches(row: Mapping[str, Any]) -> bool:
    """An answer with the mark before its last number."""
    return _MARK in str(row.get("answer", "")) and isinstance(row.get("question"), str)


def row_of(row: Mapping[str, Any], name: str) -> Row:
    """One problem, with the number as its answer."""
    solution = str(row["answer"])
    number = solution.rpartition(_MARK)[2].strip().replace(",", "")
    return {"id": f"gsm8k-{name}", "question": row["question"], "answer": number, "solution": solution}
