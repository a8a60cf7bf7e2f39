"""MuSiQue's release (Trivedi et al. 2022): `musique_ans_v1.0_*.jsonl`, with paragraphs and a decomposition."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .base import Row

_REFERENCE = re.compile(r"#(\d{1,2})\b")


def matches(row: Mapping[str, Any]) -> bool:
    """Paragraphs and a decomposition of the question."""
    return "paragraphs" in row and "question_decomposition" in row


def row_of(row: Mapping[str, Any], name: str) -> Row:
    """One question. `#1` in a part's question stands for the answer of part 1, which it depends on."""
    parts = [
        {
            "id": str(number),
            "question": part["question"],
            "answer": part["answer"],
            "depends_on": [each for each in dict.fromkeys(_REFERENCE.findall(part["question"])) if int(each) < number],
            "evidence": [] if part.get("paragraph_support_idx") is None else [str(part["paragraph_support_idx"])],
        }
        for number, part in enumerate(row["question_decomposition"], 1)
    ]
    docs = [
        {
            "id": str(each["idx"]),
            "title": each["title"],
            "text": each["paragraph_text"],
            "supporting": bool(each.get("is_supporting")),
        }
        for each in row["paragraphs"]
    ]
    return {
        "id": str(row["id"]),
        "question": row["question"],
        "answer": row.get("answer"),
        "answer_aliases": list(row.get("answer_aliases") or ()),
        "subtasks": parts,
        "docs": docs,
    }
