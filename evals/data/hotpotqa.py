"""HotpotQA's release (Yang et al. 2018): a JSON list with `context` as pairs of a title and its sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import Row


def matches(row: Mapping[str, Any]) -> bool:
    """Contexts under an id that begins with an underscore."""
    return "_id" in row and "context" in row


def row_of(row: Mapping[str, Any], name: str) -> Row:
    """One question with its paragraphs; those with a supporting sentence are marked, the sentences are its facts."""
    supporting = [(title, int(at)) for title, at in row.get("supporting_facts") or ()]
    sentences = {title: list(said) for title, said in row["context"]}
    titles = {title for title, _ in supporting}
    return {
        "id": str(row["_id"]),
        "question": row["question"],
        "answer": row.get("answer"),
        "subtasks": [],
        "docs": [
            {"id": title, "title": title, "text": "".join(said), "supporting": title in titles}
            for title, said in sentences.items()
        ],
        "facts": [sentences[title][at].strip() for title, at in supporting if at < len(sentences.get(title, ()))],
        "meta": {name: row[name] for name in ("type", "level") if name in row},
    }
