"""What a loader is: one released form of a data set, told by its fields, turned into rows of the common shape.

A row has `id`, `question`, `answer` and, where the set knows them, `answer_aliases`, `subtasks` (each with `id`,
`question`, `answer`, `depends_on`), `docs` (each with `id`, `title`, `text`, `supporting`), `facts` and `meta`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, TypeAlias

MAX_ID_CHARS = 200

Row: TypeAlias = dict[str, Any]
"""One task in the common shape."""


class Form(Protocol):
    """A module that reads one released form. Files are lists of objects, or one object of them (`rows_of`)."""

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Whether a row of the file has the fields that only this form has."""

    def row_of(self, row: Mapping[str, Any], name: str) -> Row:
        """The row in the common shape; `name` stands for an id where the form has none.

        Raises:
            KeyError, TypeError, ValueError, AttributeError, IndexError: when the row is malformed.
        """


def objects(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The rows of a file with a name for each: of a list, of PlanBench's `instances`, or of an object by its keys.

    Raises:
        TypeError: when there is something else in it.
    """
    if isinstance(value, Mapping) and isinstance(value.get("instances"), list):
        about = str(value.get("domain", "planbench"))
        listed = [({"domain": about, **row}) for row in value["instances"]]
        value = listed
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
    for name, row in pairs:
        if not isinstance(row, Mapping):
            raise TypeError(f"{str(name)[:80]} is no object")
        yield str(name), row


def checked(row: Row) -> Row:
    """The row, the types of what suites read seen to.

    Raises:
        TypeError: when a field is of another type than the common shape says.
        ValueError: when its id is empty or too long, or it holds half a character, which nothing could write.
    """
    if not isinstance(row["question"], str):
        raise TypeError("its question is no text")
    if not 0 < len(row["id"]) <= MAX_ID_CHARS:
        raise ValueError(f"its id is empty or longer than {MAX_ID_CHARS} characters")
    json.dumps(row, ensure_ascii=False).encode()
    for doc in _objects_in(row, "docs"):
        if not isinstance(doc.get("text"), str) or not isinstance(doc.get("title"), str):
            raise TypeError("a document has no title or text")
    for part in _objects_in(row, "subtasks"):
        if not isinstance(part.get("question"), str) or not isinstance(part.get("depends_on") or [], list):
            raise TypeError("a subtask has no question, or depends on something odd")
    if not isinstance(row.get("meta") or {}, Mapping):
        raise TypeError("its meta is no object")
    return row


def _objects_in(row: Row, name: str) -> list[Mapping[str, Any]]:
    value = row.get(name) or []
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        raise TypeError(f"{name} is no list of objects")
    return value
