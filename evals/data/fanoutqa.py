"""FanOutQA's release (Zhu et al. 2024): a JSON list of questions that are decomposed, some of their parts again.

The release names Wikipedia pages and holds none of their text, so each part's page is made of its question and answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..graders.fields import answer_text
from .base import Row

_MAX_DEPTH = 20


def matches(row: Mapping[str, Any]) -> bool:
    """A list of parts under `decomposition`."""
    return isinstance(row.get("decomposition"), list) and "question" in row


def row_of(row: Mapping[str, Any], name: str) -> Row:
    """One question, its parts with the parts of these before them."""
    parts = [part for each in row["decomposition"] for part in _parts(each, (), 0)]
    docs: dict[str, Row] = {}
    for part in parts:
        for page in part.pop("pages"):
            text = docs[page]["text"] if page in docs else page
            told = f"{part['question'].rstrip('? ')}: {answer_text(part['answer'])}."
            docs[page] = {"id": page, "title": page, "text": f"{text}\n{told}", "supporting": True, "synthetic": True}
    return {
        "id": str(row["id"]),
        "question": row["question"],
        "answer": row.get("answer"),
        "subtasks": parts,
        "docs": list(docs.values()),
        "meta": {"categories": list(row.get("categories") or ())},
    }


def _parts(node: Mapping[str, Any], before: tuple[str, ...], depth: int) -> Iterator[Row]:
    """A node's own parts, which wait for all that it waits for, and then itself.

    Raises:
        ValueError: when it is decomposed too often.
    """
    if depth > _MAX_DEPTH:
        raise ValueError("it is decomposed more than 20 times")
    own = (*before, *map(str, node.get("depends_on") or ()))
    inner = node.get("decomposition") or []
    for each in inner:
        yield from _parts(each, own, depth + 1)
    evidence = node.get("evidence") or {}
    title = evidence.get("title") if isinstance(evidence, Mapping) else None
    yield {
        "id": str(node["id"]),
        "question": node["question"],
        "answer": node.get("answer"),
        "depends_on": list(dict.fromkeys((*own, *(str(each["id"]) for each in inner)))),
        "evidence": [title] if title else [],
        "pages": [title] if title else [],
    }
