"""Checkpoints that a training goes on from exactly: a folder goes in, the newest whole checkpoint comes out.

The trainer's state is the last file that transformers writes, and it is written after everything that must be whole;
so a checkpoint whose state can be read is whole, however the process ended.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import RecipeError

STATE = "foreplan-training.json"
_LAST_WRITTEN = "trainer_state.json"
_VERSION = 1
_NAME = re.compile(r"checkpoint-([0-9]{1,9})")


def last_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint below a folder, or None. Torn ones are removed."""
    whole: list[tuple[int, Path]] = []
    for path in sorted(folder.glob("checkpoint-*")):
        found = _NAME.fullmatch(path.name)
        if found is None:
            continue
        if _is_whole(path):
            whole.append((int(found[1]), path))
        else:
            shutil.rmtree(path)
    return max(whole)[1] if whole else None


def write_state(folder: Path, *, halved: bool, curriculum: Mapping[str, Any]) -> None:
    """Write what Foreplan adds to a checkpoint."""
    state = {"version": _VERSION, "halved": halved, "curriculum": curriculum}
    (folder / STATE).write_text(json.dumps(state), encoding="utf-8")


def read_state(folder: Path) -> tuple[bool, Mapping[str, Any]]:
    """Whether the micro-batch was halved, and the curriculum's state.

    Raises:
        RecipeError: when the checkpoint is not one of Foreplan's, or of another version.
    """
    hint = "Go on in the folder of the training that wrote it, with the same version, or name another folder."
    try:
        state = json.loads((folder / STATE).read_text(encoding="utf-8"))
        if state["version"] != _VERSION:
            raise RecipeError(f"{folder} has version {str(state['version'])[:20]} of checkpoints.", hint=hint)
        return bool(state["halved"]), dict(state["curriculum"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecipeError(f"{folder} cannot be gone on from: {STATE} cannot be read.", hint=hint) from error


def _is_whole(path: Path) -> bool:
    try:
        json.loads((path / _LAST_WRITTEN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return (path / STATE).is_file()
