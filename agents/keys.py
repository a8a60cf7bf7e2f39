"""Merkle keys: a subtask's own content and its dependencies' keys, hashed. Equal work has an equal key.

A key leaves out the id and the forecast, which do not change what is done, and starts from the brief, which does. An
edit to a subtask therefore changes its key and the keys of all that depend on it, and of nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..memory.digest import Digest
from ..planner.brief import Brief
from ..planner.plan import PLAN_VERSION, Subtask

_NOT_WORK = {"id", "depends_on", "forecast"}


def brief_key(brief: Brief) -> str:
    """The key every subtask's key starts from."""
    return _hash([PLAN_VERSION, brief.model_dump(mode="json")])


def subtask_key(root: str, subtask: Subtask, dependency_keys: Iterable[str]) -> str:
    """The key of a subtask whose dependencies have these keys (in any order)."""
    work = subtask.model_dump(mode="json", exclude=_NOT_WORK)
    return _hash([root, work, sorted(dependency_keys)])


def plan_keys(brief: Brief, subtasks: Sequence[Subtask]) -> dict[str, str]:
    """Key by subtask id, for subtasks in plan order (dependencies first)."""
    root = brief_key(brief)
    keys: dict[str, str] = {}
    for subtask in subtasks:
        keys[subtask.id] = subtask_key(root, subtask, (keys[each] for each in subtask.depends_on))
    return keys


def inputs_key(parents: Mapping[str, Digest]) -> str:
    """The key of what a subtask was given: its parents' digests by their keys. A kept result is valid only for this."""
    return _hash({key: digest.model_dump(mode="json", exclude={"subtask"}) for key, digest in sorted(parents.items())})


def _hash(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
